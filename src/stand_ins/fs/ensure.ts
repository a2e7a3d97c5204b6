/** Directories that are there afterwards, whether they were before or not. @module */

/**
 * Creates a directory, and those above it, unless it is there.
 *
 * @throws {Error} If something else has its place. A link to a directory will do.
 */
export async function ensureDir(dir: string | URL): Promise<void> {
  try {
    return check(await Deno.stat(dir));
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
  try {
    await Deno.mkdir(dir, { recursive: true });
  } catch (error) {
    if (!(error instanceof Deno.errors.AlreadyExists)) throw error;
    check(await Deno.stat(dir)); // somebody was faster
  }
}

/**
 * Creates a directory, and those above it, unless it is there; returns when it is.
 *
 * @throws {Error} If something else has its place. A link to a directory will do.
 */
export function ensureDirSync(dir: string | URL): void {
  try {
    return check(Deno.statSync(dir));
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
  try {
    Deno.mkdirSync(dir, { recursive: true });
  } catch (error) {
    if (!(error instanceof Deno.errors.AlreadyExists)) throw error;
    check(Deno.statSync(dir)); // somebody was faster
  }
}

function check(info: Deno.FileInfo): void {
  const found = kindOf(info);
  if (found !== "dir") throw new Error(`Failed to ensure directory exists: expected 'dir', got '${found}'`);
}

function kindOf({ isFile, isDirectory, isSymlink }: Deno.FileInfo): "file" | "dir" | "symlink" | undefined {
  if (isFile) return "file";
  if (isDirectory) return "dir";
  return isSymlink ? "symlink" : undefined; // a socket, a device
}
