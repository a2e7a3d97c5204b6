/** Entries that are settled in the same turn of the event loop end together: one script for all of them. @module */

import type { Reply } from "./connection.ts";
import { type Script, SETTLE } from "./scripts.ts";

/** An entry to be taken out of its stream, and what is added elsewhere in the same step. */
export interface Ending {
  readonly stream: string;
  readonly entry: string;
  /** Whether nobody else can have settled it, so that nothing is looked for. */
  readonly isTrimmed?: true;
  /** Names and values of the fields of its outcome; empty if it has none. */
  readonly outcome: readonly string[];
  /** Names and values of the fields that its dead letter has besides its own; empty if it is none. */
  readonly letter: readonly string[];
}

/** Ends entries. */
export interface Endings {
  /**
   * Acknowledge an entry, add its outcome and its dead letter: all of it, or nothing. Entries that are handed over one
   * after the other end in that order.
   *
   * @returns Whether it was still to be settled.
   * @throws {Error} If the server refuses, or the connection ends.
   */
  end(ending: Ending): Promise<boolean>;
}

/**
 * An outcome of this length goes alone, so that a server which takes no text as long refuses that one and no other: none
 * refuses less than 1 MiB, and a letter has up to three bytes.
 */
export const LONG_TEXT = 256 * 1024;
/** Entries of one script, at most, and the length of their texts: a script holds up every other client of the server. */
const MAX_SCRIPT = { entries: 100, length: LONG_TEXT };

/** An entry that waits for its script. */
interface Waiting extends Ending {
  readonly ended: PromiseWithResolvers<boolean>;
}

/** @param options `runScript`: runs a script with its keys and arguments. */
export function createEndings(options: {
  outcomeStream: string;
  deadStream: string;
  groupName: string;
  runScript: (script: Script, ...parameters: readonly string[]) => Promise<Reply>;
}): Endings {
  const { outcomeStream, deadStream, groupName, runScript } = options;
  let waiting: Waiting[] = [];

  /** Run one script for entries of one stream, and tell each what became of it. */
  async function run(stream: string, entries: readonly Waiting[]): Promise<void> {
    const parts = entries.flatMap(({ entry, isTrimmed, outcome, letter }) => {
      return [entry, isTrimmed ? "1" : "0", String(outcome.length), String(letter.length), ...outcome, ...letter];
    });
    try {
      const replies = await runScript(SETTLE, stream, outcomeStream, deadStream, groupName, ...parts);
      const results = Array.isArray(replies) ? replies as readonly Reply[] : [];
      entries.forEach(({ ended }, index) => {
        const result = results[index];
        if (result === 0 || result === 1) ended.resolve(result === 1);
        else ended.reject(new Error(String(result ?? "the server has not answered for this entry")));
      });
    } catch (error) {
      for (const { ended } of entries) ended.reject(error);
    }
  }

  function flush(): void {
    const all = waiting;
    waiting = [];
    for (const batch of batchesOf(all)) void run(batch[0]!.stream, batch);
  }

  return {
    end(ending) {
      if (waiting.length === 0) queueMicrotask(flush);
      const ended = Promise.withResolvers<boolean>();
      waiting.push({ ...ending, ended });
      return ended.promise;
    },
  };
}

/** Entries that follow one another, of one stream and within {@linkcode MAX_SCRIPT}. */
function batchesOf(all: readonly Waiting[]): Waiting[][] {
  const batches: Waiting[][] = [];
  let length = 0;
  for (const one of all) {
    const batch = batches.at(-1), ownLength = lengthOf(one);
    const fits = batch && batch[0]!.stream === one.stream && batch.length < MAX_SCRIPT.entries &&
      length + ownLength <= MAX_SCRIPT.length;
    if (fits) batch.push(one);
    else batches.push([one]);
    length = fits ? length + ownLength : ownLength;
  }
  return batches;
}

function lengthOf({ outcome, letter }: Ending): number {
  let length = 0;
  for (const text of outcome) length += text.length;
  for (const text of letter) length += text.length;
  return length;
}
