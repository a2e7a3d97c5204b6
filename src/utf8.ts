/** Bytes of a file as a text, and where they are no UTF-8. @module */

/** A place in a text: line and column from 1 up, the column in bytes. */
export interface BytePlace {
  readonly line: number;
  readonly column: number;
}

/** A text, and the first place where its bytes are no UTF-8: U+FFFD stands there. */
export interface Decoded {
  readonly text: string;
  readonly invalidAt?: BytePlace;
}

const NEWLINE = 0x0a;
const strict = new TextDecoder("utf-8", { fatal: true }), lenient = new TextDecoder();

/** Decode UTF-8; a byte order mark at its start is left out. */
export function decodeUtf8(bytes: Uint8Array): Decoded {
  try {
    return { text: strict.decode(bytes) };
  } catch {
    return { text: lenient.decode(bytes), invalidAt: placeOf(bytes, firstInvalid(bytes)) };
  }
}

/** The offset of the first byte that begins no character in UTF-8, or one that is not whole. */
function firstInvalid(bytes: Uint8Array): number {
  let valid = 0, invalid = bytes.length + 1;
  while (invalid - valid > 1) {
    const middle = (valid + invalid) >>> 1;
    if (mayBegin(bytes.subarray(0, middle))) valid = middle;
    else invalid = middle;
  }
  // What was taken for the beginning of a character, of at most three bytes, was none.
  while (!isUtf8(bytes.subarray(0, valid))) valid--;
  return valid;
}

/** Whether bytes are the beginning of a text in UTF-8. */
function mayBegin(bytes: Uint8Array): boolean {
  return isUtf8(bytes, { stream: true });
}

function isUtf8(bytes: Uint8Array, options: TextDecodeOptions = {}): boolean {
  try {
    new TextDecoder("utf-8", { fatal: true }).decode(bytes, options);
    return true;
  } catch {
    return false;
  }
}

function placeOf(bytes: Uint8Array, offset: number): BytePlace {
  const before = bytes.subarray(0, offset);
  let line = 1;
  for (let at = before.indexOf(NEWLINE); at >= 0; at = before.indexOf(NEWLINE, at + 1)) line++;
  return { line, column: offset - before.lastIndexOf(NEWLINE) };
}
