/** The first bytes of the database and of its write-ahead log, held against what this agent writes. @module */

import { EXIT, FatalError } from "../errors.ts";
import { openPlainSync } from "../files.ts";

/** Bytes of a page of the database. */
export const PAGE_BYTES = 4096;
const DATABASE_MAGIC = "SQLite format 3\0";
/** Without the lowest bit, which tells the byte order of its checksums. */
const LOG_MAGIC = 0x377f0682;

/**
 * Refuse a file that SQLite would not take for a database in WAL mode with pages of 4,096 bytes, as this agent makes
 * them. A missing or empty file is new, and fine.
 *
 * @throws {FatalError} If it is something else, or damaged.
 * @see https://sqlite.org/fileformat2.html#the_database_header
 */
export function checkHeader(path: string): void {
  const header = firstBytes(path, 100);
  if (!header || header.size === 0) return;
  const { bytes, size } = header, view = new DataView(bytes.buffer);
  const complain = (what: string) => {
    throw damaged(path, what);
  };
  if (bytes.length < 100 || new TextDecoder().decode(bytes.subarray(0, 16)) !== DATABASE_MAGIC) {
    complain("it is no SQLite database");
  }
  if (view.getUint16(16) !== PAGE_BYTES || size % PAGE_BYTES !== 0) complain("its pages are not whole");
  // Write and read version: 2 is WAL. Another journal mode would have SQLite look for files that this agent never makes.
  if (bytes[18] !== 2 || bytes[19] !== 2) complain("it is not in WAL mode");
  // Reserved bytes, and the three fractions that never change.
  if ([0, 64, 32, 32].some((byte, index) => bytes[20 + index] !== byte)) complain("its header is not as it was");
  const encoding = view.getUint32(56);
  if (encoding > 1) complain("its texts are not UTF-8");
  const log = firstBytes(`${path}-wal`, 32);
  if (!log || log.bytes.length < 32) return;
  const logView = new DataView(log.bytes.buffer);
  if ((logView.getUint32(0) & ~1) === LOG_MAGIC && logView.getUint32(8) !== PAGE_BYTES) {
    throw damaged(`${path}-wal`, "its pages have another size");
  }
}

/** What is said of a database that can't be read. */
export function damaged(path: string, what: string, options?: ErrorOptions): FatalError {
  return new FatalError(
    `Cannot read ${path}: it is damaged (${what}). Nothing was deleted: restore it from a copy, or move it away and start again; then events that come again are answered again.`,
    EXIT.inputOutput,
    options,
  );
}

function firstBytes(path: string, count: number): { bytes: Uint8Array<ArrayBuffer>; size: number } | undefined {
  try {
    const { file, info } = openPlainSync(path, { follow: false });
    using _file = file;
    const bytes = new Uint8Array(Math.min(count, info.size));
    const length = bytes.length === 0 ? 0 : file.readSync(bytes) ?? 0;
    return { bytes: bytes.slice(0, length), size: info.size };
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}
