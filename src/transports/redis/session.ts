/** Two connections to Redis that begin and end together: one waits for entries, the other one does everything else. @module */

import { setImmediate } from "node:timers/promises";
import { messageOf } from "../../errors.ts";
import { beatMsOf, type Pulse, startPulse } from "../pulse.ts";
import type { Delivery } from "../transport.ts";
import { connectRedis, type RedisConnection } from "./connection.ts";
import { type PendingEntry, readEntries, type StreamEntry } from "./entries.ts";
import { createGroup, type Group, type GroupOptions, isGroupMissing } from "./group.ts";
import type { RedisServer } from "./socket.ts";

/** How the session calls back. */
export interface RedisSessionOptions extends RedisServer, GroupOptions {
  /** Each time that a sign of life was given. */
  readonly onBeat: () => void;
}

/** An open session. */
export interface RedisSession {
  readonly group: Group;
  /**
   * Entries as they can be had, until `signal` aborts.
   *
   * @throws {Error} When the session ends, saying why.
   */
  deliveries(signal: AbortSignal): AsyncIterable<readonly Delivery[]>;
  close(): void;
}

/** Milliseconds that a read waits for entries: that soon an idle agent takes over what was handed back. */
const BLOCK_MS = 2_000;
/** A connection on which nothing comes or goes for this long is broken. */
const SILENCE_MS = 20_000;

/** Connect, make what is missing, and begin to give signs of life for what is held. */
export async function openRedisSession(options: RedisSessionOptions): Promise<RedisSession> {
  const commands = await connectRedis(options, { silenceMs: SILENCE_MS });
  const group = createGroup(commands, options);
  let reader: RedisConnection;
  try {
    await group.make();
    await group.tidy();
    reader = await connectRedis(options, { silenceMs: SILENCE_MS });
  } catch (error) {
    commands.close();
    throw error;
  }
  const over = new AbortController();
  const end = (problem: string) => {
    if (over.signal.aborted) return;
    over.abort(new Error(problem));
    commands.close();
    reader.close();
  };
  void commands.ended.then(end);
  const found: { stale: PendingEntry[] } = { stale: [] };
  const look = async () => {
    found.stale = await group.keep();
  };
  const everyMs = () => beatMsOf(options.claimAfterMs);
  const pulse = startPulse({ ...options, everyMs, beat: look, over: over.signal, end });
  return {
    group,
    deliveries: (signal) => readEvents({ ...options, reader, group, pulse, found, end, over: over.signal, signal }),
    close: () => end("the agent has closed it"),
  };
}

/** One suspect, or as many new entries as there is room for; nothing while a suspect is being answered. */
async function* readEvents(
  session: RedisSessionOptions & {
    reader: RedisConnection;
    group: Group;
    pulse: Pulse;
    /** Entries whose agents give no sign of life, as of the last beat. */
    found: { stale: PendingEntry[] };
    over: AbortSignal;
    signal: AbortSignal;
    end: (problem: string) => void;
  },
): AsyncIterable<readonly Delivery[]> {
  const { reader, group, pulse, found, holds, streams, over, signal, end } = session;
  const stopped = new AbortController();
  const stop = () => stopped.abort();
  signal.addEventListener("abort", stop, { once: true });
  over.addEventListener("abort", stop, { once: true });
  if (signal.aborted || over.aborted) stop();
  // A read that waits ends with its connection: an entry that it was just given is handed back with the others.
  stopped.signal.addEventListener("abort", reader.close, { once: true });
  try {
    while (!stopped.signal.aborted) {
      if (holds.hasSuspect || mostOf(session) - holds.size < streams.length) {
        await holds.changed(stopped.signal);
        // What is settled in one turn makes room together: one read for all of it.
        await setImmediate();
        continue;
      }
      const next = found.stale.shift();
      const deliveries = next ? await group.takeOver(next) : await readNew(session);
      if (deliveries.length > 0) yield deliveries;
      else if (next === undefined) await pulse.beat();
    }
  } catch (error) {
    if (!signal.aborted) end(messageOf(error));
  }
  if (!signal.aborted) throw over.reason ?? new Error("the connection was closed");
}

/** Entries held, at most: a read that waits may be given one of each stream. */
function mostOf({ prefetch, streams }: Pick<GroupOptions, "prefetch" | "streams">): number {
  return Math.max(prefetch, streams.length);
}

/** New entries: of the first stream that has any, else of whichever has one first. */
async function readNew(
  options: RedisSessionOptions & { reader: RedisConnection; group: Group },
): Promise<Delivery[]> {
  const { reader, group, groupName, consumer, holds, streams } = options;
  const room = mostOf(options) - holds.size;
  const read = async (names: readonly string[], count: number, ...block: readonly string[]) =>
    readEntries(
      await reader.command(
        ...["XREADGROUP", "GROUP", groupName, consumer, "COUNT", String(count), ...block],
        ...["STREAMS", ...names, ...names.map(() => ">")],
      ),
    );
  try {
    let entries: StreamEntry[] = [];
    for (const stream of streams.length > 1 ? streams : []) {
      if (entries.length === 0) entries = await read([stream], room);
    }
    // The count is for each stream.
    if (entries.length === 0) entries = await read(streams, streams.length > 1 ? 1 : room, "BLOCK", String(BLOCK_MS));
    const received = await Promise.all(entries.map((entry) => group.receive(entry, { attempt: 1 })));
    return received.flat();
  } catch (error) {
    if (!isGroupMissing(error)) throw error;
    options.log.warn("stream or group lost: making it again", { error: messageOf(error) });
    await group.make();
    return [];
  }
}
