/** `responses.json`, opened for this agent alone: what a crash tore is mended, what others wrote is kept. @module */

import { basename, dirname, join } from "node:path";
import { freeName, freshName, makeDirectorySync, removeIfThereSync } from "../files.ts";
import { EMPTY_ARRAY, releaseFile } from "../locking.ts";
import type { Entry } from "../wire.ts";
import { cannot, HeldResponses, type ResponsesFile } from "./responses_held.ts";
import { type Expected, type Found, inspect } from "./responses_inspection.ts";
import { OPENING_BYTES } from "./responses_layout.ts";
import { takeFile, type TakenFile } from "./responses_lock.ts";

/** What came of opening the file. */
export interface OpenedResponses {
  readonly file: ResponsesFile;
  readonly found: Found;
  /** Where something that is no array was moved to. */
  readonly movedTo?: string;
  /** What was expected and has to be appended. */
  readonly missing: readonly Entry[];
}

/**
 * Open `responses.json` at `path`, or make it, for this agent alone. What is torn is mended, what is no array is moved away.
 *
 * @throws {FatalError} If another agent has it, or the disk refuses.
 */
export function openResponsesFile(path: string, expected: Expected): OpenedResponses {
  let taken: TakenFile | undefined;
  try {
    makeDirectorySync(dirname(path), { mode: 0o700 });
    // Resolved once: what is made beside the file is made in the directory that was looked at.
    const real = join(Deno.realPathSync(dirname(path)), basename(path));
    taken = takeFile(real);
    removeIfThereSync(freshName(real)); // a copy that a crash left half made
    const { found, missing, ...finding } = taken.isNew
      ? { found: { state: "missing" } as const, keepBytes: 0, missing: expected.since }
      : inspect(taken.file, expected);
    let movedTo: string | undefined;
    if (found.state === "unreadable") {
      movedTo = freeName((count) => `${real}.unreadable-${count}`);
      Deno.renameSync(real, movedTo);
      releaseFile(taken.file);
      taken = undefined;
      taken = takeFile(real);
    } else if (finding.keepBytes === 0 && !taken.isNew) makeEmpty(taken.file);
    const as = finding.keepBytes === 0 ? { keepBytes: OPENING_BYTES, bracketAt: OPENING_BYTES } : finding;
    const file = new HeldResponses({ path, real, taken }, as);
    return { file, found, missing, ...(movedTo !== undefined && { movedTo }) };
  } catch (error) {
    if (taken) releaseFile(taken.file);
    throw cannot("open", path, error);
  }
}

/** Put an empty array into a file that holds nothing of use: it may be mounted by itself, so it stays the same file. */
function makeEmpty(file: Deno.FsFile): void {
  file.seekSync(0, Deno.SeekMode.Start);
  file.writeSync(EMPTY_ARRAY);
  file.truncateSync(EMPTY_ARRAY.length);
}
