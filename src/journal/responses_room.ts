/** How room is made for more entries in `responses.json`: arithmetic alone, nothing is written here. @module */

import { CLOSING, PAGE_BYTES } from "./responses_layout.ts";

/** How the file stands. */
export interface Standing {
  /** Where the last entry ends. */
  readonly end: number;
  /** Where the closing begins; between the two there are blanks. */
  readonly closing: number;
  /** Whether entries keep coming: the closing was moved before, with no rest since. */
  readonly isBusy: boolean;
}

/**
 * How the entries get in:
 *
 * - "held": there is room before the closing, which stays where it is
 * - "page": entries and closing change together, within one page
 * - "copy": the closing moves to another page. A copy takes the place of the file, with `blankBytes` held ready in it
 * - "write": the same, but the file is too large to be copied: one write moves the closing
 */
export type Room = { readonly kind: "held" | "page" | "write" } | {
  readonly kind: "copy";
  readonly blankBytes: number;
};

/**
 * The largest file that is copied when its closing has to move to another page: a reader then finds the old file or the
 * new one. For a larger one that takes too long. Its closing is moved by one write, and a reader between two pages of that
 * write finds no JSON: for about a microsecond.
 */
export const MAX_COPIED_BYTES = 4 * 1024 * 1024;

/**
 * Blanks held ready while entries keep coming, so that a copy serves many entries: an eighth of the file, or several times
 * what is being appended, and at least and at most this much.
 */
const RESERVE = { leastBytes: 16 * 1024, share: 1 / 8, appends: 8, mostBytes: 1024 * 1024 };

/** The way to append entries that would end at `newEnd`. */
export function roomFor(newEnd: number, { end, closing, isBusy }: Standing): Room {
  if (newEnd <= closing) return { kind: "held" };
  const newSize = newEnd + CLOSING.length;
  if (pageOf(end) === pageOf(newSize - 1)) return { kind: "page" };
  if (newEnd > MAX_COPIED_BYTES) return { kind: "write" };
  const { leastBytes, share, appends, mostBytes } = RESERVE;
  const wanted = Math.max(leastBytes, newSize * share, (newEnd - end) * appends);
  return { kind: "copy", blankBytes: isBusy ? Math.round(Math.min(wanted, mostBytes)) : 0 };
}

function pageOf(at: number): number {
  return Math.floor(at / PAGE_BYTES);
}
