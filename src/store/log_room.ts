/** Room in SQLite's write-ahead log: a commit that makes the file longer takes a disk twice as long. @module */

import { isRefusal, openPlainSync } from "../files.ts";
import { PAGE_BYTES } from "./database_header.ts";

/** Bytes of room: 1,100 pages, each behind a header of 24 bytes, which some hundred answers take that come alone. */
const LOG_BYTES = 1_100 * (24 + PAGE_BYTES);
/** Milliseconds after which the first answers are out: the disk takes some 20 for it. */
const SOON_MS = 2_000;

/**
 * Fill the log of an open database with zeros soon, up to a part of the length that it comes to anyway, once: from then on a
 * commit overwrites what is there, and `fdatasync` has no length and no block to write down. Of a lone answer's commit
 * that saved 0.5 ms of 1.25 (ext4, a busy disk, in turns). Nothing comes of it where the disk has no space.
 *
 * The zeros stand behind all that SQLite has written, and it is not at work meanwhile, since it runs in this thread.
 * Neither does it read them: a frame of zeros has not the log's salt, and so ends it.
 *
 * @param path Of the database. @param options `afterMs`: default 2 s. Disposing of it calls it off.
 * @see https://sqlite.org/fileformat2.html#walformat
 */
export function makeLogRoomSoon(path: string, { afterMs = SOON_MS }: { afterMs?: number } = {}): Disposable {
  const timer = setTimeout(() => void makeRoom(`${path}-wal`), afterMs);
  return { [Symbol.dispose]: () => clearTimeout(timer) };
}

/** Bytes that are written at a time: all at once they would stay in this process's memory. */
const CHUNK_BYTES = 128 * 1024;

/** Resolves once the room is on disk; at once where there is none to make. */
async function makeRoom(log: string): Promise<void> {
  try {
    // Not whatever else somebody may have put in its place.
    const { file, info } = openPlainSync(log, { write: true, follow: false });
    using _ = file;
    if (info.size >= LOG_BYTES) return;
    fill(file, info.size);
    await file.syncData();
  } catch (error) {
    // A disk that is full or broken is told of by the next commit.
    if (!isRefusal(error)) throw error;
  }
}

/** Write zeros from the end on. On a disk that is too full for that, others need what is left: it is given back. */
function fill(file: Deno.FsFile, size: number): void {
  const zeros = new Uint8Array(CHUNK_BYTES);
  try {
    file.seekSync(size, Deno.SeekMode.Start);
    for (let end = size; end < LOG_BYTES;) end += file.writeSync(zeros.subarray(0, LOG_BYTES - end));
  } catch (error) {
    file.truncateSync(size);
    throw error;
  }
}
