/** What stands around a question, taken off: courtesies, names, labels. @module */

import { fold, type Language, SPOKEN } from "./language.ts";
import { beginningOf, type Phrases, phrasesOf } from "./phrases.ts";
import { hasLetters } from "./plain_text.ts";
import { wordsOf } from "./words.ts";

/** What needs no knowledge: a greeting, thanks, a leave-taking, and two questions about the agent. */
export type Courtesy = "hello" | "thanks" | "bye" | "who" | "abilities";

/** `[support]`, `#42`, `1)`, `Q7 -`, `Re:`, `@agent`, before a question. */
const LABEL =
  /^(?:[-–—*•>)\s]+|\[[^\]]{0,40}\]:?|\(?\d{1,4}(?:\/\d{1,4})?[.):]?(?=[\s)])\)?|\(?[a-z]\)|q(?:uestion|\.)?\s?\d{0,4}\s?[.:)–-]+|(?:question|frage|domanda|pregunta)\s\d{1,4}\b|(?:re|fwd?|aw|subject|betreff|oggetto|objet|asunto|tl;dr|eli5|ps|p\.s\.|ticket|case|id|nb|hinweis)\s?[:#-]\s?(?:#?\d+\s?[:-]?)?|eli5\b|[#@][A-Za-z\u00c0-\u024f0-9_-]+[:,]?|no?\.\s?\d+[:.)]?|n°\s?\d+)\s*/i;
/** The same, behind it. */
const LABEL_BEHIND =
  /(?:\s+(?:[#@][A-Za-z\u00c0-\u024f0-9_-]+|\[[^\]]{0,40}\]|\(?#?\d{1,9}\)?|\(\d+\/\d+\)|--?\s?[A-Za-z\u00c0-\u024f]+)|(?<=[?!.])\s*[#(]?\d+\)?)\s*$/i;
/** Two plain words at the start are no label; and without one of these signs there is none behind. */
const BEGINS_PLAINLY = /^[a-z]{2,} [a-z]{2,}/i;
const LABELLED_BEHIND = /[#@\]\d]|-\s?[a-z]+\s*$/i;
/** Rounds of taking something off: more than anybody puts around a question. */
const MOST_ROUNDS = 12;

export interface Stripping {
  /** Whether the knowledge has a word. */
  readonly isKnown: (word: string, language: Language) => boolean;
  /** The agent's name. */
  readonly name?: string;
  readonly language: Language;
  readonly phrases: Phrases;
  /** Told which courtesies were taken off. */
  readonly courtesies: Set<Courtesy>;
}

/** A folded sentence without what stands around the question. */
export function strip(sentence: string, stripping: Stripping): string {
  let rest = sentence;
  for (let round = 0; round < MOST_ROUNDS; round++) {
    const before = rest;
    rest = stripCourtesy(rest, stripping);
    if (rest === "") return "";
    rest = stripLabels(rest, stripping);
    const about = (["who", "abilities"] as const).find((one) => stripping.phrases[one].test(rest));
    if (about) {
      stripping.courtesies.add(about);
      return "";
    }
    rest = unlessEmpty(rest, rest.replace(stripping.phrases.asides, " ").trim(), stripping);
    rest = unlessEmpty(rest, rest.replace(stripping.phrases.leads, ""), stripping);
    rest = unlessEmpty(rest, rest.replace(stripping.phrases.trails, ""), stripping);
    rest = stripNames(rest, stripping);
    if (rest === before || rest === "") break;
  }
  return rest.replace(/^[\s,;:.!–-]+|[\s,;:–-]+$/g, "");
}

/** What would leave nothing is left on, if the knowledge has a word of it. */
function unlessEmpty(text: string, shorter: string, { isKnown, language }: Stripping): string {
  if (hasLetters(shorter)) return shorter;
  return wordsOf(text, language).some(({ written }) => isKnown(written, language)) ? text : shorter;
}

function stripCourtesy(text: string, { courtesies, phrases, isKnown, language, name = "" }: Stripping): string {
  const first = beginningOf(text);
  for (const other of [undefined, ...SPOKEN]) {
    const spoken = other === undefined ? phrases : phrasesOf(other);
    if (other !== undefined && spoken === phrases) continue;
    if (!spoken.courteous.has(first)) continue;
    for (const kind of ["thanks", "hello", "bye"] as const) {
      const said = spoken[kind].exec(text)?.[0];
      if (said === undefined) continue;
      courtesies.add(kind);
      let rest = text.slice(said.length);
      if (kind !== "hello") return rest;
      rest = stripOwnName(rest, name);
      return stripAddressed(rest, (word) => isKnown(word, language));
    }
  }
  if (phrases.courteous.has(first) && phrases.smallTalk.test(text)) {
    courtesies.add("hello");
    return text.replace(phrases.smallTalk, "");
  }
  return text;
}

/** The agent's own name, at the start. */
function stripOwnName(text: string, name: string): string {
  const own = fold(name).toLowerCase();
  const behind = text.slice(own.length);
  if (own === "" || !text.toLowerCase().startsWith(own) || hasLetters(behind.slice(0, 1))) return text;
  return behind.replace(/^[\s,;:!.–-]+/, "");
}

/** Whoever is greeted by name: capitals up to a comma, or one word that the knowledge does not have. */
function stripAddressed(text: string, isKnown: (word: string) => boolean): string {
  const called = /^([A-Z][A-Za-z\u00c0-\u024f'.]*(?:\s[A-Z][A-Za-z\u00c0-\u024f'.]*){0,2})\s*[,!:;–-]\s*/.exec(text);
  if (called && called[0].length < text.length && !called[1]!.split(" ").every(isKnown)) {
    return text.slice(called[0].length);
  }
  const first = /^([A-Z][a-z\u00c0-\u024f]+)(?:[\s,!.]+|$)/.exec(text);
  return first && !isKnown(first[1]!) && !beginsQuestion(first[1]!) ? text.slice(first[0].length) : text;
}

/** Whether a word begins a question in some language, so that a capital does not make it a name. */
function beginsQuestion(word: string): boolean {
  return SPOKEN.some((spoken) => phrasesOf(spoken).begins.test(word));
}

function stripLabels(text: string, stripping: Stripping): string {
  const isTelling = (label: string) =>
    wordsOf(label, stripping.language).some(({ written }) => stripping.isKnown(written, stripping.language));
  const label = BEGINS_PLAINLY.test(text) ? undefined : LABEL.exec(text)?.[0];
  let rest = text;
  if (label !== undefined && !(isTelling(label) && !hasLetters(text.slice(label.length)))) {
    rest = unlessEmpty(rest, rest.slice(label.length), stripping);
  }
  const behind = LABELLED_BEHIND.test(rest) ? LABEL_BEHIND.exec(rest)?.[0] : undefined;
  return behind === undefined ? rest : unlessEmpty(rest, rest.slice(0, -behind.length), stripping);
}

/** `…, Marco`: a name that nobody asked about, at either end. */
function stripNames(text: string, { isKnown, language }: Stripping): string {
  if (!text.includes(",")) return text;
  const behind = /,\s*([A-Z][a-z\u00c0-\u024f]+(?:\s[A-Z][a-z\u00c0-\u024f]+)?)\s*[.!?]*\s*$/.exec(text);
  if (behind && !behind[1]!.split(" ").some((word) => isKnown(word, language))) return text.slice(0, behind.index);
  const before = /^([A-Z][a-z\u00c0-\u024f]+),\s+/.exec(text);
  return before && !isKnown(before[1]!, language) && !beginsQuestion(before[1]!) ? text.slice(before[0].length) : text;
}
