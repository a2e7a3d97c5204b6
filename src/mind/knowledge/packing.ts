/** Numbers and texts packed into pieces of text, so that nothing is ever in memory as a whole besides. @module */

import { readNumber, writeNumber } from "./growing.ts";

/** Takes what is to be packed: all texts first, then all numbers. */
export interface Packer {
  text(text: string): void;
  /** A number below 2³². */
  number(number: number): void;
  /** The pieces that are full. */
  full(): string[];
  /** All pieces that are left. */
  rest(): string[];
}

/** What stands before a piece of numbers in Base64, and before one of texts in JSON. */
const NUMBERS = "#", TEXTS = "[";
/** Bytes of a piece of numbers: a multiple of three, which Base64 does not pad. UTF-16 code units of a piece of texts. */
const PIECE = { bytes: 3 * 65_536, textLength: 262_144 };
/** Bytes of the largest number. */
const MAX_BYTES = 5;

/** Begin with nothing. */
export function createPacker(): Packer {
  const bytes = new Uint8Array(PIECE.bytes + MAX_BYTES);
  let size = 0, texts: string[] = [], length = 0, pieces: string[] = [];
  const put = (byte: number) => bytes[size++] = byte;
  const flushTexts = () => {
    if (texts.length > 0) pieces.push(JSON.stringify(texts));
    texts = [];
    length = 0;
  };
  const full = () => {
    const made = pieces;
    pieces = [];
    return made;
  };
  return {
    number(number) {
      if (texts.length > 0) flushTexts();
      writeNumber(number, put);
      if (size < PIECE.bytes) return;
      pieces.push(NUMBERS + bytes.subarray(0, PIECE.bytes).toBase64());
      bytes.copyWithin(0, PIECE.bytes, size);
      size -= PIECE.bytes;
    },
    text(text) {
      texts.push(text);
      length += text.length;
      if (length >= PIECE.textLength) flushTexts();
    },
    full,
    rest() {
      flushTexts();
      if (size > 0) pieces.push(NUMBERS + bytes.subarray(0, size).toBase64());
      size = 0;
      return full();
    },
  };
}

/** Gives back what was packed, in its order. */
export interface Unpacker {
  /** @throws {RangeError} If there is none. */
  text(): string;
  /** @throws {RangeError} If there is none. */
  number(): number;
}

/** Read pieces that a {@linkcode Packer} made; one of them is held at a time. */
export function createUnpacker(pieces: Iterable<string>): Unpacker {
  const source = pieces[Symbol.iterator]();
  let bytes: Uint8Array = new Uint8Array(), at = 0;
  let texts: string[] = [], taken = 0;
  const next = (kind: typeof NUMBERS | typeof TEXTS): string => {
    const { done, value } = source.next();
    if (done || !value.startsWith(kind)) throw new RangeError("Cannot unpack: there is nothing left");
    return value;
  };
  const take = () => {
    while (at === bytes.length) {
      bytes = Uint8Array.fromBase64(next(NUMBERS).slice(NUMBERS.length));
      at = 0;
    }
    return bytes[at++]!;
  };
  return {
    text() {
      while (taken === texts.length) {
        texts = JSON.parse(next(TEXTS)) as string[];
        taken = 0;
      }
      return texts[taken++]!;
    },
    number: () => readNumber(take),
  };
}
