/** The environment that the program was started in. @module */

import { EXIT, FatalError } from "./errors.ts";

/** Gives the value of an environment variable; undefined where it is not set. */
export type Environment = (name: string) => string | undefined;

/** Names of the variables that are set, as far as the program may know them and their values are UTF-8. */
export function variableNames(): string[] {
  try {
    return Object.keys(Deno.env.toObject());
  } catch (error) {
    // Without `ignore` in its permissions, a program may list all variables or none.
    if (error instanceof Deno.errors.NotCapable) return [];
    throw error;
  }
}

/**
 * A variable of this process.
 *
 * @throws {FatalError} If its value is no text: Deno's own error would quote it, and it may be a secret.
 */
export function readEnvironment(name: string): string | undefined {
  try {
    return Deno.env.get(name);
  } catch (error) {
    if (!(error instanceof Deno.errors.InvalidData)) throw error;
    throw new FatalError(
      `${name}: expected a text in UTF-8, got other bytes. Write bytes as hexadecimal digits or in base64, or leave it out.`,
      EXIT.settings,
    );
  }
}

/** Take variables out of this process's environment, where Deno itself would obey them. */
export function forgetVariables(names: readonly string[]): void {
  for (const name of names) Deno.env.delete(name);
}
