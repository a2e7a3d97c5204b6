/** The terms of a question, and how much each of them counts before the knowledge that is there. @module */

import { type Kind, SAYS_CITY, SAYS_KIND, signOf } from "./kinds.ts";
import { type Language, smallWordsOf } from "./language.ts";
import { type Facts, Lexicon, rarity, type Vocabulary } from "./lexicon.ts";
import type { AskedPart } from "./question.ts";
import { type Word, wordsOf } from "./words.ts";

/** A term of a question. */
export interface Term extends Pick<Facts, "isKnown" | "forms" | "similar"> {
  readonly term: string;
  /** Its share in what the question is about. */
  readonly weight: number;
  /** Whether it is a file, a variable or a version: nothing that a text has by chance. */
  readonly isThing: boolean;
  /** Whether it comes from the conversation, and not from the question. */
  readonly isContext: boolean;
  /** Whether it is asked of a thing: `price` in `the price of bread`. */
  readonly isAsked: boolean;
  /** Whether it makes another question of it: a name or a year that nobody knows, or the news of the day. */
  readonly isPivotal: boolean;
  /** Whether it is written with a capital, and not at the start of a sentence. */
  readonly isName: boolean;
  /** Whether it stands right behind the term before it: `credit card`. */
  readonly isNext: boolean;
}

/** Most terms of a question that are looked up: the rarest ones. */
const MAX_TERMS = 32;
/**
 * What a term counts that comes from the conversation; and a name or a year that no passage has, or a word that asks for the news
 * of the day: without it, the question is another one, so it outweighs others. `unknown`: how many
 * times the highest rarity a term counts that no passage has, nor one that is similar: above 1, since a wrong answer is
 * worse than none.
 */
const WEIGHT = { context: 0.4, pivotal: 3, unknown: 1.3 };

/** Weighs the terms of questions. */
export interface Weigher {
  /** The terms of a question, in its order. */
  weigh(part: AskedPart): Term[];
  /** The terms of what a question points to; those that nobody knows too. */
  pointedTo(part: AskedPart): Term[];
  /** Whether the knowledge has a word, or one that may stand for it. */
  isKnown(word: string, language: Language): boolean;
}

/** Whether a word only says which kind is asked for: `old` does, but not in the name of the Old Mill. */
function saysKind({ written, isName }: Word, kind: Kind): boolean {
  if (kind === "owner" && !isName && signOf(kind).test(`${written}:`)) return true;
  if (kind === "city" && SAYS_CITY.test(written)) return true;
  return SAYS_KIND.test(written) && kind !== "price" && !(kind === "spot" && isName);
}

/** What some words are in a question. */
interface Role {
  readonly isContext?: boolean;
  readonly isAsked?: boolean;
  /** Whether they are all that is asked, so that what nobody knows counts too. */
  readonly isAll?: boolean;
  readonly kind?: Kind | undefined;
}

/** What a term counts at least that tells what `it` means, as a share of the one that counts most. */
const TELLING = 0.6;

/** What `it` may mean. */
const POINTED_TO: Role = { isContext: true, isAll: true };

/** Weigh the terms of questions by what a vocabulary has. */
export function createWeigher(vocabulary: Vocabulary): Weigher {
  const lexicon = new Lexicon(vocabulary);
  const unknown = rarity(vocabulary, 0) * WEIGHT.unknown;

  function termsFrom(
    words: readonly Word[],
    language: Language,
    { isContext = false, isAsked = false, isAll = false, kind }: Role = {},
  ): Term[] {
    const terms: Term[] = [];
    for (const word of words) {
      if (kind && saysKind(word, kind)) continue;
      for (const [place, { term, facts }] of lexicon.resolve(word, language).entries()) {
        if (!facts && ((isContext && !isAll) || isNoise(word, language, words.length))) continue;
        const isPivotal = !isContext && !facts && (word.isName || YEAR.test(word.written)), { isName } = word;
        const significance = isContext ? WEIGHT.context : isPivotal ? WEIGHT.pivotal : 1;
        terms.push({
          term,
          weight: (facts?.rare ?? unknown) * significance,
          isKnown: facts?.isKnown ?? false,
          forms: facts?.forms ?? [],
          similar: facts?.similar ?? NONE,
          isThing: (facts?.isKnown ?? false) && THING.test(word.written),
          isContext,
          isAsked,
          isPivotal,
          isName,
          isNext: word.isNext || place > 0,
        });
      }
    }
    return terms;
  }

  return {
    weigh({ text, language, topic, attribute, kind, asksNews, asksHowMany }) {
      const all = attribute
        ? [
          ...termsFrom(wordsOf(attribute.asked, language), language, { isAsked: true, kind }),
          ...termsFrom(wordsOf(attribute.of, language), language, { kind }),
        ]
        : termsFrom(wordsOf(text, language), language, { kind });
      if (all.length === 0 && topic === undefined) all.push(...termsFrom(wordsOf(text, language), language));
      // Nothing but `how many RLC` asks how many there are.
      if (asksHowMany && all.length === 1) all.push(...termsFrom(wordsOf(IN_ALL, "en"), "en", { isContext: true }));
      if (asksNews) all.push(newsTerm(unknown * WEIGHT.pivotal));
      // `And when?`, after who founded it, is answered by nothing that was founded by nobody.
      const isAll = all.length === 0 && kind !== undefined;
      if (topic !== undefined) all.push(...termsFrom(wordsOf(topic, language), language, { isContext: true, isAll }));
      const seen = new Set<string>();
      const once = all.filter(({ term }) => !seen.has(term) && seen.add(term));
      if (once.length <= MAX_TERMS) return once;
      const least = once.map(({ weight }) => weight).sort((a, b) => b - a)[MAX_TERMS - 1] ?? 0;
      return once.filter(({ weight }) => weight >= least).slice(0, MAX_TERMS);
    },
    pointedTo: ({ pointsTo = "", language }) => tellingOf(termsFrom(wordsOf(pointsTo, language), language, POINTED_TO)),
    isKnown: (word, language) =>
      wordsOf(word, language).some((one) => lexicon.resolve(one, language).some(({ facts }) => facts !== undefined)),
  };
}

/** Without words that every other passage has, which tell of no thing: `employees` in a handbook. */
function tellingOf(terms: readonly Term[]): Term[] {
  const least = TELLING * Math.max(0, ...terms.map(({ isKnown, weight }) => isKnown ? weight : 0));
  return terms.filter(({ weight }) => weight >= least);
}

const IN_ALL = "total";
const NONE: readonly string[] = [];
/** A file, a variable, a version. */
const THING = /[\d._-]/;

/** What stands for the news of the day, which no passage has. */
function newsTerm(weight: number): Term {
  return {
    term: "",
    weight,
    isKnown: false,
    forms: [],
    similar: NONE,
    isThing: false,
    isContext: false,
    isAsked: false,
    isPivotal: true,
    isName: false,
    isNext: false,
  };
}

/** A number that is nowhere in the knowledge, or a small word with a wrong letter, changes no question. */
function isNoise({ written }: Word, language: Language, words: number): boolean {
  if (/^\d+$/.test(written)) return words > 1 && !YEAR.test(written);
  if (written.length < 4 || !anagramsOf(language).has(lettersOf(written))) return false;
  // Letters in the wrong order; a wrong letter would make `carta` a `cara`.
  for (let at = 0; at < written.length - 1; at++) {
    const swapped = written.slice(0, at) + written[at + 1] + written[at] + written.slice(at + 2);
    if (smallWordsOf(language).has(swapped)) return true;
  }
  return false;
}

/** A number that words of the same letters share, in whatever order; hardly any others do. */
function lettersOf(word: string): number {
  let sum = word.length;
  for (let at = 0; at < word.length; at++) sum += word.charCodeAt(at) ** 3;
  return sum;
}

const ANAGRAMS: Partial<Record<Language, ReadonlySet<number>>> = {};

/** The numbers of a language's small words, which spare most words the look at every swap of two letters. */
function anagramsOf(language: Language): ReadonlySet<number> {
  return ANAGRAMS[language] ??= new Set(Array.from(smallWordsOf(language), lettersOf));
}

/** A year asks for something of its own. */
const YEAR = /^(?:19|20)\d\d$/;
