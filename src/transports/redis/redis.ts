/** Events from Redis Streams: a consumer group shares them out, a script settles each entry exactly once. @module */

import { EXIT, FatalError, messageOf } from "../../errors.ts";
import { publicUrl } from "../../urls.ts";
import type { Entry } from "../../wire.ts";
import { createHolds } from "../holds.ts";
import { type ConnectionEnd, createReconnection } from "../reconnection.ts";
import type { Delivery, Transport, TransportHooks } from "../transport.ts";
import { connectRedis, type RedisConnection, RedisLoginError, type Reply } from "./connection.ts";
import { type HeldEntry, keyOf } from "./entries.ts";
import { type GroupOptions, isGroupMissing } from "./group.ts";
import { createScripts, KEEP } from "./scripts.ts";
import { openRedisSession, type RedisSession, type RedisSessionOptions } from "./session.ts";

/** Where the streams are, and how the agent takes part. */
export interface RedisTransportOptions
  extends TransportHooks, Omit<GroupOptions, "consumer" | "holds">, Pick<RedisSessionOptions, "url" | "tls"> {
  /** Milliseconds before the first attempt to reconnect. */
  readonly reconnectMs: number;
  /** Failed attempts to make the first connection after which the transport gives up. */
  readonly maxAttempts: number;
}

/** Milliseconds that settling and handing back may take when the agent stops. */
const CLOSE_MS = 5_000;
const ADVICE = "Check that the server runs, and REDIS_URL.";
const LOGIN_ADVICE = "Check user name and password in REDIS_URL.";

/** Read the streams of `options` when {@linkcode Transport.events} is asked for events. */
export function openRedisTransport(options: RedisTransportOptions): Transport {
  const { agentId, log, clock } = options;
  const peer = publicUrl(options.url);
  // A name for each start: what an earlier one left behind is taken over like that of any other agent.
  const consumer = `${agentId}-${crypto.randomUUID().slice(0, 8)}`;
  const holds = createHolds<HeldEntry>();
  const settling = new Set<Promise<boolean>>();
  let session: RedisSession | undefined;
  let wasRefused = false;

  const open = () =>
    openRedisSession({
      ...options,
      consumer,
      holds,
      onBeat() {
        if (wasRefused) options.onReachable();
        wasRefused = false;
      },
    });

  async function* events(signal: AbortSignal): AsyncIterable<readonly Delivery[]> {
    const { reconnectMs: baseMs, maxAttempts } = options;
    const advice = ADVICE;
    const reconnection = createReconnection({
      peer,
      advice,
      baseMs,
      maxAttempts,
      isEndlessOnceWorked: true,
      log,
      clock,
    });
    let hasWorked = false;
    while (!signal.aborted) {
      log.info("🔌 Connecting to Redis: {url}", { url: peer });
      let openedMs: number | undefined;
      let end: ConnectionEnd;
      try {
        session = await open();
        openedMs = clock.now();
        hasWorked = true;
        log.info("✅ Redis connected to {url}", { url: peer, streams: options.streams.join(",") });
        options.onReachable();
        yield* session.deliveries(signal);
        return;
      } catch (error) {
        session?.close();
        session = undefined;
        const openMs = openedMs === undefined ? undefined : clock.now() - openedMs;
        end = {
          problem: problemOf(error),
          heard: openedMs !== undefined,
          ...(openMs !== undefined && { openMs, progressed: true }),
          ...(error instanceof RedisLoginError && { advice: LOGIN_ADVICE, ...(!hasWorked && { maxAttempts: 1 }) }),
        };
        log.warn("❌ Redis connection failed", { url: peer, error: end.problem });
      }
      await reconnection.ended(end, signal);
    }
  }

  async function settle(held: HeldEntry, entry: Entry): Promise<boolean> {
    try {
      if (!session) return false;
      await session.group.settle(held, entry);
      holds.remove(keyOf(held));
      return true;
    } catch (error) {
      // It is offered again with the next sign of life.
      wasRefused = true;
      log.warn("outcome refused", { event: entry.outcome.queryId, error: messageOf(error) });
      return false;
    }
  }

  return {
    name: "redis",
    redelivers: true,
    events,
    settle(entry, delivery) {
      if (!delivery) return Promise.resolve(false);
      const settled = settle(delivery.handle as HeldEntry, entry);
      settling.add(settled);
      void settled.then(() => settling.delete(settled));
      return settled;
    },
    check: () => checkRedis(options),
    async close() {
      if (!session) return;
      const { group, close } = session;
      const leave = async () => {
        await Promise.all(settling);
        await group.handBack();
        await group.tidy();
      };
      const enough = new AbortController();
      try {
        await Promise.race([leave(), clock.sleep(CLOSE_MS, enough.signal)]);
      } catch (error) {
        log.warn("what is not settled could not be handed back: others take it over later", {
          error: messageOf(error),
          afterMs: options.claimAfterMs,
        });
      } finally {
        enough.abort();
        close();
        session = undefined;
      }
    },
  };
}

/** What a failure to connect means, without what Node adds to it. */
function problemOf(error: unknown): string {
  const message = messageOf(error);
  if (/certificate|self.signed|UNKNOWN/i.test(message)) {
    return `the server's certificate is not accepted (${message}): REDIS_CA_FILE names the authority to trust`;
  }
  return message;
}

/** For `--check`: whether the server takes the login and runs scripts, and what there is of streams and group. */
async function checkRedis(options: RedisTransportOptions): Promise<string> {
  const peer = publicUrl(options.url);
  let connection: RedisConnection;
  try {
    connection = await connectRedis(options, { silenceMs: CLOSE_MS });
  } catch (error) {
    const advice = error instanceof RedisLoginError ? LOGIN_ADVICE : ADVICE;
    throw new FatalError(`Cannot reach ${peer}: ${problemOf(error)}. ${advice}`, EXIT.unavailable, { cause: error });
  }
  try {
    await createScripts(connection)(KEEP, options.deadStream, options.groupName, "");
    const found: string[] = [];
    for (const stream of options.streams) found.push(await describeStream(connection, stream, options.groupName));
    return `server: usable (${peer}; ${found.join(", ")})`;
  } catch (error) {
    const remedy = "The user needs the commands of streams, EVAL and EVALSHA on the streams that the settings name.";
    throw new FatalError(`${peer} can't be used: ${messageOf(error)}. ${remedy}`, EXIT.unavailable, { cause: error });
  } finally {
    connection.close();
  }
}

async function describeStream({ command }: RedisConnection, stream: string, group: string): Promise<string> {
  try {
    const groups = (await command("XINFO", "GROUPS", stream)) as readonly (readonly Reply[])[];
    const own = groups.find((fields) => fields[1] === group);
    const length = await command("XLEN", stream);
    return own
      ? `${stream} has ${length} entries and ${own[5]} of them with agents`
      : `${stream} has ${length} entries, and the group ${group} is made at the start`;
  } catch (error) {
    if (!isGroupMissing(error)) throw error;
    return `${stream} is made at the start`;
  }
}
