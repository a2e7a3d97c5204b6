/** What is wrong with the arguments of a command, in plain words: `parseArgs` has advice that fits few. @module */

import { messageOf } from "./errors.ts";

/** Node's codes for what `parseArgs` refuses, with what is said instead; `name`: the option as it was written. */
const WORDS: Readonly<Record<string, (name: string, message: string) => string>> = {
  ERR_PARSE_ARGS_UNKNOWN_OPTION: (name) => `Unknown option '${name}'`,
  ERR_PARSE_ARGS_UNEXPECTED_POSITIONAL: (name) => `Unexpected argument '${name}'`,
  ERR_PARSE_ARGS_INVALID_OPTION_VALUE: (name, message) => {
    const option = /--[\w-]+/.exec(name)?.[0] ?? name;
    if (message.includes("does not take")) return `${option} takes no value`;
    const dash = message.includes("ambiguous") ? `; one that begins with a dash is written ${option}=-…` : "";
    return `${option} needs a value${dash}`;
  },
};

/** The message of what reading the arguments threw, without a full stop. @see https://nodejs.org/api/errors.html */
export function argumentsMessage(error: unknown): string {
  const message = messageOf(error);
  const code = error instanceof Error && "code" in error ? String(error.code) : "";
  return WORDS[code]?.(/'(.*?)'/s.exec(message)?.[1] ?? "", message) ?? message;
}

/**
 * Refuse an option that is given twice: `parseArgs` would take the last value and drop the others, and who gives two users
 * to forget means both. One that may be given several times has a list for its value.
 *
 * @param found What `parseArgs` found.
 * @throws {TypeError} Naming the option.
 */
export function refuseRepeated(
  { tokens, values }: {
    readonly tokens: readonly { readonly kind: string; readonly name?: string; readonly value?: unknown }[];
    readonly values: Readonly<Record<string, unknown>>;
  },
): void {
  const valued = tokens.filter(({ kind, value }) => kind === "option" && value !== undefined).map(({ name }) => name);
  const repeated = valued.find((name = "", at) => valued.indexOf(name) < at && !Array.isArray(values[name]));
  if (repeated !== undefined) throw new TypeError(`--${repeated} is given twice: give it once, and call again`);
}
