/** Zip archives, unpacked whole, and checked: neither larger than is good nor other than what was packed. @module */

import { crc32 } from "node:zlib";
import { unzipSync } from "fflate";
import { ArchiveError } from "./zip.ts";

/** What an archive may hold: enough for any character, and what a small enclave can unpack. */
export const ARCHIVE_MAX = { entries: 10_000, entryBytes: 16 * 1024 * 1024, bytes: 64 * 1024 * 1024 } as const;

/** How an entry that is not packed says so. */
const STORED = 0;

/**
 * The files in an archive, by name, without what is hidden. Nothing is written anywhere, and no name leads outside.
 *
 * @throws {ArchiveError} If it is damaged, or more than is good.
 */
export function unpack(bytes: Uint8Array): Map<string, Uint8Array> {
  let count = 0, total = 0;
  const declared = new Map<string, { size: number; checksum: number }>();
  let unpacked: Record<string, Uint8Array>;
  try {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    let record = directoryOf(view);
    unpacked = unzipSync(bytes, {
      filter({ name, size, originalSize, compression }) {
        // fflate goes through the directory record by record, and keeps the checksums to itself.
        const checksum = view.getUint32(record + 16, true);
        record += 46 + [28, 30, 32].reduce((sum, at) => sum + view.getUint16(record + at, true), 0);
        if (isHidden(name)) return false;
        if (!isPlain(name)) throw new ArchiveError(`the name ${JSON.stringify(name.slice(0, 80))} is not allowed`);
        if (declared.has(name)) throw new ArchiveError(`${name} is in it twice`);
        declared.set(name, { size: originalSize, checksum });
        if (++count > ARCHIVE_MAX.entries) throw new ArchiveError(`more than ${ARCHIVE_MAX.entries} entries`);
        if (originalSize > ARCHIVE_MAX.entryBytes) {
          throw new ArchiveError(`${name} has ${originalSize} bytes, at most ${ARCHIVE_MAX.entryBytes} are read`);
        }
        // What the archive says about itself: no packed entry grows beyond that, and one that is not packed is copied
        // as it is, however many entries point to the same bytes. That it says the truth is seen below.
        if ((total += compression === STORED ? size : originalSize) > ARCHIVE_MAX.bytes) {
          throw new ArchiveError(`more than ${ARCHIVE_MAX.bytes} bytes unpacked`);
        }
        return !name.endsWith("/");
      },
    });
  } catch (error) {
    if (error instanceof ArchiveError) throw error;
    throw new ArchiveError(
      "it is damaged, encrypted or packed in a way that is not known. Pack it anew as an ordinary zip",
      { cause: error },
    );
  }
  const entries = new Map(Object.entries(unpacked));
  for (const [name, content] of entries) {
    const { size, checksum } = declared.get(name) ?? {};
    if (content.length !== size || crc32(content) !== checksum) {
      throw new ArchiveError(
        `${name} is not what was packed: its size or its checksum is wrong. The archive is damaged or encrypted: ` +
          "pack it anew, without a password",
      );
    }
  }
  return entries;
}

/**
 * Where the directory's records begin; 0 if that can't be found, which is for fflate to say.
 *
 * @see PKWARE APPNOTE.TXT, 4.3.14 to 4.3.16
 */
function directoryOf(view: DataView): number {
  const last = view.byteLength - 22, longestComment = 0xffff;
  for (let end = last; end >= Math.max(0, last - longestComment); end--) {
    if (view.getUint32(end, true) !== 0x06054b50) continue;
    if (end < 20 || view.getUint32(end - 20, true) !== 0x07064b50) return view.getUint32(end + 16, true);
    // The larger numbers of zip64: of one that is small enough to be read, the lower half is all of it.
    const larger = view.getUint32(end - 12, true);
    return view.getUint32(larger, true) === 0x06064b50
      ? view.getUint32(larger + 48, true)
      : view.getUint32(end + 16, true);
  }
  return 0;
}

/** What operating systems put beside the files that were meant. */
function isHidden(name: string): boolean {
  return name.split("/").some((part) => (part.startsWith(".") && part !== "." && part !== "..") || part === "__MACOSX");
}

function isPlain(name: string): boolean {
  const parts = name.replace(/\/$/, "").split("/");
  // deno-lint-ignore no-control-regex -- no name of a file has these
  return !/[\\:\u0000-\u001f\u007f]/.test(name) && parts.every((part) => part !== "" && part !== "." && part !== "..");
}
