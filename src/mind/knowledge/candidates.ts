/** The passages that may answer a question: found by their terms, before anybody looks at them closely. @module */

import { bestOf } from "./best.ts";
import { type KnowledgeIndex, languageAt } from "./index.ts";
import type { Language } from "./language.ts";
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
  /**
   * The likeliest first: by BM25 those that have the terms, and those that have similar ones. What is known in
   * the language of the question, where most is known in another, must not be lost among all that.
   */
  find(terms: readonly Term[], language: Language): Candidate[];
}

/** How many candidates are handed over to be looked at closely. */
const CANDIDATES = 20;
/** How many times as many are looked through where some are preferred, and what being preferred counts. */
const PREFERRING = 3, PREFERRED = 2;
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

/** Search in an index. `languages`: those of its passages, the commonest first. */
export function createCandidateSearch(index: KnowledgeIndex, languages: readonly Language[]): CandidateSearch {
  const { passages, postings } = index;
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
    find(terms, language) {
      const isOther = language !== languages[0] && languages.includes(language);
      const prefers = isOther ? (id: number) => languageAt(index, id) === language : undefined;
      const weights = new Map<string, number>();
      for (const { forms, weight } of terms) for (const form of forms) weights.set(form, weight);
      const found = new Map<number, Candidate>();
      for (const match of postings.match(weights, prefers ? PREFERRING * CANDIDATES : CANDIDATES)) {
        found.set(match.id, match);
      }
      for (const term of terms) {
        for (const { id, rare, met } of similarTo(term)) {
          let candidate = found.get(id);
          if (!candidate) found.set(id, candidate = { id, sum: 0, met: 0 });
          candidate.sum += term.weight * SIMILAR * rare;
          candidate.met += met;
        }
      }
      const order = (id: number) => scoreOf(found.get(id)!) * (prefers?.(id) ? PREFERRED : 1);
      return bestOf(found.keys(), CANDIDATES, order).map((id) => found.get(id)!);
    },
  };
}
