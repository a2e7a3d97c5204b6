/** How assertions show values, and what differs between two of them. @module */
import { styleText } from "node:util";

/** The text of any value, whole, one member a line and keys sorted, so that equal values look alike. */
export function format(value: unknown): string {
  return Deno.inspect(value, {
    compact: false,
    depth: Infinity,
    getters: true,
    iterableLimit: Infinity,
    sorted: true,
    strAbbreviateSize: Infinity,
    trailingComma: true,
  });
}

/** Lines only in `actual` marked `-`, lines only in `expected` marked `+`; in colour unless NO_COLOR is set. */
export function difference(actual: unknown, expected: unknown): string {
  const areTexts = typeof actual === "string" && typeof expected === "string";
  const lines = areTexts
    ? compare(linesOf(actual), linesOf(expected))
    : compare(format(actual).split("\n"), format(expected).split("\n"));
  const title = `${paint(["gray", "bold"], "[Diff]")} ${removed("Actual")} / ${added("Expected")}`;
  return `\n\n    ${title}\n\n\n${lines.map(show).join(areTexts ? "" : "\n")}\n`;
}

/** `text` in the colour of what is there and should not be. */
export function removed(text: string): string {
  return paint(["red", "bold"], text);
}

interface Line {
  mark: "-" | "+" | " ";
  text: string;
}

/** The lines of a text, each with its end; what can't be seen is spelled out, line ends too. */
function linesOf(text: string): string[] {
  const visible = text.replace(/\r\n|[\\\b\f\t\v\r\n]/g, (found) => {
    const spelled = JSON.stringify(found).slice(1, -1).replace("\\u000b", "\\v");
    return found.endsWith("\n") ? `${spelled}${found}` : spelled;
  });
  return `${visible}\n`.match(/[^\n]*\n/g) ?? [];
}

/** The table below takes 4 bytes for each pair of lines: past this many, say 16 MB, all of both sides is shown. */
const MAX_PAIRS = 4_000_000;

/** The fewest changes that lead from `actual` to `expected`, by their longest common subsequence. */
function compare(actual: readonly string[], expected: readonly string[]): Line[] {
  const shorter = Math.min(actual.length, expected.length);
  let start = 0;
  while (start < shorter && actual[start] === expected[start]) start++;
  let end = 0;
  while (end < shorter - start && actual.at(-1 - end) === expected.at(-1 - end)) end++;
  return [
    ...marked(" ", actual.slice(0, start)),
    ...changes(actual.slice(start, actual.length - end), expected.slice(start, expected.length - end)),
    ...marked(" ", actual.slice(actual.length - end)),
  ];
}

function changes(actual: readonly string[], expected: readonly string[]): Line[] {
  if (actual.length * expected.length > MAX_PAIRS) return [...marked("-", actual), ...marked("+", expected)];
  const width = expected.length + 1;
  const common = new Uint32Array((actual.length + 1) * width); // [a * width + e]: lines in common from a and e on
  const commonFrom = (a: number, e: number) => common[a * width + e] ?? 0;
  for (let a = actual.length - 1; a >= 0; a--) {
    for (let e = expected.length - 1; e >= 0; e--) {
      common[a * width + e] = actual[a] === expected[e]
        ? commonFrom(a + 1, e + 1) + 1
        : Math.max(commonFrom(a + 1, e), commonFrom(a, e + 1));
    }
  }

  const lines: Line[] = [], isLonger = expected.length > actual.length; // the longer side goes first, as in the original
  let a = 0, e = 0;
  while (a < actual.length && e < expected.length) {
    if (actual[a] === expected[e]) {
      lines.push(...marked(" ", actual.slice(a, a + 1)));
      a++, e++;
    } else if (commonFrom(a + 1, e) >= commonFrom(a, e + 1) + (isLonger ? 1 : 0)) {
      lines.push(...marked("-", actual.slice(a, ++a)));
    } else {
      lines.push(...marked("+", expected.slice(e, ++e)));
    }
  }
  return [...lines, ...marked("-", actual.slice(a)), ...marked("+", expected.slice(e))];
}

function marked(mark: Line["mark"], texts: readonly string[]): Line[] {
  return texts.map((text) => ({ mark, text }));
}

function show({ mark, text }: Line): string {
  const line = `${mark}   ${text}`;
  if (mark === " ") return paint("white", line);
  return mark === "-" ? removed(line) : added(line);
}

function added(text: string): string {
  return paint(["green", "bold"], text);
}

/** Colours whatever the stream, as the original does: it is the test runner that prints the message. */
function paint(style: Parameters<typeof styleText>[0], text: string): string {
  return Deno.noColor ? text : styleText(style, text, { validateStream: false });
}
