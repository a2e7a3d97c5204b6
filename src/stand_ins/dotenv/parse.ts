/** From the text of a `.env` file to its variables. @module */
import { expand } from "./expand.ts";

/**
 * The variables of a `.env` file, in an object without a prototype; the last of two with one name wins.
 *
 * A line is `NAME=value`, with `export` before it if you like. Quotes keep spaces and may span lines, and one line break
 * beside each quote is dropped; between double quotes `\n`, `\r`, `\t`, `\"`, `\'` and `\\` are escapes. A value without
 * quotes is trimmed, ends at `#`, and has `$NAME`, `${NAME}` and `${NAME:-default}` expanded, from the file first and
 * from the environment second; a name found in neither reads "undefined". Any other line is passed over.
 *
 * A name must begin with a letter or `_` and go on with these and digits; another is reported to `console.warn` and
 * left out.
 *
 * @throws {Error} If variables refer to each other, naming them.
 * @throws {TypeError} If a reference holds `=`, as no variable of the environment can.
 */
export function parse(text: string): Record<string, string> {
  const variables: Record<string, string> = Object.create(null);
  const toExpand: string[] = [];
  for (const { name, value, mayRefer } of assignments(text)) {
    if (!NAME.test(name)) {
      // deno-lint-ignore no-console -- the original's way to report it
      console.warn(
        `Ignored the key "${name}" as it is not a valid identifier: The key need to match the pattern ${NAME}.`,
      );
      continue;
    }
    variables[name] = value;
    if (mayRefer) toExpand.push(name);
  }

  const written = { ...variables }, valueOf = (name: string) => lookUp(name, written);
  for (const name of toExpand) variables[name] = expand(name, valueOf);
  return variables;
}

interface Assignment {
  name: string;
  value: string;
  /** It has no quotes, so `$` counts. */
  mayRefer: boolean;
}

const NAME = /^[a-zA-Z_][a-zA-Z0-9_]*$/;
const LINE_START = /^/gm;
const ASSIGNMENT = /\s*(?:export\s+)?([^\s=#]+?)\s*=[ \t]*/y;
const SINGLE_QUOTED = /'(\r?(?:[^'\r\u2028\u2029]|\r\n)*\r?)'/y;
const DOUBLE_QUOTED = /"\r?\n?((?:\\[^]|[^\\"])*?)\r?\n?"/y;
const UNQUOTED = /[^\r\n#]*/y;

function* assignments(text: string): Generator<Assignment> {
  let end = 0;
  for (const { index } of text.matchAll(LINE_START)) {
    if (index < end) continue; // within the value before
    const start = matchAt(ASSIGNMENT, text, index);
    if (!start) continue;
    const [head, name = ""] = start;
    const { source, value, mayRefer } = valueAt(text, index + head.length);
    end = index + head.length + source.length;
    yield { name, value, mayRefer };
  }
}

function valueAt(text: string, index: number) {
  const single = matchAt(SINGLE_QUOTED, text, index);
  if (single) {
    const [source, inside = ""] = single;
    return { source, value: inside.replace(/^\r?\n?/, "").replace(/\r?\n?$/, ""), mayRefer: false };
  }
  const double = matchAt(DOUBLE_QUOTED, text, index);
  if (double) {
    const [source, inside = ""] = double;
    return { source, value: unescape(inside), mayRefer: false };
  }
  const [source = ""] = matchAt(UNQUOTED, text, index) ?? [];
  return { source, value: source.trim(), mayRefer: source !== "" };
}

function matchAt(sticky: RegExp, text: string, index: number): RegExpExecArray | null {
  sticky.lastIndex = index;
  return sticky.exec(text);
}

const ESCAPES = new Map([["n", "\n"], ["r", "\r"], ["t", "\t"], ['"', '"'], ["'", "'"], ["\\", "\\"]]);

function unescape(text: string): string {
  return text.replace(/\\([^])/g, (found, letter: string) => ESCAPES.get(letter) ?? found);
}

function lookUp(name: string, written: Record<string, string>): string | undefined {
  if (Object.hasOwn(written, name)) return written[name];
  try {
    return Deno.env.get(name);
  } catch (error) {
    if (error instanceof Deno.errors.NotCapable) return undefined; // what we may not see counts as unset
    throw error;
  }
}
