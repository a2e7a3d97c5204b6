/** A message read: what is asked in it, in which language, and what is only courtesy. @module */

import { type Kind, SAYS_PRICE } from "./kinds.ts";
import { fold, type Language, languageOf, languageTold, type Spoken } from "./language.ts";
import { type Phrases, phrasesOf } from "./phrases.ts";
import { hasLetters, plainText, sentencesOf } from "./plain_text.ts";
import { type Courtesy, strip } from "./stripping.ts";
import { shorten, type Word, wordsOf } from "./words.ts";

/** A message that was read. */
export interface Asked {
  readonly language: Language;
  /** What there is to look up; nothing where the message is a courtesy or says nothing. */
  readonly parts: readonly AskedPart[];
  /** Where nothing is to be looked up. */
  readonly courtesy?: Courtesy;
  /** Whether it would be read otherwise in another conversation: it points back, or nothing tells its language. */
  readonly leansBack: boolean;
  /** The message without markup, with the topic of the conversation before it where it leaves that out: for embeddings. */
  readonly meaning: string;
}

/** One question of a message. */
export interface AskedPart {
  /** Folded, without courtesies. */
  readonly text: string;
  readonly language: Language;
  /** `What is …?`, `define …`, or a bare term. */
  readonly asksWhatItIs: boolean;
  /** `How do I …?` */
  readonly asksHow: boolean;
  readonly asksHowMany: boolean;
  /** `Who sells …?`, `how much does … cost?`: something of the thing, in a verb. */
  readonly asksOf: boolean;
  /** Whether it has the form of a question, or is a bare term, in a language that is understood. */
  readonly isUnderstood: boolean;
  /** Whether it is about the agent itself. */
  readonly asksAgent: boolean;
  /** Whether it asks for the news of the day, for an opinion, or for work: unless the knowledge has just such a word. */
  readonly asksNews: boolean;
  /** What it asks of which thing: `the price of bread`. */
  readonly attribute?: { readonly asked: string; readonly of: string };
  /** The kind of attribute that it asks for, where anything may have one. */
  readonly kind?: Kind;
  /** Two things that it compares. */
  readonly compares?: readonly [string, string];
  /** What it is about, where it leaves that to what was said before; counts less than what it says itself. */
  readonly topic?: string;
  /** What was said of the one thing that `it` means here, or that is left out: no other thing will do. */
  readonly pointsTo?: string;
  /** Texts that were given already: it asks for others. */
  readonly given: readonly string[];
}

/** What a message is read with. */
export interface Reading {
  /** The exchanges before it, oldest first. */
  readonly exchanges?: readonly {
    readonly question: string;
    readonly answer?: string;
    readonly isDeclined?: boolean;
  }[];
  /** Whether the knowledge has a word. */
  readonly isKnown: (word: string, language: Language) => boolean;
  /** The agent's name: whoever greets it by that asks nothing about it. */
  readonly name?: string;
}

/** Read a message. */
export function readQuestion(message: string, reading: Reading): Asked {
  const { exchanges = [] } = reading;
  const plain = plainText(shorten(message));
  const before = exchanges.at(-1)?.question;
  const last = before === undefined ? "en" : languageOf(plainText(before));
  const told = languageTold(message, last);
  const language = told ?? last;
  const phrases = phrasesOf(spokenOf(language));
  const courtesies = new Set<Courtesy>();
  const found: Said[] = [];
  for (const sentence of sentencesOf(fold(plain))) {
    const text = strip(sentence, { ...reading, language, phrases, courtesies })
      .replace(phrases.whatTime, phrases.when).replace(EMAIL_ADDRESS, "email");
    for (const part of text.split(phrases.and).map((part) => part.trim())) {
      if (!hasLetters(part)) continue;
      const hasForm = asks(part, phrases);
      found.push({
        text: part,
        asks: hasForm || /\?\s*$/.test(sentence),
        // Courtesy may have taken the form off: `can you …`.
        isUnderstood: hasForm || (part !== sentence && phrases.begins.test(sentence)),
        continues: phrases.continues.test(part) || phrases.continues.test(sentence),
      });
    }
  }
  const asked = found.some(({ asks }) => asks) ? found.filter(({ asks }) => asks) : found;
  const parts: AskedPart[] = [];
  let leansBack = told === undefined;
  for (const one of asked) {
    const at = found.indexOf(one);
    const read = readPart(one, { said: found.slice(0, at), after: found.slice(at + 1), language, phrases, reading });
    if (read.part) parts.push(read.part);
    leansBack ||= read.leansBack;
  }
  const topics = [...new Set(parts.flatMap(({ topic }) => topic ?? []))];
  const courtesy = COURTESIES.find((one) => courtesies.has(one));
  return {
    language,
    parts,
    leansBack,
    meaning: [...topics, plain].join("\n"),
    ...(parts.length === 0 && courtesy && { courtesy }),
  };
}

/** What counts most first: whoever greets and asks who the agent is wants to know that. */
const COURTESIES: readonly Courtesy[] = ["who", "abilities", "thanks", "bye", "hello"];

/** Whoever asks for it finds it under `Email: …`, and not under `Address: …`. */
const EMAIL_ADDRESS =
  /\be-?mail[ -]?(?:address(?:es)?|adressen?)\b|\b(?:adresse|indirizzo|direccion) (?:de )?(?:e-?mail|correo(?: electronico)?)\b/gi;

function spokenOf(language: Language): Spoken {
  return language === "zh" || language === "ja" ? "en" : language;
}

function asks(text: string, phrases: Phrases): boolean {
  return phrases.begins.test(text) || phrases.defines.test(text) || phrases.compares.test(text) ||
    phrases.more.test(text) || phrases.continues.test(text);
}

/** One part of a message, without courtesies. */
interface Said {
  readonly text: string;
  /** Whether it is a question. */
  readonly asks: boolean;
  /** Whether it has the form of a question in its language. */
  readonly isUnderstood: boolean;
  /** Whether it goes on from what was said before. */
  readonly continues: boolean;
}

/** Words that a bare term has at most. */
const MOST_BARE = 3;

function readPart(
  { text, isUnderstood, continues }: Said,
  { said, after, language, phrases, reading }: {
    said: readonly Said[];
    after: readonly Said[];
    language: Language;
    phrases: Phrases;
    reading: Reading;
  },
): { part?: AskedPart; leansBack: boolean } {
  const { main: clause, aside } = divide(text, language, phrases);
  // `What does PoCo stand for?` is a question after PoCo.
  const unsigned = clause.replace(/[\s?!.]+$/, "");
  const thing = thingIn(unsigned, language, phrases);
  const main = thing ?? clause;
  const words = wordsOf(main, language);
  const isMore = phrases.more.test(main) && words.length === 0;
  const bare = isBare(main, words, phrases);
  const hasNoThing = namesNoThing(words);
  const leansBack = words.length <= MOST_OWN_WORDS &&
    (continues || hasNoThing || pointsBack(main, words.length, phrases));
  const before = leansBack ? topicOf({ said, after }, { language, phrases, reading }) : undefined;
  if (words.length === 0 && before === undefined) return { leansBack };
  // `And xRLC?`, after what RLC is, asks what xRLC is.
  const topic = bare && before?.asksWhatItIs ? undefined : before?.text;
  const ending = thing ?? unsigned;
  const [one, other] = phrases.compares.exec(ending)?.slice(1).filter((thing) => thing !== undefined) ?? [];
  const attribute = attributeIn(ending, language, phrases);
  const news = phrases.news.exec(main)?.[0];
  const defines = phrases.defines.test(main);
  // The patterns of kinds are long: to make them takes 1 ms of the first question.
  const kind = defines && words.length <= 1 ? undefined : kindOf(unsigned, phrases);
  const counts = attribute !== undefined && kind !== "help" && COUNTS_OF.test(attribute.asked);
  const asksHowMany = phrases.howMany.test(main);
  const told = said.filter(({ asks }) => !asks).map(({ text }) => text);
  // Anything may have a price or an owner; what else is said of `it` tells by itself which thing that is.
  const isOfAny = words.length === 1 && (kind !== undefined || asksHowMany);
  const isIt = phrases.whose.test(main) || (isOfAny && (hasNoThing || phrases.it.test(main)));
  const topics = [...new Set([topic, aside, ...told])].filter((one) => one !== undefined && one !== "").join(" ");
  const part: AskedPart = {
    text: counts ? attribute.of : main,
    language,
    asksWhatItIs: defines || thing !== undefined || phrases.definesBehind.test(ending) || bare,
    asksHow: phrases.how.test(main),
    // `Quanti anni ha …?` counts nothing.
    asksHowMany: counts || (kind !== "age" && asksHowMany),
    asksOf: phrases.asksOf.test(main),
    isUnderstood: isUnderstood || bare || attribute !== undefined || kind !== undefined ||
      (clause !== text && asks(clause, phrases)),
    asksAgent: phrases.agent.test(main),
    asksNews: news !== undefined && !tellsNews(news, language, reading),
    ...(attribute && !counts && { attribute }),
    ...(kind && { kind }),
    ...(one && other && { compares: [one.trim(), other.trim()] as const }),
    ...(topics !== "" && { topic: topics }),
    ...(isIt && before && { pointsTo: meantBy(main, before.spokenOf, language) }),
    given: isMore ? (reading.exchanges ?? []).flatMap(({ answer }) => answer ?? []) : [],
  };
  return { part, leansBack };
}

/** Whether a text is a term and nothing besides. */
function isBare(text: string, words: readonly Word[], phrases: Phrases): boolean {
  const rest = text.replace(phrases.continues, "").trim();
  return words.length > 0 && words.length <= MOST_BARE && words.slice(1).every(({ isNext }) => isNext) &&
    rest.split(/\s+/).length <= words.length + 1 && !phrases.begins.test(rest);
}

/** `How much?`, `Quanto costa?` */
function namesNoThing([word, other]: readonly Word[]): boolean {
  return word !== undefined && other === undefined && SAYS_PRICE.test(word.whole);
}

/** The thing of a question after what it is, where other words than small ones say that: `the role of a deal`. */
function thingIn(text: string, language: Language, phrases: Phrases): string | undefined {
  const behind = phrases.definesBehind.exec(text)?.slice(1).find((one) => one !== undefined);
  if (behind !== undefined) return behind;
  const begins = phrases.defines.exec(text)?.[0];
  if (begins === undefined || wordsOf(begins, language).length === 0) return undefined;
  const rest = text.slice(begins.length);
  return wordsOf(rest, language).length > 0 ? rest.trim() : undefined;
}

/** What a text may say of something itself; of `today` it says nothing. */
const NEWEST = /^(?:late|newe|upcoming|neue|recom|consigl|aconsej|empf)\S+$/i;

/** Whether the knowledge has the one word that asks for news: `the latest`. */
function tellsNews(news: string, language: Language, { isKnown }: Reading): boolean {
  const [word, other] = wordsOf(news, language);
  return word !== undefined && !other && NEWEST.test(news) && isKnown(word.written, language);
}

/** The kind of attribute that a text asks for. */
function kindOf(text: string, { kinds }: Phrases): Kind | undefined {
  for (const kind in kinds) if (kinds[kind as Kind].test(text)) return kind as Kind;
  return undefined;
}

/** What asks how many there are: `the number of chairs`, but not `il numero di telefono`. */
const COUNTS_OF = /^(?:number|count|numero|nombre|(?:an)?zahl)$/i;

/** Words of what is asked of a thing, and of the thing, at most: longer ones are sentences of their own. */
const MOST_OF = { asked: 3, of: 4 };

/** What a question asks of which thing, where it has that form. */
function attributeIn(text: string, language: Language, phrases: Phrases): AskedPart["attribute"] {
  const begins = phrases.asksFor.exec(text)?.[0] ?? "";
  if (begins === "" && phrases.begins.test(text)) return undefined;
  const rest = text.slice(begins.length);
  const link = phrases.of.exec(rest) ?? undefined;
  const possessive = phrases.possessive?.exec(rest) ?? undefined;
  const between = possessive ?? link;
  if (!between) return undefined;
  const before = rest.slice(0, between.index), behind = rest.slice(between.index + between[0].length);
  const [asked, of] = possessive ? [behind, before] : [before, behind];
  const isShort = (part: string, most: number) => {
    const { length } = wordsOf(part, language);
    return length > 0 && length <= most;
  };
  return isShort(asked, MOST_OF.asked) && isShort(of, MOST_OF.of) ? { asked, of } : undefined;
}

/** The clause that asks, where a sentence has one of its own, and the clauses before it. */
function divide(text: string, language: Language, phrases: Phrases): { main: string; aside: string } {
  if (phrases.begins.test(text) || phrases.defines.test(text)) return { main: text, aside: "" };
  const clauses = text.split(/[,;:–—]\s+|\s-\s/);
  const at = clauses.findIndex((clause) => phrases.begins.test(clause) || phrases.defines.test(clause));
  if (at <= 0) return { main: text, aside: "" };
  const main = clauses.slice(at).join(", ");
  return wordsOf(main, language).length === 0
    ? { main: text, aside: "" }
    : { main, aside: clauses.slice(0, at).join(", ") };
}

/** A question with so few words of its own may point back; one with more says itself what it is about. */
const MOST_OWN_WORDS = 3;
/** Of an answer, where `it` is looked for, in UTF-16 code units. */
const MOST_ANSWERED = 400;
/** How far back a topic is looked for. */
const MOST_QUESTIONS = 3;

/** Whether a question with so many words of its own leaves to what was said before what it is about. */
function pointsBack(text: string, words: number, phrases: Phrases): boolean {
  return words === 0 || (words <= MOST_OWN_WORDS && (phrases.continues.test(text) || phrases.pointsBack.test(text)));
}

/** Somebody, of whom a passage has a name. */
const PERSON = /\b(?:s?he|him|his|hers?)\b/i;

/** What a text that points back may mean of what was spoken of: of somebody, the names in that if there are any. */
function meantBy(text: string, spokenOf: string, language: Language): string {
  if (!PERSON.test(text)) return spokenOf;
  const names = wordsOf(spokenOf, language).filter(({ isName }) => isName);
  return names.map(({ written }) => written).join(" ") || spokenOf;
}

/** What a question is about that points back: in the words of the same message, or of the questions before it. */
function topicOf(
  { said, after }: { said: readonly Said[]; after: readonly Said[] },
  { language, phrases, reading }: { language: Language; phrases: Phrases; reading: Reading },
): { text: string; spokenOf: string; asksWhatItIs: boolean } | undefined {
  const says = ({ text }: Said) => wordsOf(text, language).length > 0;
  // `Where does it run? iExec, I mean.`
  const earlier = said.findLast(says) ?? after.find((one) => !one.asks && says(one));
  if (earlier) return { text: earlier.text, spokenOf: earlier.text, asksWhatItIs: false };
  const topics: string[] = [];
  let answered = "";
  for (const { question, answer = "", isDeclined } of (reading.exchanges ?? []).slice(-MOST_QUESTIONS).reverse()) {
    const plain = fold(plainText(question));
    const spoken = languageOf(plain, language);
    const phrases = phrasesOf(spokenOf(spoken));
    const courtesies = new Set<Courtesy>();
    const stripped = sentencesOf(plain)
      .map((sentence) => strip(sentence, { ...reading, language: spoken, phrases, courtesies })).join(" ").trim();
    if (stripped === "") continue;
    // What is offered in place of an answer was not spoken of.
    if (topics.length === 0 && !isDeclined) answered = answer.slice(0, MOST_ANSWERED);
    topics.push(stripped);
    if (!pointsBack(stripped, wordsOf(stripped, spoken).length, phrases)) break;
  }
  const [last] = topics;
  if (last === undefined) return undefined;
  return { text: topics.join(" "), spokenOf: `${topics.at(-1)} ${answered}`, asksWhatItIs: phrases.defines.test(last) };
}
