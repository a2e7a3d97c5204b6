/** The passages that may answer a question: found by their terms, before anybody looks at them closely. @module */

import type { KnowledgeIndex } from "./index.ts";
import { rarity } from "./lexicon.ts";
import type { Term } from "./terms.ts";

/** A passage that may answer. */
export interface Candidate {
  readonly id: number;
  /** Of the terms that were met, and how many these are. */
  sum: number;
  met: number;
}

/** How good a candidate is: passages that meet many terms come before those that meet one well. */
export function scoreOf({ sum, met }: Candidate): number {
  return sum * met;
}

/** Finds candidates. */
export interface CandidateSearch {
  /** The likeliest first: by BM25 those that have the terms, and those that have similar ones. */
  find(terms: readonly Term[]): Candidate[];
}

/** How many candidates are handed over to be looked at closely. */
const CANDIDATES = 20;
/** A similar term that more passages have tells too little to be looked up. */
const MAX_HOLDERS = 256;
/** What meeting a term by one that is similar counts. */
const SIMILAR = 0.225;

/** Passages that have terms similar to one: how telling these are, and how many of them each has. */
interface Similar {
  readonly id: number;
  rare: number;
  met: number;
}

/** Search in an index. */
export function createCandidateSearch({ passages, postings }: KnowledgeIndex): CandidateSearch {
  /** The passages that have terms similar to a term, by its list of these: looked up once. */
  const holders = new WeakMap<readonly string[], readonly Similar[]>();
  const similarTo = ({ similar }: Term): readonly Similar[] => {
    let found = holders.get(similar);
    if (!found) {
      const of = new Map<number, Similar>();
      for (const other of similar) {
        const places = postings.holdersOf(other);
        if (places.length > MAX_HOLDERS) continue;
        for (const id of places) {
          const one = of.get(id) ?? { id, rare: 0, met: 0 };
          one.rare += rarity({ size: passages.length }, places.length);
          one.met++;
          of.set(id, one);
        }
      }
      holders.set(similar, found = [...of.values()]);
    }
    return found;
  };

  return {
    find(terms) {
      const weights = new Map<string, number>();
      for (const { forms, weight } of terms) for (const form of forms) weights.set(form, weight);
      const found = new Map<number, Candidate>();
      for (const match of postings.match(weights, CANDIDATES)) found.set(match.id, match);
      for (const term of terms) {
        for (const { id, rare, met } of similarTo(term)) {
          let candidate = found.get(id);
          if (!candidate) found.set(id, candidate = { id, sum: 0, met: 0 });
          candidate.sum += term.weight * SIMILAR * rare;
          candidate.met += met;
        }
      }
      return [...found.values()].sort((a, b) => scoreOf(b) - scoreOf(a) || a.id - b.id).slice(0, CANDIDATES);
    },
  };
}
