/** Texts cut into words, and the words made comparable: in lower case, without accents and endings. @module */

import { baseOf } from "./english_stems.ts";
import { fold, type Language, languageOf, smallWordsOf } from "./language.ts";
import { stemOf } from "./stems.ts";

/** Longest part of a text that is looked at, in UTF-16 code units, from its start and again from its end. */
const MAX_HALF_LENGTH = 2_000;

/** As much of a text as is looked at: the beginning and the end of a very long one. */
export function shorten(text: string): string {
  if (text.length <= 2 * MAX_HALF_LENGTH) return text;
  return `${text.slice(0, MAX_HALF_LENGTH)} ${text.slice(-MAX_HALF_LENGTH)}`;
}

/**
 * The terms of a text, in order: stems without small words. A compound gives itself and its parts, so that
 * `IEXEC_OUT/computed.json`, `Web3Mail` and `DataProtector` are found by either.
 */
export function termsOf(text: string, language: Language = languageOf(text)): string[] {
  return termsIn(wordsOf(text, language));
}

/** The terms of words: of each the whole and its parts. */
export function termsIn(words: readonly Word[]): string[] {
  return words.flatMap(({ whole, parts }) => parts[0] === whole ? parts : [whole, ...parts]);
}

/** A word of a text that is no small word. */
export interface Word {
  /** Its stem; a compound as it is written. */
  readonly whole: string;
  /** Stems of what it is made of, without small words; a word that is no compound is its own part. */
  readonly parts: readonly string[];
  /** As it is written, in lower case and without accents. */
  readonly written: string;
  /** Whether it is written with a capital, and not at the start of a sentence. */
  readonly isName: boolean;
  /** Whether nothing but blanks stands between it and the word before it. */
  readonly isNext: boolean;
  /** Whether nothing but articles and words like `of` stand between it and the word before it. */
  readonly isJoined: boolean;
}

/**
 * The words of a text without its small words.
 *
 * @param most So many at most: the first ones. Default: all.
 */
export function wordsOf(text: string, language: Language, most = Infinity): Word[] {
  const folded = fold(shorten(text));
  // It wins nothing.
  const plain = folded.includes("on't") ? folded.replace(/\bwon't\b/gi, "will") : folded;
  const small = smallWordsOf(language);
  const words: Word[] = [];
  let end = -1, wasSmall = true, wasApart = true;
  // Patterns for letters of all scripts take three times as long, and most texts have plain ones.
  const isPlain = !NOT_ASCII.test(plain);
  for (const { 0: compound, index } of plain.matchAll(isPlain ? PLAIN_COMPOUND : COMPOUND)) {
    const between = end < 0 ? "" : plain.slice(end, index);
    const isFirst = end < 0 || /[.!?]\s|\n/.test(between);
    end = index + compound.length;
    if (!JOINS_BY.test(between)) wasApart = true;
    for (const piece of !isPlain && SPACELESS.test(compound) ? segmentsOf(compound) : [compound]) {
      const word = wordFrom(piece, language, small);
      if (!word) {
        // `carta di credito` is one name, as `credit card` is.
        wasSmall ||= !LINKS.test(piece);
        wasApart ||= !JOINS.has(piece.toLowerCase());
        continue;
      }
      const isName = !isFirst && piece !== piece.toLowerCase();
      words.push({ ...word, isName, isNext: !wasSmall && between.trim() === "", isJoined: !wasApart });
      if (words.length >= most) return words;
      wasSmall = wasApart = false;
    }
  }
  return words;
}

/** What a word says by itself, wherever it stands. */
type WordForm = Pick<Word, "whole" | "parts" | "written">;

/** Words that are remembered of each language, at most, and how long they are: some 500 kB. */
const REMEMBERED = { words: 2_048, length: 24 };
const remembered = new Map<Language, Map<string, WordForm | undefined>>();

/** The form of a word; undefined for a small one. Nearly all words of questions came before: a third of a search went here. */
function wordFrom(compound: string, language: Language, small: ReadonlySet<string>): WordForm | undefined {
  if (compound.length > REMEMBERED.length) return makeForm(compound, language, small);
  let forms = remembered.get(language);
  if (!forms) remembered.set(language, forms = new Map());
  let form = forms.get(compound);
  if (form !== undefined || forms.has(compound)) return form;
  form = makeForm(compound, language, small);
  if (forms.size >= REMEMBERED.words) forms.clear();
  // A part of a text would keep all of it in memory.
  forms.set(Array.from(compound).join(""), form);
  return form;
}

function makeForm(compound: string, language: Language, small: ReadonlySet<string>): WordForm | undefined {
  const written = compound.toLowerCase();
  const pieces = PLAIN.test(compound) || PREFIXED.test(compound)
    ? [written]
    : (compound.match(NOT_ASCII.test(compound) ? PART : PLAIN_PART) ?? []).map((piece) =>
      piece.replace(/^([A-Z]+)s$/, "$1").toLowerCase()
    );
  const parts = pieces.filter((piece) => !isSmall(piece, small)).map((piece) => stemOf(piece, language));
  // A compound is a name, the same in every language: it keeps its ending.
  const whole = pieces.length > 1 && parts.length > 0 ? written : parts[0];
  return whole === undefined ? undefined : { whole, parts, written };
}

function isSmall(piece: string, small: ReadonlySet<string>): boolean {
  if (piece.length === 1 && (piece < "\u2e80" || !IDEOGRAPH.test(piece))) return true;
  if (piece >= "\u3040" && ENDINGS.test(piece)) return true;
  if (small.has(piece)) return true;
  const base = baseOf(piece);
  return base !== piece && small.has(base);
}

/** Words of a script that sets no blanks between them. */
function segmentsOf(text: string): string[] {
  segmenter ??= new Intl.Segmenter("zh", { granularity: "word" });
  return Array.from(segmenter.segment(text)).filter(({ isWordLike }) => isWordLike).map(({ segment }) => segment);
}

// One for all languages: the dictionary behind it is chosen by the script. Made when it is first needed.
let segmenter: Intl.Segmenter | undefined;

/** Letters and digits, joined by single dots, underscores or hyphens. */
const COMPOUND = /[\p{L}\p{N}\p{M}]+(?:[._-][\p{L}\p{N}\p{M}]+)*/gu;
const PLAIN_COMPOUND = /[A-Za-z0-9]+(?:[._-][A-Za-z0-9]+)*/g;
const NOT_ASCII = /[^\x20-\x7e\s]/;
/** The common case: a word of one part. */
const PLAIN = /^[A-Za-z]?[a-z]+$/;
/** `nRLC`, `iApps`: names of their own, and no kind of what they are made from. */
const PREFIXED = /^[a-z][A-Z][A-Za-z]+$/;
/** `TEEs`, `Web3`, `mail`, `2026`: what a compound is made of. */
const PART = /\p{Lu}{2,}s?(?!\p{Ll})\d*|\p{Lu}?\p{Ll}+\d*|[\p{Lu}\p{Lt}\p{Lo}\p{Lm}\p{M}]+|\p{N}+/gu;
/** Words that join others to one name. */
const LINKS = /^(?:d|de|di|du|del|dei)$/i;
/** Articles, and words that say of what or for what something is, in five languages. */
const JOINS: ReadonlySet<string> = new Set(
  ("of for per the a an s its own each di d del dello della dell dei degli delle il lo la l i gli le un uno una de du des les " +
    "une pour el los las para por von vom der die das dem den ein eine einer eines einem fur").split(" "),
);
const JOINS_BY = /^[\s']*$/;
const PLAIN_PART = /[A-Z]{2,}s?(?![a-z])\d*|[A-Z]?[a-z]+\d*|[A-Z]+|\d+/g;
/** Scripts without blanks between words. @see Unicode Standard Annex 29, 4: these need a dictionary. */
const SPACELESS =
  /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}\p{Script=Lao}\p{Script=Khmer}\p{Script=Myanmar}]/u;
/** Japanese endings and particles are short and in hiragana; the dictionary cuts them off from the word. */
const ENDINGS = /^\p{Script=Hiragana}{1,2}$/u;
const IDEOGRAPH = /\p{Script=Han}/u;
