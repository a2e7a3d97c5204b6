/** What a zip archive looks like. Unpacking one is `unzip.ts`, which few characters need. @module */

/** An archive that is refused, and why. */
export class ArchiveError extends Error {
  override name = "ArchiveError";
}

/** Whether these are the bytes of a zip archive: what a file is called says nothing about it. */
export function isArchive(bytes: Uint8Array): boolean {
  // A local file header, or the end record of an archive without any. @see PKWARE APPNOTE.TXT, 4.3
  return bytes[0] === 0x50 && bytes[1] === 0x4b &&
    ((bytes[2] === 0x03 && bytes[3] === 0x04) || (bytes[2] === 0x05 && bytes[3] === 0x06));
}
