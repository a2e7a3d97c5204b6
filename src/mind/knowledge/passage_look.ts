/** What a close look at a passage shows: its terms, what it is about, what it says of which thing. @module */

import { type Kind, signOf } from "./kinds.ts";
import { fold, type Language } from "./language.ts";
import type { Terms } from "./meeting.ts";
import type { IndexedPassage } from "./passage_list.ts";
import { type Word, wordsOf } from "./words.ts";

/** What a close look at a passage shows. */
export interface Look {
  readonly language: Language;
  /** The terms of its headings and its text. */
  readonly terms: Terms;
  /** The first ones. */
  readonly lead: Terms;
  readonly things: Things;
  /** Whether it names a method or a command. */
  readonly instructs: boolean;
  /** Whether the agent speaks of itself. */
  readonly ofAgent: boolean;
}

/** What a passage is about. */
export interface Things {
  /** The things that it says what they are, by the terms of their names: `A deal is …`, `… is called sRLC`. */
  readonly names: readonly ReadonlySet<string>[];
  /** Things that it explains in passing: `ElizaOS, an open-source framework`. */
  readonly mentioned: ReadonlySet<string>;
  /** What its sentences speak of: the first terms of each. */
  readonly subjects: ReadonlySet<string>;
  readonly sentences: readonly Sentence[];
  /** The sentences that have a sign. */
  signed(kind: Sign): readonly Sentence[];
}

/** What tells that a sentence gives something of a kind, or counts something. */
type Sign = Kind | keyof typeof COUNTS;

/** A sentence of a passage, or a part of one between colons. */
export interface Sentence {
  readonly terms: ReadonlySet<string>;
  /** Its words, in order. */
  readonly words: readonly Word[];
  /** Whether it speaks of what somebody made, whatever its passage is about. */
  readonly isOfMade?: boolean;
}

/** A camel-case name or a quoted command. */
const INSTRUCTS = /[a-z][A-Z]|"/;
const OF_AGENT =
  /(?<![A-Za-z\u00c0-\u024f])(?:I|me|my|io|mio|mia|mie|miei|je|mon|ma|mes|yo|mi|mis|ich|mein|meine)(?![A-Za-z\u00c0-\u024f])/;
/** The words before the first verb that says what something is. */
const SUBJECT =
  /^(?!(?:when|if|to|on|for|in|before|after|with|without|from)\b)(.{1,100}?)\s(?:is|are|was|were|means|stands for|lets|does|keeps|è|sono|era|significa|permette|sta per|est|sont|signifie|permet|es|son|significan|ist|sind|bedeutet|steht für)\s/is;
const SUBJECT_SPACELESS = /^(.{1,30}?)(?:是|とは|は|指)/su;
/** `is the nRLC, or nano RLC:`, `is called sRLC`: the thing comes after the verb. */
const CALLED =
  /(?:\b(?:called|named|known as|is the|si chiama|chiamat[oaie]|s'appelle|appelée?s?|se llama|llamad[oa]s?|heißt|genannt)\s)(?:an? |the )?([A-Za-z\u00c0-\u024f0-9_-]+(?:\s[A-Z][A-Za-z\u00c0-\u024f0-9_-]*)*)(?=[\s]*[,:;.(])/g;
/** `Arbitrum One, a layer-2 network`. */
const MENTIONED =
  /([A-Z][A-Za-z\u00c0-\u024f0-9-]+(?:\s[A-Z][A-Za-z\u00c0-\u024f0-9-]+)?),\s(?:an?|the|one of|un[oae]?|l[ae]|il|el|eine?|der|die|das)\s/g;
/** Names of methods and variables, and commands in quotes. */
const IDENTIFIER =
  /(?<![A-Za-z\u00c0-\u024f0-9])[a-z]{2,}[A-Z][A-Za-z\u00c0-\u024f0-9]*|[A-Za-z\u00c0-\u024f0-9]+_[A-Za-z\u00c0-\u024f0-9_]+|"[^"\n]{1,40}"/g;
/** `Intel TDX (Trust Domain Extensions)`, at the start. */
const EXPANDED = /^.{1,50}?\s\(.{1,60}?\)/su;
/** `An oracle brings …`: what is spoken of in general. */
const ARTICLE = /^(?:an?|un[oae]?|une|eine?)[\s'’]([A-Za-z\u00c0-\u024f0-9_-]+)\s/i;
/** A number, in figures or in words, of a folded text; a year that a word like `since` is before is none. */
const NUMBER = String
  .raw`(?:(?<![\w-])(?<!\b(?:in|since|until|nel|dal|en|depuis|desde|seit) (?=(?:1[5-9]|20)\d\d\b))\d[\d.,]*(?![\w-])|\b(?:one or more|two|three|four|five|six|seven|eight|nine|ten|dozens?|hundreds?|thousands?|millions?|billions?|due|tre|quattro|cinque|dieci|cento|mille|milion[ei]|miliard[oi])\b)`;
/** What is counted by hours, coins and measures, and nothing else is. */
const UNITS = String
  .raw`(?:[ckm]?m2?|k?g|second|minute?|hour|day|week|month|year|euro|dollar|cent|second[oi]|minut[oi]|or[ae]|giorn[oi]|settiman[ae]|mes[ei]|ann[oi]|heure|jour|semaine|mois|an|hora|dia|semana|mese|ano|sekunden?|minuten?|stunden?|tage?n?|wochen?|monate?n?|jahre?n?)s?\b`;
/** `From seven to ten`, `until 18:00`, `costs 60`, `+43 1 555`: a time, a price or a telephone, and nothing that is counted. */
const NOT_TIME = String
  .raw`(?<!\bcosts? |:)(?<!(?:\+|\b0)[\d ()/-]*)(?!0\d)(?<!\b(?:from|to|at|until|dalle|alle|um|bis) (?=[\w:.]+(?:[,;]|\.?$| (?:to|in|on|at|until|alle|e|bis)\b)))`;
const COUNTS = {
  number: new RegExp(NUMBER, "i"),
  count: new RegExp(`${NOT_TIME}${NUMBER}(?!:\\d)(?![ -]${UNITS}|\\s?[€$£%°])`, "i"),
};
/** `How many working days …`, but not `how many cakes a day`. */
const ASKS_UNITS = new RegExp(String.raw`^(?:\S+ ){1,3}${UNITS}`, "i");

/** The sign of what a folded question counts: a number, and where it asks for no hours or coins, not one of these. */
export function countedBy(question: string): keyof typeof COUNTS {
  return ASKS_UNITS.test(question) ? "number" : "count";
}

/** Whether a folded word is a number. */
export const isNumber = (word: string): boolean => COUNTS.number.test(word);

/** `… by Anna Rossi`: who made something is not as old as that. */
const MAKER = /\s(?:by|dal?|par|por|von)\s[A-Z].*$/;
/** `When a bell rings, …`, before what a sentence speaks of. */
const CLAUSE = /^(?:when|if|before|after|once|while|quando|se|quand|si|lorsque|cuando|wenn|falls|sobald)\s[^,]*,\s/i;
/** A colon behind few words, as in `Opening hours: 9 to 17`, ends none. */
const SENTENCE_END = /(?<=[.!?;])\s+|(?<=:)(?<!^[-*\s]*(?:\S+ ){0,2}\S+:)[^\S\n]+|(?<=[。！？])|\n+/mu;
/** Where names are looked for. */
const HEAD_LENGTH = 120;

/** Look at a passage of which this much is known. Everything else is looked at when a question first needs it. */
export function closeLook(passage: IndexedPassage, known: Pick<Look, "language" | "terms" | "lead">): Look {
  return new CloseLook(passage, known);
}

class CloseLook implements Look, Things {
  readonly language: Language;
  readonly terms: Terms;
  readonly lead: Terms;
  readonly #passage: IndexedPassage;
  #instructs?: boolean;
  #ofAgent?: boolean;
  #names?: readonly ReadonlySet<string>[];
  #mentioned?: ReadonlySet<string>;
  #subjects?: ReadonlySet<string>;
  #texts?: readonly string[];
  #sentences?: readonly Sentence[];
  readonly #signed = new Map<Sign, readonly Sentence[]>();

  constructor(passage: IndexedPassage, { language, terms, lead }: Pick<Look, "language" | "terms" | "lead">) {
    this.#passage = passage;
    this.language = language;
    this.terms = terms;
    this.lead = lead;
  }

  get things(): Things {
    return this;
  }

  get instructs() {
    return this.#instructs ??= INSTRUCTS.test(this.#passage.text.replace(/\bi[A-Z]/g, ""));
  }

  get ofAgent() {
    return this.#ofAgent ??= OF_AGENT.test(this.#passage.text);
  }

  get names() {
    return this.#names ??= namesIn(this.#passage, this.language);
  }

  get mentioned() {
    return this.#mentioned ??= mentionedIn(this.#passage.text, this.language);
  }

  get subjects() {
    return this.#subjects ??= new Set(
      [this.#passage.heading, ...this.#sentenceTexts()].flatMap((text) =>
        subjectOf(wordsOf(text.replace(CLAUSE, ""), this.language, 2))
      ),
    );
  }

  get sentences() {
    return this.#sentences ??= this.#sentenceTexts().map((text) => sentenceOf(text, this.language));
  }

  signed(kind: Sign): readonly Sentence[] {
    let signed = this.#signed.get(kind);
    if (!signed) {
      const sign = kind === "number" || kind === "count" ? COUNTS[kind] : signOf(kind), texts = this.#sentenceTexts();
      signed = this.sentences.filter((_, place) => sign.test(fold(texts[place]!)));
      if (kind === "age") signed = this.#aged(signed);
      this.#signed.set(kind, signed);
    }
    return signed;
  }

  /** Of sentences that may tell an age, those with a date, without who made the thing. */
  #aged(sentences: readonly Sentence[]): Sentence[] {
    const dated = this.signed("date"), texts = this.#sentenceTexts();
    return sentences.filter((one) => dated.includes(one)).map((one) => {
      const text = fold(texts[this.sentences.indexOf(one)]!), thing = text.replace(signOf("made"), "");
      return { ...sentenceOf(thing.replace(MAKER, ""), this.language), isOfMade: thing !== text };
    });
  }

  #sentenceTexts(): readonly string[] {
    return this.#texts ??= withHeaders(this.#passage.text.split(SENTENCE_END));
  }
}

function sentenceOf(text: string, language: Language): Sentence {
  const words = wordsOf(text, language);
  return { words, terms: new Set(words.map(({ whole }) => whole)) };
}

/** Each row of a table says what its columns are, as the line above them does. */
function withHeaders(lines: readonly string[]): readonly string[] {
  const header = lines.findIndex((line) => line.startsWith("|"));
  if (header < 0) return lines;
  return lines.map((line, place) => place > header && line.startsWith("|") ? `${line} ${lines[header]}` : line);
}

function mentionedIn(text: string, language: Language): ReadonlySet<string> {
  const mentioned = [
    ...Array.from(text.matchAll(MENTIONED), ([, name]) => name ?? ""),
    ...Array.from(text.slice(0, HEAD_LENGTH).matchAll(IDENTIFIER), ([name]) => name),
  ];
  return new Set(mentioned.flatMap((name) => wordsOf(name, language)).map(({ whole }) => whole));
}

/** The names in a subject: `PoCo, proof of contribution`, `SCONE and Gramine`, but not `the difference between A and B`. */
function partsOf(subject: string): string[] {
  return subject.split(/,\s|\s\(|\)/).flatMap((part) => {
    const both = part.split(/\s(?:or|and|o|e|ou|et|y|oder|und)\s/);
    return both.every((one) => one.split(/\s/).length <= MOST_WORDS_BESIDE) ? both : [part];
  });
}

/** Words of each of two names side by side, at most. */
const MOST_WORDS_BESIDE = 2;

/** What a sentence speaks of: its first word, and the second if both make one name. */
function subjectOf(words: readonly Word[]): string[] {
  const [first, second] = words;
  return [first, second?.isNext ? second : undefined].flatMap((word) => word?.whole ?? []);
}

function namesIn({ text, heading }: IndexedPassage, language: Language): ReadonlySet<string>[] {
  const head = text.slice(0, HEAD_LENGTH);
  const subject = (SUBJECT.exec(head) ?? SUBJECT_SPACELESS.exec(head))?.[1] ?? "";
  const names = [
    ...partsOf(subject),
    ...partsOf(EXPANDED.exec(head)?.[0] ?? ""),
    ARTICLE.exec(head)?.[1] ?? "",
    ...Array.from(text.matchAll(CALLED), ([, name]) => name ?? ""),
    ...heading.split(": "),
  ];
  return names.map((name) => new Set(wordsOf(name, language).map(({ whole }) => whole))).filter(({ size }) => size > 0);
}
