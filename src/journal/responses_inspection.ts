/** What became of `responses.json` since the last start: as it was left, torn by a crash, or changed by others. @module */

import { Buffer } from "node:buffer";
import type { Entry } from "../wire.ts";
import { NotAnArrayError, readArray } from "./json_array.ts";
import { CLOSING_BRACKET, OPENING_BYTES, type Piece, placeEntries } from "./responses_layout.ts";

/** What the journal expects to find. */
export interface Expected {
  /**
   * A length that was on disk, and the text that ended there, an entry's or its end, or "", where it is somebody else's;
   * none where the file was empty.
   */
  readonly checkpoint?: { readonly bytes: number; readonly lastText: string };
  /** Those that came after it, which may be missing. */
  readonly since: readonly Entry[];
}

/**
 * What stands in the text of an expected entry for a letter that is not known beforehand: any one of base64url, or a dot.
 * An encrypted entry has a new text each time, and always the same length. No JSON has this letter.
 */
export const ANY_LETTER = "\0";

/**
 * What was found at the path: the file as it was left, perhaps short of the last entries; none, or a blank one; a torn
 * tail, which is mended; an array that somebody else wrote or changed, which is kept; or something else, which is moved
 * away.
 */
export type Found =
  | { readonly state: "as left" | "missing" | "torn" | "unreadable" }
  | { readonly state: "changed"; readonly entries: number };

/** What was found, how much of it is kept, and which entries have to be appended. */
export interface Finding {
  readonly found: Found;
  /** Length up to the last entry, or to the opening bracket; 0 where an empty array has to be put there. */
  readonly keepBytes: number;
  /** Where the closing bracket stands, if it is in its place. */
  readonly bracketAt?: number;
  readonly missing: readonly Entry[];
}

/** Blanks before and behind the closing bracket, at most, in a file that is as it was left. */
const MAX_BLANK_BYTES = 2 * 1024 * 1024;
const ANY_BYTE = ANY_LETTER.charCodeAt(0);
const encoder = new TextEncoder();

/**
 * Look at an open file; nothing is changed yet. One that is as it was left, or torn, is read from its last checkpoint on;
 * any other is read whole, in pieces.
 *
 * @throws {Error} If the file can't be read.
 */
export function inspect(file: Deno.FsFile, expected: Expected): Finding {
  const { since } = expected;
  const known = inspectTail(file, expected);
  if (known) return known;
  if (isAllBlank(file)) return { found: { state: "missing" }, keepBytes: 0, missing: since };
  try {
    return inspectArray(file, since);
  } catch (error) {
    if (!(error instanceof NotAnArrayError)) throw error;
    return { found: { state: "unreadable" }, keepBytes: 0, missing: since };
  }
}

/** The file from the last checkpoint on, if it is as it was left or as a crash leaves it. */
function inspectTail(file: Deno.FsFile, expected: Expected): Finding | undefined {
  const { since, checkpoint } = expected;
  const before = encoder.encode(checkpoint?.lastText ?? "[");
  const start = checkpoint?.bytes ?? OPENING_BYTES, { size } = file.statSync();
  const places = [...placeEntries(since, { end: start, isFirst: !checkpoint })];
  const last = places.at(-1), end = last ? last.at + last.bytes.length : start;
  if (start < before.length || size < start || size > end + MAX_BLANK_BYTES) return undefined;
  if (!matches(readAt(file, start - before.length, before.length), before)) return undefined;
  const tail = readAt(file, start, size - start);
  const found = inspectAsLeft(tail, { start, places, since });
  // Where the text before is not known, a bracket behind it may be that of an array in the array.
  return found ?? (before.length > 0 ? inspectTorn(tail, { start, places, since }) : undefined);
}

/** A tail that holds some of the entries in their places, then the closing bracket, then nothing. */
function inspectAsLeft(
  tail: Uint8Array,
  { start, places, since }: { start: number; places: readonly Piece[]; since: readonly Entry[] },
): Finding | undefined {
  let end = start, count = 0;
  for (const { at, bytes } of places) {
    const isThere = matches(tail.subarray(at - start, at - start + bytes.length), bytes) &&
      tail.subarray(end - start, at - start).every(isBlank);
    if (!isThere) break;
    end = at + bytes.length;
    count++;
  }
  const closing = /^([ \t\r\n]*)\][ \t\r\n]*$/.exec(new TextDecoder().decode(tail.subarray(end - start)));
  if (!closing) return undefined;
  return {
    found: { state: "as left" },
    keepBytes: end,
    bracketAt: end + closing[1]!.length,
    missing: since.slice(count),
  };
}

/**
 * A tail that a crash in the middle of writing explains: each byte is what was to be written there, or what was there
 * before (blanks and the closing bracket), or the zero of a block that never reached the disk. Anything else is somebody's
 * edit.
 */
function inspectTorn(
  tail: Uint8Array,
  { start, places, since }: { start: number; places: readonly Piece[]; since: readonly Entry[] },
): Finding | undefined {
  const written = Buffer.alloc(tail.length, " ");
  for (const { at, bytes } of places) {
    if (at - start < written.length) written.set(bytes.subarray(0, written.length - (at - start)), at - start);
  }
  const isExplained = tail.every((byte, index) =>
    isSame(byte, written[index]!) || byte === CLOSING_BRACKET || isBlank(byte)
  );
  if (!isExplained) return undefined;
  return { found: { state: "torn" }, keepBytes: start > OPENING_BYTES ? start : 0, missing: since };
}

/** An array that is not as it was left: the expected entries whose ids are not in it are missing. */
function inspectArray(file: Deno.FsFile, since: readonly Entry[]): Finding {
  const missing = new Map(since.map((entry) => [entry.outcome.queryId as unknown, entry]));
  const array = readArray(file);
  let entries = 0;
  for (let next = array.next();; next = array.next()) {
    if (next.done) {
      const { end, bracketAt } = next.value;
      return { found: { state: "changed", entries }, keepBytes: end, bracketAt, missing: [...missing.values()] };
    }
    entries++;
    missing.delete((next.value as { queryId?: unknown } | null)?.queryId);
  }
}

/** Whether there is nothing but blanks, and zeros that a crash left. */
function isAllBlank(file: Deno.FsFile): boolean {
  const piece = new Uint8Array(64 * 1024);
  file.seekSync(0, Deno.SeekMode.Start);
  for (let read = file.readSync(piece); read !== null; read = file.readSync(piece)) {
    if (!piece.subarray(0, read).every(isBlank)) return false;
  }
  return true;
}

/** Bytes of a file; fewer where it ends. */
export function readAt(file: Deno.FsFile, at: number, length: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(length);
  file.seekSync(at, Deno.SeekMode.Start);
  let filled = 0;
  for (let read: number | null = 0; filled < length && read !== null; filled += read ?? 0) {
    read = file.readSync(bytes.subarray(filled));
  }
  return bytes.subarray(0, filled);
}

function matches(bytes: Uint8Array, wanted: Uint8Array): boolean {
  return bytes.length === wanted.length && bytes.every((byte, index) => isSame(byte, wanted[index]!));
}

function isSame(byte: number, wanted: number): boolean {
  return byte === wanted || (wanted === ANY_BYTE && isBase64Url(byte));
}

/** A letter of base64url, or the dot that stands between the parts of a compact JWE. */
function isBase64Url(byte: number): boolean {
  return (byte >= 0x61 && byte <= 0x7a) || (byte >= 0x41 && byte <= 0x5a) || (byte >= 0x30 && byte <= 0x39) ||
    byte === 0x2d || byte === 0x5f || byte === 0x2e;
}

/** Blanks, and the zeros that a crash leaves where a block never reached the disk. */
function isBlank(byte: number): boolean {
  return byte === 0x20 || (byte >= 0x09 && byte <= 0x0d) || byte === 0;
}
