/** A directory with nothing in it. @module */
import { join } from "node:path";
import { fileURLToPath } from "node:url";

/**
 * Removes all that is in a directory, but not the directory; creates it if it is missing, and those above it.
 *
 * @throws {Deno.errors.NotADirectory} If it is something else.
 */
export async function emptyDir(dir: string | URL): Promise<void> {
  const path = dir instanceof URL ? fileURLToPath(dir) : dir;
  try {
    const entries = await Array.fromAsync(Deno.readDir(path));
    await Promise.all(entries.map(({ name }) => Deno.remove(join(path, name), { recursive: true })));
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    await Deno.mkdir(path, { recursive: true });
  }
}
