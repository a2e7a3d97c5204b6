/** Whether there is something at a path. @module */

/** What else must hold of the path; everything defaults to false. Links count as what they lead to. */
export interface ExistsOptions {
  /** We may read it, going by its owner and mode. */
  isReadable?: boolean;
  /** It is a directory. */
  isDirectory?: boolean;
  /** It is a file. */
  isFile?: boolean;
}

/**
 * Whether there is something at `path`. By the time you act on the answer it may be wrong: to open or remove what is
 * there, just do it and catch `Deno.errors.NotFound`.
 *
 * @throws {TypeError} If it exists and is asked to be a directory and a file.
 * @throws {Deno.errors.NotCapable} Without permission to read it, or, for `isReadable`, to know our user's id.
 */
export function existsSync(path: string | URL, options?: ExistsOptions): boolean {
  const { isReadable = false, isDirectory = false, isFile = false } = options ?? {};
  let info: Deno.FileInfo;
  try {
    info = Deno.statSync(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    // The file system bars the way to it, so as far as anyone can tell it is there and can't be read.
    if (error instanceof Deno.errors.PermissionDenied && mayRead(path)) return !isReadable;
    throw error;
  }
  if (isDirectory && isFile) {
    const both = "ExistsOptions.options.isDirectory and ExistsOptions.options.isFile";
    throw new TypeError(`${both} must not be true together`);
  }
  if (isDirectory && !info.isDirectory || isFile && !info.isFile) return false;
  return !isReadable || isReadableByUs(info);
}

function mayRead(path: string | URL): boolean {
  const { state } = Deno.permissions.querySync({ name: "read", path });
  return state === "granted";
}

/** The bits of the mode that count for us: the owner's, else the group's, else everybody's. */
function isReadableByUs({ mode, uid, gid }: Deno.FileInfo): boolean {
  if (mode === null) return true; // Windows has none
  if (uid === Deno.uid()) return (mode & 0o400) !== 0;
  if (gid === Deno.gid()) return (mode & 0o040) !== 0;
  return (mode & 0o004) !== 0;
}
