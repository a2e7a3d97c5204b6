/** How far a set of terms meets the terms of a question. @module */

import type { Term } from "./terms.ts";

/** A set of terms that somebody keeps. */
export interface Terms {
  has(term: string): boolean;
  /** Whether it has one of `terms`; looked for one by one if absent. */
  hasAny?(terms: readonly string[]): boolean;
}

/**
 * What meeting a term counts: by one that is similar; and by one that is similar where no passage has the word itself,
 * since then they all say it in other words.
 */
const MET = { similar: 0.6, onlySimilar: 1 };

/** How far a set of terms has a term: wholly, by one that is similar, or not at all. */
export function share({ isKnown, forms, similar }: Term, by: Terms): number {
  if (meet(forms, by)) return 1;
  if (!meet(similar, by)) return 0;
  return isKnown ? MET.similar : MET.onlySimilar;
}

/** Whether a set of terms has a term itself, or one that is similar where the knowledge has no other word for it. */
export function isMeant({ isKnown, forms, similar }: Term, by: Terms): boolean {
  return meet(forms, by) || (!isKnown && meet(similar, by));
}

function meet(terms: readonly string[], by: Terms): boolean {
  if (terms.length === 0) return false;
  if (by.hasAny) return by.hasAny(terms);
  for (const term of terms) if (by.has(term)) return true;
  return false;
}
