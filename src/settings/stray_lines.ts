/**
 * Lines of a `.env` file that set nothing, though somebody meant them to: no `NAME=value`, no name of a variable, or one
 * that is set again further down.
 *
 * @module
 */

/** Of lines that are not blank. */
const LINE_START = /^(?=[^\S\n]*\S)/gm;
// As @std/dotenv has them: what it takes for an assignment, and where that one's value ends.
const ASSIGNMENT = /\s*(?:export\s+)?([^\s=#]+?)\s*=[ \t]*/y;
const VALUE = /'\r?(?:[^'\r\u2028\u2029]|\r\n)*\r?'|"(?:\\[^]|[^\\"])*"|[^\r\n#]*/y;
const NAME = /^[a-zA-Z_][a-zA-Z0-9_]*$/;

/** A place in the text: where the name begins, or the line if there is none. */
interface Line {
  readonly index: number;
  /** Empty if the line is no assignment at all. */
  readonly name: string;
}

/** Most lines that are named: of a file that is no text at all, nearly every one sets nothing. */
const MOST_NAMED = 10;

/**
 * Which lines set nothing, as a sentence; undefined if all are as they should be.
 *
 * Their text is not in it: a key that was pasted over several lines without quotes looks like this.
 */
export function strayLines(text: string): string | undefined {
  const lines = Array.from(
    strays(text).take(MOST_NAMED + 1),
    ({ index }) => text.slice(0, index).split("\n").length,
  );
  if (lines.length === 0) return undefined;
  const named = lines.slice(0, MOST_NAMED).join(", ") + (lines.length > MOST_NAMED ? " and others" : "");
  const subject = lines.length === 1
    ? `line ${named} of the settings file sets`
    : `lines ${named} of the settings file set`;
  return `${subject} nothing: expected NAME=value, a comment, or quotes around a value of several lines`;
}

/** The variables that are set more than once, of which the last value counts, in the order of the first repetitions. */
export function repeatedNames(text: string): string[] {
  const met = new Set<string>(), repeated = new Set<string>();
  for (const { name } of assignments(text)) {
    if (!NAME.test(name)) continue;
    if (met.has(name)) repeated.add(name);
    met.add(name);
  }
  return [...repeated];
}

/** The text with `better` in place of every name that no variable can have. @std/dotenv would print them. */
export function renameStrays(text: string, better: string): string {
  let renamed = "", end = 0;
  for (const { index, name } of strays(text)) {
    if (name === "") continue;
    renamed += text.slice(end, index) + better;
    end = index + name.length;
  }
  return renamed + text.slice(end);
}

function strays(text: string): IteratorObject<Line> {
  return assignments(text).filter(({ name }) => !NAME.test(name));
}

/** Every assignment, whatever its name, and the lines that should be one. */
function* assignments(text: string): Generator<Line> {
  let end = 0;
  for (const { index } of text.matchAll(LINE_START)) {
    if (index < end) continue; // within the value before
    const [head, name = ""] = matchAt(ASSIGNMENT, text, index) ?? [];
    if (head === undefined) {
      if (/^[^\S\n]*[^\s#]/.test(text.slice(index, index + 1000))) yield { index, name };
      continue;
    }
    end = index + head.length + (matchAt(VALUE, text, index + head.length)?.[0].length ?? 0);
    yield { index: index + nameIn(head), name };
  }
}

/** Where the name begins in what ASSIGNMENT found. */
function nameIn(head: string): number {
  const [lead = ""] = /^\s*(?:export\s+)?(?=[^\s=#]+\s*=)/.exec(head) ?? [];
  return lead.length;
}

function matchAt(sticky: RegExp, text: string, index: number): RegExpExecArray | null {
  sticky.lastIndex = index;
  return sticky.exec(text);
}
