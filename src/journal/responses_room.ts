/** How room is made for more entries in `responses.json`: arithmetic alone, nothing is written here. @module */

import { CLOSING } from "./responses_layout.ts";

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
 * - "copy": the closing moves. A copy takes the place of the file, with `blankBytes` held ready in it
 * - "write": the same, but the file is too large to be copied: one write moves the closing
 *
 * The length of a file that somebody may be reading does not change: most readers ask for the length first, and then read
 * just that much. Of a file that grew in between they would get a part without its closing.
 */
export type Room = { readonly kind: "held" } | {
  readonly kind: "copy" | "write";
  readonly blankBytes: number;
};

/**
 * The largest file that is copied when its closing has to move: a reader then finds the old file or the new one. For a
 * larger one that takes too long. A reader that comes just while its closing is moved finds no JSON: within microseconds.
 */
export const MAX_COPIED_BYTES = 4 * 1024 * 1024;

/**
 * Blanks held ready while entries keep coming, so that one move of the closing serves many entries: an eighth of the file,
 * or several times what is being appended, and at least and at most this much. After a rest the first move holds none
 * ready: a lone entry then needs no second move.
 */
const RESERVE = { leastBytes: 16 * 1024, share: 1 / 8, appends: 8, mostBytes: 1024 * 1024 };
/** The most where the closing is moved by a write: that is the shorter, the less there is to give back. */
const MOST_WRITTEN_BYTES = 64 * 1024;

/** The way to append entries that would end at `newEnd`. */
export function roomFor(newEnd: number, { end, closing, isBusy }: Standing): Room {
  if (newEnd <= closing) return { kind: "held" };
  const kind = newEnd > MAX_COPIED_BYTES ? "write" : "copy";
  const { leastBytes, share, appends, mostBytes } = RESERVE;
  const wanted = Math.max(leastBytes, (newEnd + CLOSING.length) * share, (newEnd - end) * appends);
  const most = kind === "copy" ? mostBytes : MOST_WRITTEN_BYTES;
  return { kind, blankBytes: isBusy ? Math.round(Math.min(wanted, most)) : 0 };
}
