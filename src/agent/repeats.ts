/** Tells of events that came again after they were answered: once for all that come together. @module */

import type { Clock } from "../clock.ts";
import { fingerprintOf } from "../fingerprint.ts";
import type { Log } from "../log.ts";
import type { AgentEvent } from "../wire.ts";

/** Milliseconds in which repeated events are told of together. */
const TOGETHER_MS = 300;
/**
 * Queries that are remembered at most, as fingerprints, to tell a new question under an old id from the same one; the
 * last half of them always are.
 */
const MAX_QUERIES = 10_000;

export interface Repeats {
  /** Remember what an event asked. */
  accepted(event: AgentEvent): void;
  /** An event came whose id is known already. `isAnswered`: it has its outcome; else it is still being answered. */
  repeated(event: AgentEvent, known: { isAnswered: boolean }): void;
}

/** @param options `signal`: aborts when the loop stops; what was not told yet is told then. */
export function createRepeats({ log, clock, signal }: { log: Log; clock: Clock; signal: AbortSignal }): Repeats {
  /** Fingerprints of queries by event id: the newest half, and the half before it. */
  let newer = new Map<string, number>(), older: ReadonlyMap<string, number> = newer;
  let answered: string[] = [];
  const tell = async () => {
    await clock.sleep(TOGETHER_MS, signal);
    const [event] = answered, count = answered.length;
    answered = [];
    if (count === 1) log.info("event {event} was answered before: to ask again, give it another id", { event });
    else log.info("{count} events were answered before: to ask again, give each another id", { count });
  };
  return {
    accepted({ id, query }) {
      newer.set(id, fingerprintOf(query));
      if (newer.size < MAX_QUERIES / 2) return;
      // Half of them go at once: to find the oldest entry of one map, V8 walks over all that were deleted before it
      // (15 µs for each event once the map was full, measured).
      [newer, older] = [new Map(), newer];
    },
    repeated({ id, query }, { isAnswered }) {
      const before = newer.get(id) ?? older.get(id);
      if (before !== undefined && before !== fingerprintOf(query)) {
        log.warn(
          "event {event} came with another query: it keeps the one that came first, so give the new one another id",
          {
            event: id,
          },
        );
        return;
      }
      if (isAnswered && answered.push(id) === 1) void tell();
    },
  };
}
