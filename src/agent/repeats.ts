/** Tells of events that came again after they were answered: once for all that come together. @module */

import type { Clock } from "../clock.ts";
import type { Log } from "../log.ts";

/** Milliseconds in which repeated events are told of together. */
const TOGETHER_MS = 300;

export interface Repeats {
  /**
   * An event came whose id is known already. `isAnswered`: it has its outcome; else it is still being answered.
   * `asksAnother`: its query is not the one that came first.
   */
  repeated(id: string, known: { isAnswered: boolean; asksAnother: boolean }): void;
}

/** @param options `signal`: aborts when the loop stops; what was not told yet is told then. */
export function createRepeats({ log, clock, signal }: { log: Log; clock: Clock; signal: AbortSignal }): Repeats {
  let answered: string[] = [];
  const tell = async () => {
    await clock.sleep(TOGETHER_MS, signal);
    const [event] = answered, count = answered.length;
    answered = [];
    if (count === 1) log.info("event {event} was answered before: to ask again, give it another id", { event });
    else log.info("{count} events were answered before: to ask again, give each another id", { count });
  };
  return {
    repeated(id, { isAnswered, asksAnother }) {
      if (asksAnother) {
        log.warn(
          "event {event} came with another query: it keeps the one that came first, so give the new one another id",
          { event: id },
        );
        return;
      }
      if (isAnswered && answered.push(id) === 1) void tell();
    },
  };
}
