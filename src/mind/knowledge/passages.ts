/** Long texts cut into passages, at headings first and at paragraphs next. @module */

/** A piece of knowledge that can be read on its own. */
export interface KnowledgeText {
  readonly text: string;
  /** Where it comes from: `knowledge`, or the path of a file. */
  readonly source: string;
}

/** A passage, and the headings it stands under. */
export interface CutPassage {
  readonly heading: string;
  readonly text: string;
}

/** A passage with its headings, and where it comes from. */
export type IndexedPassage = CutPassage & { readonly source: string };

/** Longest passage that is not cut, in UTF-16 code units: about what one answer takes up. */
const MAX_LENGTH = 800;

/** Split `texts` into passages. */
export function passagesOf(texts: readonly KnowledgeText[]): IndexedPassage[] {
  return texts.flatMap(({ text, source }) => splitIntoPassages(text).map((cut) => ({ ...cut, source })));
}

/**
 * The passages of a plain or Markdown text. Paragraphs under one heading stay together up to 800 characters; a longer
 * paragraph is cut between sentences, and a longer sentence between words.
 */
export function splitIntoPassages(text: string): CutPassage[] {
  const trail: string[] = [];
  const passages: CutPassage[] = [];
  let together: string[] = [];
  const flush = () => {
    const passage = together.join("\n\n");
    if (passage.trim() !== "") passages.push({ heading: trail.filter(Boolean).join(": "), text: passage });
    together = [];
  };
  for (const block of blocksOf(text)) {
    const heading = /^(#{1,6})\s+(.*?)\s*#*$/.exec(block);
    if (heading) {
      flush();
      trail.length = Math.min(trail.length, (heading[1] ?? "").length - 1);
      trail[(heading[1] ?? "").length - 1] = heading[2] ?? "";
      continue;
    }
    for (const piece of cut(block)) {
      if (together.length > 0 && together.join("\n\n").length + piece.length + 2 > MAX_LENGTH) flush();
      together.push(piece);
    }
  }
  flush();
  return passages;
}

/**
 * Headings, those that are underlined brought into the form of the others, and paragraphs. A fenced block is one
 * paragraph, whatever is in it.
 */
function blocksOf(text: string): string[] {
  const blocks: string[] = [];
  let lines: string[] = [], fence: string | undefined;
  const flush = () => {
    if (lines.length > 0) blocks.push(lines.join("\n"));
    lines = [];
  };
  for (const line of text.split(/\r?\n/)) {
    const mark = /^\s*(```|~~~)/.exec(line)?.[1];
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

/** Below a paragraph of one line, it makes that a heading. @see CommonMark, 4.3 */
const UNDERLINE = /^(?:={2,}|-{2,})\s*$/;

/** A paragraph, in pieces that are short enough. */
function cut(paragraph: string): string[] {
  if (paragraph.length <= MAX_LENGTH) return [paragraph];
  const pieces: string[] = [];
  let piece = "";
  for (const sentence of paragraph.split(/(?<=[.!?])\s+|\n/)) {
    for (const part of sentence.match(LINE) ?? []) {
      if (piece !== "" && piece.length + part.length + 1 > MAX_LENGTH) {
        pieces.push(piece);
        piece = "";
      }
      piece = piece === "" ? part : `${piece} ${part}`;
    }
  }
  if (piece !== "") pieces.push(piece);
  return pieces;
}

/** As much of one line as fits, up to a space if there is one. */
const LINE = new RegExp(`\\S.{0,${MAX_LENGTH - 2}}(?=\\s|$)|\\S{1,${MAX_LENGTH}}`, "gs");
