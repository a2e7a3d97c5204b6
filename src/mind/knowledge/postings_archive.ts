/** The lists of terms as a text, to be kept between two starts. @module */

import { LEAD_TERMS, NO_TERM, Postings } from "./postings.ts";

/**
 * A text that {@linkcode unpackPostings} reads, in parts that belong behind each other: a line of terms, and a line of
 * numbers, passages as the distance to the one before.
 */
export function packPostings({ lists: { terms, starts, passages, counts, leads, lengths } }: Postings): string[] {
  const { write, written } = numberWriter();
  write(lengths.text.length);
  for (const length of lengths.heading) write(length);
  for (const length of lengths.text) write(length);
  for (const number of leads) write(number === NO_TERM ? 0 : number + 1);
  write(passages.length);
  for (const number of terms.values()) {
    const start = starts[number]!, end = starts[number + 1]!;
    write(end - start);
    for (let at = start; at < end; at++) {
      write(passages[at]! - (at > start ? passages[at - 1]! : 0));
      // Most terms are in no heading: one byte says so.
      write(counts.text[at]! * 2 + Number(counts.heading[at]! > 0));
      if (counts.heading[at]! > 0) write(counts.heading[at]!);
    }
  }
  // Terms hold neither spaces nor ends of lines.
  return [[...terms.keys()].join(" "), "\n", ...written()];
}

/** Back from {@linkcode packPostings}; undefined for anything that is not of `size` passages. */
export function unpackPostings(packed: string, size: number): Postings | undefined {
  const end = packed.indexOf("\n");
  const names = packed.slice(0, end);
  const terms = new Map(names === "" ? [] : names.split(" ").map((name, number) => [name, number]));
  const bytes = Uint8Array.fromBase64(packed.slice(end + 1));
  const read = numberReader(bytes);
  if (read() !== size) return undefined;
  const lengths = { heading: new Uint16Array(size), text: new Uint16Array(size) };
  for (let passage = 0; passage < size; passage++) lengths.heading[passage] = read();
  for (let passage = 0; passage < size; passage++) lengths.text[passage] = read();
  const leads = new Uint32Array(size * LEAD_TERMS);
  for (let at = 0; at < leads.length; at++) leads[at] = (read() || NO_TERM + 1) - 1;
  const entries = read();
  if (entries > bytes.length) return undefined;
  const starts = new Uint32Array(terms.size + 1), passages = new Uint32Array(entries);
  const counts = { heading: new Uint8Array(entries), text: new Uint8Array(entries) };
  let at = 0;
  for (let number = 0; number < terms.size; number++) {
    starts[number] = at;
    let passage = 0;
    for (const end = at + read(); at < end; at++) {
      passages[at] = passage += read();
      const count = read();
      counts.text[at] = count >> 1;
      counts.heading[at] = count & 1 ? read() : 0;
    }
  }
  starts[terms.size] = at;
  return new Postings({ terms, starts, passages, counts, leads, lengths });
}

/**
 * Writes numbers below 2³² in as few bytes as they need, the lowest seven bits first, as pieces of Base64: all of the bytes
 * beside all of the text would take more than the lists themselves.
 *
 * @see LEB128
 */
function numberWriter() {
  const pieces: string[] = [], bytes = new Uint8Array(PIECE_BYTES + MAX_BYTES);
  let size = 0;
  return {
    write(number: number) {
      let left = number;
      for (; left > 0x7f; left >>>= 7) bytes[size++] = left & 0x7f | 0x80;
      bytes[size++] = left;
      if (size < PIECE_BYTES) return;
      pieces.push(bytes.subarray(0, PIECE_BYTES).toBase64());
      bytes.copyWithin(0, PIECE_BYTES, size);
      size -= PIECE_BYTES;
    },
    written: () => [...pieces, bytes.subarray(0, size).toBase64()],
  };
}

/** Three bytes are four characters of Base64: so pieces end without padding. */
const PIECE_BYTES = 3 * 65_536;
/** Bytes of the largest number. */
const MAX_BYTES = 5;

function numberReader(bytes: Uint8Array): () => number {
  let at = 0;
  return () => {
    let number = 0, shift = 0, byte;
    do {
      byte = bytes[at++]!;
      number |= (byte & 0x7f) << shift;
      shift += 7;
    } while (byte > 0x7f);
    return number >>> 0;
  };
}
