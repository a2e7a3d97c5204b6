/** All that lies below a directory. @module */
import { basename, join, normalize } from "node:path";
import { fileURLToPath } from "node:url";

/** Which entries {@linkcode walk} goes to and which it yields. */
export interface WalkOptions {
  /** How many levels to go down: 0 is the root alone; default Infinity. */
  maxDepth?: number;
  /** Default true. */
  includeFiles?: boolean;
  /** Default true. */
  includeDirs?: boolean;
  /** Default true; of no effect if links are followed. */
  includeSymlinks?: boolean;
  /** Go where links lead; default false. A link to a directory above it is followed for ever, as in the original: set
   * `maxDepth`. */
  followSymlinks?: boolean;
  /** Whether what is behind a followed link has its real path instead of the link's; default true. */
  canonicalize?: boolean;
  /** How a path must end to be yielded, with or without a dot in front; default anyhow. Directories are held to it too. */
  exts?: string[];
  /** Of these one must match the path of what is yielded; default no condition. */
  match?: RegExp[];
  /** Of these none may match the path. A directory that is skipped is not entered. */
  skip?: RegExp[];
}

/** An entry of a directory; of a link that was followed, `name` and kind are the link's own. */
export interface WalkEntry extends Deno.DirEntry {
  /** Where it is: the root as it was given, then the way down. */
  path: string;
}

/**
 * Yields a directory and all that lies below it, a directory before what is in it, otherwise in the order in which the
 * file system tells.
 *
 * @throws {Deno.errors.NotFound} If the root, or the target of a link it follows, does not exist.
 */
export async function* walk(root: string | URL, options?: WalkOptions): AsyncIterableIterator<WalkEntry> {
  const {
    maxDepth = Infinity,
    includeFiles = true,
    includeDirs = true,
    includeSymlinks = true,
    followSymlinks = false,
    canonicalize = true,
    skip = [],
  } = options ?? {};
  if (maxDepth < 0) return;
  const directory = root instanceof URL ? fileURLToPath(root) : root;
  if (includeDirs && isWanted(directory, options)) yield await rootEntry(directory);
  if (maxDepth < 1 || matches(directory, skip)) return;

  for await (const entry of Deno.readDir(directory)) {
    let path = join(directory, entry.name), { isSymlink, isDirectory } = entry;
    if (isSymlink && followSymlinks) {
      const realPath = await Deno.realPath(path);
      if (canonicalize) path = realPath;
      ({ isSymlink, isDirectory } = await Deno.lstat(realPath));
    }
    // As in the original, `canonicalize` counts for the root's own entries alone.
    if (isDirectory) yield* walk(path, { ...options, canonicalize: true, maxDepth: maxDepth - 1 });
    else if ((isSymlink ? includeSymlinks : includeFiles) && isWanted(path, options)) yield { path, ...entry };
  }
}

async function rootEntry(directory: string): Promise<WalkEntry> {
  const path = normalize(directory);
  const { isFile, isDirectory, isSymlink } = await Deno.stat(path);
  return { path, name: basename(path), isFile, isDirectory, isSymlink };
}

function isWanted(path: string, { exts, match, skip = [] }: WalkOptions = {}): boolean {
  if (exts && !exts.some((ext) => path.endsWith(ext.startsWith(".") ? ext : `.${ext}`))) return false;
  if (match && !matches(path, match)) return false;
  return !matches(path, skip);
}

/** By `match` and not `test`, which with the flag `g` would go on from the path before. */
function matches(path: string, patterns: readonly RegExp[]): boolean {
  return patterns.some((pattern) => path.match(pattern) !== null);
}
