/** Which accepted events are in memory to be answered: as many as fit, the rest waits in the journal. @module */

import type { Journal } from "../journal/journal.ts";
import type { AgentEvent } from "../wire.ts";
import type { Schedule } from "./schedule.ts";

/** Most events held in memory, and most of their size, in UTF-16 code units as {@linkcode Schedule.load} counts them. */
const MAX_LOADED = { events: 10_000, size: 32 * 1024 * 1024 };
/** Events read back from the journal at a time, at most, and their size. */
const PAGE = { limit: 256, maxSize: 8 * 1024 * 1024 };

/** Loads accepted events into a schedule, in the order of their acceptance. */
export interface Backlog {
  /** Take in an event that was just accepted under `seq`. */
  add(event: AgentEvent, options: { seq: number; isAlone: boolean }): void;
  /** Take in an event that the journal held from an earlier run, now that its source has delivered it again. */
  addAgain(event: AgentEvent, options: { isAlone: boolean }): void;
  /** Load what the journal holds, as far as there is room. */
  fill(): void;
  /** The same, once half of the room is free: reading back single events would cost more. */
  refill(): void;
}

/**
 * The backlog of a source that redelivers. Events that the journal holds from an earlier run are not loaded: each waits
 * until the source delivers it again, with the number of its attempt, or another agent has answered it by now. The
 * source's prefetch bounds what is in memory.
 */
export function createBrokerBacklog({ schedule }: { schedule: Pick<Schedule, "add"> }): Backlog {
  return {
    add: (event, { isAlone }) => schedule.add(event, { isAlone }),
    addAgain: (event, options) => schedule.add(event, options),
    fill() {},
    refill() {},
  };
}

/**
 * The backlog of a journal, nothing of which is loaded yet.
 *
 * @param parts `isAlone`: whether an event must be answered with no other beside it.
 */
export function createBacklog(parts: {
  journal: Pick<Journal, "pending">;
  schedule: Pick<Schedule, "add" | "size" | "load">;
  isAlone: (id: string) => boolean;
}): Backlog {
  const { journal, schedule, isAlone } = parts;
  /** Place of the last event that was loaded. */
  let loaded = 0;
  /** Whether the journal holds more events behind that one. */
  let isBehind = true;
  const hasRoom = () => schedule.size < MAX_LOADED.events && schedule.load < MAX_LOADED.size;

  function fill() {
    while (isBehind && hasRoom()) {
      const page = journal.pending({ seq: loaded, ...PAGE });
      isBehind = page.length > 0;
      for (const { seq, event } of page) {
        loaded = seq;
        schedule.add(event, { isAlone: isAlone(event.id) });
      }
    }
  }

  return {
    add(event, { seq, isAlone }) {
      if (isBehind || !hasRoom()) {
        isBehind = true;
        return;
      }
      loaded = seq;
      schedule.add(event, { isAlone });
    },
    addAgain() {
      // It is loaded, or will be.
    },
    fill,
    refill() {
      if (isBehind && schedule.size < MAX_LOADED.events / 2) fill();
    },
  };
}
