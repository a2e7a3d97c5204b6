/** The lists of terms packed, to be kept between two starts. @module */

import type { Packer, Unpacker } from "./packing.ts";
import { readCounts, writeCounts } from "./postings_builder.ts";
import { LEAD_TERMS, NO_TERM, Postings } from "./postings.ts";
import type { Slices } from "./slices.ts";

/** The texts of {@linkcode unpackTerms}. */
export function packTerms({ lists: { terms } }: Postings, packer: Packer): void {
  packer.text(`${terms.size}`);
  for (const term of terms.keys()) packer.text(term);
}

/** The numbers of {@linkcode unpackPostings}: passages as the distance to the one before. Yields after each list. */
export function* packPostings(
  { lists: { terms, starts, passages, counts, leads, lengths } }: Postings,
  packer: Packer,
): Generator<void> {
  const write = packer.number;
  for (const length of lengths.heading) write(length);
  for (const length of lengths.text) write(length);
  for (const number of leads) write(number === NO_TERM ? 0 : number + 1);
  write(passages.length);
  for (const number of terms.values()) {
    const start = starts[number]!, end = starts[number + 1]!;
    write(end - start);
    for (let at = start; at < end; at++) {
      write(passages[at]! - (at > start ? passages[at - 1]! : 0));
      writeCounts(write, { heading: counts.heading[at]!, text: counts.text[at]! });
    }
    yield;
  }
}

/** The terms back from {@linkcode packTerms}, with their numbers. */
export function unpackTerms(unpacker: Unpacker): Map<string, number> {
  const terms = new Map<string, number>();
  for (let left = Number(unpacker.text()); left > 0; left--) terms.set(unpacker.text(), terms.size);
  return terms;
}

/** The lists of `size` passages back from {@linkcode packPostings}. */
export async function unpackPostings(
  unpacker: Unpacker,
  { terms, size, slices }: { terms: Map<string, number>; size: number; slices: Slices },
): Promise<Postings> {
  const read = unpacker.number;
  const lengths = { heading: new Uint16Array(size), text: new Uint16Array(size) };
  for (let passage = 0; passage < size; passage++) lengths.heading[passage] = read();
  for (let passage = 0; passage < size; passage++) lengths.text[passage] = read();
  const leads = new Uint32Array(size * LEAD_TERMS);
  for (let at = 0; at < leads.length; at++) leads[at] = (read() || NO_TERM + 1) - 1;
  const entries = read();
  const starts = new Uint32Array(terms.size + 1), passages = new Uint32Array(entries);
  const counts = { heading: new Uint8Array(entries), text: new Uint8Array(entries) };
  let at = 0;
  for (let number = 0; number < terms.size; number++) {
    starts[number] = at;
    let passage = 0;
    for (const end = at + read(); at < end; at++) {
      passages[at] = passage += read();
      readCounts(read, counts, at);
    }
    if (slices.isOver()) await slices.next();
  }
  starts[terms.size] = at;
  return new Postings({ terms, starts, passages, counts, leads, lengths });
}
