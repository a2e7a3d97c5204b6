/** Memory is given back when the agent rests after much work: by itself V8 keeps what it has once taken. @module */

import type { Clock } from "../clock.ts";
import { giveBackMemory } from "../garbage.ts";

/** Events that are much work. */
const MUCH = 1_000;
/**
 * Milliseconds without an event after which the agent rests. One that comes just then waits for 30 ms, or more where much
 * is in use.
 */
const REST_MS = 1_000;

/** Sees when the agent rests. */
export interface Resting {
  /** An event was answered. */
  worked(): void;
}

/** @param parts `giveBack`: default {@linkcode giveBackMemory}; `signal`: nothing is given back once it aborts. */
export function createResting(
  { clock, signal, giveBack = giveBackMemory }: { clock: Clock; signal: AbortSignal; giveBack?: () => void },
): Resting {
  let worked = 0, isWatching = false;

  async function giveBackAtRest() {
    isWatching = true;
    for (let seen = 0; seen < worked;) {
      seen = worked;
      await clock.sleep(REST_MS, signal);
    }
    [worked, isWatching] = [0, false];
    if (!signal.aborted) giveBack();
  }

  return {
    worked() {
      if (++worked >= MUCH && !isWatching) void giveBackAtRest();
    },
  };
}
