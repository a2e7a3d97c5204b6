/** Reads a JSON array of any size in pieces: never more of it in memory than one piece, or its largest entry. @module */

/** Where the array ends. */
export interface ArrayEnd {
  /** Where its last entry ends, or its opening bracket. */
  readonly end: number;
  /** Where its closing bracket stands. */
  readonly bracketAt: number;
}

/** The file holds no JSON array, or more than one text. */
export class NotAnArrayError extends Error {
  override name = "NotAnArrayError";
}

/** Read at once, at least: small enough for any memory, large enough that reading costs nothing beside parsing. */
const PIECE_BYTES = 1024 * 1024;
const FIRST_PIECE_BYTES = 16 * 1024;
const BYTE_ORDER_MARK = [0xef, 0xbb, 0xbf];
const [QUOTE, BACKSLASH, COMMA, OPEN_ARRAY, CLOSE_ARRAY, OPEN_OBJECT, CLOSE_OBJECT] = [
  0x22,
  0x5c,
  0x2c,
  0x5b,
  0x5d,
  0x7b,
  0x7d,
] as const;

const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/**
 * The entries of a JSON array, in order; returns where it ends. A byte order mark before it counts as blank.
 *
 * @param options `pieceBytes`: how much is read at once, at least; default 1 MiB.
 * @throws {NotAnArrayError} If it is none. Entries before the fault were handed out by then.
 */
export function* readArray(
  file: Deno.FsFile,
  { pieceBytes = PIECE_BYTES }: { pieceBytes?: number } = {},
): Generator<unknown, ArrayEnd, void> {
  let { at, rest } = findOpening(file, pieceBytes);
  const scan = createScan();
  let count = 0;
  for (let wanted = pieceBytes;;) {
    const { commas, closing } = scan.look(rest);
    const cut = closing ?? commas.at(-1);
    if (cut !== undefined) {
      const values = parseEntries(rest.subarray(0, cut), { isLast: closing !== undefined, isFirst: count === 0 });
      count += values.length;
      yield* values;
      if (closing !== undefined) {
        if (!isBlankToEnd(rest.subarray(closing + 1), { file, pieceBytes })) {
          throw new NotAnArrayError("something follows the array");
        }
        // An entry before the last comma of a piece is gone from memory, the last one never is.
        return { end: at + lengthWithoutBlanks(rest.subarray(0, closing)), bracketAt: at + closing };
      }
      rest = rest.subarray(cut + 1);
      at += cut + 1;
      scan.passed(cut + 1);
      wanted = pieceBytes;
    } else {
      // An entry larger than a piece: reading more each time keeps the copying in proportion.
      wanted = Math.max(pieceBytes, rest.length);
    }
    const more = readPiece(file, wanted);
    if (more.length === 0) throw new NotAnArrayError("the array does not end");
    rest = concat(rest, more);
  }
}

/** The first entry of the array; undefined where there is none, or no array. */
export function firstEntry(file: Deno.FsFile): unknown {
  try {
    const { done, value } = readArray(file, { pieceBytes: FIRST_PIECE_BYTES }).next();
    return done ? undefined : value;
  } catch (error) {
    if (error instanceof NotAnArrayError) return undefined;
    throw error;
  }
}

/** Whether a byte is a blank to JSON. */
function isJsonBlank(byte: number): boolean {
  return byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09;
}

/** What follows the opening bracket, as far as it was read. */
function findOpening(file: Deno.FsFile, pieceBytes: number): { at: number; rest: Uint8Array } {
  file.seekSync(0, Deno.SeekMode.Start);
  let at = 0;
  for (let piece = readPiece(file, pieceBytes); piece.length > 0; piece = readPiece(file, pieceBytes)) {
    const hasMark = at === 0 && BYTE_ORDER_MARK.every((byte, index) => piece[index] === byte);
    const text = hasMark ? piece.subarray(BYTE_ORDER_MARK.length) : piece;
    at += piece.length - text.length;
    const opening = text.findIndex((byte) => !isJsonBlank(byte));
    if (opening !== -1) {
      if (text[opening] !== OPEN_ARRAY) break;
      return { at: at + opening + 1, rest: text.subarray(opening + 1) };
    }
    at += text.length;
  }
  throw new NotAnArrayError("it does not begin with [");
}

/** Looks for the commas between entries, and for the end of the array, in bytes that grow at their end. */
function createScan() {
  /** Bytes that were looked at, and how many brackets are open there. */
  let seen = 0, depth = 0;
  /** Where a string begins that has not ended yet. */
  let stringAt: number | undefined;

  function look(bytes: Uint8Array): { commas: number[]; closing?: number } {
    const commas: number[] = [];
    for (; seen < bytes.length; seen++) {
      if (stringAt !== undefined) {
        const end = endOfString(bytes, { from: seen, stringAt });
        if (end === undefined) {
          seen = bytes.length;
          break;
        }
        seen = end;
        stringAt = undefined;
        continue;
      }
      switch (bytes[seen]) {
        case QUOTE:
          stringAt = seen;
          break;
        case OPEN_ARRAY:
        case OPEN_OBJECT:
          depth++;
          break;
        case CLOSE_OBJECT:
          // A wrong one: parsing the entry finds it.
          depth = Math.max(0, depth - 1);
          break;
        case CLOSE_ARRAY:
          if (depth === 0) return { commas, closing: seen };
          depth--;
          break;
        case COMMA:
          if (depth === 0) commas.push(seen);
      }
    }
    return { commas };
  }

  /** The first `count` bytes are gone: what follows them moves to the front. */
  function passed(count: number) {
    seen -= count;
    if (stringAt !== undefined) stringAt -= count;
  }

  return { look, passed };
}

/** Where the quote stands that ends a string: one with an even number of backslashes before it. */
function endOfString(
  bytes: Uint8Array,
  { from, stringAt }: { from: number; stringAt: number },
): number | undefined {
  for (let end = bytes.indexOf(QUOTE, from); end !== -1; end = bytes.indexOf(QUOTE, end + 1)) {
    let slash = end - 1;
    while (slash > stringAt && bytes[slash] === BACKSLASH) slash--;
    if ((end - 1 - slash) % 2 === 0) return end;
  }
  return undefined;
}

function parseEntries(bytes: Uint8Array, { isLast, isFirst }: { isLast: boolean; isFirst: boolean }): unknown[] {
  try {
    const values = JSON.parse(`[${decoder.decode(bytes)}]`) as unknown[];
    // Nothing stands before the end of an empty array, and in no other place.
    if (values.length > 0 || (isLast && isFirst)) return values;
  } catch {
    // No JSON, no UTF-8, or too long for a text: the parser's own message would quote it.
  }
  throw new NotAnArrayError("an entry is no JSON");
}

function isBlankToEnd(
  first: Uint8Array,
  { file, pieceBytes }: { file: Deno.FsFile; pieceBytes: number },
): boolean {
  for (let piece = first;; piece = readPiece(file, pieceBytes)) {
    if (!piece.every(isJsonBlank)) return false;
    if (piece !== first && piece.length === 0) return true;
  }
}

function lengthWithoutBlanks(bytes: Uint8Array): number {
  return bytes.findLastIndex((byte) => !isJsonBlank(byte)) + 1;
}

/** No Buffer: its search for a byte is slower. */
function concat(a: Uint8Array, b: Uint8Array): Uint8Array {
  if (a.length === 0) return b;
  const both = new Uint8Array(a.length + b.length);
  both.set(a);
  both.set(b, a.length);
  return both;
}

function readPiece(file: Deno.FsFile, length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  return bytes.subarray(0, file.readSync(bytes) ?? 0);
}
