/** Events from Redis Streams: a consumer group shares them out, a script settles each entry exactly once. @module */

import { EXIT, FatalError, messageOf } from "../../errors.ts";
import { publicUrl } from "../../urls.ts";
import { createHolds } from "../holds.ts";
import { openQueue, type QueueOptions } from "../queue.ts";
import type { Transport } from "../transport.ts";
import { connectRedis, REDIS, type RedisConnection, type Reply } from "./connection.ts";
import { type HeldEntry, keyOf } from "./entries.ts";
import { type GroupOptions, isGroupMissing, type ServerLimit } from "./group.ts";
import { createScripts, KEEP } from "./scripts.ts";
import { openRedisSession } from "./session.ts";
import type { RedisServer } from "./socket.ts";

/** What a group is told by the settings. */
type GroupSettings = Omit<GroupOptions, "consumer" | "holds" | "limit">;

/** Where the streams are, and how the agent takes part. */
export interface RedisTransportOptions extends QueueOptions, RedisServer, GroupSettings {}

/** Milliseconds of silence that a look at the server bears. */
const LOOK_MS = 10_000;

/** Read the streams of `options` when {@linkcode Transport.events} is asked for events. */
export function openRedisTransport(options: RedisTransportOptions): Transport {
  // A name for each start: what an earlier one left behind is taken over like that of any other agent.
  const consumer = `${options.agentId}-${crypto.randomUUID().slice(0, 8)}`;
  // An entry is held beyond the connection that brought it: any connection can settle it.
  const holds = createHolds<HeldEntry>();
  const limit: ServerLimit = { refusedLength: Infinity };
  return openQueue<HeldEntry>({
    ...REDIS,
    peer: publicUrl(options.url),
    async open({ onBeat }) {
      const session = await openRedisSession({ ...options, consumer, holds, limit, onBeat });
      const { group } = session;
      return {
        deliveries: session.deliveries,
        async settle(held, entry, trace) {
          await group.settle(held, entry, trace);
          holds.remove(keyOf(held));
          return true;
        },
        chunk: (held, chunk) => group.chunk(held, chunk),
        async handBack() {
          await group.handBack();
          await group.tidy();
        },
        close: session.close,
      };
    },
    look: () => lookAt(options),
  }, options);
}

/** Whether the server takes the login and runs scripts, and what there is of streams and group. */
async function lookAt(options: RedisTransportOptions): Promise<string> {
  const connection = await connectRedis(options, { silenceMs: LOOK_MS });
  try {
    await createScripts(connection)(KEEP, options.deadStream, options.groupName, "");
    const found: string[] = [];
    for (const stream of options.streams) found.push(await describeStream(connection, stream, options.groupName));
    return found.join(", ");
  } catch (error) {
    const remedy = "The user needs the commands of streams, EVAL and EVALSHA on the streams that the settings name.";
    const message = `${publicUrl(options.url)} can't be used: ${messageOf(error)}. ${remedy}`;
    throw new FatalError(message, EXIT.unavailable, { cause: error });
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
      ? `${stream} has ${length} entries, of which agents hold ${own[5]}`
      : `${stream} has ${length} entries, and the group ${group} is made at the start`;
  } catch (error) {
    if (!isGroupMissing(error)) throw error;
    return `${stream} is made at the start`;
  }
}
