/** How well a passage answers a question, and which of several does best. @module */

import type { Language } from "./language.ts";
import { isMeant, share } from "./meeting.ts";
import type { Look, Things } from "./passage_look.ts";
import type { AskedPart } from "./question.ts";
import { type Attribute, attributeOf, gives, givesAtOnce, says } from "./saying.ts";
import type { Term } from "./terms.ts";

/** What a judgement rests on, the same for all passages of one question. */
export interface Case {
  readonly part: AskedPart;
  readonly terms: readonly Term[];
  /** The language that most passages are in. */
  readonly main: Language;
  /** The weight of all terms; never zero. */
  readonly whole: number;
  /** The term of the thing that is asked about, where the question says no more. */
  readonly own: Term | undefined;
  /** The terms of the question itself, without what comes from the conversation. */
  readonly said: readonly Term[];
  /** What the question points to: a passage has a term of it, if there are any. */
  readonly pointedTo: readonly Term[];
  /** What may be asked of which thing; nothing is where the question has another form. */
  readonly attributes: readonly Attribute[];
  /** Whether it says so little that a passage must be about just that. */
  readonly isShort: boolean;
  /** Whether it says so much that a passage may answer it in other words; not where it names what nobody knows. */
  readonly isLong: boolean;
  /** The score of the likeliest candidate; how good others are is measured by it. */
  readonly highest: number;
  /** A passage that covers less is not looked at any closer. */
  readonly least: number;
}

/** The case of a question. `telling`: how much a term of one single passage weighs. */
export function caseOf(
  part: AskedPart,
  terms: readonly Term[],
  { telling, ...given }: Pick<Case, "main" | "pointedTo" | "highest" | "least"> & { telling: number },
): Case {
  const whole = terms.reduce((sum, { weight }) => sum + weight, 0) || 1;
  const said = part.asksAgent ? [] : terms.filter(({ isContext }) => !isContext);
  return {
    part,
    terms,
    whole,
    said,
    own: part.asksWhatItIs && said.length === 1 ? said[0] : undefined,
    attributes: attributesIn(part, terms, said),
    isShort: whole < LEAST_SAID * telling && !terms.some(({ isThing }) => isThing),
    isLong: said.length >= LONG && !terms.some(({ isPivotal }) => isPivotal),
    ...given,
  };
}

/** What is asked of which thing; of two terms, either may be the thing. */
function attributesIn(part: AskedPart, terms: readonly Term[], said: readonly Term[]): Attribute[] {
  const asked = terms.filter(({ isAsked }) => isAsked);
  const of = terms.filter(({ isAsked, isContext }) => !isAsked && !isContext);
  if (asked.length > 0 && of.length > 0) return [attributeOf(asked, of)];
  if (!part.asksWhatItIs && !part.asksOf) return [];
  const [one, other, third] = said.length === 2 ? said.map((term) => [term]) : namesIn(said);
  if (!one || !other || third) return [];
  return [attributeOf(one, other), attributeOf(other, one)];
}

/** Terms side by side are one name. */
function namesIn(terms: readonly Term[]): Term[][] {
  const names: Term[][] = [];
  for (const term of terms) {
    if (term.isNext && names.length > 0) names.at(-1)!.push(term);
    else names.push([term]);
  }
  return names;
}

/** What becomes of a passage. */
export interface Judgement {
  /** How much of the question the passage covers: 0 nothing, 1 all of it. */
  readonly score: number;
  /** What puts passages in order. */
  readonly rank: number;
  /** Whether it may say in other words what a long question asks: a model can tell, though words cannot. */
  readonly isNear: boolean;
}

/**
 * What meeting a term counts if the word beside it, which makes one name with it, is nowhere in the passage: known
 * elsewhere, known elsewhere and all else that is asked, or known nowhere.
 */
const MET = { half: 0.85, halfOfAll: 0.7, halfUnknown: 0.5 };
/** What counts besides coverage when passages are put in order. */
const ORDER = {
  bm25: 0.25,
  lead: 0.25,
  defines: 0.8,
  instructs: 0.15,
  named: 0.8,
  counts: 0.15,
  self: 0.45,
  main: 0.82,
  foreign: 0.5,
};
/** A question that says less, as a share of what a term of a single passage says, needs a passage about just that. */
const LEAST_SAID = 1;
/** What a passage counts that explains the thing in passing, that speaks of it, and that only has the word. */
const DEFINES = { mentioned: 0.95, subject: 1, not: 0.35 };

/** Terms of a long question, and how much of it a passage covers that may answer it in other words. */
const LONG = 4, NEAR = 0.25;

/** Judge a passage by a close look at it. `found`: its score as a candidate; 0 if only its meaning brought it up. */
export function judge(about: Case, look: Look, found: number): Judgement {
  const { part, terms, main, whole, isShort, isLong, highest, least } = about;
  const { covered, lead } = cover(terms, look);
  if (covered === 0 || covered / whole < least) return NOTHING;
  const namesOne = about.said.length === 1 && !part.asksHow && !part.asksOf && !part.asksHowMany;
  const defined = part.asksWhatItIs || namesOne || isShort ? definition(terms, look.things) / whole : 0;
  // A few common words are in every other passage by chance, unless it is about them.
  const isSubject = isShort && about.own && isMeant(about.own, look.things.subjects);
  const isSaid = isShort && givesAtOnce(look, part, about.said);
  const isAbout = isSubject || isSaid || (part.asksAgent && look.ofAgent) ? 1 : Math.max(lead / whole, defined);
  // `And when?` asks it of what was asked before.
  const isGiven = gives(look, part, about.said.length === 0 && !part.asksAgent ? terms : about.said);
  const isAboutIt = aboutness(about, look);
  // What was spoken of before is no answer, if nothing of the question itself is said of it.
  const isAsked = about.said.length === 0 || about.pointedTo.length === 0 ||
    about.said.some((term) => share(term, look.terms) > 0);
  const coverage = isAsked ? Math.min(covered / whole, coverageOfName(about, look)) : 0;
  const score = (isShort ? Math.min(isAbout, coverage) : coverage) * isAboutIt * (isGiven ? 1 : DEFINES.not);
  const isNear = isLong && isGiven && isAboutIt === 1 && score >= NEAR;
  if (score < least) return { score, rank: score, isNear };
  const order = 1 + ORDER.bm25 * found / highest + ORDER.lead * lead / whole +
    (part.asksWhatItIs || namesOne ? ORDER.defines * defined : 0) +
    (part.asksHow ? instruction(about, look) : 0) +
    (part.asksHowMany && isGiven ? ORDER.counts : 0) -
    (part.asksAgent === look.ofAgent ? 0 : ORDER.self);
  return { score, rank: score * order * inLanguage(look.language, part.language, main), isNear };
}

/** What a passage counts for a question how to do something: more if it names the way by a word of the question. */
function instruction({ terms, whole }: Case, look: Look): number {
  if (!look.instructs) return 0;
  let named = 0;
  for (const term of terms) if (!term.isContext && isMeant(term, look.things.mentioned)) named += term.weight;
  return ORDER.instructs + ORDER.named * named / whole;
}

const NOTHING: Judgement = { score: 0, rank: 0, isNear: false };

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

/**
 * How much a passage covers of a question of which it has one name and nothing else: a name of two words is one thing,
 * and says no more of `does Anna Rossi have children?` than `Anna`. 1 where it has more.
 */
function coverageOfName({ said, part, whole }: Case, look: Look): number {
  if (part.asksWhatItIs) return 1;
  let met: Term[] | undefined;
  for (const name of namesIn(said)) {
    if (!name.some((term) => share(term, look.terms) > 0)) continue;
    if (met) return 1;
    met = name;
  }
  // The first word may have its capital from the start of the sentence.
  if (!met || met.length === 1 || met.length === said.length || !met.slice(1).every(({ isName }) => isName)) return 1;
  const weights = met.map(({ weight }) => weight), most = Math.max(...weights);
  return most / (whole - weights.reduce((sum, weight) => sum + weight, 0) + most);
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
function aboutness({ own, attributes, pointedTo }: Case, look: Look): number {
  if (pointedTo.length > 0 && !pointedTo.some((term) => isMeant(term, look.terms))) return DEFINES.not;
  if (attributes.length > 0) return attributes.some((one) => says(look, one)) ? 1 : DEFINES.not;
  return own ? aboutThing(own, look.things) : 1;
}

/** How much a passage is about a thing. */
function aboutThing(thing: Term, { names, mentioned, subjects }: Things): number {
  if (names.some((name) => isMeant(thing, name))) return 1;
  if (isMeant(thing, mentioned)) return DEFINES.mentioned;
  return thing.isThing || isMeant(thing, subjects) ? DEFINES.subject : DEFINES.not;
}
