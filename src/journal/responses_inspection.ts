/** What became of `responses.json` since the last start: as it was left, torn by a crash, or changed by others. @module */

import { Buffer } from "node:buffer";
import type { Entry } from "../wire.ts";
import { layOut, OPENING_BYTES } from "./responses_layout.ts";

/** What the journal expects to find. */
export interface Expected {
  /** A length that was on disk, and the entry that ended there; none where the file was empty. */
  readonly checkpoint?: { readonly bytes: number; readonly last: Entry };
  /** Those that came after it, which may be missing. */
  readonly since: readonly Entry[];
}

/**
 * What was found at the path: the file as it was left, perhaps short of the last entries; none, or a blank one; a torn
 * tail, which was mended; an array that somebody else wrote or changed, which is kept; or something else, which was
 * moved to `movedTo`.
 */
export type Found =
  | { readonly state: "as left" | "missing" | "torn" | "changed" }
  | { readonly state: "unreadable"; readonly movedTo: string };

/** What is at the path, how much of it is kept, and which entries have to be appended. */
export interface Finding {
  readonly found: Found;
  /** Length up to the last entry, or to the opening bracket; 0 where an empty array has to be put there. */
  readonly keepBytes: number;
  readonly missing: readonly Entry[];
}

const CLOSING_BRACKET = 0x5d;
const encoder = new TextEncoder();

/**
 * Look at the path; nothing is changed yet.
 *
 * @throws {Error} If the file can't be read.
 */
export function inspect(path: string, expected: Expected): Finding {
  const { since } = expected;
  const notIn = (entries: readonly unknown[]) => {
    const ids = new Set(entries.map((entry) => (entry as { queryId?: unknown } | null)?.queryId));
    return since.filter(({ outcome }) => !ids.has(outcome.queryId));
  };
  let bytes: Uint8Array;
  try {
    const asLeft = inspectTail(path, expected);
    if (asLeft) return asLeft;
    bytes = Deno.readFileSync(path);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    return { found: { state: "missing" }, keepBytes: 0, missing: since };
  }
  if (bytes.every(isBlank)) return { found: { state: "missing" }, keepBytes: 0, missing: since };
  const whole = parseArray(bytes);
  if (whole) {
    const closing = bytes.lastIndexOf(CLOSING_BRACKET);
    const keepBytes = 1 + bytes.subarray(0, closing).findLastIndex((byte) => !isBlank(byte));
    return { found: { state: "changed" }, keepBytes, missing: notIn(whole) };
  }
  const kept = isTorn(bytes, expected) && parseArray(closed(bytes.subarray(0, startBytes(expected))));
  if (kept) {
    const keepBytes = startBytes(expected);
    return { found: { state: "torn" }, keepBytes: keepBytes > OPENING_BYTES ? keepBytes : 0, missing: notIn(kept) };
  }
  return { found: { state: "unreadable", movedTo: freeName(path) }, keepBytes: 0, missing: since };
}

/** Where the first entry of `since` begins. */
function startBytes({ checkpoint }: Expected): number {
  return checkpoint?.bytes ?? OPENING_BYTES;
}

/** The file as it was left, if it ends just as expected from the checkpoint on: no need to read it all. */
function inspectTail(path: string, expected: Expected): Finding | undefined {
  const before = encoder.encode(expected.checkpoint ? expected.checkpoint.last.text : "[");
  const start = startBytes(expected) - before.length;
  using file = Deno.openSync(path, { read: true });
  const tail = new Uint8Array(Math.max(0, file.statSync().size - start));
  file.seekSync(start, Deno.SeekMode.Start);
  for (let read = 0; read < tail.length;) read += file.readSync(tail.subarray(read)) ?? tail.length;
  const has = (part: Uint8Array, at: number) =>
    at + part.length <= tail.length && part.every((byte, index) => byte === tail[at + index]);

  if (!has(before, 0)) return undefined;
  let end = before.length, count = 0;
  for (const next of expected.since) {
    const isFirst = count === 0 && !expected.checkpoint;
    const entry = [...layOut([next], { end: start + end, isFirst })].at(-1)!;
    const at = entry.at - start;
    if (!has(entry.bytes, at) || !tail.subarray(end, at).every(isBlank)) break;
    end = at + entry.bytes.length;
    count++;
  }
  if (!/^[ \t\r\n]*\][ \t\r\n]*$/.test(new TextDecoder().decode(tail.subarray(end)))) return undefined;
  return { found: { state: "as left" }, keepBytes: start + end, missing: expected.since.slice(count) };
}

/**
 * Whether a crash in the middle of writing explains the bytes behind the checkpoint: each is what was to be written
 * there, or what was there before (blanks and the closing bracket), or the zero of a block that never reached the disk.
 * Anything else is somebody's edit.
 */
function isTorn(bytes: Uint8Array, expected: Expected): boolean {
  const start = startBytes(expected);
  if (bytes.length < start) return false;
  const pieces = layOut(expected.since, { end: start, isFirst: !expected.checkpoint });
  const written = Buffer.concat([...pieces].map(({ bytes }) => bytes));
  return bytes.subarray(start).every((byte, index) =>
    byte === written[index] || byte === CLOSING_BRACKET || isBlank(byte)
  );
}

/** The bytes of an array up to its last entry, with the closing bracket. */
function closed(bytes: Uint8Array): Uint8Array {
  const whole = new Uint8Array(bytes.length + 1);
  whole.set(bytes);
  whole[bytes.length] = CLOSING_BRACKET;
  return whole;
}

function parseArray(bytes: Uint8Array): unknown[] | undefined {
  try {
    const value: unknown = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
    return Array.isArray(value) ? value : undefined;
  } catch {
    // Not JSON, or not UTF-8: whoever asked decides what that means.
    return undefined;
  }
}

/** Blanks, and the zeros that a crash leaves where a block never reached the disk. */
function isBlank(byte: number): boolean {
  return byte === 0x20 || (byte >= 0x09 && byte <= 0x0d) || byte === 0;
}

/** A name beside `path` that nothing has yet. */
function freeName(path: string): string {
  for (let count = 1;; count++) {
    const name = `${path}.unreadable-${count}`;
    if (!exists(name)) return name;
  }
}

function exists(path: string): boolean {
  try {
    Deno.lstatSync(path);
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}
