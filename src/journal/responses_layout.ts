/** Where entries stand in `responses.json`, so that a reader finds them whole while they are written. @module */

import { Buffer } from "node:buffer";
import { encodeEntry, type Outcome } from "../wire.ts";

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

/** Bytes that are written at once. */
export interface Piece {
  readonly at: number;
  readonly bytes: Uint8Array;
}

const encoder = new TextEncoder();

/**
 * The pieces that append an entry for each outcome, in order; one piece holds the entries of one page. It depends on
 * nothing but the place and the entries, so that after a crash it is known what was being written.
 *
 * @param from `end`: where the last entry ends; `isFirst`: whether there is none yet.
 */
export function* layOut(outcomes: readonly Outcome[], from: { end: number; isFirst: boolean }): Iterable<Piece> {
  let { end: at, isFirst } = from;
  let end = at;
  let together: Uint8Array[] = [];
  for (const outcome of outcomes) {
    const entry = encoder.encode((isFirst ? "\n" : ",\n") + encodeEntry(outcome));
    isFirst = false;
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

function concat(parts: readonly Uint8Array[]): Uint8Array {
  return parts.length === 1 ? parts[0]! : Buffer.concat(parts);
}
