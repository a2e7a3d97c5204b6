/** Finds names that a script uses but does not declare, with Deno's lint rule for them. @module */

import { EXIT, FatalError } from "../../errors.ts";

/** The part of `deno lint --json` that is read here. */
interface LintReport {
  readonly diagnostics: readonly { readonly message: string }[];
  readonly errors: readonly { readonly message: string }[];
}

const ARGUMENTS = ["lint", "--no-config", "--rules-tags=", "--rules-include=no-undef", "--json", "--ext=js", "-"];

/**
 * The names that a script uses without declaring them, except the globals of the web platform.
 *
 * @throws {FatalError} If it is no JavaScript.
 */
export async function undefinedNames(script: string): Promise<Set<string>> {
  const command = new Deno.Command(Deno.execPath(), {
    args: ARGUMENTS,
    env: { NO_COLOR: "1" },
    stdin: "piped",
    stdout: "piped",
    stderr: "null",
  });
  const child = command.spawn();
  const [{ stdout }] = await Promise.all([child.output(), new Blob([script]).stream().pipeTo(child.stdin)]);
  const { diagnostics, errors: [error] }: LintReport = JSON.parse(new TextDecoder().decode(stdout));
  if (error !== undefined) throw new FatalError(`Cannot look for undefined names: ${error.message}`, EXIT.bug);
  return new Set(diagnostics.map(({ message }) => message.replace(" is not defined", "")));
}
