/** Long texts cut into passages, at headings first and at paragraphs next. @module */

import { type BlockKind, blocksOf, kindOf } from "./markdown.ts";

/** A passage, and the headings it stands under. */
export interface CutPassage {
  readonly heading: string;
  readonly text: string;
  /** Where it begins in its text, in UTF-16 code units; -1 if it does not stand there as it is. */
  readonly start: number;
}

/** Longest passage that is not cut, in UTF-16 code units: about what one answer takes up. */
const MAX_LENGTH = 800;

/**
 * The passages of a plain or Markdown text. Paragraphs under one heading stay together up to 800 characters; a longer
 * paragraph is cut between sentences, and a longer sentence between words. Tables, lists and code are cut between lines:
 * each piece of a table begins with its header. Comments and front matter are left out.
 */
export function* splitIntoPassages(text: string): Generator<CutPassage> {
  // A line of its own, as a character lists them.
  if (text.length <= MAX_LENGTH && !NOT_PLAIN.test(text)) {
    if (text.trim() !== "") yield { heading: "", text, start: 0 };
    return;
  }
  const trail: string[] = [], startOf = findParts(text);
  let together: string[] = [], heading = "";
  function* flush() {
    const passage = together.join("\n\n");
    if (passage.trim() !== "") yield { heading, text: passage, start: startOf(passage) };
    together = [];
  }
  for (const block of blocksOf(text)) {
    const found = /^(#{1,6})\s+(.*?)\s*#*$/.exec(block);
    if (found) {
      yield* flush();
      const [, { length } = "", title = ""] = found;
      trail.length = Math.min(trail.length, length - 1);
      trail[length - 1] = title;
      heading = trail.filter(Boolean).join(": ");
      continue;
    }
    for (const piece of cut(block, kindOf(block))) {
      if (together.length > 0 && together.join("\n\n").length + piece.length + 2 > MAX_LENGTH) yield* flush();
      together.push(piece);
    }
  }
  yield* flush();
}

/** Tells where passages stand in their text, asked for in their order; -1 of one that does not stand there as it is. */
function findParts(text: string): (passage: string) => number {
  let from = 0;
  return (passage) => {
    const at = text.slice(from, from + LOOKED_THROUGH).indexOf(passage);
    if (at < 0) {
      // At least that far it has come: what stands before each piece of a table takes up no more than half of it.
      from += passage.length >> 1;
      return -1;
    }
    const start = from + at;
    from = start + passage.length;
    return start;
  };
}

/** Behind the passage before, UTF-16 code units in which the next one is looked for. */
const LOOKED_THROUGH = 65_536;

/** What makes a text more than one line without a mark. */
const NOT_PLAIN = /[\n#<]|-->/;

/** A block, in pieces that are short enough. */
function cut(block: string, kind: BlockKind): string[] {
  if (block.length <= MAX_LENGTH) return [block];
  const lines = block.split("\n");
  switch (kind) {
    case "table":
      return join(lines.slice(2), { before: lines.slice(0, 2).join("\n"), between: "\n" });
    case "code":
      return join(lines.slice(1, -1), { before: lines[0] ?? "", after: lines.at(-1) ?? "", between: "\n" });
    case "list":
      return join(lines, { between: "\n" });
    case "paragraph":
      return join(block.split(/(?<=[.!?])\s+|(?<=[。！？])|\n/), { between: " " });
  }
}

/** Parts put together as long as they fit, `before` and `after` around each piece. A part that is too long is cut. */
function join(
  parts: readonly string[],
  { before = "", after = "", between }: { before?: string; after?: string; between: string },
): string[] {
  const around = [before, after].join(between).length + 2 * between.length;
  // Where a header takes up nearly all, no room is left for what is below it.
  if (around > MAX_LENGTH / 2) return join([before, ...parts, after], { between });
  const most = MAX_LENGTH - around;
  const pieces: string[] = [];
  let piece: string | undefined;
  for (const part of parts.flatMap((part) => part.length > most ? part.match(LINE) ?? [] : [part])) {
    if (piece !== undefined && piece.length + part.length + between.length > most) {
      pieces.push(piece);
      piece = undefined;
    }
    piece = piece === undefined ? part : `${piece}${between}${part}`;
  }
  if (piece !== undefined) pieces.push(piece);
  return pieces.map((piece) => [before, piece, after].filter((one) => one !== "").join(between));
}

/** As much of one line as fits, up to a space if there is one. */
const LINE = new RegExp(`\\S.{0,${MAX_LENGTH / 2 - 2}}(?=\\s|$)|\\S{1,${MAX_LENGTH / 2}}`, "gs");
