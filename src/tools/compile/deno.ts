/** Runs the Deno that runs this. @module */

import { EXIT, FatalError } from "../../errors.ts";

/** A command that failed, with its error output. */
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
