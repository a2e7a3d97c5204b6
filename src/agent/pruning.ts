/** Deletes outcomes and ids that are older than anybody needs, bit by bit while the agent runs. @module */

import { setImmediate } from "node:timers/promises";
import type { Clock } from "../clock.ts";
import type { Journal } from "../journal/journal.ts";

/** Outcomes deleted before timers and sockets get their turn. */
const BURST = 500;
/** Milliseconds between two rounds. */
const PAUSE_MS = 60 * 60 * 1000;
/** How many times as long as an outcome its id is kept. */
const KNOWN_FACTOR = 12;

/**
 * Prune now, and then every hour until `signal` aborts.
 *
 * @param options `retentionMs`: how long an outcome is kept; `redelivers`: whether the source delivers again what is not
 * settled: then what is not settled is kept no longer either.
 */
export async function keepPruned(
  journal: Pick<Journal, "prune" | "giveUpWaiting">,
  options: { retentionMs: number; redelivers: boolean; clock: Clock; signal: AbortSignal },
): Promise<void> {
  const { retentionMs, redelivers, clock, signal } = options;
  while (!signal.aborted) {
    const madeBefore = clock.now() - retentionMs;
    const seenBefore = clock.now() - KNOWN_FACTOR * retentionMs;
    if (redelivers) journal.giveUpWaiting({ madeBefore });
    const pruned = journal.prune({ madeBefore, seenBefore, limit: BURST });
    if (pruned === BURST) await setImmediate();
    else await clock.sleep(PAUSE_MS, signal);
  }
}
