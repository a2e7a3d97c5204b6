/** Entries of a directory that hold up whoever opens them, as Deno's watcher does with each entry that changes. @module */

import { join } from "node:path";

/**
 * Paths of the FIFOs and devices in a directory, and of links to them. Opening one can wait without an end.
 * Empty if the directory can't be read.
 */
export function blockingEntriesIn(directory: string): string[] {
  const found: string[] = [];
  try {
    for (const { name, isFile, isDirectory } of Deno.readDirSync(directory)) {
      const path = join(directory, name);
      if (!isFile && !isDirectory && isBlocking(path)) found.push(path);
    }
  } catch {
    // Whoever reads events from the directory says what is wrong with it.
  }
  return found.sort();
}

/** Whether opening a path may wait; a link counts as what it leads to. A socket is refused at once, so it does not. */
function isBlocking(path: string): boolean {
  try {
    const { isFifo, isCharDevice, isBlockDevice } = Deno.statSync(path);
    return isFifo === true || isCharDevice === true || isBlockDevice === true;
  } catch {
    return false;
  }
}

/** FIFOs that are held open. */
export interface HeldFifos extends Disposable {
  /** Whether all of them could be opened. */
  readonly isComplete: boolean;
}

/**
 * Open both ends of FIFOs: whoever waits in opening one goes on, and nobody waits until they are let go.
 *
 * Linux opens a FIFO for reading and writing without waiting (fifo(7)).
 */
export function holdFifos(paths: readonly string[]): HeldFifos {
  const files: Deno.FsFile[] = [];
  let isComplete = true;
  for (const path of paths) {
    try {
      if (Deno.statSync(path).isFifo) files.push(Deno.openSync(path, { read: true, write: true }));
      else isComplete = false;
    } catch {
      // Not permitted, or gone since.
      isComplete = false;
    }
  }
  return {
    isComplete,
    [Symbol.dispose]() {
      for (const file of files) file.close();
    },
  };
}
