/** What the character knows, in passages, and which of them a question is about. @module */

import { createCandidateSearch, scoreOf } from "./candidates.ts";
import type { WordGroup } from "./general_words.ts";
import { indexPassages, type KnowledgeIndex, languageAt } from "./index.ts";
import { caseOf, judge } from "./judge.ts";
import { rarity } from "./lexicon.ts";
import type { Language } from "./language.ts";
import { closeLook, type Look } from "./passage_look.ts";
import { type IndexedPassage, passagesOf } from "./passage_list.ts";
import type { KnowledgeText } from "./texts.ts";
import { type Asked, type AskedPart, type Reading, readQuestion } from "./question.ts";
import { mayGive } from "./saying.ts";
import { openSynonyms } from "./synonyms.ts";
import { createWeigher, type Term } from "./terms.ts";

/** A passage that was found. */
export interface Passage extends KnowledgeText {
  /** How much of the question it covers, rare words counting most: 0 nothing, 1 all of it. */
  readonly score: number;
  /** How well it answers beside the best one for the same part of the message: 1 for that, and less for the others. */
  readonly share: number;
}

/** All passages, to be searched. */
export interface Knowledge {
  /** How many passages there are. */
  readonly size: number;
  /** Read a message: what is to be looked up for it. `exchanges`: those before it, oldest first. */
  read(message: string, exchanges?: Reading["exchanges"]): Asked;
  /**
   * The passages that answer best, best first: of each part of the message in turn, where it has several. None that
   * shares nothing with the question.
   *
   * @param limit At most so many.
   * @param options `nearest`: places of the passages that mean the same, nearest first: both orders are joined by
   * reciprocal ranks.
   */
  search(asked: Asked, limit: number, options?: { nearest?: readonly number[] }): Passage[];
}

/** What a character adds to its knowledge. */
export interface KnowledgeOptions {
  /** The agent's name. */
  readonly name?: string;
  /** Words that mean much the same here. */
  readonly synonyms?: readonly WordGroup[];
}

/** Looks that are remembered, at most: some 10 MB of them. */
const MAX_LOOKS = 4_096;

/** Split `texts` into passages and index them. */
export function buildKnowledge(texts: readonly KnowledgeText[], options?: KnowledgeOptions): Knowledge {
  return searchIn(indexPassages(passagesOf(texts)), options);
}

/** Search in an index. */
export function searchIn(index: KnowledgeIndex, { name = "", synonyms = [] }: KnowledgeOptions = {}): Knowledge {
  const { passages, postings } = index;
  const { frequency } = postings, { length: size } = passages, languages = languagesOf(index);
  const vocabulary = { frequency, size, languages, synonyms: openSynonyms(synonyms) };
  const { weigh, pointedTo, isKnown } = createWeigher(vocabulary);
  const candidates = createCandidateSearch(index, languages);
  const lookAt = rememberLooks(index);
  /** The same for every question. */
  const same = {
    main: languages[0] ?? "en",
    telling: rarity(vocabulary, 1),
    least: passages.length > FEW ? SHOWN : 0,
  };

  function searchPart(part: AskedPart, nearest: readonly number[]): Judged[] {
    const terms = weigh(part);
    const results = terms.length > 0 ? candidates.find(terms, part.language) : [];
    const highest = results.length > 0 ? Math.max(...results.map(scoreOf)) : 1;
    const about = caseOf(part, terms, { ...same, pointedTo: pointedTo(part), highest });
    const judged = (id: number, found = 0): Judged | undefined => {
      const seen = lookAt(id);
      if (!seen || part.given.some((text) => text.includes(seen.passage.text))) return undefined;
      const { passage, look } = seen, { score, rank, isNear } = judge(about, look, found);
      return { id, passage, score, rank, isNear };
    };
    const byWords = results.flatMap((result) => judged(result.id, scoreOf(result)) ?? [])
      .filter(({ rank }) => rank > 0).sort(byRank);
    const byMeaning = nearest.flatMap((id) => byWords.find((one) => one.id === id) ?? judged(id) ?? []);
    return byMeaning.length > 0 ? fuse(byWords, byMeaning) : byWords;
  }

  /** The passages for each part; two things that are compared are two parts, unless one passage tells them apart. */
  function searchParts(part: AskedPart, nearest: readonly number[]): Judged[][] {
    const found = searchPart(part, nearest);
    const { compares, language } = part;
    if (!compares) return [found];
    const both = compares.map((thing) => partFor(thing, language));
    const [best] = found;
    if (best && tellsApart(lookAt(best.id)!.look, both.map(weigh))) return [found];
    const each = both.map((one) => searchPart(one, []));
    return each.every(([best]) => best) ? each : [found];
  }

  return {
    size: passages.length,
    read: (message, exchanges = []) => readQuestion(message, { exchanges, isKnown, name }),
    search({ parts }, limit, { nearest = [] } = {}) {
      if (passages.length === 0) return [];
      const meant = new Set(nearest);
      const found = parts.flatMap((part) => {
        const isShown = (one: Judged) => meant.has(one.id) && mayGive(lookAt(one.id)!.look, part);
        return searchParts(part, nearest).map((judged) =>
          withShares(worthShowing(judged, { size: passages.length, isUnderstood: part.isUnderstood }, isShown))
        );
      });
      return inTurn(found, limit);
    },
  };
}

/** Whether one passage says what both things are, by their terms, so that it tells them apart. */
function tellsApart({ things: { names } }: Look, both: readonly Term[][]): boolean {
  return both.every((terms) => terms.some(({ forms }) => names.some((name) => forms.some((form) => name.has(form)))));
}

/** The question after a thing. */
function partFor(thing: string, language: Language): AskedPart {
  const not = {
    asksHow: false,
    asksHowMany: false,
    asksOf: false,
    asksAgent: false,
    asksNews: false,
    isUnderstood: true,
  };
  return { text: thing, language, asksWhatItIs: true, ...not, given: [] };
}

/** A passage that was looked at. */
interface Judged {
  readonly id: number;
  readonly passage: IndexedPassage;
  readonly score: number;
  readonly rank: number;
  readonly isNear: boolean;
}

function byRank(a: Judged, b: Judged): number {
  return b.rank - a.rank || a.id - b.id;
}

function withShares(judged: readonly Judged[]): Passage[] {
  return judged.map(({ passage: { text, source }, score, rank }, _, [best]) => ({
    text,
    source,
    score,
    share: best ? rank / best.rank : 1,
  }));
}

/** The first of each list, those that cover their question best first, then the second of each, and so on; each once. */
function inTurn(lists: readonly (readonly Passage[])[], limit: number): Passage[] {
  const answering = lists.filter(([best]) => best && best.score >= ANSWERS);
  const ordered = [...answering, ...lists.filter((list) => !answering.includes(list))];
  const taken = new Map<string, Passage>();
  for (let place = 0; place < limit; place++) {
    for (const list of ordered) {
      const passage = list[place];
      if (passage && !taken.has(passage.text)) taken.set(passage.text, passage);
    }
  }
  return [...taken.values()].slice(0, limit);
}

/**
 * A passage that covers less of a question is shown to no model, unless it means the same. Where the best one does not
 * answer a question that was understood, none is: what is asked of a thing is not there, though the thing is.
 */
const SHOWN = 0.2;
/** So few passages tell too little of how rare words are: all that share something with the question are shown. */
const FEW = 10;

/** A passage answers a question if it covers this much of it. */
export const ANSWERS = 0.4;

/** Of the passages for a part, those that a model is shown. `isMeant`: whether one means the same. */
function worthShowing(
  judged: readonly Judged[],
  { size, isUnderstood }: { size: number; isUnderstood: boolean },
  isMeant: (one: Judged) => boolean,
): Judged[] {
  if (size <= FEW) return [...judged];
  const isAnswered = !isUnderstood || judged.some(({ score, isNear }) => score >= ANSWERS || isNear);
  return judged.filter((one) => (isAnswered && one.score >= SHOWN) || isMeant(one));
}

/** A passage that was read, and the look at it. */
interface Seen {
  readonly passage: IndexedPassage;
  readonly look: Look;
}

/** Looks at passages, each once as long as there is room. */
function rememberLooks(index: KnowledgeIndex): (id: number) => Seen | undefined {
  const looks = new Map<number, Seen>();
  return (id) => {
    let seen = looks.get(id);
    if (!seen) {
      const passage = index.passages.at(id);
      if (!passage) return undefined;
      if (looks.size >= MAX_LOOKS) looks.clear();
      const terms = {
        has: (term: string) => index.postings.holdersOf(term).includes(id),
        hasAny: (terms: readonly string[]) => index.postings.hasAny(id, terms),
      };
      const lead = { has: (term: string) => index.postings.leadsWith(id, term) };
      const look = closeLook(passage, { language: languageAt(index, id), terms, lead });
      looks.set(id, seen = { passage, look });
    }
    return seen;
  };
}

/** The languages of passages, the commonest first. */
function languagesOf(index: KnowledgeIndex): Language[] {
  const counts = new Map<Language, number>();
  for (let at = 0; at < index.passages.length; at++) {
    const language = languageAt(index, at);
    counts.set(language, (counts.get(language) ?? 0) + 1);
  }
  return [...counts].sort(([, a], [, b]) => b - a).map(([language]) => language);
}

/** How little the first places count above the next ones. @see Cormack, Clarke, Büttcher: Reciprocal Rank Fusion (2009) */
const FUSION = 60;

/** Two orders joined: what stands high in both comes first. */
function fuse(...orders: readonly (readonly Judged[])[]): Judged[] {
  const joined = new Map<number, Judged>();
  for (const order of orders) {
    for (const [place, judged] of order.entries()) {
      const rank = (joined.get(judged.id)?.rank ?? 0) + 1 / (FUSION + place + 1);
      joined.set(judged.id, { ...judged, rank });
    }
  }
  return [...joined.values()].sort(byRank);
}
