/** Which terms may stand for which: within a language, and from the language of a question to those of the knowledge. @module */

import { GENERAL_WORDS, type WordGroup } from "./general_words.ts";
import { type Language, SPOKEN, type Spoken } from "./language.ts";
import { stemOf } from "./stems.ts";

/** Finds what may stand for a term. */
export interface Synonyms {
  /** Stems in the languages of the knowledge that may stand for a stem of `language`, itself excluded. */
  of(term: string, language: Language): ReadonlySet<string>;
  /** Whether a stem of `language` stands in a group, and so is a word that somebody expects. */
  has(term: string, language: Language): boolean;
}

/**
 * Synonyms of general words, and of a character's own.
 *
 * @param own The character's groups. `known`: languages of the knowledge.
 */
export function openSynonyms(own: readonly WordGroup[], known: readonly Language[]): Synonyms {
  const groups = [...GENERAL_WORDS, ...own];
  const stems = new Map<string, readonly string[]>();
  const places = new Map<Language, Map<string, number[]>>();
  const found = new Map<string, ReadonlySet<string>>();

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
  const targets = known.filter(isSpoken);

  return {
    of(term, language) {
      const key = `${language} ${term}`;
      let others = found.get(key);
      if (!others) {
        const at = isSpoken(language) ? placesIn(language).get(term) ?? [] : [];
        const all = at.flatMap((place) => targets.flatMap((target) => stemsIn(place, target)));
        others = new Set(all.filter((other) => other !== term));
        // Bounded by the number of words in the groups: a term that is in none is not remembered.
        if (at.length > 0) found.set(key, others);
      }
      return others;
    },
    has: (term, language) => isSpoken(language) && placesIn(language).has(term),
  };
}
