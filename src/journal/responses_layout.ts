/** Where entries stand in `responses.json`, so that a reader finds them whole while they are written. @module */

import type { Entry } from "../wire.ts";

/** Length of the opening bracket, and the bracket. */
export const OPENING_BYTES = 1, OPENING_BRACKET = 0x5b;
/** The end of the array: a line of its own. */
export const CLOSING: Uint8Array = new TextEncoder().encode("\n]\n");
export const CLOSING_BRACKET = 0x5d;

/**
 * Linux copies a file to a reader page by page, with writes going on between them (measured on ext4: reads beside writes
 * were torn at multiples of this). So a reader sees a change within one page wholly or not at all, whatever it gets of the
 * pages around it. A change across two pages may be seen in half.
 */
const PAGE_BYTES = 4096;
/** An entry that would stand across two pages begins in the next one, unless that leaves more than this blank. */
const MAX_GAP_BYTES = 2048;
/** The gap: nobody sees spaces at the end of a line. */
const SPACE = 0x20;
const LINE_FEED = 0x0a;

/** The bytes of an entry, and where they stand or are expected. */
export interface Piece {
  readonly at: number;
  readonly bytes: Uint8Array;
}

/** Where entries are added. */
export interface Foot {
  /** Where the last entry ends, or the opening bracket. */
  readonly end: number;
  /** Whether there is no entry yet. */
  readonly isFirst: boolean;
}

const encoder = new TextEncoder();

/**
 * The place of each entry, with the comma and the line break before it. It depends on nothing but the foot and the length
 * of the entries: after a crash it is known what was being written where.
 */
export function* placeEntries(entries: readonly Pick<Entry, "text">[], foot: Foot): Iterable<Piece> {
  let { end } = foot;
  for (const bytes of encodeAll(entries, foot)) {
    const left = leftInPage(end);
    const isMoved = left < bytes.length && bytes.length <= PAGE_BYTES && left <= MAX_GAP_BYTES;
    const at = isMoved ? end + left : end;
    yield { at, bytes };
    end = at + bytes.length;
  }
}

/** The bytes that append the entries, from the foot's end on: each entry at its place, with spaces between them. */
export function layOut(entries: readonly Pick<Entry, "text">[], foot: Foot): Uint8Array {
  const pieces = [...placeEntries(entries, foot)], last = pieces.at(-1);
  if (!last) return new Uint8Array();
  const all = new Uint8Array(last.at + last.bytes.length - foot.end).fill(SPACE);
  for (const { at, bytes } of pieces) all.set(bytes, at - foot.end);
  return all;
}

/** Bytes from `at` to the end of its page. */
function leftInPage(at: number): number {
  return PAGE_BYTES - at % PAGE_BYTES;
}

/** The bytes of each entry. All are encoded at once: one at a time takes twice as long in a young process (measured). */
function* encodeAll(
  entries: readonly Pick<Entry, "text">[],
  { isFirst }: Pick<Foot, "isFirst">,
): Iterable<Uint8Array> {
  const text = entries.map(({ text }) => `,\n${text}`).join(""), bytes = encoder.encode(text);
  // A text that is ASCII alone has its line breaks at the same places, and is searched faster.
  const lineFrom = text.length === bytes.length
    ? (from: number) => text.indexOf("\n", from)
    : (from: number) => bytes.indexOf(LINE_FEED, from);
  let start = isFirst ? 1 : 0;
  while (start < bytes.length) {
    // JSON has no line break within an entry.
    const next = lineFrom(lineFrom(start) + 1);
    const end = next === -1 ? bytes.length : next - 1;
    yield bytes.subarray(start, end);
    start = end;
  }
}
