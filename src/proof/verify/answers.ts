/** Checks signed answers against evidence: each answer's signature, its key, and its place in its agent's chain. @module */

import type { AgentEvent } from "../../wire.ts";
import { type ChainLink, type ChainVerdict, type SeenChain, watchChain } from "../chain.ts";
import { signerAddress } from "../eip712.ts";
import { isRefusal, type TrustedKey, trustedKey, verifyEntry } from "../entries.ts";
import type { EvidenceVerdict } from "./evidence.ts";

/** Why an answer is not proved. `code` is an `EntryFault`, or one of those that stand below. */
export interface AnswerReason {
  readonly code: string;
  /** The reason as a clause. It quotes neither a query nor an answer. */
  readonly text: string;
}

/** What a check of an answer found. */
export interface AnswerVerdict {
  readonly proved: boolean;
  readonly reasons: readonly AnswerReason[];
  /** Answers of the agent before this one that were not seen. */
  readonly missing: number;
  /** What is suspicious about its place, and proves no fault: a sentence. At most one for each key. */
  readonly warning?: string;
}

/**
 * Places in an agent's chain that are remembered, the last half of them always: all of them, unless a file has more than
 * eight million answers. Each takes some 300 bytes, and a Map has room for 2^24 at most.
 */
const MAX_REMEMBERED = 2 ** 24;

/** The question of an answer, as far as it is signed. */
export type Question = Pick<AgentEvent, "query" | "metadata">;

/** The questions by their ids; undefined for an id under which only something stands that is no event. */
export type Questions = ReadonlyMap<string, Question | undefined>;

/**
 * A check of answers one after the other, in the order in which they were made.
 *
 * @param verdicts Of all the evidence there is. A key counts as proved if one of its evidences is.
 * @param questions The questions, if they are known: then each answer has to have one, and each error one or something
 * that its agent may have refused.
 */
export function checkAnswers(
  verdicts: readonly EvidenceVerdict[],
  questions?: Questions,
): (entry: unknown) => AnswerVerdict {
  const { keys, unproved } = keysOf(verdicts);
  // Anybody can make up evidence that proves nothing: answers by such a key must not break the chain of a proved one.
  const addProved = watchChains(), addOther = watchChains();
  return (entry) => {
    const question = questions?.get((entry as { queryId?: unknown } | null)?.queryId as string);
    const verdict = verifyEntry(entry, { keys, event: question, signerAddress });
    if (!verdict.ok) {
      return refused(verdict.reasons.map(({ fault, text }) => ({ code: fault, text })));
    }
    const { kid, claims, link } = verdict;
    const reasons: AnswerReason[] = [];
    const doubt = unproved.get(kid);
    if (doubt !== undefined) reasons.push({ code: "evidence", text: `the evidence for its key ${kid} ${doubt}` });
    const isAsked = question !== undefined || (isRefusal(claims) && questions?.has(claims.queryId));
    if (questions && !isAsked) reasons.push({ code: "event", text: "its event is not among those that were given" });
    let missing = 0, warning: string | undefined;
    if (link) {
      const place = (doubt === undefined ? addProved : addOther)(link);
      if (place.state === "gap") missing = place.missing;
      const broken = BROKEN[place.state];
      if (broken !== undefined) reasons.push({ code: place.state, text: broken });
      if (doubt === undefined && place.state === "late" && place.isNewKey) warning = goesBack(link);
    }
    return { proved: reasons.length === 0, reasons, missing, ...(warning !== undefined && { warning }) };
  };
}

/** The chains of agents by their ids. Returns what adds a token to that of its agent. */
function watchChains(): (link: ChainLink) => ChainVerdict {
  const chains = new Map<string, SeenChain>();
  return (link) => {
    const chain = chains.get(link.iss) ?? watchChain({ remembered: MAX_REMEMBERED });
    chains.set(link.iss, chain);
    const last = chain.head, place = chain.add(link);
    if (place.state !== "gap" || !last) return place;
    const missing = place.missing - countBetween(last, link, [...chains.values()]);
    return missing > 0 ? { state: "gap", missing } : { state: "ok" };
  };
}

/**
 * How many tokens between two of one agent were seen under other ids: the same state may have been run with another
 * AGENT_ID in between. Only those count that are linked to one of the two by digests, one after the other, or the tokens of
 * an agent of its own would hide what is missing.
 */
function countBetween(last: ChainLink, link: ChainLink, chains: readonly SeenChain[]): number {
  let before = link.prev, { digest } = last, from = last.seq + 1, to = link.seq - 1;
  for (; from <= to; to--) {
    const found = chains.map((chain) => chain.at(to)).find((place) => place?.digest === before);
    if (!found) break;
    before = found.prev;
  }
  for (; from <= to; from++) {
    const found = chains.map((chain) => chain.at(from)).find((place) => place?.prev === digest);
    if (!found) break;
    digest = found.digest;
  }
  return from - last.seq - 1 + link.seq - 1 - to;
}

/** What is said of a token that contradicts its agent's chain. */
const BROKEN: Readonly<Record<string, string>> = {
  fork: "its key signed another answer for the same place in the chain",
  rollback: "the agent's chain went back: an older state was put back, or two agents share an id",
};

/** What is said of a key that first appears behind later answers, with an earlier time. */
function goesBack({ kid, seq }: ChainLink): string {
  return `Key ${kid}: its first answer here, number ${seq} of its agent, stands behind later ones of another key. Unless ` +
    "the file was put together in another order, an older state was put back, and the clock set back.";
}

function refused(reasons: readonly AnswerReason[]): AnswerVerdict {
  return { proved: false, reasons, missing: 0 };
}

/** The keys by name, and why those that are not proved are not. */
function keysOf(verdicts: readonly EvidenceVerdict[]) {
  const keys = new Map<string, TrustedKey>();
  const unproved = new Map<string, string>();
  for (const { claims, proved, reasons } of verdicts) {
    if (!claims) continue;
    const [kid, key] = trustedKey(claims.cnf.jwk, { agentId: claims.agentId, ethAddress: claims.eth_address });
    const isKnown = keys.has(kid), isProved = isKnown && !unproved.has(kid);
    if (isProved || (isKnown && !proved)) continue;
    keys.set(kid, key);
    unproved.delete(kid);
    if (!proved) unproved.set(kid, `proves nothing (${reasons.map(({ code }) => code).join(", ")})`);
  }
  return { keys, unproved };
}
