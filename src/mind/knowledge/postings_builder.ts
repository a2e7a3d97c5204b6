/** Makes the lists of terms, passage by passage, in few bytes. @module */

import { detached, growing, numberQueue } from "./growing.ts";
import { LEAD_TERMS, NO_TERM, type PerField, Postings } from "./postings.ts";

/** How often a term is counted in one passage at most, so that a byte holds it: more tells nothing more. */
const MAX_COUNT = 255;

/** Takes passages in turn. */
export interface PostingsBuilder {
  /** Add the next passage: its terms, each as often as it occurs. */
  add(terms: PerField<readonly string[]>): void;
  /** The lists of all that were added. They can be made once: what they are made of goes meanwhile. */
  build(): Postings;
}

/** Begin with none. */
export function createPostingsBuilder(): PostingsBuilder {
  const terms = new Map<string, number>();
  /** In how many passages each term is. */
  const frequencies = growing(Uint32Array);
  /** For each passage, how many terms it has; of each of them its number and how often it occurs. */
  const entries = numberQueue();
  let size = 0;
  const leads = growing(Uint32Array);
  /** How many different terms each passage has. */
  const headingLengths = growing(Uint16Array), textLengths = growing(Uint16Array);

  function numberOf(term: string): number {
    let number = terms.get(term);
    if (number === undefined) {
      terms.set(detached(term), number = terms.size);
      frequencies.push(0);
    }
    return number;
  }

  return {
    add({ heading, text }) {
      const inHeading = countsOf(heading), inText = countsOf(text);
      const all = new Set([...inHeading.keys(), ...inText.keys()]);
      entries.write(all.size);
      for (const term of all) {
        const number = numberOf(term);
        frequencies.increase(number);
        entries.write(number);
        writeCounts(entries.write, {
          heading: Math.min(inHeading.get(term) ?? 0, MAX_COUNT),
          text: Math.min(inText.get(term) ?? 0, MAX_COUNT),
        });
      }
      size += all.size;
      const lead = [...heading.slice(0, LEAD_TERMS), ...text.slice(0, LEAD_TERMS)];
      for (let at = 0; at < LEAD_TERMS; at++) leads.push(terms.get(lead[at] ?? "") ?? NO_TERM);
      headingLengths.push(inHeading.size);
      textLengths.push(inText.size);
    },
    build() {
      const starts = startsOf(frequencies.all()), next = starts.slice();
      const passages = new Uint32Array(size);
      const counts = { heading: new Uint8Array(size), text: new Uint8Array(size) };
      const lengths = { heading: headingLengths.all(), text: textLengths.all() };
      for (let passage = 0; passage < lengths.text.length; passage++) {
        for (let left = entries.read(); left > 0; left--) {
          const to = next[entries.read()]!++;
          passages[to] = passage;
          readCounts(entries.read, counts, to);
        }
      }
      return new Postings({ terms, starts, passages, counts, leads: leads.all(), lengths });
    },
  };
}

/** Write how often a term is in a passage. Most terms are in no heading, so one number says it mostly. */
export function writeCounts(write: (number: number) => void, { heading, text }: PerField<number>): void {
  write(text * 2 + Number(heading > 0));
  if (heading > 0) write(heading);
}

/** Read what {@linkcode writeCounts} wrote, to a place in `counts`. */
export function readCounts(read: () => number, counts: PerField<Uint8Array>, to: number): void {
  const count = read();
  counts.text[to] = count >> 1;
  if (count & 1) counts.heading[to] = read();
}

function countsOf(terms: readonly string[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const term of terms) counts.set(term, (counts.get(term) ?? 0) + 1);
  return counts;
}

/** Where the list of each term begins, once all entries stand behind each other by their terms; at last the end. */
function startsOf(frequencies: Uint32Array): Uint32Array<ArrayBuffer> {
  const starts = new Uint32Array(frequencies.length + 1);
  for (const [number, frequency] of frequencies.entries()) starts[number + 1] = starts[number]! + frequency;
  return starts;
}
