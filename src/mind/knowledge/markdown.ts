/** The blocks of a Markdown text: headings, paragraphs, tables, lists and code. @module */

/** What a block is, as far as it matters for cutting it. */
export type BlockKind = "paragraph" | "table" | "list" | "code";

/**
 * The blocks of a text, without comments and front matter. Headings that are underlined are brought into the form of the
 * others. A fenced block is one block, whatever is in it.
 */
export function blocksOf(text: string): string[] {
  const blocks: string[] = [];
  let lines: string[] = [], fence: string | undefined, isComment = false;
  const flush = () => {
    if (lines.length > 0) blocks.push(lines.join("\n"));
    lines = [];
  };
  for (const written of text.replace(FRONT_MATTER, "").split(/\r?\n/)) {
    let line = written;
    if (fence === undefined) {
      const wasComment = isComment;
      ({ text: line, isComment } = withoutComments(line, isComment));
      // A comment over several lines does not end the paragraph that it stands in.
      if ((wasComment || line !== written) && line.trim() === "") continue;
    }
    const mark = FENCE.exec(line)?.[1];
    if (mark !== undefined && (fence === undefined || fence === mark)) fence = fence === undefined ? mark : undefined;
    if (fence === undefined && mark === undefined && line.trim() === "") flush();
    else if (fence === undefined && /^#{1,6}\s/.test(line)) {
      flush();
      blocks.push(line);
    } else if (fence === undefined && lines.length === 1 && UNDERLINE.test(line)) {
      blocks.push(`${line.startsWith("=") ? "#" : "##"} ${lines[0]}`);
      lines = [];
    } else lines.push(line);
  }
  flush();
  return blocks;
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

/** Names and values between two lines of dashes, at the very start. @see https://jekyllrb.com/docs/front-matter/ */
const FRONT_MATTER = /^\ufeff?---[ \t]*\r?\n(?=[\p{L}\p{N}_-]+[ \t]*:)(?:.*\r?\n)*?(?:---|\.\.\.)[ \t]*(?:\r?\n|$)/u;
const FENCE = /^\s*(```|~~~)/;
/** Below a paragraph of one line, it makes that a heading. @see CommonMark, 4.3 */
const UNDERLINE = /^(?:={2,}|-{2,})\s*$/;
/** A header, and below it dashes between bars. @see GitHub Flavored Markdown, 4.10 */
const TABLE = /^.*\|.*\n\s*\|?\s*:?-+:?\s*\|[\s|:-]*(?:\n|$)/;
const LIST = /^\s*(?:[-*+]|\d{1,9}[.)])\s/;
