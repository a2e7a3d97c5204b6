/** A database with all tables and no row, as bytes that come with the program: a first start copies it. @module */

import { placeFileSync } from "../placing.ts";

/** Such a database, packed. */
export interface BlankDatabase {
  /** The digest of its schema. */
  readonly digest: string;
  /** {@linkcode packZeros} of the file. */
  readonly packed: string;
}

/**
 * Put the file of a packed database at `path`, whole and on disk, unless there is one. Its name is brought to the disk
 * with that of the write-ahead log, before anything is promised.
 *
 * @throws What the file system says. Where it has no hard links, nothing is done: SQLite makes the tables then.
 */
export function placeDatabase(path: string, packed: string): void {
  placeFileSync(path, unpackZeros(packed), { isDurable: true });
}

/** Zeros in a row, at least, that are counted: fewer take no more space than their number. */
const FEWEST_ZEROS = 8;
/** A run: how many zeros, and how many other bytes, which follow. */
const RUN_HEAD = 8;

/** Bytes with their long runs of zeros counted, in base64: nearly all of an empty database is zeros. */
export function packZeros(bytes: Uint8Array): string {
  const runs: Uint8Array[] = [];
  for (let at = 0; at < bytes.length;) {
    const start = endOfZeros(bytes, at);
    let end = start;
    while (end < bytes.length && endOfZeros(bytes, end) - end < FEWEST_ZEROS) end++;
    const head = new DataView(new ArrayBuffer(RUN_HEAD));
    head.setUint32(0, start - at);
    head.setUint32(4, end - start);
    runs.push(new Uint8Array(head.buffer), bytes.subarray(start, end));
    at = end;
  }
  return Uint8Array.from(runs.flatMap((run) => [...run])).toBase64();
}

/** The bytes that {@linkcode packZeros} packed. */
export function unpackZeros(packed: string): Uint8Array<ArrayBuffer> {
  const runs = Uint8Array.fromBase64(packed), view = new DataView(runs.buffer);
  const parts: { at: number; bytes: Uint8Array }[] = [];
  let size = 0;
  for (let at = 0; at < runs.length;) {
    const start = size + view.getUint32(at), length = view.getUint32(at + 4);
    at += RUN_HEAD;
    parts.push({ at: start, bytes: runs.subarray(at, at + length) });
    at += length;
    size = start + length;
  }
  const all = new Uint8Array(size);
  for (const { at, bytes } of parts) all.set(bytes, at);
  return all;
}

/** The place behind the zeros that begin at `from`. */
function endOfZeros(bytes: Uint8Array, from: number): number {
  let at = from;
  while (at < bytes.length && bytes[at] === 0) at++;
  return at;
}
