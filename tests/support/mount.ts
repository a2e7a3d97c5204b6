/** What it takes to mount a file system of a test's own, which only root may. @module */

/** Where it is mounted: a folder that an executable under test may write to. */
const FOLDER = "/tmp/agent-state";

class CommandError extends Error {
  override name = "CommandError";
}

/** Make an empty folder to mount a file system on, and to put its image beside; it goes with `stack`. */
export function makeMountPoint(stack: DisposableStack): string {
  Deno.mkdirSync(FOLDER, { recursive: true });
  return stack.adopt(Deno.makeTempDirSync({ dir: FOLDER, prefix: "test-disk-" }), (path) => Deno.removeSync(path));
}

/** Mount a file system, until `stack` is disposed of. */
export function mount(stack: DisposableStack, path: string, args: readonly string[]): void {
  run("mount", ...args, path);
  stack.defer(() => run("umount", path));
}

/** @throws {CommandError} If the command fails. */
export function run(command: string, ...args: string[]): void {
  const { success, stderr } = new Deno.Command(command, { args, stdout: "null" }).outputSync();
  if (!success) throw new CommandError(`${command} ${args.join(" ")}: ${new TextDecoder().decode(stderr).trim()}`);
}

/** Why this machine refuses to mount what `attempt` mounts, if it does. */
export function whyNoMount(attempt: () => void): string | undefined {
  if (Deno.build.os !== "linux") return "it needs Linux, to mount a file system";
  if (Deno.uid() !== 0) return "only root may mount a file system";
  try {
    attempt();
    return undefined;
  } catch (error) {
    if (error instanceof CommandError || error instanceof Deno.errors.NotFound) return error.message;
    throw error;
  }
}
