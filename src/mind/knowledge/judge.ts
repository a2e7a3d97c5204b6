/** How well a passage answers a question, and which of several does best. @module */

import type { Language } from "./language.ts";
import type { Look } from "./passage_look.ts";
import type { AskedPart } from "./question.ts";
import type { Term } from "./terms.ts";

/** What a judgement rests on, the same for all passages of one question. */
export interface Case {
  readonly part: AskedPart;
  readonly terms: readonly Term[];
  /** The language that most passages are in. */
  readonly main: Language;
  /** How much a term of one single passage weighs. */
  readonly telling: number;
  /** The score of the likeliest candidate; how good others are is measured by it. */
  readonly highest: number;
}

/** What becomes of a passage. */
export interface Judgement {
  /** How much of the question the passage covers: 0 nothing, 1 all of it. */
  readonly score: number;
  /** What puts passages in order. */
  readonly rank: number;
}

/**
 * What meeting a term counts if it is met as one that is similar; as one that is similar where no passage has the word
 * itself, since then they all say it in other words; and if the word before or behind it, which makes one name with it,
 * is nowhere in the passage.
 */
const MET = { similar: 0.6, onlySimilar: 1, half: 0.85, halfUnknown: 0.5 };
/** What counts besides coverage when passages are put in order. */
const ORDER = {
  bm25: 0.25,
  lead: 0.25,
  defines: 0.8,
  instructs: 0.15,
  counts: 0.15,
  self: 0.45,
  main: 0.85,
  foreign: 0.5,
};
/** A question that says less, as a share of what a term of a single passage says, needs a passage about just that. */
const LEAST_SAID = 1;
/** A question after one thing, of at most so many terms, is answered by a passage that says what the thing is. */
const MOST_THING_TERMS = 2;
/** What a passage counts that explains the thing in passing, that speaks of it, and that only has the word. */
const DEFINES = { mentioned: 0.95, subject: 1, not: 0.35, uncounted: 0.45 };

/** Judge a passage by a close look at it. `found`: its score as a candidate; 0 if only its meaning brought it up. */
export function judge({ part, terms, main, telling, highest }: Case, look: Look, found: number): Judgement {
  const whole = terms.reduce((sum, { weight }) => sum + weight, 0) || 1;
  const namesThing = terms.some(({ isThing }) => isThing);
  const met = terms.map((term) => share(term, look.terms));
  /** Whether a term that is met makes one name with another that is not. */
  const half = (place: number, other: number) => {
    const beside = terms[other];
    if (!beside || met[other] !== 0 || !terms[Math.max(place, other)]?.isNext) return 1;
    return beside.forms.length + beside.similar.length > 0 ? MET.half : MET.halfUnknown;
  };
  const weights = terms.map(({ weight }, place) =>
    weight * (met[place] ?? 0) * Math.min(half(place, place - 1), half(place, place + 1))
  );
  const covered = sum(weights);
  const lead = sum(terms.map((term, place) => met[place] === 0 ? 0 : term.weight * share(term, look.lead)));
  const defined = definition(terms, look) / whole;

  const own = terms.filter(({ isContext }) => !isContext);
  const asksThing = part.asksWhatItIs && own.length > 0 && own.length <= MOST_THING_TERMS && !part.asksAgent;
  // A few common words are in every other passage by chance, unless it is about them.
  const isAbout = part.asksAgent && look.ofAgent ? 1 : Math.max(lead / whole, defined);
  const short = whole < LEAST_SAID * telling && !namesThing ? Math.min(isAbout, covered / whole) : covered / whole;
  const score = short * (asksThing ? aboutness(own, look) : 1) *
    (part.asksHowMany && !look.counts ? DEFINES.uncounted : 1);
  const order = 1 + ORDER.bm25 * found / highest + ORDER.lead * lead / whole +
    (part.asksWhatItIs ? ORDER.defines * defined : 0) +
    (part.asksHow && look.instructs ? ORDER.instructs : 0) +
    (part.asksHowMany && look.counts ? ORDER.counts : 0) -
    (part.asksAgent === look.ofAgent ? 0 : ORDER.self);
  return { score, rank: score * order * inLanguage(look.language, part.language, main) };
}

/** Passages in the asker's language come first, then those in the language that most are in. */
function inLanguage(of: Language, asked: Language, main: Language): number {
  if (of === asked) return 1;
  return of === main ? ORDER.main : ORDER.foreign;
}

/** How far a set of terms has a term: wholly, by one that is similar, or not at all. */
function share({ isKnown, forms, similar }: Term, by: ReadonlySet<string>): number {
  if (forms.some((form) => by.has(form))) return 1;
  if (!similar.some((one) => by.has(one))) return 0;
  return isKnown ? MET.similar : MET.onlySimilar;
}

/** The weight of the terms in the best of the names that a passage explains; less if the name has other terms too. */
function definition(terms: readonly Term[], { names }: Look): number {
  let best = 0;
  for (const name of names) {
    const met = terms.map((term) => share(term, name));
    const count = met.filter((one) => one > 0).length;
    if (count > 0) {
      best = Math.max(
        best,
        sum(terms.map(({ weight }, at) => weight * met[at]!)) * count / Math.max(count, name.size),
      );
    }
  }
  return best;
}

/** How much a passage is about a thing, by the least of its terms. */
function aboutness(terms: readonly Term[], look: Look): number {
  const isSaid = look.names.some((name) => terms.every((term) => isMeant(term, name))) ||
    (terms.length > 1 && look.sentences.some((sentence) => terms.every((term) => isMeant(term, sentence))));
  if (isSaid) return 1;
  return Math.min(...terms.map((term) => {
    if (look.names.some((name) => isMeant(term, name))) return 1;
    if (isMeant(term, look.mentioned)) return DEFINES.mentioned;
    return term.isThing || isMeant(term, look.subjects) ? DEFINES.subject : DEFINES.not;
  }));
}

/** Whether a set of terms has a term itself, or one that is similar where the knowledge has no other word for it. */
function isMeant({ isKnown, forms, similar }: Term, by: ReadonlySet<string>): boolean {
  return forms.some((form) => by.has(form)) || (!isKnown && similar.some((one) => by.has(one)));
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((all, one) => all + one, 0);
}
