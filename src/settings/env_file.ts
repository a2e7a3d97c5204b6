/** The optional `.env` file: @std/dotenv parses it, and its references are followed here, with a bound. @module */

import { parse } from "@std/dotenv";
import type { Environment } from "../environment.ts";
import { EXIT, FatalError } from "../errors.ts";
import { renameStrays } from "./stray_lines.ts";

/**
 * Most nested replacements, and most UTF-16 code units of one expanded value; no honest file comes near them. Variables
 * that refer to each other exceed them, where `parse` of @std/dotenv would never return.
 */
const MAX_ROUNDS = 32, MAX_LENGTH = 16_384;

/**
 * A reference, as in @std/dotenv: `${name}` or `${name:-default}`, else `$name` or `$name:-default`. The lookahead only
 * saves time: without it, 15 kB of `${A:-` and no `}` took 55 s (measured).
 */
const REFERENCE = /\$\{(?=.+\})(.+?)(?::-(.+))?\}|(?<!\\)\$(\w+)(?::-(.+))?/g;

/**
 * The variables of a `.env` file, as `parse` of @std/dotenv gives them, wherever it returns at all.
 *
 * @param environment Consulted for references to what the file does not set.
 * @throws {FatalError} If a reference names a variable that is not set, leads in a circle, or makes the value too long.
 */
export function parseEnvFile(
  text: string,
  environment: Environment = () => undefined,
): Record<string, string> {
  // Every "$" is replaced by a reference to a variable whose name the text does not contain. Outside single quotes `parse`
  // expands it, inside it does not: so each value comes back as it was written, and shows whether its references count.
  let dollar = "DOLLAR";
  while (text.includes(dollar)) dollar += "R";
  const quoted = `\${${dollar}}`, stray = `${dollar}_`;
  const named = renameStrays(text, stray).replaceAll("$", () => quoted);
  const { [dollar]: _, [stray]: __, ...parsed } = parse(`${dollar}='${dollar}'\n${named}`);
  const written = new Map(
    Object.entries(parsed).map(([name, value]) => [name, value.replaceAll(quoted, "$$").replaceAll(dollar, "$$")]),
  );
  // Braces may contain any text, and the error of Deno.env.get quotes what is no valid name.
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
 * The error for a reference to an unset variable. @std/dotenv would insert the word "undefined", so that a token with a $
 * in it would be wrong without notice. The text after the $ may be half of that token, so it is not shown.
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
