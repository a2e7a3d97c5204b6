/** A character's own words: which of them mean the same, and how it speaks of itself in other languages. @module */

import type { WordGroup } from "../knowledge/general_words.ts";
import { fold, type Language, SPOKEN } from "../knowledge/language.ts";
import { isObject } from "../../json_object.ts";

/** How a character speaks of itself in one language. */
export interface Translation {
  readonly bio?: readonly string[];
  readonly topics?: readonly string[];
}

/** What stands in a character's `settings.synonyms` and `settings.translations`. */
export interface OwnWords {
  /** Words that mean much the same where this character is asked. */
  readonly synonyms: readonly WordGroup[];
  readonly translations: Readonly<Partial<Record<Language, Translation>>>;
}

/**
 * Read a character's own words from its `settings`: ElizaOS lets these hold anything, so the file stays one that every
 * ElizaOS agent loads.
 *
 * `synonyms` is a list of groups. A group is a list of words, or an object from a language (`en`, `it`, `fr`, `es`, `de`)
 * to its words. `translations` is an object from a language to `bio` and `topics`.
 */
export function readOwnWords(settings: unknown): { words: OwnWords; mistakes: string[] } {
  const mistakes: string[] = [];
  const { synonyms = [], translations = {} } = isObject(settings) ? settings : {};
  const groups: WordGroup[] = [];
  if (!Array.isArray(synonyms)) mistakes.push("settings.synonyms: expected a list of groups of words");
  for (const [place, entry] of Array.isArray(synonyms) ? synonyms.entries() : []) {
    const group = groupFrom(entry);
    if (group) groups.push(group);
    else {mistakes.push(
        `settings.synonyms.${place}: expected a list of words, or an object from ${LANGUAGES} to such lists`,
      );}
  }
  const read: Partial<Record<Language, Translation>> = {};
  if (!isObject(translations)) mistakes.push(`settings.translations: expected an object from ${LANGUAGES}`);
  for (const [language, entry] of isObject(translations) ? Object.entries(translations) : []) {
    const spoken = SPOKEN.find((one) => one === language);
    const translation = translationFrom(entry);
    if (spoken && translation) read[spoken] = translation;
    else {mistakes.push(
        `settings.translations.${language}: expected ${LANGUAGES}, with lists of texts as bio and topics`,
      );}
  }
  return { words: { synonyms: groups, translations: read }, mistakes };
}

const LANGUAGES = `${SPOKEN.slice(0, -1).join(", ")} or ${SPOKEN.at(-1)}`;

/** Words in no language that is named may be of any. */
function groupFrom(entry: unknown): WordGroup | undefined {
  if (isTexts(entry)) return Object.fromEntries(SPOKEN.map((spoken) => [spoken, entry.map(comparable)]));
  if (!isObject(entry)) return undefined;
  const isRight = Object.entries(entry).every(([language, words]) =>
    SPOKEN.some((spoken) => spoken === language) && isTexts(words)
  );
  if (!isRight) return undefined;
  return Object.fromEntries(
    Object.entries(entry).map(([language, words]) => [language, (words as string[]).map(comparable)]),
  );
}

function translationFrom(entry: unknown): Translation | undefined {
  if (!isObject(entry)) return undefined;
  const { bio, topics, ...others } = entry;
  if (Object.keys(others).length > 0) return undefined;
  if ((bio !== undefined && !isTexts(bio)) || (topics !== undefined && !isTexts(topics))) return undefined;
  return { ...(bio && { bio }), ...(topics && { topics }) };
}

function isTexts(value: unknown): value is string[] {
  return Array.isArray(value) && value.every((one) => typeof one === "string");
}

function comparable(word: string): string {
  return fold(word).toLowerCase();
}
