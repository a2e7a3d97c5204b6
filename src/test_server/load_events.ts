/** Generated events for a load, and a count of their answers: for `--events`, and for `deno task bench`. @module */

import type { AgentEvent } from "../wire.ts";

/**
 * Make events with the ids `prefix` and a number, from 1 up.
 *
 * @param options `users`: number of conversations to spread them over; without it each event stands alone.
 */
export function generateEvents(
  options: { prefix: string; users?: number },
): (timestamp: number) => AgentEvent {
  const { prefix, users } = options;
  let made = 0;
  return (timestamp) => {
    const number = ++made;
    const user = users !== undefined && { userId: `u${number % users}` };
    const metadata = { priority: "high", source: "api", ...user };
    return { id: `${prefix}${number}`, query: "What is iExec?", timestamp, metadata };
  };
}

export interface Tally {
  /** Count a frame from an agent. */
  hear(frame: string): void;
  /** Settles when each event has its response and its ack, or an ack that says that it failed. */
  readonly done: Promise<void>;
}

/** Count the outcomes of the events with these ids. */
export function openTally(
  ids: readonly string[],
  told: { answered?: (id: string) => void; failed?: (id: string) => void } = {},
): Tally {
  const unanswered = new Set<unknown>(ids), unacknowledged = new Set<unknown>(ids);
  const done = Promise.withResolvers<void>();
  return {
    done: done.promise,
    hear(frame) {
      // No schema: a benchmark counts its own cost too, and an id that is none of these is passed over.
      const { type, queryId, eventId, status } = JSON.parse(frame) as Record<string, unknown>;
      if (type === "response" && unanswered.delete(queryId)) told.answered?.(String(queryId));
      if (type === "ack") {
        unacknowledged.delete(eventId);
        if (status === "error" && unanswered.delete(eventId)) told.failed?.(String(eventId));
      }
      if (unanswered.size === 0 && unacknowledged.size === 0) done.resolve();
    },
  };
}
