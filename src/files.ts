/** Files as a hostile directory may hold them: read only if plain and bounded, written only beside their place, then renamed. @module */

import { basename, dirname, join, relative, resolve } from "node:path";
import { messageOf } from "./errors.ts";

/** Write all of `bytes`: one call may take only a part of them. */
export function writeAllSync(to: { writeSync(bytes: Uint8Array): number }, bytes: Uint8Array): void {
  for (let written = 0; written < bytes.length;) written += to.writeSync(bytes.subarray(written));
}

/** A path that names something else than what a plain file is expected to be: a FIFO, a device, a file that changes. */
export class NotPlainError extends Error {
  override name = "NotPlainError";
}

/** Another file has taken its place while it was opened. */
export class ExchangedError extends NotPlainError {
  override name = "ExchangedError";
}

/** Whether the file system refused: a missing permission, a full disk, a file in a directory's place, a link to elsewhere. */
export function isRefusal(error: unknown): boolean {
  if (error instanceof Deno.errors.NotCapable || error instanceof NotPlainError) return true;
  return error instanceof Error && "code" in error && /^E[A-Z]+$/.test(String(error.code));
}

/**
 * What is wrong with a path, for its user: Deno's own words name system calls, and flags that no user is to set.
 *
 * @returns `reason`: without a full stop; `isPlace`: whether it is the wrong path, so that no permission would mend it;
 * `remedy`: what to do where something else than the path is short, without a full stop.
 */
export function pathProblem(error: unknown): { reason: string; isPlace: boolean; remedy?: string } {
  const place = (reason: string) => ({ reason, isPlace: true });
  if (error instanceof Deno.errors.NotCapable) return place("that is not a path which this program may use");
  if (error instanceof NotPlainError) return place(error.message);
  if (error instanceof Deno.errors.NotFound) return place("there is no such file or directory");
  if (error instanceof Deno.errors.AlreadyExists || error instanceof Deno.errors.NotADirectory) {
    return place("a file stands where a directory is needed");
  }
  if (error instanceof Deno.errors.FilesystemLoop) return place("its links go round in circles");
  const code = isRefusal(error) ? (error as { code?: unknown }).code : undefined;
  switch (code) {
    case "ENAMETOOLONG":
      return place("a name in it is too long");
    case "ENOSPC":
    case "EDQUOT":
      return { reason: "no space left", isPlace: false, remedy: "Free some and start again" };
    case "EMFILE":
    case "ENFILE":
      return {
        reason: "too many files are open",
        isPlace: false,
        remedy: "Raise the limit (ulimit -n) and start again",
      };
  }
  return { reason: inPlainWords(messageOf(error)), isPlace: false };
}

/** What the system says, and where, of a message such as `Permission denied (os error 13): mkdir '/app/.agent'`. */
function inPlainWords(message: string): string {
  const [, words, path] = /^(.+?) \(os error \d+\)(?:: \w+(?: '(.+?)'(?: -> '.*')?)?)?$/s.exec(message) ?? [];
  if (words === undefined) return message;
  // Whoever reads this knows nothing of the files that are written for a moment: before a rename, or to see whose they are.
  const place = path !== undefined && /\.new$|\/\.owner$/.test(path) ? dirname(path) : path;
  return words[0]!.toLowerCase() + words.slice(1) + (place === undefined ? "" : ` at ${place}`);
}

/** The largest file that is read whole where nothing else bounds it: settings, certificates. */
export const MAX_SMALL_FILE_BYTES = 1024 * 1024;

/**
 * Open a plain file for reading, or for both. A link counts as the file that it leads to.
 *
 * Deno checks the real path only of an open for reading: one for writing alone follows a link out of all permissions
 * (measured on 2.7.11 and 2.9.6). So this always asks for reading too.
 *
 * @param options `write`: also for writing; default false. `follow`: whether the path may be a link, or below one;
 * default true.
 * @throws {NotPlainError} If it is a FIFO, a device, a socket or a directory, or is exchanged meanwhile.
 * @throws {Deno.errors.NotFound} If there is no such file.
 */
export function openPlainSync(
  path: string,
  { write = false, follow = true }: { write?: boolean; follow?: boolean } = {},
): { file: Deno.FsFile; info: Deno.FileInfo } {
  const real = follow ? Deno.realPathSync(path) : path;
  // Before it is opened: opening a FIFO waits for its other end, and nothing ends that wait.
  refuseUnlessPlain(Deno.lstatSync(real), path);
  const file = Deno.openSync(path, { read: true, write });
  try {
    const info = file.statSync();
    refuseUnlessPlain(info, path);
    // A directory above may have become a link between Deno's check and its open.
    for (let look = 0; look < 2; look++) {
      const now = Deno.lstatSync(real);
      const isSame = now.ino === info.ino && now.dev === info.dev && Deno.realPathSync(path) === real;
      if (!isSame) throw new ExchangedError(`${path} was exchanged while it was opened`);
    }
    return { file, info };
  } catch (error) {
    file.close();
    throw error;
  }
}

/**
 * The bytes of a plain file, which must stay as it is meanwhile.
 *
 * @param options `maxBytes`: the largest that is read; `follow`: see {@linkcode openPlainSync}.
 * @throws {NotPlainError} If it is no plain file, larger than that, or changes while it is read.
 * @throws {Deno.errors.NotFound} If there is no such file.
 */
export function readPlainSync(
  path: string,
  { maxBytes, follow = true }: { maxBytes: number; follow?: boolean },
): Uint8Array<ArrayBuffer> {
  const { file, info } = openPlainSync(path, { follow });
  try {
    if (info.size > maxBytes) {
      throw new NotPlainError(`${path} has ${info.size} bytes, more than the ${maxBytes} that are read of it`);
    }
    // One more than there should be: what grows meanwhile is noticed.
    const bytes = new Uint8Array(info.size + 1);
    let length = 0;
    for (let read: number | null = 0; length < bytes.length && read !== null; length += read ?? 0) {
      read = file.readSync(bytes.subarray(length));
    }
    const after = file.statSync();
    if (length !== info.size || after.size !== info.size || after.mtime?.getTime() !== info.mtime?.getTime()) {
      throw new NotPlainError(`${path} was changed while it was read`);
    }
    return bytes.subarray(0, length);
  } finally {
    file.close();
  }
}

/** {@linkcode readPlainSync} as a text; a byte order mark is left out, as `Deno.readTextFileSync` does not. */
export function readPlainTextSync(path: string, options: { maxBytes: number }): string {
  return new TextDecoder().decode(readPlainSync(path, options));
}

/** What is done with a path. */
export type Access = "read" | "write";

/** Whether the program may go to `path`, as it is written; from sources it may go everywhere. */
export function mayAccess(access: Access, path: string): boolean {
  return Deno.permissions.querySync({ name: access, path }).state === "granted";
}

/**
 * Where a path leads, with every link in it resolved; what is not there yet, or can't be looked at, is taken as written.
 *
 * Deno holds a path against the permissions as it is written when it makes, renames or removes: behind a link that somebody
 * put there, these reach anywhere. So a directory has to be resolved, and held against them, before anything is made in it.
 *
 * @throws {NotPlainError} If links go round in circles.
 * @throws What the file system says, such as that a part of it is no directory.
 */
export function realPathOf(path: string): string {
  const absolute = resolve(path);
  for (let there = absolute;; there = dirname(there)) {
    const rest = relative(there, absolute);
    try {
      if (!isLinkToNothing(there)) return join(Deno.realPathSync(there), rest);
      // What is made "in" it would be made where it leads.
      return join(realPathOf(resolve(dirname(there), Deno.readLinkSync(there))), rest);
    } catch (error) {
      if (error instanceof Deno.errors.FilesystemLoop) {
        throw new NotPlainError(`${path}: its links go round in circles`);
      }
      if (error instanceof Deno.errors.NotCapable || there === dirname(there)) return absolute;
      if (!(error instanceof Deno.errors.NotFound)) throw error;
    }
  }
}

/** @throws {Deno.errors.NotFound} If there is nothing at the path, no link either. */
function isLinkToNothing(path: string): boolean {
  return Deno.lstatSync(path).isSymlink && !isThere(path);
}

function isThere(path: string): boolean {
  try {
    Deno.statSync(path);
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

/**
 * The real directory of a file that is to be made, renamed or removed.
 *
 * @throws {NotPlainError} If a link leads it to where the program must not write.
 */
function writableDirectoryOf(path: string): string {
  const directory = dirname(resolve(path)), real = Deno.realPathSync(directory);
  if (real !== directory && !mayAccess("write", real)) throw leadsOutside(directory, real);
  return real;
}

function leadsOutside(path: string, real: string): NotPlainError {
  return new NotPlainError(`${path} leads to ${real} by a link, where this program must not write`);
}

/**
 * Make a directory with those above it, if it is missing.
 *
 * @param options `mode`: its permissions, and those of what is made above it.
 * @throws {NotPlainError} If a link leads it to where the program must not write; then nothing is made.
 */
export function makeDirectorySync(path: string, { mode }: { mode?: number } = {}): void {
  const real = realPathOf(path);
  if (real !== resolve(path) && !mayAccess("write", real)) throw leadsOutside(path, real);
  // Not by @std/fs: its ensureDir takes no mode, and its error about a file in the way has no code to tell a refusal by.
  Deno.mkdirSync(real, { recursive: true, ...(mode !== undefined && { mode }) });
}

/**
 * Make a new file at `path`, for reading and writing, in place of whatever is there: a link is removed, never followed.
 *
 * @param options `mode`: its permissions, less what the umask takes.
 * @throws {NotPlainError} If a link leads its directory to where the program must not write.
 */
export function makeAfreshSync(path: string, { mode }: { mode: number }): Deno.FsFile {
  const real = join(writableDirectoryOf(path), basename(path));
  removeIfThereSync(real);
  return Deno.openSync(real, { read: true, write: true, createNew: true, mode });
}

/** What {@linkcode replaceFileSync} puts at a path. */
export interface NewContent {
  readonly pieces: readonly Uint8Array[];
  readonly mode: number;
  /** What must be on the disk when the call returns: the content, or its name too. Default: neither. */
  readonly durable?: "content" | "name";
  /** Called with the new file before anything is written to it. */
  readonly prepare?: (fresh: Deno.FsFile, path: string) => void;
}

/**
 * Put a file at `path` at once: a reader finds the old one or the new one, whole. It is written beside its place and
 * renamed. Returns it, open for reading and writing.
 *
 * @throws What the disk or `prepare` throws; then nothing of it is left.
 */
export function replaceFileSync(path: string, { pieces, mode, durable, prepare }: NewContent): Deno.FsFile {
  const real = join(writableDirectoryOf(path), basename(path)), fresh = freshName(real);
  const file = makeAfreshSync(fresh, { mode });
  try {
    prepare?.(file, fresh);
    for (const piece of pieces) writeAllSync(file, piece);
    if (durable) file.syncSync();
    Deno.renameSync(fresh, real);
    if (durable === "name") syncDirectorySync(dirname(real));
    return file;
  } catch (error) {
    file.close();
    removeIfThereSync(fresh);
    throw error;
  }
}

/** Where {@linkcode replaceFileSync} writes: a crash may leave it behind. */
export function freshName(path: string): string {
  return `${path}.new`;
}

/** The first of the names that nothing has yet; `name` is given 1, 2, 3 and so on. */
export function freeName(name: (count: number) => string): string {
  for (let count = 1;; count++) {
    try {
      Deno.lstatSync(name(count));
    } catch (error) {
      if (error instanceof Deno.errors.NotFound) return name(count);
      throw error;
    }
  }
}

/** {@linkcode openPlainSync}; undefined if there is no such file. */
export function openIfThereSync(path: string, options: { write?: boolean; follow?: boolean }): Deno.FsFile | undefined {
  try {
    return openPlainSync(path, options).file;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}

/** Remove a file or a link, if there is one. */
export function removeIfThereSync(path: string): void {
  try {
    Deno.removeSync(path);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
}

/** Bring to the disk which names stand in a directory. */
export function syncDirectorySync(path: string): void {
  const directory = Deno.openSync(path, { read: true });
  try {
    directory.syncSync();
  } finally {
    directory.close();
  }
}

function refuseUnlessPlain(info: Deno.FileInfo, path: string): void {
  if (!info.isFile) throw new NotPlainError(`${path} is ${kindOf(info)}, not a plain file`);
}

/** What a path names, as a noun with its article. */
export function kindOf(info: Deno.FileInfo): string {
  if (info.isFile) return "a plain file";
  if (info.isSymlink) return "a link";
  if (info.isDirectory) return "a directory";
  if (info.isFifo) return "a FIFO";
  if (info.isSocket) return "a socket";
  return "a device";
}
