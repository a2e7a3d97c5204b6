/** Where entries stand in `responses.json`, so that a reader finds them whole while they are written. @module */

import { Buffer } from "node:buffer";
import type { Entry } from "../wire.ts";

/** Length of the opening bracket, and the bracket. */
export const OPENING_BYTES = 1, OPENING_BRACKET = 0x5b;

/**
 * Linux copies a file out of its page cache page by page, with writes going on between them (measured on ext4: reads beside
 * writes were torn at multiples of this). An entry that stands in one page is therefore seen whole or not at all, whatever
 * a reader gets of the pages around it; one that stands across two may be seen in half.
 */
const PAGE_BYTES = 4096;
/** An entry begins in the next page where it would stand across two, unless that would leave more than this blank. */
const MAX_GAP_BYTES = 2048;
/** The gap: nobody sees spaces at the end of a line. */
const SPACE = 0x20;
const LINE_FEED = 0x0a;

/** Bytes that are written at once. */
export interface Piece {
  readonly at: number;
  readonly bytes: Uint8Array;
}

const encoder = new TextEncoder();

/**
 * The pieces that append the entries, in order; one piece holds the entries of one page. It depends on
 * nothing but the place and the entries, so that after a crash it is known what was being written.
 *
 * @param from `end`: where the last entry ends; `isFirst`: whether there is none yet.
 */
export function* layOut(entries: readonly Entry[], from: { end: number; isFirst: boolean }): Iterable<Piece> {
  let { end: at } = from;
  let end = at;
  let together: Uint8Array[] = [];
  for (const entry of encodeAll(entries, from)) {
    const gap = PAGE_BYTES - end % PAGE_BYTES;
    if (gap < entry.length) {
      const isMoved = entry.length <= PAGE_BYTES && gap <= MAX_GAP_BYTES;
      if (isMoved) together.push(new Uint8Array(gap).fill(SPACE));
      if (together.length > 0) yield { at, bytes: concat(together) };
      together = [];
      end = at = isMoved ? end + gap : end;
    }
    together.push(entry);
    end += entry.length;
  }
  if (together.length > 0) yield { at, bytes: concat(together) };
}

/** Each entry with what stands before it. All are encoded at once: one at a time takes twice as long in a young process (measured). */
function* encodeAll(entries: readonly Entry[], { isFirst }: { isFirst: boolean }): Iterable<Uint8Array> {
  const bytes = encoder.encode(entries.map(({ text }) => `,\n${text}`).join(""));
  let start = isFirst ? 1 : 0;
  while (start < bytes.length) {
    // JSON has no line break within an entry.
    const next = bytes.indexOf(LINE_FEED, bytes.indexOf(LINE_FEED, start) + 1);
    const end = next === -1 ? bytes.length : next - 1;
    yield bytes.subarray(start, end);
    start = end;
  }
}

function concat(parts: readonly Uint8Array[]): Uint8Array {
  return parts.length === 1 ? parts[0]! : Buffer.concat(parts);
}
