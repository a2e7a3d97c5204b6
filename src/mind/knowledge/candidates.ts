/** The passages that may answer a question: found by their terms, before anybody looks at them closely. @module */

import type { KnowledgeIndex } from "./index.ts";
import { rarity, type Term } from "./terms.ts";

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
const CANDIDATES = 24;
/** A similar term that more passages have tells too little to be looked up. */
const MAX_HOLDERS = 256;
/** What meeting a term by one that is similar counts. */
const SIMILAR = 0.225;

/** Search in an index. */
export function createCandidateSearch({ passages, frequency, words }: KnowledgeIndex): CandidateSearch {
  /** The passages that have a term, where these are few. Looked up once. */
  const holders = new Map<string, readonly number[]>();
  const holdersOf = (term: string): readonly number[] => {
    let found = holders.get(term);
    if (!found) {
      const isRare = (frequency.get(term) ?? 0) <= MAX_HOLDERS;
      found = isRare ? words.search("", { tokenize: () => [term], processTerm: same }).map(({ id }) => id) : [];
      holders.set(term, found);
    }
    return found;
  };

  return {
    find(terms) {
      const weightOf = new Map(terms.flatMap(({ forms, weight }) => forms.map((form) => [form, weight] as const)));
      const found = new Map<number, Candidate>();
      const results = weightOf.size === 0 ? [] : words.search("", {
        tokenize: () => [...weightOf.keys()],
        processTerm: same,
        boost: { heading: 2 },
        boostTerm: (term) => weightOf.get(term) ?? 1,
      });
      for (const { id, score, queryTerms } of results.slice(0, CANDIDATES)) {
        // MiniSearch has multiplied the sum by the number of terms that were met, and so does scoreOf.
        found.set(id, { id, sum: score / queryTerms.length, met: queryTerms.length });
      }
      // All similar words together, without MiniSearch: with them as further terms a search took three times as long.
      for (const { weight, similar } of terms) {
        for (const other of similar) {
          if (weightOf.has(other)) continue;
          const share = weight * SIMILAR * rarity({ size: passages.length }, frequency.get(other) ?? 0);
          for (const id of holdersOf(other)) {
            let candidate = found.get(id);
            if (!candidate) found.set(id, candidate = { id, sum: 0, met: 0 });
            candidate.sum += share;
            candidate.met++;
          }
        }
      }
      return [...found.values()].sort((a, b) => scoreOf(b) - scoreOf(a) || a.id - b.id).slice(0, CANDIDATES);
    },
  };
}

/** Terms are made already when MiniSearch gets them. */
const same = (term: string) => term;
