/** Which terms may stand for which: within a language, and from the language of a question to those of the knowledge. @module */

import { generalWords, type WordGroup } from "./general_words.ts";
import { type Language, SPOKEN, type Spoken } from "./language.ts";
import { beginningOf, stemOf } from "./stems.ts";

/** Finds what may stand for a term. */
export interface Synonyms {
  /** Stems in the languages `into` that may stand for a stem of `language`, itself excluded. */
  of(term: string, language: Language, into: readonly Language[]): ReadonlySet<string>;
  /** Whether a stem of `language` stands in a group, and so is a word that somebody expects. */
  has(term: string, language: Language): boolean;
}

/** Synonyms of general words, and of a character's own groups. */
export function openSynonyms(own: readonly WordGroup[]): Synonyms {
  const languages = new Map<Spoken, GroupsIn>();
  const groupsIn = (language: Language): GroupsIn | undefined => {
    const spoken = SPOKEN.find((one) => one === language);
    if (spoken === undefined) return undefined;
    const known = languages.get(spoken);
    if (known) return known;
    const groups = new GroupsIn([...generalWords(spoken), ...own.map((group) => group[spoken] ?? [])], spoken);
    languages.set(spoken, groups);
    return groups;
  };
  return {
    of(term, language, into) {
      const places = groupsIn(language)?.placesOf(term) ?? [];
      const others = new Set(
        places.flatMap((place) => into.flatMap((target) => groupsIn(target)?.stemsAt(place) ?? [])),
      );
      others.delete(term);
      return others;
    },
    has: (term, language) => (groupsIn(language)?.placesOf(term).length ?? 0) > 0,
  };
}

/** Letters that a word and its stem begin with, unless they are shorter. */
const SHARED_LETTERS = 2;

/** All groups in one language. To find the stems of all words would take 2 ms of the first question of each start. */
class GroupsIn {
  readonly #groups: readonly (readonly string[])[];
  readonly #language: Spoken;
  readonly #stems: (readonly string[] | undefined)[] = [];
  /** The places of the groups by the first letters of their words. */
  #byLetters: ReadonlyMap<string, readonly { word: string; place: number }[]> | undefined;
  /** The places of the groups by the stems of their words, of all words with the same first letters. */
  readonly #places = new Map<string, Map<string, number[]>>();

  constructor(groups: readonly (readonly string[])[], language: Spoken) {
    this.#groups = groups;
    this.#language = language;
  }

  /** The stems of a group. */
  stemsAt(place: number): readonly string[] {
    return this.#stems[place] ??= (this.#groups[place] ?? []).map((word) => stemOf(word, this.#language));
  }

  /** The groups that have a word with this stem. */
  placesOf(stem: string): readonly number[] {
    const letters = stem.slice(0, SHARED_LETTERS);
    let places = this.#places.get(letters);
    if (!places) {
      this.#byLetters ??= this.#wordsByLetters();
      const words = this.#byLetters.get(letters);
      // Whatever nobody knows must not fill the memory.
      if (!words) return NONE;
      this.#places.set(letters, places = new Map());
      for (const { word, place } of words) {
        const stem = stemOf(word, this.#language);
        const others = places.get(stem);
        if (others) others.push(place);
        else places.set(stem, [place]);
      }
    }
    return places.get(stem) ?? NONE;
  }

  #wordsByLetters() {
    const byLetters = new Map<string, { word: string; place: number }[]>();
    for (const [place, words] of this.#groups.entries()) {
      for (const word of words) {
        const letters = beginningOf(word, this.#language).slice(0, SHARED_LETTERS);
        const others = byLetters.get(letters);
        if (others) others.push({ word, place });
        else byLetters.set(letters, [{ word, place }]);
      }
    }
    return byLetters;
  }
}

const NONE: readonly number[] = [];
