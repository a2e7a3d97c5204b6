/** Waits for the first change among some files, which may not be there yet. @module */

import { join } from "node:path";
import type { WatchedFiles } from "./watched_files.ts";

/**
 * Milliseconds between two looks, of 3 ms each at the 500 files of the sources (measured on a busy machine). Changes that
 * come no farther apart are one: an editor writes, renames and sets times.
 */
const LOOK_MS = 200;

export interface FileWatch extends Disposable {
  /** Resolves with the path of the first change once no more follow it. */
  changed(): Promise<{ readonly path: string }>;
}

/**
 * Watch files and whole directories; those that are missing count from when they appear.
 *
 * They are looked at, since `Deno.watchFs` opens whatever changes beside them: a FIFO there would hold up the program, which
 * could only be killed then.
 */
export function openFileWatch({ files, directories }: WatchedFiles): FileWatch {
  const look = () => new Map([...files, ...directories.flatMap((one) => [...filesBelow(one)])].map(withStamp));
  const { promise, resolve } = Promise.withResolvers<{ path: string }>();
  let before = look(), first: string | undefined;
  const timer = setInterval(() => {
    const now = look(), changed = differing(before, now);
    before = now;
    if (changed === undefined && first !== undefined) resolve({ path: first });
    first ??= changed;
  }, LOOK_MS);
  return { changed: () => promise, [Symbol.dispose]: () => clearInterval(timer) };
}

/** The first path whose stamp is not the same, or that only one of them has. */
function differing(before: ReadonlyMap<string, string>, now: ReadonlyMap<string, string>): string | undefined {
  for (const path of new Set([...before.keys(), ...now.keys()])) if (before.get(path) !== now.get(path)) return path;
  return undefined;
}

function* filesBelow(directory: string): Generator<string> {
  for (const { name, isDirectory } of unlessGone(() => [...Deno.readDirSync(directory)]) ?? []) {
    const path = join(directory, name);
    if (isDirectory) yield* filesBelow(path);
    else yield path;
  }
}

/** A path with what tells a state of its file from others; an empty text while it is not there. */
function withStamp(path: string): [path: string, stamp: string] {
  const info = unlessGone(() => Deno.statSync(path));
  return [path, info ? `${info.dev}:${info.ino}:${info.size}:${info.mtime?.getTime()}` : ""];
}

function unlessGone<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch {
    // Missing, exchanged just now, or unreadable: the agent itself says what is wrong with it.
    return undefined;
  }
}
