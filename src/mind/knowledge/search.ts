/** What the character knows, in passages, and which of them a question is about. @module */

import { indexPassages, type KnowledgeIndex } from "./index.ts";
import { closeLook, type Look } from "./passage_look.ts";
import { type IndexedPassage, type KnowledgeText, passagesOf } from "./passages.ts";
import { signsOf } from "./question_signs.ts";
import { similarTo } from "./synonyms.ts";
import { shorten, termsOfQuestion } from "./words.ts";

/** A passage that was found. */
export interface Passage extends KnowledgeText {
  /** How much of the question it covers, rare words counting most: 0 nothing, 1 all of it. */
  readonly score: number;
  /** How well it answers beside the best one: 1 for that, and less for the others. */
  readonly share: number;
}

/** All passages, to be searched. */
export interface Knowledge {
  /** How many passages there are. */
  readonly size: number;
  /**
   * The passages that answer best, best first, none that shares nothing with the question.
   *
   * @param limit At most so many.
   * @param options `context`: what the conversation is about, where the question leaves it out; it counts half.
   * `nearest`: places of the passages that mean the same, nearest first: both orders are joined by reciprocal ranks.
   */
  search(question: string, limit: number, options?: { context?: string; nearest?: readonly number[] }): Passage[];
}

/** Most terms of a question that are looked up: the rarest ones. */
const MAX_TERMS = 32;
/** How many candidates the index hands over to be looked at closely. */
const CANDIDATES = 24;
/**
 * What meeting a term counts if it is met as one that is similar (less in the search for candidates, more where no
 * passage has the word itself: then they all say it in other words), as one that looks alike, or comes from the context.
 * A name that no passage has, or a word that asks for the news of the day, outweighs others: without it, the question is
 * another one.
 */
const WEIGHT = { similar: 0.6, similarInSearch: 0.225, onlySimilar: 0.9, alike: 0.5, context: 0.5, pivotal: 3 };
/** What counts besides coverage when passages are put in order. */
const ORDER = { bm25: 0.25, lead: 0.25, defines: 0.5, instructs: 0.15, self: 0.45 };
/** A question that says less, as a share of what a term of a single passage says, needs a passage about just that. */
const LEAST_SAID = 0.8;
/**
 * How many times the highest rarity a term counts that no passage has, nor one that is similar: above 1, since a wrong
 * answer is worse than none.
 */
const UNKNOWN = 1.3;

/** A term of a question. */
interface Term {
  readonly term: string;
  /** Its share in what the question is about. */
  readonly weight: number;
  /** Whether some passage has it. */
  readonly isKnown: boolean;
  /** Terms that some passage has and that may stand for it. */
  readonly similar: readonly string[];
}

/** What the knowledge says of a term, whatever the question. */
interface Facts extends Pick<Term, "isKnown" | "similar"> {
  /** Whether no passage has it, nor one that is similar. */
  readonly isUnheardOf: boolean;
  readonly rare: number;
}

/** A passage that may answer, before it is looked at. */
interface Candidate {
  readonly id: number;
  /** Of the terms that were met, and how many these are. */
  sum: number;
  met: number;
  /** Terms of the question that brought it up, be it by looking alike. */
  readonly queryTerms: readonly string[];
}

function scoreOf({ sum, met }: Candidate): number {
  return sum * met;
}

/** Most passages that a similar term may be in, to bring them up. */
const MAX_HOLDERS = 256;

/** Looks that are remembered, at most: some 10 MB of them. */
const MAX_LOOKS = 4_096;

/** Split `texts` into passages and index them. */
export function buildKnowledge(texts: readonly KnowledgeText[]): Knowledge {
  return searchIn(indexPassages(passagesOf(texts)));
}

/** Search in an index. */
export function searchIn({ passages, frequency, words }: KnowledgeIndex): Knowledge {
  const looks = new Map<number, Look>();
  const lookAt = (id: number, passage: IndexedPassage): Look => {
    let look = looks.get(id);
    if (!look) {
      if (looks.size >= MAX_LOOKS) looks.clear();
      looks.set(id, look = closeLook(passage));
    }
    return look;
  };

  const isKnown = (term: string) => frequency.has(term);
  const rarity = (count: number) => Math.log(1 + passages.length / (count + 0.5));
  const facts = new Map<string, Facts>();
  const factsOf = (term: string): Facts => {
    const remembered = facts.get(term);
    if (remembered) return remembered;
    const similar = Array.from(similarTo(term)).filter(isKnown);
    const counts = isKnown(term) ? [term] : similar;
    const isUnheardOf = counts.length === 0;
    const rare = isUnheardOf ? rarity(0) * UNKNOWN : rarity(Math.max(...counts.map((one) => frequency.get(one) ?? 0)));
    const found = { isKnown: isKnown(term), similar, isUnheardOf, rare };
    // Of what nobody ever wrote there is no end.
    if (!isUnheardOf) facts.set(term, found);
    return found;
  };
  const termFrom = (term: string, significance: (isUnheardOf: boolean) => number): Term => {
    const { isKnown, similar, isUnheardOf, rare } = factsOf(term);
    return { term, weight: rare * significance(isUnheardOf), isKnown, similar };
  };

  function weigh(question: string, { asksNews, context = "" }: { asksNews: boolean; context?: string | undefined }) {
    const asked = termsOfQuestion(question, isKnown), meant = termsOfQuestion(context, isKnown);
    const terms = Array.from(
      asked,
      ([term, isName]) => termFrom(term, (isUnheardOf) => isName && isUnheardOf ? WEIGHT.pivotal : 1),
    );
    if (asksNews) terms.push({ ...termFrom("", () => WEIGHT.pivotal), similar: [] });
    for (const term of meant.keys()) if (!asked.has(term)) terms.push(termFrom(term, () => WEIGHT.context));
    return terms.sort((a, b) => b.weight - a.weight).slice(0, MAX_TERMS);
  }

  /** The passages that have a term, where these are few: one that many have tells little. Looked up once. */
  const holders = new Map<string, readonly number[]>();
  const holdersOf = (term: string): readonly number[] => {
    let found = holders.get(term);
    if (!found) {
      const isRare = (frequency.get(term) ?? 0) <= MAX_HOLDERS;
      found = isRare ? words.search("", { tokenize: () => [term], processTerm: same }).map(({ id }) => id) : [];
      holders.set(term, found);
    }
    return found;
  };

  /** Passages that may answer, the likeliest first: by BM25 those that have the terms, and those that have similar ones. */
  function find(terms: readonly Term[]): Candidate[] {
    const weightOf = new Map(terms.map(({ term, weight }) => [term, weight]));
    const unheardOf = new Set(
      terms.flatMap(({ term, isKnown, similar }) => isKnown || similar.length > 0 ? [] : [term]),
    );
    const found = new Map<number, Candidate>();
    const results = words.search("", {
      tokenize: () => [...weightOf.keys()],
      processTerm: same,
      boost: { heading: 2 },
      boostTerm: (term) => weightOf.get(term) ?? 1,
      // Where the word or one that is similar exists, words that only look like it are noise.
      prefix: (term) => term.length > 3 && unheardOf.has(term),
      fuzzy: (term) => term.length > 5 && unheardOf.has(term) ? 0.2 : false,
    });
    for (const { id, score, queryTerms } of results.slice(0, CANDIDATES)) {
      // MiniSearch has multiplied the sum by the number of terms that were met, and so is done below.
      found.set(id, { id, sum: score / queryTerms.length, met: queryTerms.length, queryTerms });
    }
    // All similar words together, without MiniSearch: with them as further terms a search took three times as long.
    for (const { weight, similar } of terms) {
      for (const other of similar) {
        if (weightOf.has(other)) continue;
        const share = weight * WEIGHT.similarInSearch * rarity(frequency.get(other) ?? 0);
        for (const id of holdersOf(other)) {
          let candidate = found.get(id);
          if (!candidate) found.set(id, candidate = { id, sum: 0, met: 0, queryTerms: [] });
          candidate.sum += share;
          candidate.met++;
        }
      }
    }
    return [...found.values()].sort((a, b) => scoreOf(b) - scoreOf(a) || a.id - b.id).slice(0, CANDIDATES);
  }

  return {
    size: passages.length,
    search(text, limit, { context, nearest = [] } = {}) {
      if (passages.length === 0) return [];
      const question = shorten(text);
      const { asksWhatItIs, asksHow, asksAgent, asksNews } = signsOf(question);
      const terms = weigh(question, { asksNews, context });
      // Never zero, so that nothing asked is nothing covered.
      const whole = terms.reduce((sum, { weight }) => sum + weight, 0) || 1;
      const namesThing = terms.some(({ term, isKnown }) => isKnown && THING.test(term));
      const results = terms.length > 0 ? find(terms) : [];
      const highest = results[0] ? scoreOf(results[0]) : 1;

      const judge = (id: number, result?: Candidate): Judged[] => {
        const passage = passages[id];
        if (!passage) return [];
        const look = lookAt(id, passage);
        const { all, lead, defined } = cover(terms, look, result?.queryTerms ?? []);
        // A few common words are in every other passage by chance, unless it is about them.
        const isAbout = asksAgent && look.ofAgent ? 1 : lead / whole;
        const score = all / whole * (whole < LEAST_SAID * rarity(1) && !namesThing ? isAbout : 1);
        const rank = score * (1 + ORDER.bm25 * (result ? scoreOf(result) : 0) / highest + ORDER.lead * lead / whole +
          (asksWhatItIs ? ORDER.defines * defined / whole / Math.max(1, look.defined.size) : 0) +
          (asksHow && look.instructs ? ORDER.instructs : 0) -
          (asksAgent === look.ofAgent ? 0 : ORDER.self));
        return [{ id, passage, score, rank }];
      };
      const byWords = results.flatMap((result) => judge(result.id, result)).filter(({ rank }) => rank > 0).sort(byRank);
      const byMeaning = nearest.flatMap((id) => byWords.find((judged) => judged.id === id) ?? judge(id));
      return (byMeaning.length > 0 ? fuse(byWords, byMeaning) : byWords).slice(0, limit)
        .map(({ passage: { text, source }, score, rank }, _, [best]) => ({
          text,
          source,
          score,
          share: best ? rank / best.rank : 1,
        }));
    },
  };
}

/** A file, a variable, a version: nothing that a text has by chance. */
const THING = /[\d._-]/;

/** Terms are made already when MiniSearch gets them. */
const same = (term: string) => term;

/** How much of a question a passage covers: all of it, its lead, and what it defines, in weights. */
function cover(terms: readonly Term[], { terms: all, lead, defined }: Look, alike: readonly string[]) {
  const sum = { all: 0, lead: 0, defined: 0 };
  for (const { term, weight, isKnown, similar } of terms) {
    const weightIn = (by: ReadonlySet<string>) => {
      if (by.has(term)) return weight;
      const other = isKnown ? WEIGHT.similar : WEIGHT.onlySimilar;
      return similar.some((one) => by.has(one)) ? weight * other : 0;
    };
    const met = weightIn(all);
    const looksAlike = !isKnown && met === 0 && alike.includes(term) ? weight * WEIGHT.alike : 0;
    sum.all += met + looksAlike;
    // What is nowhere in it is neither at its start nor defined.
    sum.lead += met === 0 ? looksAlike : weightIn(lead) || looksAlike;
    sum.defined += met === 0 ? looksAlike : weightIn(defined) || looksAlike;
  }
  return sum;
}

/** A passage that was looked at: how much of the question it covers, and what puts it in order. */
interface Judged {
  readonly id: number;
  readonly passage: IndexedPassage;
  readonly score: number;
  readonly rank: number;
}

function byRank(a: Judged, b: Judged): number {
  return b.rank - a.rank || a.id - b.id;
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
