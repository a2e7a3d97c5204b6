/** Deletes outcomes, ids and memories that are older than anybody needs, bit by bit while the agent runs. @module */

import { setImmediate } from "node:timers/promises";
import type { Clock } from "../clock.ts";
import type { Journal } from "../journal/journal.ts";
import type { Remembered } from "../mind/mind.ts";
import type { Database } from "../store/database.ts";

/** Outcomes, and memories of each kind, deleted before timers and sockets get their turn. */
const BURST = 500;
/** Milliseconds between two rounds; the first one, at the start, is a short one. */
const PAUSE_MS = { first: 60 * 1000, later: 60 * 60 * 1000 };
/** How many times as long as an outcome its id is kept. */
const KNOWN_FACTOR = 12;

/**
 * Prune now, and then every hour until `signal` aborts.
 *
 * @param parts `retentionMs`: how long an outcome is kept; `redelivers`: whether the source delivers again what is not
 * settled: then what is not settled is kept no longer either; `isInUse`: whether an id stays known, however old it is.
 */
export async function keepPruned(parts: {
  journal: Pick<Journal, "prune" | "giveUpWaiting">;
  memories: Pick<Remembered, "pruneOld" | "pruneLong">;
  database: Pick<Database, "committed" | "giveBackSpace">;
  retentionMs: number;
  redelivers: boolean;
  isInUse?: ((id: string) => boolean) | undefined;
  clock: Clock;
  signal: AbortSignal;
}): Promise<void> {
  const { journal, memories, database, retentionMs, redelivers, isInUse, clock, signal } = parts;
  let isFirst = true;
  while (!signal.aborted) {
    const madeBefore = clock.now() - retentionMs;
    const seenBefore = clock.now() - KNOWN_FACTOR * retentionMs;
    if (redelivers) journal.giveUpWaiting({ madeBefore });
    const outcomes = journal.prune({ madeBefore, seenBefore, limit: BURST, isInUse }),
      said = memories.pruneOld({ limit: BURST });
    const long = isFirst ? 0 : memories.pruneLong({ limit: BURST });
    const hasMoreSpace = database.giveBackSpace();
    if (outcomes === BURST || said + long > 0 || hasMoreSpace) {
      // Nothing may be waiting for a commit, and what is deleted is held in memory until then.
      await database.committed({ lazily: true });
      await setImmediate();
    } else {
      await clock.sleep(isFirst ? PAUSE_MS.first : PAUSE_MS.later, signal);
      isFirst = false;
    }
  }
}
