/** The terms of a question, and how much each of them counts before the knowledge that is there. @module */

import { type Language, smallWordsOf } from "./language.ts";
import type { AskedPart } from "./question.ts";
import { stemOf } from "./stems.ts";
import type { Synonyms } from "./synonyms.ts";
import { type LongTerms, longTermsOf, nearestTo } from "./typos.ts";
import { type Word, wordsOf } from "./words.ts";

/** A term of a question. */
export interface Term {
  readonly term: string;
  /** Its share in what the question is about. */
  readonly weight: number;
  /** Whether some passage has it. */
  readonly isKnown: boolean;
  /** The forms in which passages have it: its stem, and the stems that it has in the other languages of the knowledge. */
  readonly forms: readonly string[];
  /** Terms that some passage has and that may stand for it. */
  readonly similar: readonly string[];
  /** Whether it is a file, a variable or a version: nothing that a text has by chance. */
  readonly isThing: boolean;
  /** Whether it comes from the conversation, and not from the question. */
  readonly isContext: boolean;
  /** Whether it stands right behind the term before it: `credit card`. */
  readonly isNext: boolean;
}

/** Most terms of a question that are looked up: the rarest ones. */
const MAX_TERMS = 32;
/**
 * What a term counts that comes from the conversation; and a name that no passage has, or a word that asks for the news
 * of the day: without it, the question is another one, so it outweighs others. `unknown`: how many
 * times the highest rarity a term counts that no passage has, nor one that is similar: above 1, since a wrong answer is
 * worse than none.
 */
const WEIGHT = { context: 0.4, pivotal: 3, unknown: 1.3 };

/** What the knowledge says of terms. */
export interface Vocabulary {
  /** In how many passages each term is. */
  readonly frequency: ReadonlyMap<string, number>;
  /** How many passages there are. */
  readonly size: number;
  readonly synonyms: Synonyms;
  /** The languages that the passages are in, the commonest first. */
  readonly languages: readonly Language[];
}

/** How telling a term is that so many passages have. */
export function rarity({ size }: Pick<Vocabulary, "size">, count: number): number {
  return Math.log(1 + size / (count + 0.5));
}

/** Weighs the terms of questions. */
export interface Weigher {
  /** The terms of a question, in its order. */
  weigh(part: AskedPart): Term[];
  /** Whether the knowledge has a word, or one that may stand for it. */
  isKnown(word: string, language: Language): boolean;
}

/** What the knowledge says of one term, whatever the question. */
interface Facts extends Pick<Term, "isKnown" | "forms" | "similar"> {
  readonly rare: number;
}

/** The terms that a word stands for. */
type Resolved = readonly { readonly term: string; readonly facts: Facts | undefined }[];

/** Weigh the terms of questions by what a vocabulary has. */
export function createWeigher(vocabulary: Vocabulary): Weigher {
  const { frequency, synonyms, languages } = vocabulary;
  const facts = new Map<string, Facts>();
  /** Made for the first word that nobody knows. */
  let longTerms: LongTerms | undefined;

  /** What is known of a term; undefined if nothing is, so that what nobody ever wrote does not fill the memory. */
  function factsOf(term: string, language: Language): Facts | undefined {
    const key = `${language} ${term}`;
    const remembered = facts.get(key);
    if (remembered) return remembered;
    const isKnown = frequency.has(term);
    // A word that most passages would have need not be looked for in other languages.
    const others = isKnown && language === languages[0] ? [language] : languages;
    const similar = Array.from(synonyms.of(term, language, others)).filter((other) => frequency.has(other));
    const forms = isKnown ? [term] : [];
    const counts = isKnown ? forms : similar;
    if (counts.length === 0) return undefined;
    const rare = rarity(vocabulary, Math.max(...counts.map((one) => frequency.get(one) ?? 0)));
    const found = { isKnown, forms, similar, rare };
    facts.set(key, found);
    return found;
  }

  /** What is known of a term that passages have in several forms. */
  function shared(term: string, forms: readonly string[], own: Facts | undefined): Facts {
    const [only] = forms;
    if (forms.length === 1 && only === term && own) return own;
    const similar = [
      ...own?.similar ?? [],
      ...languages.flatMap((other) => forms.flatMap((form) => factsOf(form, other)?.similar ?? [])),
    ];
    const rare = rarity(vocabulary, Math.max(...forms.map((form) => frequency.get(form) ?? 0)));
    return { isKnown: true, forms, similar: [...new Set(similar)].filter((one) => !forms.includes(one)), rare };
  }

  /** Words that are known themselves: their forms are few, so this does not grow with the questions. */
  const known = new Map<Language, Map<string, Resolved>>();
  /** What a word stands for, if it is known itself or others may stand for it. */
  function resolveWhole({ whole, written }: Word, language: Language): Resolved | undefined {
    const remembered = known.get(language)?.get(written);
    if (remembered) return remembered;
    const own = factsOf(whole, language);
    // A word that languages share, such as `voucher`, has a stem in each.
    const isMain = own?.isKnown && language === languages[0];
    const foreign = isMain ? [] : languages.map((other) => stemOf(written, other));
    const stems = [...new Set([...own?.forms ?? [], ...foreign])];
    const forms = stems.filter((stem) => frequency.has(stem));
    const facts = !isMain && forms.length > 0 ? shared(whole, forms, own) : own;
    if (!facts) return undefined;
    const found = [{ term: whole, facts }];
    const inLanguage = known.get(language) ?? new Map<string, Resolved>();
    known.set(language, inLanguage.set(written, found));
    return found;
  }

  /** The terms that a word stands for: itself if it is known, else its parts, in the question's language or another. */
  function resolve(word: Word, language: Language): Resolved {
    const { whole, parts, written } = word;
    const found = resolveWhole(word, language);
    if (found) return found;
    if (parts.length > 1 || parts[0] !== whole) return parts.map((term) => ({ term, facts: factsOf(term, language) }));
    // An English word that a group knows, in a question of another language.
    const english = language === "en" ? undefined : factsOf(stemOf(written, "en"), "en");
    if (english) return [{ term: stemOf(written, "en"), facts: english }];
    const meant = synonyms.has(whole, language)
      ? undefined
      : nearestTo(whole, written, longTerms ??= longTermsOf(frequency.keys()));
    return [{ term: meant ?? whole, facts: meant === undefined ? undefined : factsOf(meant, language) }];
  }

  function termsFrom(words: readonly Word[], language: Language, isContext: boolean): Term[] {
    const terms: Term[] = [];
    for (const word of words) {
      for (const [place, { term, facts }] of resolve(word, language).entries()) {
        if (!facts && (isContext || isNoise(word, language, words.length))) continue;
        const significance = isContext ? WEIGHT.context : !facts && word.isName ? WEIGHT.pivotal : 1;
        terms.push({
          term,
          weight: (facts?.rare ?? rarity(vocabulary, 0) * WEIGHT.unknown) * significance,
          isKnown: facts?.isKnown ?? false,
          forms: facts?.forms ?? [],
          similar: facts?.similar ?? NONE,
          isThing: (facts?.isKnown ?? false) && THING.test(word.written),
          isContext,
          isNext: word.isNext || place > 0,
        });
      }
    }
    return terms;
  }

  return {
    weigh({ text, language, topic, asksNews, asksHowMany }) {
      const all = termsFrom(wordsOf(text, language), language, false);
      // Nothing but `how many RLC` asks how many there are.
      if (asksHowMany && all.length === 1) all.push(...termsFrom(wordsOf(IN_ALL, "en"), "en", true));
      if (asksNews) all.push(newsTerm(vocabulary));
      if (topic !== undefined) all.push(...termsFrom(wordsOf(topic, language), language, true));
      const seen = new Set<string>();
      const once = all.filter(({ term }) => !seen.has(term) && seen.add(term));
      if (once.length <= MAX_TERMS) return once;
      const least = once.map(({ weight }) => weight).sort((a, b) => b - a)[MAX_TERMS - 1] ?? 0;
      return once.filter(({ weight }) => weight >= least).slice(0, MAX_TERMS);
    },
    isKnown: (word, language) =>
      wordsOf(word, language).some((one) => resolve(one, language).some(({ facts }) => facts !== undefined)),
  };
}

const IN_ALL = "total";
const NONE: readonly string[] = [];
/** A file, a variable, a version. */
const THING = /[\d._-]/;

/** What stands for the news of the day, which no passage has. */
function newsTerm(vocabulary: Vocabulary): Term {
  const weight = rarity(vocabulary, 0) * WEIGHT.unknown * WEIGHT.pivotal;
  return {
    term: "",
    weight,
    isKnown: false,
    forms: [],
    similar: NONE,
    isThing: false,
    isContext: false,
    isNext: false,
  };
}

/** A number that is nowhere in the knowledge, or a small word with a wrong letter, changes no question. */
function isNoise({ written }: Word, language: Language, words: number): boolean {
  if (/^\d+$/.test(written)) return words > 1 && !YEAR.test(written);
  if (written.length < 4) return false;
  // Letters in the wrong order; a wrong letter would make `carta` a `cara`.
  for (let at = 0; at < written.length - 1; at++) {
    const swapped = written.slice(0, at) + written[at + 1] + written[at] + written.slice(at + 2);
    if (smallWordsOf(language).has(swapped)) return true;
  }
  return false;
}

/** A year asks for something of its own. */
const YEAR = /^(?:19|20)\d\d$/;
