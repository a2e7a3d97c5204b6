/** Which terms may stand for which: within a language, and from the language of a question to those of the knowledge. @module */

import { GENERAL_WORDS, type WordGroup } from "./general_words.ts";
import { type Language, SPOKEN, type Spoken } from "./language.ts";
import { stemOf } from "./stems.ts";

/** Finds what may stand for a term. */
export interface Synonyms {
  /** Stems in the languages `into` that may stand for a stem of `language`, itself excluded. */
  of(term: string, language: Language, into: readonly Language[]): ReadonlySet<string>;
  /** Whether a stem of `language` stands in a group, and so is a word that somebody expects. */
  has(term: string, language: Language): boolean;
}

/** Synonyms of general words, and of a character's own groups. */
export function openSynonyms(own: readonly WordGroup[]): Synonyms {
  const groups = [...GENERAL_WORDS, ...own];
  const stems = new Map<string, readonly string[]>();
  const places = new Map<Language, Map<string, number[]>>();

  /** The stems of a group in a language: made when they are first asked for, and not at every start. */
  const stemsIn = (place: number, language: Language): readonly string[] => {
    const key = `${language} ${place}`;
    let all = stems.get(key);
    if (!all) {
      all = (groups[place]?.[language as Spoken] ?? []).map((word) => stemOf(word, language));
      stems.set(key, all);
    }
    return all;
  };
  const placesIn = (language: Language): ReadonlyMap<string, readonly number[]> => {
    let all = places.get(language);
    if (!all) {
      all = new Map<string, number[]>();
      for (const place of groups.keys()) {
        for (const one of stemsIn(place, language)) {
          const others = all.get(one);
          if (others) others.push(place);
          else all.set(one, [place]);
        }
      }
      places.set(language, all);
    }
    return all;
  };
  const isSpoken = (language: Language) => SPOKEN.some((spoken) => spoken === language);

  return {
    of(term, language, into) {
      const at = isSpoken(language) ? placesIn(language).get(term) ?? [] : [];
      const others = new Set(at.flatMap((place) => into.flatMap((target) => stemsIn(place, target))));
      others.delete(term);
      return others;
    },
    has: (term, language) => isSpoken(language) && placesIn(language).has(term),
  };
}
