/** Files that come to their place whole, unless something is there: written beside it, and linked. @module */

import { basename, dirname } from "node:path";
import { makeAfreshSync, removeIfThereSync, writeAllSync } from "./files.ts";

/**
 * Put a private file at `path`, whole, unless there is something; returns whether it was put there.
 *
 * It is written under a name of its own, since another agent may be starting at this very moment. A crash may leave that
 * name behind: see {@linkcode removeRemainsSync}.
 *
 * @param options `isDurable`: whether the content must be on the disk first; `mayRename`: whether it takes the place of a
 * file that came there meanwhile, on a file system without hard links; default: then nothing is put there.
 * @throws What the file system says.
 */
export function placeFileSync(
  path: string,
  content: Uint8Array,
  { isDurable = false, mayRename = false }: { isDurable?: boolean; mayRename?: boolean } = {},
): boolean {
  const fresh = `${path}.${crypto.randomUUID()}.new`;
  try {
    {
      using file = makeAfreshSync(fresh, { mode: 0o600 });
      writeAllSync(file, content);
      if (isDurable) file.syncDataSync();
    }
    return putAt(path, { fresh, mayRename });
  } finally {
    removeIfThereSync(fresh);
  }
}

function putAt(path: string, { fresh, mayRename }: { fresh: string; mayRename: boolean }): boolean {
  try {
    Deno.linkSync(fresh, path);
  } catch (error) {
    // Somebody else was faster, or took this file for remains.
    if (error instanceof Deno.errors.AlreadyExists || error instanceof Deno.errors.NotFound) return false;
    if (!isWithoutLinks(error)) throw error;
    if (!mayRename) return false;
    Deno.renameSync(fresh, path);
  }
  return true;
}

/**
 * Remove what a crash of {@linkcode placeFileSync} left beside `path`: the file without its place, or its second name.
 * What belongs to another user, and can't be removed, stays.
 *
 * @param names What the directory has, where the caller knows it.
 */
export function removeRemainsSync(path: string, names: Iterable<string> = namesIn(dirname(path))): void {
  const start = `${basename(path)}.`;
  for (const name of names) {
    if (!name.startsWith(start) || !OWN_NAME.test(name.slice(start.length))) continue;
    try {
      removeIfThereSync(`${dirname(path)}/${name}`);
    } catch (error) {
      if (!(error instanceof Deno.errors.PermissionDenied)) throw error;
    }
  }
}

function* namesIn(directory: string): Generator<string> {
  for (const { name } of Deno.readDirSync(directory)) yield name;
}

/** What {@linkcode placeFileSync} adds to a name: a UUID. */
const OWN_NAME = /^[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}\.new$/;

/** Whether a file system has no hard links: FAT, and many that are mounted from elsewhere. */
function isWithoutLinks(error: unknown): boolean {
  const { code } = error as { code?: string };
  return code === "EPERM" || code === "EOPNOTSUPP" || code === "ENOSYS" || code === "EMLINK";
}
