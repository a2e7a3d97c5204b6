/** What the knowledge says of words, whatever the question: which of its terms they stand for, and how rare these are. @module */

import type { Language } from "./language.ts";
import type { Frequency } from "./postings.ts";
import { stemOf } from "./stems.ts";
import type { Synonyms } from "./synonyms.ts";
import { type LongTerms, longTermsOf, nearestTo } from "./typos.ts";
import type { Word } from "./words.ts";

/** What the knowledge says of terms. */
export interface Vocabulary {
  /** In how many passages each term is. */
  readonly frequency: Frequency;
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

/** What the knowledge says of a term. */
export interface Facts {
  /** Whether some passage has it. */
  readonly isKnown: boolean;
  /** The forms in which passages have it: its stem, and the stems that it has in the other languages of the knowledge. */
  readonly forms: readonly string[];
  /** Terms that some passage has and that may stand for it. */
  readonly similar: readonly string[];
  readonly rare: number;
}

/** The terms that a word stands for; no facts of one that nobody knows. */
export type Resolved = readonly { readonly term: string; readonly facts: Facts | undefined }[];

/** Looks words up. What it finds of words that are known is remembered. */
export class Lexicon {
  readonly #vocabulary: Vocabulary;
  readonly #facts = new Map<string, Facts>();
  /** Words that are known themselves: their forms are few, so this does not grow with the questions. */
  readonly #known = new Map<Language, Map<string, Resolved>>();
  /** Made for the first word that nobody knows. */
  #longTerms: LongTerms | undefined;

  constructor(vocabulary: Vocabulary) {
    this.#vocabulary = vocabulary;
  }

  /** The terms that a word stands for: itself if it is known, else its parts, in the question's language or another. */
  resolve(word: Word, language: Language): Resolved {
    const { whole, parts, written } = word;
    const found = this.#resolveWhole(word, language);
    if (found) return found;
    if (parts.length > 1 || parts[0] !== whole) {
      return parts.map((term) => ({ term, facts: this.#factsOf(term, language) }));
    }
    // An English word that a group knows, in a question of another language.
    const english = language === "en" ? undefined : this.#factsOf(stemOf(written, "en"), "en");
    if (english) return [{ term: stemOf(written, "en"), facts: english }];
    const meant = this.#meantBy(word, language);
    return [{ term: meant ?? whole, facts: meant === undefined ? undefined : this.#factsOf(meant, language) }];
  }

  /** What a word stands for, if it is known itself or others may stand for it. */
  #resolveWhole({ whole, written }: Word, language: Language): Resolved | undefined {
    const remembered = this.#known.get(language)?.get(written);
    if (remembered) return remembered;
    const { frequency, languages } = this.#vocabulary;
    const own = this.#factsOf(whole, language);
    // A word that languages share, such as `voucher`, has a stem in each.
    const isMain = own?.isKnown && language === languages[0];
    const foreign = isMain ? [] : languages.map((other) => stemOf(written, other));
    const stems = [...new Set([...own?.forms ?? [], ...foreign])];
    const forms = stems.filter((stem) => frequency.has(stem));
    const facts = !isMain && forms.length > 0 ? this.#shared(whole, forms, own) : own;
    if (!facts) return undefined;
    const found = [{ term: whole, facts }];
    const inLanguage = this.#known.get(language) ?? new Map<string, Resolved>();
    this.#known.set(language, inLanguage.set(written, found));
    return found;
  }

  /** What is known of a term; undefined if nothing is, so that what nobody ever wrote does not fill the memory. */
  #factsOf(term: string, language: Language): Facts | undefined {
    const key = `${language} ${term}`;
    const remembered = this.#facts.get(key);
    if (remembered) return remembered;
    const { frequency, synonyms, languages } = this.#vocabulary;
    const isKnown = frequency.has(term);
    // A word that most passages would have need not be looked for in other languages.
    const others = isKnown && language === languages[0] ? [language] : languages;
    const similar = Array.from(synonyms.of(term, language, others)).filter((other) => frequency.has(other));
    const forms = isKnown ? [term] : [];
    const counts = isKnown ? forms : similar;
    if (counts.length === 0) return undefined;
    const found = { isKnown, forms, similar, rare: this.#rarest(counts) };
    this.#facts.set(key, found);
    return found;
  }

  /** What is known of a term that passages have in several forms. */
  #shared(term: string, forms: readonly string[], own: Facts | undefined): Facts {
    const [only] = forms;
    if (forms.length === 1 && only === term && own) return own;
    const similar = [
      ...own?.similar ?? [],
      ...this.#vocabulary.languages.flatMap((other) =>
        forms.flatMap((form) => this.#factsOf(form, other)?.similar ?? [])
      ),
    ].filter((one) => !forms.includes(one));
    return { isKnown: true, forms, similar: [...new Set(similar)], rare: this.#rarest(forms) };
  }

  /** How telling terms are that stand for each other: as the commonest of them. */
  #rarest(terms: readonly string[]): number {
    const { frequency } = this.#vocabulary;
    return rarity(this.#vocabulary, Math.max(...terms.map((term) => frequency.get(term) ?? 0)));
  }

  /** The term that is meant by a word with a wrong letter. */
  #meantBy({ whole, written }: Word, language: Language): string | undefined {
    const { frequency, synonyms } = this.#vocabulary;
    if (synonyms.has(whole, language)) return undefined;
    return nearestTo(whole, written, this.#longTerms ??= longTermsOf(frequency.keys()));
  }
}
