/** The blocks of a Markdown text: headings, paragraphs, tables, lists and code. @module */

/** What a block is, as far as it matters for cutting it. */
export type BlockKind = "paragraph" | "table" | "list" | "code";

/**
 * The blocks of a text, without comments and front matter. Headings that are underlined are brought into the form of the
 * others. A fenced block is one block, whatever is in it.
 */
export function* blocksOf(text: string): Generator<string> {
  let lines: string[] = [], fence: string | undefined, isComment = false;
  function* flush() {
    if (lines.length > 0) yield lines.join("\n");
    lines = [];
  }
  for (const written of linesOf(/^\ufeff?(?:---|\+\+\+)/.test(text) ? text.replace(FRONT_MATTER, "") : text)) {
    let line = written;
    if (fence === undefined) {
      const wasComment = isComment;
      ({ text: line, isComment } = withoutComments(line, isComment));
      // A comment over several lines does not end the paragraph that it stands in.
      if ((wasComment || line !== written) && line.trim() === "") continue;
    }
    const mark = FENCE.exec(line)?.[1];
    if (mark !== undefined && (fence === undefined || fence === mark)) fence = fence === undefined ? mark : undefined;
    if (fence === undefined && mark === undefined && line.trim() === "") yield* flush();
    else if (fence === undefined && /^#{1,6}\s/.test(line)) {
      yield* flush();
      yield line;
    } else if (fence === undefined && lines.length === 1 && UNDERLINE.test(line)) {
      yield `${line.startsWith("=") ? "#" : "##"} ${lines[0]}`;
      lines = [];
    } else lines.push(line);
  }
  yield* flush();
}

/** The lines of a text, one by one: a list of all of them would take as much memory as the text. */
function* linesOf(text: string): Generator<string> {
  for (let start = 0; start <= text.length;) {
    const next = text.indexOf("\n", start);
    const end = next < 0 ? text.length : next;
    yield text.slice(start, text[end - 1] === "\r" && next >= 0 ? end - 1 : end);
    start = end + 1;
  }
}

/** What a block is. */
export function kindOf(block: string): BlockKind {
  if (FENCE.test(block)) return "code";
  if (TABLE.test(block)) return "table";
  return LIST.test(block) ? "list" : "paragraph";
}

/** A line without what is commented out, and whether a comment goes on behind it. */
function withoutComments(line: string, isComment: boolean): { text: string; isComment: boolean } {
  let text = "", at = 0, inside = isComment;
  for (;;) {
    const next = line.indexOf(inside ? "-->" : "<!--", at);
    if (!inside) text += next < 0 ? line.slice(at) : line.slice(at, next);
    if (next < 0) return { text, isComment: inside };
    at = next + (inside ? 3 : 4);
    inside = !inside;
  }
}

/**
 * Names and values between two lines of dashes, or of plus signs, at the very start.
 *
 * @see https://jekyllrb.com/docs/front-matter/ and, for plus signs, https://gohugo.io/content-management/front-matter/
 */
const FRONT_MATTER =
  /^\ufeff?(?:---[ \t]*\r?\n(?=[\p{L}\p{N}_-]+[ \t]*:)(?:.*\r?\n)*?(?:---|\.\.\.)|\+\+\+[ \t]*\r?\n(?:.*\r?\n)*?\+\+\+)[ \t]*(?:\r?\n|$)/u;
const FENCE = /^\s*(```|~~~)/;
/** Below a paragraph of one line, it makes that a heading. @see CommonMark, 4.3 */
const UNDERLINE = /^(?:={2,}|-{2,})\s*$/;
/** A header, and below it dashes between bars. @see GitHub Flavored Markdown, 4.10 */
const TABLE = /^.*\|.*\n\s*\|?\s*:?-+:?\s*\|[\s|:-]*(?:\n|$)/;
const LIST = /^\s*(?:[-*+]|\d{1,9}[.)])\s/;
