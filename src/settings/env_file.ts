/** The optional `.env` file: read by @std/dotenv, its references followed here, where they are bound to end. @module */

import { parse } from "@std/dotenv";
import type { Environment } from "../environment.ts";
import { EXIT, FatalError } from "../errors.ts";

/**
 * What no honest file comes near: replacements within one another, and UTF-16 code units they make of one value. Variables
 * that refer to each other reach it, and `parse` of @std/dotenv would never return from them.
 */
const MAX_ROUNDS = 32, MAX_LENGTH = 16_384;

/**
 * As @std/dotenv has it: `${name}` or `${name:-default}`, else `$name` or `$name:-default`. The look ahead changes nothing
 * but the time: without a `}` to find, 15 kB of `${A:-` took 55 s (ran it).
 */
const REFERENCE = /\$\{(?=.+\})(.+?)(?::-(.+))?\}|(?<!\\)\$(\w+)(?::-(.+))?/g;

/**
 * The variables of a `.env` file: what `parse` of @std/dotenv makes of it, wherever that makes an end.
 *
 * @param environment Consulted for references to what the file does not set.
 * @throws {FatalError} If a reference leads to what is not set, back to where it came from, or blows the value up.
 */
export function parseEnvFile(
  text: string,
  environment: Environment = () => undefined,
): Record<string, string> {
  // A name that the text does not hold takes the place of every "$". It stands for itself, and quotes keep it from being
  // expanded: so each value comes back as it was written, and tells whether its references count.
  let dollar = "DOLLAR";
  while (text.includes(dollar)) dollar += "R";
  const quoted = `\${${dollar}}`;
  const { [dollar]: _, ...parsed } = parse(`${dollar}='${dollar}'\n${text.replaceAll("$", () => quoted)}`);
  const written = new Map(
    Object.entries(parsed).map(([name, value]) => [name, value.replaceAll(quoted, "$$").replaceAll(dollar, "$$")]),
  );
  // Any text may stand between braces, and Deno.env.get quotes what can't be a name in its error.
  const valueOf = (name: string) => written.get(name) ?? (/^\w+$/.test(name) ? environment(name) : undefined);
  const hasReferences = (value = "") => value.replaceAll(quoted, "").includes(dollar);
  return Object.fromEntries(
    Array.from(written, ([name, value]) => [name, hasReferences(parsed[name]) ? expand(name, valueOf) : value]),
  );
}

function expand(name: string, valueOf: (name: string) => string | undefined): string {
  const followed = new Set<string>();
  let value = valueOf(name) ?? "";
  for (let round = 0; round < MAX_ROUNDS; round++) {
    let found = 0, length = value.length;
    if (length > MAX_LENGTH) throw endless(name, followed);
    value = value.replace(REFERENCE, (reference, inBraces, inBracesDefault, bare, bareDefault) => {
      const referred: string = inBraces ?? bare;
      const known = valueOf(referred);
      if (known !== undefined) followed.add(referred);
      const replacement: string | undefined = known ?? inBracesDefault ?? bareDefault;
      if (replacement === undefined) throw unset(name);
      found++;
      length += replacement.length - reference.length;
      if (length > MAX_LENGTH) throw endless(name, followed);
      return replacement;
    });
    if (found === 0) return value;
  }
  throw endless(name, followed);
}

/**
 * @std/dotenv would put the word "undefined" there: a token with a $ in it would be wrong without a word. What follows
 * the $ may be the half of that token, so it is not named.
 */
function unset(name: string): FatalError {
  return new FatalError(
    `Cannot read the settings file: ${name} has a $ before what is no variable that is set. Put the value in single quotes to keep ` +
      "the $, or give the reference a default: ${NAME:-default}.",
    EXIT.settings,
  );
}

function endless(name: string, followed: ReadonlySet<string>): FatalError {
  const way = [...followed].join(", ") || "its own defaults";
  return new FatalError(
    `Cannot read the settings file: the references in ${name} never end or make it too long, by way of ${way}. Write out a value, ` +
      "or put it in single quotes to keep the $.",
    EXIT.settings,
  );
}
