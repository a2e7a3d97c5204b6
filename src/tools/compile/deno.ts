/** Runs the Deno that runs this. @module */

import { EXIT, FatalError } from "../../errors.ts";

/** What a command wrote before it failed. */
export class CommandError extends FatalError {
  readonly stderr: string;

  constructor(command: string, stderr: string) {
    super(`\`${command}\` failed:\n${stderr.trim()}`, EXIT.bug);
    this.stderr = stderr;
  }
}

/**
 * Run `deno` with `args` in `folder`, and wait for its end.
 *
 * @throws {CommandError} If it fails.
 */
export async function deno(args: readonly string[], folder: string): Promise<void> {
  const command = new Deno.Command(Deno.execPath(), {
    args: [...args],
    cwd: folder,
    env: { NO_COLOR: "1" },
    stdin: "null",
    stdout: "null",
    stderr: "piped",
  });
  const { success, stderr } = await command.output();
  if (!success) throw new CommandError(`deno ${args.join(" ")}`, new TextDecoder().decode(stderr));
}

/**
 * The commit that is checked out in `root`, with `-dirty` behind it if files of it were changed; `unknown` where git or
 * the repository's history is missing.
 */
export async function commitOf(root: string): Promise<string> {
  try {
    const { success, stdout } = await new Deno.Command("git", {
      args: ["describe", "--always", "--dirty", "--abbrev=40", "--exclude=*"],
      cwd: root,
      stderr: "null",
    }).output();
    if (success) return new TextDecoder().decode(stdout).trim();
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
  return "unknown";
}
