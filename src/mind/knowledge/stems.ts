/** Words without their endings, so that all forms of a word are one term. @module */

import { stemmer as french } from "@orama/stemmers/french";
import { stemmer as german } from "@orama/stemmers/german";
import { stemmer as italian } from "@orama/stemmers/italian";
import { stemmer as spanish } from "@orama/stemmers/spanish";
import { baseOf, stem as english } from "./english_stems.ts";
import type { Language } from "./language.ts";

/**
 * The stem of a folded lower-case word: what is left without its ending, not always a word itself. Different words may
 * share one, which costs some precision and never a match.
 */
export function stemOf(word: string, language: Language): string {
  if (NO_WORD.test(word)) return word;
  switch (language) {
    case "it":
      return italian(word);
    case "fr":
      // `protégées` without its accents keeps more than `protéger` does.
      return french(word).replace(/(?<=..)e+$/, "");
    case "es":
      return spanish(word);
    case "de":
      return german(word);
    default:
      return english(word);
  }
}

/** A word that begins with the letters that its stem begins with. */
export function beginningOf(word: string, language: Language): string {
  return language === "en" ? baseOf(word) : word;
}

/** Names of files and variables, numbers, and words in other letters have no ending. */
const NO_WORD = /[^a-z]/;
