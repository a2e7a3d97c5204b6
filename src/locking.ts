/** Locks on files (`flock`), which the kernel ends with the process that holds them. @module */

import { pauseSync } from "./clock.ts";
import { ExchangedError, openIfThereSync } from "./files.ts";
import { placeFileSync, removeRemainsSync } from "./placing.ts";

/** A JSON array with nothing in it. */
export const EMPTY_ARRAY: Uint8Array = new TextEncoder().encode("[]\n");

/**
 * Lock an open file, without waiting: "taken" if somebody else has it, "impossible" where the file system has no locks.
 */
export function lockFile(file: Deno.FsFile): "locked" | "taken" | "impossible" {
  try {
    return file.tryLockSync(true) ? "locked" : "taken";
  } catch {
    // ENOSYS, EOPNOTSUPP, ENOLCK, EINVAL: each file system has its own way to say so.
    return "impossible";
  }
}

/**
 * Unlock a file and close it. Closing alone would do, unless another thread is just starting a process: that has the open
 * file too, until it runs its own program.
 */
export function releaseFile(file: Deno.FsFile): void {
  try {
    file.unlockSync();
  } catch {
    // As for locking: this file system has none.
  } finally {
    file.close();
  }
}

/** Whether the path still names the open file: somebody may have moved or replaced it since. */
export function namesFile(path: string, file: Deno.FsFile): boolean {
  try {
    const named = Deno.statSync(path), held = file.statSync();
    return named.ino === held.ino && named.dev === held.dev;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

/** How often a file that somebody else writes to is tried: ten seconds in all. */
const ATTEMPTS = 1000;

/**
 * Do `work`, which reads the JSON array at `path` and puts another file in its place, while nobody else does the same: who
 * reads before another one has written would write without what that one added. A missing file is made, empty.
 *
 * A lock that is held for so long is nobody's who writes; then, and where the file system has no locks, nobody is waited
 * for.
 *
 * @param pause Waits while somebody else has the lock.
 * @throws What `work` throws, what the file system says, and NotPlainError for a link, a FIFO, a device or a directory.
 */
export function whileLocked(path: string, work: () => void, pause = pauseForOther): void {
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    placeFileSync(path, EMPTY_ARRAY, { mayRename: true });
    const file = openUnlessExchanged(path);
    if (file !== undefined) {
      try {
        const lock = lockFile(file);
        if (lock === "impossible") return work();
        if (lock === "locked" && namesFile(path, file)) {
          removeRemainsSync(path);
          return work();
        }
      } finally {
        releaseFile(file);
      }
    }
    pause();
  }
  work();
}

/** Whoever had the lock may put another file in its place just now. */
function openUnlessExchanged(path: string): Deno.FsFile | undefined {
  try {
    return openIfThereSync(path, { follow: false });
  } catch (error) {
    if (error instanceof ExchangedError) return undefined;
    throw error;
  }
}

function pauseForOther(): void {
  pauseSync(10);
}
