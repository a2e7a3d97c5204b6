/** Takes `responses.json` for this agent alone: two that write in one file would overwrite each other's entries. @module */

import { EXIT, FatalError } from "../errors.ts";
import { openIfThereSync, removeIfThereSync } from "../files.ts";
import { EMPTY_ARRAY, lockFile, namesFile, releaseFile } from "../locking.ts";
import { placeFileSync, removeRemainsSync } from "../placing.ts";

/** A file that no other agent writes to. */
export interface TakenFile {
  readonly file: Deno.FsFile;
  /** Whether it was made just now: an empty array. */
  readonly isNew: boolean;
  /** Whether it is locked. Not every file system can do that. */
  readonly isLocked: boolean;
}

/** Attempts to take a file that others make, move or replace at the same time. */
const ATTEMPTS = 10;

/**
 * Open the file at `path`, or make it, and lock it.
 *
 * The lock (`flock`) belongs to the open file: the kernel ends it with the process, however that ends. It holds between
 * containers of one machine, whatever their process namespaces, and over NFS where the server has locks.
 *
 * @throws {FatalError} 74 if another agent has it.
 * @throws {Error} If the disk refuses, or it is no plain file.
 */
export function takeFile(path: string): TakenFile {
  let isNew = false;
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const file = openIfThereSync(path, { write: true });
    if (!file) {
      isNew = makeEmptyFile(path) || isNew;
      continue;
    }
    try {
      const lock = lockFile(file);
      if (lock === "taken") throw takenError(path);
      // The other agent may have replaced it by a copy, or moved it, since it was opened here.
      if (namesFile(path, file)) {
        removeRemainsSync(path);
        return { file, isNew, isLocked: lock === "locked" };
      }
    } catch (error) {
      releaseFile(file);
      throw error;
    }
    releaseFile(file);
  }
  throw new Error("somebody else moves or replaces it all the time");
}

/** Make the file at once, so that a reader finds none or a whole one; false if somebody else was faster. */
function makeEmptyFile(path: string): boolean {
  // Nothing can be opened at the path, so a link there leads to nothing.
  if (isLink(path)) removeIfThereSync(path);
  return placeFileSync(path, EMPTY_ARRAY, { mayRename: true });
}

function isLink(path: string): boolean {
  try {
    return Deno.lstatSync(path).isSymlink;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

function takenError(path: string): FatalError {
  return new FatalError(
    `Cannot use ${path}: another agent writes its answers there, and would overwrite those of this one. Stop that agent, or set EVENT_OUTPUT_PATH to a file for this one alone; nothing is lost.`,
    EXIT.inputOutput,
  );
}
