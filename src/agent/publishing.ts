/** From an outcome in the journal to everybody who may see it: once it is on disk, in `responses.json`, then delivered. @module */

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

/** Outcomes of one commit are published together: a write and a frame for each would take longer. */
export function createPublishing(parts: {
  database: Pick<Database, "committed" | "nextCommit">;
  publisher: Pick<Publisher, "publish" | "published">;
  outbox: Pick<Outbox, "release">;
  /** Told of outcomes that are on disk, and where the publisher puts them. */
  onPublished: (outcomes: readonly RecordedOutcome[]) => void;
  onError: (error: unknown) => void;
}): Publishing {
  const { database, publisher, outbox, onPublished, onError } = parts;
  let batch: { readonly commit: number; readonly outcomes: RecordedOutcome[] } = { commit: 0, outcomes: [] };
  let last = Promise.resolve();

  /** Batches are published one after the other, whatever each of them takes. */
  async function publish(committed: Promise<void>, outcomes: readonly RecordedOutcome[], before: Promise<void>) {
    try {
      await committed;
      await before;
      await publisher.publish(outcomes);
      onPublished(outcomes);
      outbox.release(publisher.published, outcomes);
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
