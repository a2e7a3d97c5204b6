/** How well a passage answers a question, and which of several does best. @module */

import type { Language } from "./language.ts";
import type { Look, Terms, Things } from "./passage_look.ts";
import type { AskedPart } from "./question.ts";
import type { Term } from "./terms.ts";
import type { Word } from "./words.ts";

/** What a judgement rests on, the same for all passages of one question. */
export interface Case {
  readonly part: AskedPart;
  readonly terms: readonly Term[];
  /** The language that most passages are in. */
  readonly main: Language;
  /** The weight of all terms; never zero. */
  readonly whole: number;
  /** The terms of the one thing that is asked about; none where the question is another. */
  readonly own: readonly Term[];
  /** What is asked of a thing, and the thing; nothing is where the question has another form. */
  readonly asked: readonly Term[];
  readonly of: readonly Term[];
  /** Whether it says so little that a passage must be about just that. */
  readonly isShort: boolean;
  /** The score of the likeliest candidate; how good others are is measured by it. */
  readonly highest: number;
}

/** The case of a question. `telling`: how much a term of one single passage weighs. */
export function caseOf(
  part: AskedPart,
  terms: readonly Term[],
  { main, telling, highest }: { main: Language; telling: number; highest: number },
): Case {
  const whole = terms.reduce((sum, { weight }) => sum + weight, 0) || 1;
  const said = part.asksAgent ? [] : terms.filter(({ isContext }) => !isContext);
  const own = part.asksWhatItIs || (part.asksOf && said.length === 2) ? said : [];
  return {
    part,
    terms,
    main,
    whole,
    own: own.length <= MOST_THING_TERMS ? own : [],
    asked: terms.filter(({ isAsked }) => isAsked),
    of: terms.filter(({ isAsked, isContext }) => !isAsked && !isContext),
    isShort: whole < LEAST_SAID * telling && !terms.some(({ isThing }) => isThing),
    highest,
  };
}

/** What becomes of a passage. */
export interface Judgement {
  /** How much of the question the passage covers: 0 nothing, 1 all of it. */
  readonly score: number;
  /** What puts passages in order. */
  readonly rank: number;
}

/**
 * What meeting a term counts: by one that is similar; by one that is similar where no passage has the word itself, since
 * then they all say it in other words. And what it counts if the word beside it, which makes one name with it, is nowhere
 * in the passage: known elsewhere, known elsewhere and all else that is asked, or known nowhere.
 */
const MET = { similar: 0.6, onlySimilar: 1, half: 0.85, halfOfAll: 0.7, halfUnknown: 0.5 };
/** What counts besides coverage when passages are put in order. */
const ORDER = {
  bm25: 0.25,
  lead: 0.25,
  defines: 0.8,
  instructs: 0.15,
  named: 0.8,
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
export function judge(about: Case, look: Look, found: number): Judgement {
  const { part, terms, main, whole, isShort, highest } = about;
  const { covered, lead } = cover(terms, look);
  if (covered === 0) return NOTHING;
  const defined = part.asksWhatItIs || isShort ? definition(terms, look.things) / whole : 0;
  // A few common words are in every other passage by chance, unless it is about them.
  const isAbout = part.asksAgent && look.ofAgent ? 1 : Math.max(lead / whole, defined);
  const score = (isShort ? Math.min(isAbout, covered / whole) : covered / whole) *
    aboutness(about, look) *
    (part.asksHowMany && !look.counts ? DEFINES.uncounted : 1);
  const order = 1 + ORDER.bm25 * found / highest + ORDER.lead * lead / whole +
    (part.asksWhatItIs ? ORDER.defines * defined : 0) +
    (part.asksHow ? instruction(about, look) : 0) +
    (part.asksHowMany && look.counts ? ORDER.counts : 0) -
    (part.asksAgent === look.ofAgent ? 0 : ORDER.self);
  return { score, rank: score * order * inLanguage(look.language, part.language, main) };
}

/** What a passage counts for a question how to do something: more if it names the way by a word of the question. */
function instruction({ terms, whole }: Case, look: Look): number {
  if (!look.instructs) return 0;
  let named = 0;
  for (const term of terms) if (!term.isContext && isMeant(term, look.things.mentioned)) named += term.weight;
  return ORDER.instructs + ORDER.named * named / whole;
}

const NOTHING: Judgement = { score: 0, rank: 0 };

/** How much of the question a passage covers, and how much of it what it begins with, in weights. */
function cover(terms: readonly Term[], look: Look): { covered: number; lead: number } {
  const isAll = terms.length === 2;
  let covered = 0, lead = 0, before = 0;
  let next = terms.length > 0 ? share(terms[0]!, look.terms) : 0;
  for (let place = 0; place < terms.length; place++) {
    const term = terms[place]!, beside = terms[place + 1], met = next;
    next = beside ? share(beside, look.terms) : 0;
    if (met > 0) {
      const behind = term.isNext && before === 0 ? missed(terms[place - 1], isAll) : 1;
      const ahead = beside?.isNext && next === 0 ? missed(beside, isAll) : 1;
      covered += term.weight * met * Math.min(behind, ahead);
      lead += term.weight * share(term, look.lead);
    }
    before = met;
  }
  return { covered, lead };
}

/** What a term counts whose neighbour, which makes one name with it, the passage does not have. */
function missed(neighbour: Term | undefined, isAll: boolean): number {
  if (!neighbour) return 1;
  if (neighbour.forms.length + neighbour.similar.length === 0) return MET.halfUnknown;
  return isAll ? MET.halfOfAll : MET.half;
}

/** Passages in the asker's language come first, then those in the language that most are in. */
function inLanguage(of: Language, asked: Language, main: Language): number {
  if (of === asked) return 1;
  return of === main ? ORDER.main : ORDER.foreign;
}

/** How far a set of terms has a term: wholly, by one that is similar, or not at all. */
function share({ isKnown, forms, similar }: Term, by: Terms): number {
  for (const form of forms) if (by.has(form)) return 1;
  if (!meet(similar, by)) return 0;
  return isKnown ? MET.similar : MET.onlySimilar;
}

/** The weight of the terms in the best of the names that a passage explains; less if the name has other terms too. */
function definition(terms: readonly Term[], { names }: Things): number {
  let best = 0;
  for (const name of names) {
    let weight = 0, count = 0;
    for (const term of terms) {
      const met = share(term, name);
      if (met > 0) count++;
      weight += term.weight * met;
    }
    if (count > 0) best = Math.max(best, weight * count / Math.max(count, name.size));
  }
  return best;
}

/** How much a passage is about what is asked: the thing, or something of a thing. */
function aboutness({ own, asked, of }: Case, look: Look): number {
  if (asked.length > 0 && of.length > 0) return says(asked, of, look) ? 1 : DEFINES.not;
  const [one, other] = own;
  if (one && other) return says([one], [other], look) || says([other], [one], look) ? 1 : DEFINES.not;
  return own.length > 0 ? aboutThing(own, look.things) : 1;
}

/**
 * Whether a passage says what is asked of a thing: `the price of bread` where both stand together, or where what it says
 * of bread has a price, and not that of something else. That it has both words somewhere is not enough.
 */
function says(asked: readonly Term[], of: readonly Term[], { terms, things: { names, sentences } }: Look): boolean {
  if (names.some((name) => meetHalf(asked, name, share) && meetMost(of, name))) return true;
  const isOf = (word: Word) => of.some((term) => isMeant(term, only(word)));
  const isAsked = (word: Word) => asked.some((term) => isMeant(term, only(word)));
  const mayBeAsked = (word: Word) => asked.some((term) => share(term, only(word)) > 0);
  const isOwn = meetHalf(asked, terms, isMeant) && names.some((name) => meetMost(of, name) && isAll(of, name));
  return sentences.some(({ terms, words }) => {
    const isFree = words.some((word, place) => isAsked(word) && !isOfOther(words[place + 1], isOf));
    if (isFree && meetHalf(asked, terms, isMeant)) {
      // A word that may only stand for what was asked is found in many a sentence.
      const isSaid = asked.some(({ forms }) => forms.some((form) => terms.has(form))) || leads(words, isAsked);
      if (isOwn && isSaid) return true;
      if (meetMost(of, terms) && leads(words, isOf)) return true;
    }
    return meetMost(of, terms) && meetHalf(asked, terms, share) && words.some((word, place) => {
      const before = words[place - 1];
      return before && word.isJoined && ((mayBeAsked(before) && isOf(word)) || (isOf(before) && mayBeAsked(word)));
    });
  });
}

/** The terms of one word. */
function only({ whole }: Word): Terms {
  return { has: (term) => term === whole };
}

/** Whether a word, behind another, says of what that is: something else than what was asked. */
function isOfOther(word: Word | undefined, isOf: (word: Word) => boolean): boolean {
  return word !== undefined && word.isJoined && !word.isNext && !isOf(word);
}

/** Whether a sentence begins with a word, or with one that belongs to it: `the end of a task`. */
function leads(words: readonly Word[], is: (word: Word) => boolean): boolean {
  for (const [place, word] of words.entries()) {
    if (place > 0 && !word.isJoined) return false;
    if (is(word)) return true;
  }
  return false;
}

/** Whether a set has half of the terms: `name` of a `full name`. */
function meetHalf(terms: readonly Term[], by: Terms, meets: (term: Term, by: Terms) => boolean | number): boolean {
  return terms.filter((term) => meets(term, by)).length >= terms.length / 2;
}

/** Whether a set has most of what terms weigh. */
function meetMost(terms: readonly Term[], by: Terms): boolean {
  let whole = 0, met = 0;
  for (const term of terms) {
    whole += term.weight;
    if (isMeant(term, by)) met += term.weight;
  }
  return met >= whole / 2;
}

/** Whether terms stand for all words of a name. */
function isAll(terms: readonly Term[], name: ReadonlySet<string>): boolean {
  return [...name].every((one) => terms.some((term) => isMeant(term, { has: (other) => other === one })));
}

/** How much a passage is about a thing, by the least of its terms. */
function aboutThing(terms: readonly Term[], things: Things): number {
  const isSaid = things.names.some((name) => terms.every((term) => isMeant(term, name))) ||
    (terms.length > 1 && things.sentences.some((sentence) => terms.every((term) => isMeant(term, sentence.terms))));
  if (isSaid) return 1;
  return Math.min(...terms.map((term) => {
    if (things.names.some((name) => isMeant(term, name))) return 1;
    if (isMeant(term, things.mentioned)) return DEFINES.mentioned;
    return term.isThing || isMeant(term, things.subjects) ? DEFINES.subject : DEFINES.not;
  }));
}

/** Whether a set of terms has a term itself, or one that is similar where the knowledge has no other word for it. */
function isMeant({ isKnown, forms, similar }: Term, by: Terms): boolean {
  return forms.some((form) => by.has(form)) || (!isKnown && meet(similar, by));
}

/** Whether a set has one of `terms`. */
function meet(terms: readonly string[], by: Terms): boolean {
  for (const term of terms) if (by.has(term)) return true;
  return false;
}
