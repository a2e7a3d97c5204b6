/** What the journal took in and has not written yet: an event that is answered before the next commit is never written. @module */

import { type AgentEvent, type Entry, sizeOf } from "../wire.ts";
import type { Origin } from "./origins.ts";

/** An event or an outcome with its place in the order, and when it came, in milliseconds since the epoch. */
interface Held {
  readonly seq: number;
  readonly atMs: number;
}

/** Accepted events held back until the next commit, at most, and their size, as `sizeOf` counts it. */
const MAX_HELD = { events: 2_000, size: 8 * 1024 * 1024 };

/** An outcome that is held back. `asked`: the mark of the event's query, if the event is not in the tables. */
export interface HeldOutcome extends Held, Entry {
  readonly asked?: number | undefined;
  readonly origin?: Origin | undefined;
}

/** Everything that is held back: whatever is written is in the tables and nowhere here. */
export interface HeldBack {
  /** Accepted events that have no outcome, by id, with the marks of their queries. */
  readonly accepted: Map<string, Held & { readonly event: AgentEvent; readonly asked: number }>;
  /** Outcomes, by the id of their row: that of their event, or the name of a refusal. */
  readonly answered: Map<string, HeldOutcome>;
  /** Ids of events in the tables that have an outcome now. */
  readonly obsolete: string[];
  /** Places of outcomes that were delivered. */
  readonly settled: Set<number>;
  /** Hold an event; returns whether there is room for more. */
  accept(event: AgentEvent, at: Held & { readonly asked: number }): boolean;
}

/** Nothing held back yet. */
export function nothingHeld(): HeldBack {
  let size = 0;
  const accepted: HeldBack["accepted"] = new Map();
  return {
    accepted,
    answered: new Map(),
    obsolete: [],
    settled: new Set(),
    accept(event, at) {
      accepted.set(event.id, { ...at, event });
      size += sizeOf(event);
      return accepted.size <= MAX_HELD.events && size <= MAX_HELD.size;
    },
  };
}

/** Runs of numbers that follow one another: `1, 3, 2, 7` gives `1 to 3` and `7 to 7`. */
export function* runsOf(numbers: ReadonlySet<number>): Iterable<[first: number, last: number]> {
  let run: [number, number] | undefined;
  for (const number of [...numbers].sort((a, b) => a - b)) {
    if (run && number === run[1] + 1) run[1] = number;
    else {
      if (run) yield run;
      run = [number, number];
    }
  }
  if (run) yield run;
}
