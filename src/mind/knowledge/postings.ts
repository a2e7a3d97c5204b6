/** Which passages hold which terms, in few bytes, and how well passages match some terms. @module */

import { bestOf } from "./best.ts";

/** What having a term in a heading counts beside having it in a text. */
const HEADING_BOOST = 2;

/**
 * Parameters of BM25+, as MiniSearch sets them: how fast a term that is repeated stops counting, how much long passages
 * are held back, and what having a term counts at least.
 *
 * @see Lv, Zhai: Lower-bounding term frequency normalization (2011)
 */
const BM25 = { k: 1.2, b: 0.7, d: 0.5 };

/** Terms at the start of a passage that tell what it is about, and what stands where it has fewer. */
export const LEAD_TERMS = 4;
export const NO_TERM = 0xffffffff;

/** Something of the headings of passages, and the same of their texts. */
export interface PerField<Value> {
  readonly heading: Value;
  readonly text: Value;
}

/** A passage that matches. */
export interface Match {
  /** Its place. */
  readonly id: number;
  /** The sum of what each term counts in it. */
  sum: number;
  /** How many of the terms it has. */
  met: number;
}

/** In how many passages terms are. */
export interface Frequency {
  has(term: string): boolean;
  get(term: string): number | undefined;
  keys(): Iterable<string>;
}

/** The lists of all terms, one behind the other, each in the order of the passages. */
export interface Lists {
  /** The number of each term. */
  readonly terms: ReadonlyMap<string, number>;
  /** Where the list of each term begins, and where the last one ends. */
  readonly starts: Uint32Array<ArrayBuffer>;
  /** The passage of each entry. */
  readonly passages: Uint32Array<ArrayBuffer>;
  /** How often the term is in the heading of that passage, and how often in its text. */
  readonly counts: PerField<Uint8Array<ArrayBuffer>>;
  /** The numbers of the terms that each passage begins with, {@linkcode LEAD_TERMS} for each, and {@linkcode NO_TERM}. */
  readonly leads: Uint32Array<ArrayBuffer>;
  /** How many different terms are in the heading of each passage, and how many in its text. */
  readonly lengths: PerField<Uint16Array<ArrayBuffer>>;
}

/** The terms of all passages. They never change. */
export class Postings {
  readonly lists: Lists;
  /** In how many passages each term is. */
  readonly frequency: Frequency;
  readonly #averages: PerField<number>;
  /** What a search adds up for each passage, zero between searches: to make them anew would take longer than one. */
  readonly #sums: Float64Array;
  readonly #met: Uint16Array;
  /** Which passages have one of a list of terms. */
  readonly #having = new Map<readonly string[], Uint8Array>();

  constructor(lists: Lists) {
    const { terms, lengths } = lists;
    this.lists = lists;
    this.frequency = {
      has: (term) => terms.has(term),
      get: (term) => terms.has(term) ? this.holdersOf(term).length : undefined,
      keys: () => terms.keys(),
    };
    this.#averages = { heading: average(lengths.heading), text: average(lengths.text) };
    this.#sums = new Float64Array(lengths.text.length);
    this.#met = new Uint16Array(lengths.text.length);
  }

  /** Places of the passages that have a term, ascending. */
  holdersOf(term: string): Uint32Array {
    const { terms, starts, passages } = this.lists;
    const number = terms.get(term);
    return number === undefined ? NONE : passages.subarray(starts[number], starts[number + 1]);
  }

  /**
   * Whether a passage has one of some terms. Which passages do is remembered by the list itself: the same one should be
   * asked with again.
   */
  hasAny(id: number, terms: readonly string[]): boolean {
    let bits = this.#having.get(terms);
    if (!bits) {
      if (this.#having.size >= MAX_HAVING) this.#having.clear();
      this.#having.set(terms, bits = this.#bitsOf(terms));
    }
    return (bits[id >> 3]! & 1 << (id & 7)) !== 0;
  }

  /** Whether a passage begins with a term. */
  leadsWith(id: number, term: string): boolean {
    const { terms, leads } = this.lists;
    const number = terms.get(term);
    if (number === undefined) return false;
    for (let at = id * LEAD_TERMS; at < (id + 1) * LEAD_TERMS; at++) if (leads[at] === number) return true;
    return false;
  }

  /** A bit for each passage: whether it has one of `terms`. */
  #bitsOf(terms: readonly string[]): Uint8Array {
    const bits = new Uint8Array(Math.ceil(this.lists.lengths.text.length / 8));
    for (const term of terms) for (const id of this.holdersOf(term)) bits[id >> 3]! |= 1 << (id & 7);
    return bits;
  }

  /**
   * The passages that match best: by what their terms count together, times how many of the terms they have. Of equal
   * ones the first.
   *
   * @param weights What having a term counts.
   * @param limit At most so many.
   */
  match(weights: ReadonlyMap<string, number>, limit: number): Match[] {
    const met: number[] = [];
    for (const [term, weight] of weights) this.#addUp(term, weight, met);
    const matches = bestOf(met, limit, (id) => this.#sums[id]! * this.#met[id]!)
      .map((id) => ({ id, sum: this.#sums[id]!, met: this.#met[id]! }));
    for (const id of met) this.#sums[id] = this.#met[id] = 0;
    return matches;
  }

  /** Add what a term counts to each passage that has it; `met` gets those that had none yet. */
  #addUp(term: string, weight: number, met: number[]) {
    const { terms, starts, passages, counts: { heading, text }, lengths } = this.lists;
    const number = terms.get(term);
    if (number === undefined) return;
    const start = starts[number]!, end = starts[number + 1]!;
    const inHeading = weight * HEADING_BOOST * rarity(heading.subarray(start, end), lengths.heading.length);
    const inText = weight * rarity(text.subarray(start, end), lengths.text.length);
    for (let at = start; at < end; at++) {
      const id = passages[at]!;
      let sum = 0;
      if (heading[at]! > 0) sum += inHeading * saturated(heading[at]!, lengths.heading[id]! / this.#averages.heading);
      if (text[at]! > 0) sum += inText * saturated(text[at]!, lengths.text[id]! / this.#averages.text);
      if (this.#met[id] === 0) met.push(id);
      this.#sums[id]! += sum;
      this.#met[id]!++;
    }
  }
}

const NONE = new Uint32Array();
/** Lists of terms whose passages are remembered, at most: each takes a bit for each passage. */
const MAX_HAVING = 1_024;

function average(lengths: Uint16Array): number {
  return lengths.reduce((sum, length) => sum + length, 0) / lengths.length;
}

/** How telling a term is that a field has so often, of so many passages. */
function rarity(counts: Uint8Array, size: number): number {
  let holders = 0;
  for (let at = 0; at < counts.length; at++) if (counts[at]! > 0) holders++;
  return Math.log(1 + (size - holders + 0.5) / (holders + 0.5));
}

/** What having a term so often counts. `length`: of the field, beside the average one. */
function saturated(often: number, length: number): number {
  const { k, b, d } = BM25;
  return d + often * (k + 1) / (often + k * (1 - b + b * length));
}
