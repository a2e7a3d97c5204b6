/** From an outcome in the journal to everybody who may see it: once it is on disk, delivered, and in `responses.json`. @module */

import { setImmediate } from "node:timers/promises";
import type { RecordedOutcome } from "../journal/journal.ts";
import type { Publisher } from "../journal/publisher.ts";
import type { Database } from "../store/database.ts";
import type { Outbox } from "./outbox.ts";

/** Publishes outcomes. */
export interface Publishing {
  /** Publish an outcome that was just recorded, as soon as it is on disk. Does not wait for that. */
  add(outcome: RecordedOutcome): void;
  /** Resolves when all that was added is published, or has failed. */
  drained(): Promise<void>;
}

/**
 * Outcomes of one commit are published together: a write and a frame for each would take longer.
 *
 * They are delivered first: they are on disk in the journal, and a start appends what the file lacks. After a rest the
 * file takes a copy with an fsync of its own, three times as long as the commit, which a lone answer need not wait for.
 */
export function createPublishing(parts: {
  database: Pick<Database, "committed" | "nextCommit">;
  publisher: Pick<Publisher, "publish">;
  outbox: Pick<Outbox, "release">;
  /** Told of outcomes that are on disk. */
  onCommitted: (outcomes: readonly RecordedOutcome[]) => void;
  onError: (error: unknown) => void;
}): Publishing {
  const { database, publisher, outbox, onCommitted, onError } = parts;
  let batch: { readonly commit: number; readonly outcomes: RecordedOutcome[] } = { commit: 0, outcomes: [] };
  let last = Promise.resolve();

  /** Batches are published one after the other, whatever each of them takes. */
  async function publish(committed: Promise<void>, outcomes: readonly RecordedOutcome[], before: Promise<void>) {
    try {
      await committed;
      await before;
      onCommitted(outcomes);
      outbox.release(outcomes.at(-1)!.seq, outcomes);
      // What was sent leaves the process in the next turn of the event loop, and the file blocks.
      await setImmediate();
      await publisher.publish(outcomes);
    } catch (error) {
      onError(error);
    }
  }

  return {
    add(outcome) {
      const commit = database.nextCommit();
      if (batch.commit !== commit) batch = { commit, outcomes: [] };
      const isFirst = batch.outcomes.length === 0;
      batch.outcomes.push(outcome);
      const committed = database.committed();
      if (isFirst) last = publish(committed, batch.outcomes, last);
    },
    drained: () => last,
  };
}
