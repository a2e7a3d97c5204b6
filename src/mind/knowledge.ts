/** What the character knows, in passages, and which of them a question is about. @module */

import type { SearchResult } from "minisearch";
import { type IndexedPassage, indexPassages, type KnowledgeIndex, passagesOf } from "./knowledge_index.ts";
import { similarTo } from "./synonyms.ts";
import { shorten, termsOf, termsOfQuestion } from "./words.ts";

/** A piece of knowledge that can be read on its own. */
export interface KnowledgeText {
  readonly text: string;
  /** Where it comes from: `knowledge`, or the path of a file. */
  readonly source: string;
}

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
 * What meeting a term counts if it is met as one that is similar (more where no passage has the word itself: then they
 * all say it in other words), as one that looks alike, or comes from the context. A name that no passage has, or a
 * word that asks for the news of the day, outweighs others: without it, the question is another one.
 */
const WEIGHT = { similar: 0.6, onlySimilar: 0.9, alike: 0.5, context: 0.5, pivotal: 3 };
/** What counts besides coverage when passages are put in order. */
const ORDER = { bm25: 0.25, lead: 0.25, defines: 0.5, instructs: 0.15, self: 0.3 };
/** A question that says less, as a share of what a term of a single passage says, needs a passage about just that. */
const LEAST_SAID = 0.8;
/** Terms at the start of a passage that tell what it is about. */
const LEAD_TERMS = 4;
/** The share of the highest rarity that a term has which no passage knows, nor one that is similar. */
const UNKNOWN = 0.75;

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

/** What a close look at a passage shows. */
interface Look {
  /** The terms of its headings and its text. */
  readonly terms: ReadonlySet<string>;
  /** What it begins with. */
  readonly lead: ReadonlySet<string>;
  /** What it says of something that it is: `A deal is …`, `RLC stands for …`. */
  readonly defined: ReadonlySet<string>;
  /** Whether it names a method or a command. */
  readonly instructs: boolean;
  /** Whether the agent speaks of itself. */
  readonly ofAgent: boolean;
}

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
  const termFrom = (term: string, significance: (isUnheardOf: boolean) => number): Term => {
    const similar = Array.from(similarTo(term)).filter(isKnown);
    const counts = isKnown(term) ? [term] : similar;
    const isUnheardOf = counts.length === 0;
    const rare = isUnheardOf ? rarity(0) * UNKNOWN : rarity(Math.max(...counts.map((one) => frequency.get(one) ?? 0)));
    return { term, weight: rare * significance(isUnheardOf), isKnown: isKnown(term), similar };
  };

  function weigh(question: string, context = ""): Term[] {
    const asked = termsOfQuestion(question, isKnown), meant = termsOfQuestion(context, isKnown);
    const terms = Array.from(
      asked,
      ([term, isName]) => termFrom(term, (isUnheardOf) => isName && isUnheardOf ? WEIGHT.pivotal : 1),
    );
    if (NEWS.test(question)) terms.push({ ...termFrom("", () => WEIGHT.pivotal), similar: [] });
    for (const term of meant.keys()) if (!asked.has(term)) terms.push(termFrom(term, () => WEIGHT.context));
    return terms.sort((a, b) => b.weight - a.weight).slice(0, MAX_TERMS);
  }

  function find(terms: readonly Term[]): SearchResult[] {
    const unheardOf = new Set(
      terms.flatMap(({ term, isKnown, similar }) => isKnown || similar.length > 0 ? [] : [term]),
    );
    const weightOf = new Map(terms.map(({ term, weight }) => [term, weight]));
    for (const { weight, similar } of terms) {
      for (const other of similar) if (!weightOf.has(other)) weightOf.set(other, weight * WEIGHT.similar / 4);
    }
    const queries = [...weightOf.keys()];
    return words.search("", {
      tokenize: () => queries,
      processTerm: (term) => term,
      boost: { heading: 2 },
      boostTerm: (term) => weightOf.get(term) ?? 1,
      // Where the word or one that is similar exists, words that only look like it are noise.
      prefix: (term) => term.length > 3 && unheardOf.has(term),
      fuzzy: (term) => term.length > 4 && unheardOf.has(term) ? 0.2 : false,
    });
  }

  return {
    size: passages.length,
    search(text, limit, { context, nearest = [] } = {}) {
      if (passages.length === 0) return [];
      const question = shorten(text);
      const terms = weigh(question, context);
      const whole = terms.reduce((sum, { weight }) => sum + weight, 0);
      const asksWhatItIs = DEFINITION.test(question), asksHow = HOW.test(question);
      const asksAgent = /\b(?:you|your|yours|yourself)\b/i.test(question.replace(POLITE, " "));
      const results = terms.length > 0 ? find(terms).slice(0, CANDIDATES) : [];
      const highest = results[0]?.score ?? 1;

      const judge = (id: number, result?: SearchResult): Judged[] => {
        const passage = passages[id];
        if (!passage) return [];
        const look = lookAt(id, passage);
        const covered = (by: ReadonlySet<string>) =>
          whole === 0 ? 0 : terms.reduce((sum, { term, weight, isKnown, similar }) => {
            if (by.has(term)) return sum + weight;
            if (similar.some((other) => by.has(other))) {
              return sum + weight * (isKnown ? WEIGHT.similar : WEIGHT.onlySimilar);
            }
            return !isKnown && result?.queryTerms.includes(term) ? sum + weight * WEIGHT.alike : sum;
          }, 0) / whole;
        const lead = covered(look.lead);
        // A few common words are in every other passage by chance, unless it is about them.
        const score = covered(look.terms) * (whole < LEAST_SAID * rarity(1) ? lead : 1);
        const rank = score * (1 + ORDER.bm25 * (result?.score ?? 0) / highest + ORDER.lead * lead +
          (asksWhatItIs ? ORDER.defines * covered(look.defined) / Math.max(1, look.defined.size) : 0) +
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

/** What a text that never changes can't know. */
const NEWS =
  /\b(?:right now|at the moment|at present|today|tonight|tomorrow|yesterday|latest|newest|upcoming|what (?:time|day|date) is it|(?:next|last) (?:week|month|year|version|release))\b/i;
/** `What is …?`, `Explain …`. */
const DEFINITION =
  /^\s*(?:so\s+)?(?:what(?:'s|’s| is| are| does| do)\b|define\b|explain\b|describe\b|tell me about\b|who is\b)/i;
const HOW = /^\s*(?:so\s+)?(?:how (?:do|can|could|should|would) (?:i|you|we|one)\b|how to\b)/i;
/** A camel-case name or a quoted command. */
const INSTRUCTS = /\p{Ll}\p{Lu}|"/u;
/** `Can you explain …?` is not about the agent. */
const POLITE =
  /\b(?:can|could|would|will) you (?:please |kindly )?(?:tell|explain|describe|show|help|give|list)\b|\bdo you know\b|\bthank you\b/gi;
const OF_AGENT = /\b(?:I|me|my)\b/;
/** The words before the first verb that says what something is. */
const DEFINED =
  /^(?!(?:when|if|to|on|for|in|before|after|with|without|from)\b)(.{1,48}?)(?:\s\(|\s(?:is|are|was|means|stands for|lets)\s)/is;

function closeLook({ heading, text }: IndexedPassage): Look {
  const terms = [...termsOf(heading), ...termsOf(text)];
  return {
    terms: new Set(terms),
    lead: new Set(terms.slice(0, LEAD_TERMS)),
    defined: new Set(termsOfQuestion(DEFINED.exec(text)?.[1] ?? "", () => true).keys()),
    instructs: INSTRUCTS.test(text.replace(/\bi[A-Z]/g, "")),
    ofAgent: OF_AGENT.test(text),
  };
}
