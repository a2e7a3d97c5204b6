/** Whether a passage says what is asked of a thing. @module */

import { SAYS_PRICE } from "./kinds.ts";
import { isMeant, share, type Terms } from "./meeting.ts";
import { countedBy, isNumber, type Look, type Sentence } from "./passage_look.ts";
import type { AskedPart } from "./question.ts";
import type { Term } from "./terms.ts";
import type { Word } from "./words.ts";

/** Something that is asked of a thing: `the price of bread`. */
export interface Attribute {
  readonly asked: readonly Term[];
  readonly of: readonly Term[];
  /** The words that say what is asked, those that may stand for one of these, and those that say the thing. */
  readonly words: {
    readonly asked: ReadonlySet<string>;
    readonly may: ReadonlySet<string>;
    readonly of: ReadonlySet<string>;
  };
}

/** What is asked of a thing. */
export function attributeOf(asked: readonly Term[], of: readonly Term[]): Attribute {
  const meant = (terms: readonly Term[]) =>
    new Set(terms.flatMap(({ isKnown, forms, similar }) => isKnown ? forms : [...forms, ...similar]));
  const may = new Set(asked.flatMap(({ forms, similar }) => [...forms, ...similar]));
  return { asked, of, words: { asked: meant(asked), may, of: meant(of) } };
}

/**
 * Whether a passage says it: where both stand together, or where what it says of bread has a price, and not that of
 * something else. That it has both words somewhere is not enough.
 */
export function says({ terms, things }: Look, attribute: Attribute): boolean {
  const { asked, of, words } = attribute;
  if (!meetHalf(asked, terms, share) || !meetMost(of, terms)) return false;
  const names = things.names.filter((name) => meetMost(of, name));
  if (names.some((name) => meetHalf(asked, name, share))) return true;
  const isOwn = names.some((name) => name.isSubsetOf(words.of));
  return things.sentences.some((sentence) => sentenceSays(sentence, attribute, isOwn));
}

/** `isOwn`: whether the passage is about the thing. */
function sentenceSays({ terms, words }: Sentence, attribute: Attribute, isOwn: boolean): boolean {
  const { asked, of, words: { asked: askedWords, may, of: ofWords } } = attribute;
  const hasThing = meetMost(of, terms);
  if (!hasThing && !isOwn) return false;
  if (meetHalf(asked, terms, isMeant) && isFree(words, attribute)) {
    // A word that may only stand for what was asked is found in many a sentence, and what is said of `the end of a task`
    // is said of a task only in the very words.
    const isVery = asked.some(({ forms }) => forms.some((form) => terms.has(form)));
    if (hasThing && (isVery ? leads(words, ofWords) : ofWords.has(words[0]?.whole ?? ""))) return true;
    if (isOwn && (isVery || leads(words, askedWords))) return true;
  }
  return hasThing && meetHalf(asked, terms, share) && words.some(({ whole, isJoined }, place) => {
    const before = words[place - 1]?.whole, next = words[place + 1];
    // `The holder of an Ethereum account` is none of Ethereum.
    const isWhole = !next?.isNext || may.has(next.whole) || ofWords.has(next.whole);
    return isJoined && before !== undefined && isWhole &&
      ((may.has(before) && ofWords.has(whole)) || (ofWords.has(before) && may.has(whole)));
  });
}

/** Whether what is asked is said somewhere of nothing else: not `the price of flour`. */
function isFree(words: readonly Word[], { words: { asked, of } }: Attribute): boolean {
  return words.some(({ whole }, place) => {
    const next = words[place + 1];
    return asked.has(whole) && !(next?.isJoined && !next.isNext && !of.has(next.whole));
  });
}

/** Whether a sentence begins with one of some words, or with one that belongs to it: `the end of a task`. */
function leads(words: readonly Word[], some: ReadonlySet<string>): boolean {
  for (let place = 0; place < words.length; place++) {
    const { whole, isJoined } = words[place]!;
    if (place > 0 && !isJoined) return false;
    if (some.has(whole)) return true;
  }
  return false;
}

/**
 * Whether a passage has what is asked for, where that can be told by a sign: a year for a date, a number of what is
 * counted. The sign stands in a sentence that speaks of the thing, or in a passage that is about it.
 */
export function gives(look: Look, { kind, asksHowMany, text }: AskedPart, said: readonly Term[]): boolean {
  const { things } = look;
  if (asksHowMany) {
    const signed = things.signed(countedBy(text));
    if (signed.length === 0) return false;
    const last = said.findIndex(({ isNext }, place) => place > 0 && !isNext);
    const counted = last < 0 ? said : said.slice(0, last);
    const isCounted = (of: Terms) => counted.length === 0 || counted.some((term) => share(term, of) > 0);
    const isOwn = things.names.some(isCounted);
    if (!isOwn && !signed.some(({ terms }) => isCounted(terms))) return false;
  }
  if (!kind) return true;
  if (kind === "price") return givesPrice(look, said);
  const signed = things.signed(kind);
  if (signed.length === 0) return false;
  if (kind === "spot") {
    // All of the name: what is in Mill Street is not the Old Mill.
    const hasName = (by: Terms) => said.every((term) => isMeant(term, by));
    return hasName(look.lead) || things.names.some(hasName) || signed.some(({ terms }) => hasName(terms));
  }
  // Of `how big is a task`, a sentence may leave out the first word alone.
  const of = kind === "size" ? said.slice(1) : said;
  const speaks = (by: Terms) => meetHalf(of, by, isMeant);
  const isOwn = !signed.every(({ isOfMade }) => isOfMade) &&
    things.names.some((name) => of.some((term) => isMeant(term, name)));
  return isOwn || signed.some(({ terms }) => speaks(terms));
}

/** Words of a sentence that may say something of the thing in the one before it, at most. */
const SHORT = 3;

/**
 * Whether a passage says what a thing costs, where its name has two or three words; whether one says it of a thing of one
 * word is told by what it says of which thing.
 */
function givesPrice(look: Look, said: readonly Term[]): boolean {
  const of = said.filter(({ term }) => !SAYS_PRICE.test(term));
  const isName = (of.length === 2 || of.length === 3) && of.slice(1).every(({ isNext }) => isNext);
  const { names, sentences } = look.things, signed = new Set(look.things.signed("price"));
  // `Nine books` are no price of a book.
  const isCounted = ({ whole, isNext }: Word, place: number, words: readonly Word[]) =>
    isNext && isNumber(words[place - 1]!.written) && of.some(({ forms }) => forms.includes(whole));
  if (!isName) return signed.size > 0 || look.things.signed("count").some(({ words }) => !words.some(isCounted));
  const hasName = (by: Terms) => of.every((term) => isMeant(term, by));
  if (signed.size > 0 && names.some(hasName)) return true;
  return sentences.some((sentence, place) => {
    if (!signed.has(sentence)) return false;
    // `Chocolate cake: 20` is two, and so is `… is our best one. It costs 20 euros.`
    const before = sentence.words.length <= SHORT ? sentences[place - 1] : undefined;
    return hasName(sentence.terms) || (before !== undefined && hasName(before.terms));
  });
}

/** Whether one sentence has all that is asked about, and the sign of what is asked for: that is no chance. */
export function givesAtOnce({ things }: Look, { kind, asksHowMany, text }: AskedPart, said: readonly Term[]): boolean {
  const sign = kind ?? (asksHowMany ? countedBy(text) : undefined);
  const of = said.filter(({ term }) => !SAYS_PRICE.test(term));
  return sign !== undefined && of.length > 0 &&
    things.signed(sign).some(({ terms }) => of.every((term) => isMeant(term, terms)));
}

/** Whether a passage has the sign of what is asked for, wherever in it. */
export function mayGive({ things }: Look, { kind, asksHowMany, text }: AskedPart): boolean {
  return (!kind || things.signed(kind).length > 0) && (!asksHowMany || things.signed(countedBy(text)).length > 0);
}

/** Whether a set has half of the terms: `name` of a `full name`. */
function meetHalf(terms: readonly Term[], by: Terms, meets: (term: Term, by: Terms) => boolean | number): boolean {
  let met = 0;
  for (const term of terms) if (meets(term, by)) met++;
  return met >= terms.length / 2;
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
