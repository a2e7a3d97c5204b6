/** Makes the lists of terms, passage by passage, in few bytes. @module */

import { LEAD_TERMS, NO_TERM, type PerField, Postings } from "./postings.ts";

/** How often a term is counted in one passage at most, so that a byte holds it: more tells nothing more. */
const MAX_COUNT = 255;

/** Takes passages in turn. */
export interface PostingsBuilder {
  /** Add the next passage: its terms, each as often as it occurs. */
  add(terms: PerField<readonly string[]>): void;
  /** The lists of all that were added. */
  build(): Postings;
}

/** Begin with none. */
export function createPostingsBuilder(): PostingsBuilder {
  const terms = new Map<string, number>();
  /** Entries in the order of the passages: the number of a term, and how often it occurs. */
  const numbers = growing(Uint32Array), headings = growing(Uint8Array), texts = growing(Uint8Array);
  const leads = growing(Uint32Array);
  /** Where the entries of each passage end, and how many different terms it has. */
  const ends = growing(Uint32Array), headingLengths = growing(Uint16Array), textLengths = growing(Uint16Array);

  return {
    add({ heading, text }) {
      const inHeading = countsOf(heading), inText = countsOf(text);
      for (const term of new Set([...inHeading.keys(), ...inText.keys()])) {
        let number = terms.get(term);
        if (number === undefined) terms.set(term, number = terms.size);
        numbers.push(number);
        headings.push(Math.min(inHeading.get(term) ?? 0, MAX_COUNT));
        texts.push(Math.min(inText.get(term) ?? 0, MAX_COUNT));
      }
      const lead = [...heading.slice(0, LEAD_TERMS), ...text.slice(0, LEAD_TERMS)];
      for (let at = 0; at < LEAD_TERMS; at++) leads.push(terms.get(lead[at] ?? "") ?? NO_TERM);
      ends.push(numbers.size());
      headingLengths.push(inHeading.size);
      textLengths.push(inText.size);
    },
    build() {
      const size = numbers.size(), starts = startsOf(numbers, terms.size);
      const next = starts.slice();
      const passages = new Uint32Array(size);
      const counts = { heading: new Uint8Array(size), text: new Uint8Array(size) };
      let at = 0;
      for (const [passage, end] of ends.all().entries()) {
        for (; at < end; at++) {
          const to = next[numbers.at(at)]!++;
          passages[to] = passage;
          counts.heading[to] = headings.at(at);
          counts.text[to] = texts.at(at);
        }
      }
      const lengths = { heading: headingLengths.all(), text: textLengths.all() };
      return new Postings({ terms, starts, passages, counts, leads: leads.all(), lengths });
    },
  };
}

function countsOf(terms: readonly string[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const term of terms) counts.set(term, (counts.get(term) ?? 0) + 1);
  return counts;
}

/** Where the list of each term begins, once all entries stand behind each other by their terms; at last the end. */
function startsOf(numbers: Growing<Uint32Array<ArrayBuffer>>, terms: number): Uint32Array<ArrayBuffer> {
  const starts = new Uint32Array(terms + 1);
  for (let at = 0; at < numbers.size(); at++) starts[numbers.at(at) + 1]!++;
  for (let number = 0; number < terms; number++) starts[number + 1]! += starts[number]!;
  return starts;
}

type Numbers = Uint8Array<ArrayBuffer> | Uint16Array<ArrayBuffer> | Uint32Array<ArrayBuffer>;

/** Numbers that are added one by one. */
interface Growing<Type extends Numbers> {
  push(number: number): void;
  size(): number;
  at(index: number): number;
  /** All of them in one array. */
  all(): Type;
}

/** Numbers of one chunk: 2 to the power of this. */
const CHUNK_BITS = 14, CHUNK = 1 << CHUNK_BITS;

/** Grows by chunks: one array that is made anew would at times take two and a half times what is in it. */
function growing<Type extends Numbers>(type: { new (length: number): Type }): Growing<Type> {
  const chunks: Type[] = [];
  let size = 0;
  return {
    push(number) {
      const within = size & CHUNK - 1;
      if (within === 0) chunks.push(new type(CHUNK));
      chunks.at(-1)![within] = number;
      size++;
    },
    size: () => size,
    at: (index) => chunks[index >> CHUNK_BITS]![index & CHUNK - 1]!,
    all() {
      const all = new type(size);
      for (const [place, chunk] of chunks.entries()) {
        all.set(chunk.subarray(0, size - place * CHUNK), place * CHUNK);
      }
      return all;
    },
  };
}
