/** Directories and files that are there afterwards, whether they were before or not. @module */
import { dirname } from "node:path";
import { fileURLToPath } from "node:url";

/**
 * Creates a directory, and those above it, unless it is there.
 *
 * @throws {Error} If something else has its place. A link to a directory will do.
 */
export async function ensureDir(dir: string | URL): Promise<void> {
  try {
    return check("directory", "dir", await Deno.stat(dir));
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
  try {
    await Deno.mkdir(dir, { recursive: true });
  } catch (error) {
    if (!(error instanceof Deno.errors.AlreadyExists)) throw error;
    check("directory", "dir", await Deno.stat(dir)); // somebody was faster
  }
}

/**
 * Creates a directory, and those above it, unless it is there; returns when it is.
 *
 * @throws {Error} If something else has its place. A link to a directory will do.
 */
export function ensureDirSync(dir: string | URL): void {
  try {
    return check("directory", "dir", Deno.statSync(dir));
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
  try {
    Deno.mkdirSync(dir, { recursive: true });
  } catch (error) {
    if (!(error instanceof Deno.errors.AlreadyExists)) throw error;
    check("directory", "dir", Deno.statSync(dir)); // somebody was faster
  }
}

/**
 * Creates an empty file, and the directories above it, unless it is there; what it holds stays.
 *
 * @throws {Error} If something else has its place. A link is something else, even one to a file.
 */
export async function ensureFile(filePath: string | URL): Promise<void> {
  try {
    return check("file", "file", await Deno.lstat(filePath));
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
  await ensureDir(dirname(filePath instanceof URL ? fileURLToPath(filePath) : filePath));
  await Deno.writeFile(filePath, new Uint8Array(), { append: true }); // what another has just written there stays
}

function check(what: "directory" | "file", expected: "dir" | "file", info: Deno.FileInfo): void {
  const found = kindOf(info);
  if (found !== expected) {
    throw new Error(`Failed to ensure ${what} exists: expected '${expected}', got '${found}'`);
  }
}

function kindOf({ isFile, isDirectory, isSymlink }: Deno.FileInfo): "file" | "dir" | "symlink" | undefined {
  if (isFile) return "file";
  if (isDirectory) return "dir";
  return isSymlink ? "symlink" : undefined; // a socket, a device
}
