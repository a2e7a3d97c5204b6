/** Brings the journal's outcomes to `responses.json`: each once, in order, after crashes and other people's edits too. @module */

import type { Journal, RecordedOutcome } from "./journal.ts";
import { ResponsesWriter, type WriterOptions } from "./responses_writer.ts";
import type { OutputSeal } from "./sealed_entries.ts";

/** Appends outcomes to `responses.json`. */
export interface Publisher extends Disposable {
  /** The last outcome that stands in the file; 0 where there is none. */
  readonly published: number;
  /**
   * Append committed outcomes, in order. The next ones come when these are there.
   *
   * @throws {FatalError} If the disk refuses.
   */
  publish(outcomes: readonly RecordedOutcome[]): void | Promise<void>;
  /**
   * Bring the file to the disk and note in the journal how far it got: outcomes up to there need not be in the journal
   * any more for the file to be recognised.
   *
   * @throws {FatalError} If the disk refuses.
   */
  note(): void;
}

/**
 * Open the file and append what the journal has and the file lacks.
 *
 * @throws {FatalError} If another agent has it, or the disk refuses.
 */
export function openPublisher(options: WriterOptions): Publisher {
  using stack = new DisposableStack();
  const writer = stack.use(new ResponsesWriter(options));
  writer.begin(writer.missing);
  stack.move();
  return {
    get published() {
      return writer.published;
    },
    publish: (outcomes) => writer.append(outcomes),
    note: () => writer.note(),
    [Symbol.dispose]: () => writer[Symbol.dispose](),
  };
}

/**
 * The same, with entries that only the holder of a private key can read.
 *
 * @throws {FatalError} If another agent has it, or the disk refuses.
 */
export async function openSealedPublisher(options: WriterOptions & { seal: OutputSeal }): Promise<Publisher> {
  const { seal } = options;
  const sealAll = (outcomes: readonly RecordedOutcome[]) => Promise.all(outcomes.map(seal.seal));
  using stack = new DisposableStack();
  const writer = stack.use(new ResponsesWriter({ ...options, expectedText: seal.expectedText }));
  writer.begin(await sealAll(writer.missing));
  stack.move();
  return {
    get published() {
      return writer.published;
    },
    async publish(outcomes) {
      writer.append(await sealAll(outcomes));
    },
    note: () => writer.note(),
    [Symbol.dispose]: () => writer[Symbol.dispose](),
  };
}

/**
 * A publisher without a file: outcomes go back by the transport alone. The journal notes that they need no file, so that
 * they are not written into one later, and can be pruned.
 */
export function openNoPublisher({ journal }: { journal: Pick<Journal, "lastOutcome" | "setCheckpoint"> }): Publisher {
  let published = journal.lastOutcome();
  const note = () => journal.setCheckpoint({ path: "", seq: published, bytes: 0 });
  if (published > 0) note();
  return {
    get published() {
      return published;
    },
    publish(outcomes) {
      published = outcomes.at(-1)?.seq ?? published;
      note();
    },
    note() {
      if (published > 0) note();
    },
    [Symbol.dispose]() {},
  };
}
