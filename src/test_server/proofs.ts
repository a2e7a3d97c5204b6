/** What agents show of the keys that sign their answers, and the signatures, checked as `verify` checks them. @module */

import type { AgentEvent } from "../wire.ts";
import { parseToken } from "../proof/token_parsing.ts";
import { type ChainLink, type ChainVerdict, type SeenChain, watchChain } from "../proof/chain.ts";
import type { signerAddress } from "../proof/eip712.ts";
import { type EntryReason, type TrustedKey, trustedKey, verifyEntry } from "../proof/entries.ts";
import { type Claims, toBase64Url } from "../proof/evidence.ts";
import { parseClaims, parseEvidence } from "../proof/evidence_parsing.ts";
import type { EvidenceVerdict } from "../proof/verify/evidence.ts";
import type { Policy } from "../proof/verify/policy.ts";
import type { FeedProof, FeedSignature } from "./feed.ts";

/** What evidence is checked against; the time and the nonce are the server's own. */
export type ProofPolicy = Omit<Policy, "nowMs" | "nonce">;

/** A challenge to an agent: only evidence that was made after it can name its nonce. */
export interface Challenge {
  readonly nonce: string;
  /** Its place among all challenges and their answers, counted from 1. */
  readonly moment: number;
}

/** The keys of one server's agents, and the chains of their answers. */
export interface Proofs {
  /** Make a challenge, to be sent at once. */
  challenge(): Challenge;
  /**
   * Check evidence.
   *
   * @param about `agentId`: of the auth that brought it, or is of its connection; `challenge`: the one that it answers.
   */
  check(evidence: unknown, about: { agentId: string; challenge?: Challenge | undefined }): Promise<FeedProof>;
  /**
   * Check the signature of an outcome; undefined if it has none and needs none.
   *
   * @param text The response frame, or an ack that tells an error.
   * @param from `mustSign`: whether proved keys alone may sign for the agent on this connection: it has proved one, or
   * the server requires it.
   */
  judge(text: string, event: AgentEvent, from: { agentId: string; mustSign: boolean }): FeedSignature | undefined;
}

/** When a key is known to have been there, in moments of {@linkcode Challenge}: after the one and before the other. */
interface Presence {
  lastChallenged: number;
  readonly firstProved: number;
}

/** Keys, by name, and the chains of answers that they signed, by agentId. */
interface Remembered {
  readonly keys: Map<string, TrustedKey>;
  readonly chains: Map<string, SeenChain>;
}

/** Most entries of each of these maps: whoever connects makes keys and agents up, and could fill the memory. */
const MAX_REMEMBERED = 1_000;
const NONCE_BYTES = 32;
/** Not written into the import itself: Deno would download the verifier's packages before the server's first start. */
const VERIFIER = "../proof/verify/evidence.ts";

/** No agent has shown anything yet. `now`: milliseconds since the epoch. */
export function createProofs(options: { policy: ProofPolicy; now: () => number }): Proofs {
  return new KeptProofs(options);
}

class KeptProofs implements Proofs {
  readonly #options: { policy: ProofPolicy; now: () => number };
  /**
   * What is remembered of the keys that an enclave vouches for, and of all others. Anybody can show evidence that proves
   * nothing, under any agentId and for any key: it changes nothing of what was proved.
   */
  readonly #proved: Remembered = { keys: new Map(), chains: new Map() };
  readonly #unproved: Remembered = { keys: new Map(), chains: new Map() };
  /** Of the keys whose evidence answered a challenge, by name. */
  readonly #presences = new Map<string, Presence>();
  #moment = 0;
  /** Loaded with the first key for chains. */
  #addressOf: typeof signerAddress | undefined;

  constructor(options: { policy: ProofPolicy; now: () => number }) {
    this.#options = options;
  }

  challenge(): Challenge {
    return { nonce: toBase64Url(crypto.getRandomValues(new Uint8Array(NONCE_BYTES))), moment: ++this.#moment };
  }

  async check(
    evidence: unknown,
    { agentId, challenge }: { agentId: string; challenge?: Challenge | undefined },
  ): Promise<FeedProof> {
    const moment = ++this.#moment; // before anything is awaited
    const parsed = parseEvidence(evidence);
    if (!parsed.ok) return { state: "refused", isFresh: false, reasons: [parsed.reason] };
    const claimed = parseClaims(parsed.value.claims);
    if (!claimed.ok) return { state: "refused", isFresh: false, reasons: [claimed.reason] };
    const { claims } = claimed.value;
    const [kid, key] = trustedKey(claims.cnf.jwk, { agentId: claims.agentId, ethAddress: claims.eth_address });
    const about = { isFresh: false, kid, ...claimedIn(claims) };
    if (!isSameAgent(claims.agentId, agentId)) {
      const reason = `the evidence is of the agent ${claims.agentId}, and this one authenticated as ${agentId}`;
      return { state: "refused", ...about, reasons: [reason] };
    }
    if (claims.eth_address !== undefined) this.#addressOf = (await import("../proof/eip712.ts")).signerAddress;
    remember(this.#unproved.keys, kid, key);
    if (parsed.value.format === "none") return { state: "outside", ...about };
    const verdict = await this.#verify(parsed.value, challenge?.nonce);
    if (!verdict) return { state: "unchecked", ...about, reasons: ["the verifier's packages can't be downloaded"] };
    if (verdict.proved) remember(this.#proved.keys, kid, key);
    const isFresh = challenge !== undefined && verdict.proved;
    if (isFresh) {
      const { moment: lastChallenged } = challenge;
      const presence = remember(this.#presences, kid, { lastChallenged, firstProved: moment });
      presence.lastChallenged = Math.max(presence.lastChallenged, lastChallenged);
    }
    return { ...about, ...shown(verdict), isFresh };
  }

  judge(
    text: string,
    event: AgentEvent,
    { agentId, mustSign }: { agentId: string; mustSign: boolean },
  ): FeedSignature | undefined {
    const entry = entryOf(text, agentId);
    if (entry.signature === undefined && entry.eip712Signature === undefined) {
      return mustSign ? { state: "missing", text: "its agent has proved a key, and did not sign it" } : undefined;
    }
    const keys = { get: (kid: string) => this.#proved.keys.get(kid) ?? this.#unproved.keys.get(kid) };
    // Not loaded yet: no key names an address, so that a signature for chains is of none.
    const signerAddress = this.#addressOf ?? (() => undefined);
    const verdict = verifyEntry(entry, { keys, event, signerAddress });
    if (!verdict.ok) return faulty(verdict.reasons, { mustSign });
    const { kid, claims: { iss }, link } = verdict;
    const isProved = this.#proved.keys.has(kid), { chains } = isProved ? this.#proved : this.#unproved;
    if (!isProved && mustSign) return { state: "foreign", text: "no enclave vouches for the key that signed it" };
    const broken = link && this.#contradiction(link, remember(chains, iss, chains.get(iss) ?? watchChain()));
    if (broken !== undefined) return { state: "broken", text: broken };
    return isProved ? { state: "holds" } : { state: "unproved", text: "no enclave vouches for its key" };
  }

  /** What is said of an answer that can't stand beside those before it. */
  #contradiction(link: ChainLink, chain: SeenChain): string | undefined {
    const goesBack = this.#goesBack(link, chain.head);
    return BROKEN[chain.add(link).state] ?? (goesBack ? BROKEN.rollback : undefined);
  }

  /**
   * Whether an answer does not go on behind the farthest one, although its key came after the key of that one. A key lives
   * as long as its process, and only one process at a time has the state: of a process that came later, all answers go on
   * behind. The agent's clock, which `chain.ts` goes by, is the host's to set.
   */
  #goesBack({ kid, seq }: ChainLink, head: ChainLink | undefined): boolean {
    if (!head || seq > head.seq) return false;
    const own = this.#presences.get(kid), ofHead = this.#presences.get(head.kid);
    return own !== undefined && ofHead !== undefined && kid !== head.kid && own.lastChallenged > ofHead.firstProved;
  }

  /** Undefined if the verifier's packages can't be downloaded. */
  async #verify(evidence: unknown, nonce: string | undefined): Promise<EvidenceVerdict | undefined> {
    let verifier: typeof import("../proof/verify/evidence.ts");
    try {
      verifier = await import(VERIFIER);
    } catch {
      return undefined;
    }
    const { policy, now } = this.#options;
    return verifier.verifyEvidence(evidence, { ...policy, nowMs: now(), ...nonce !== undefined && { nonce } });
  }
}

function claimedIn({ settings_sha256, character_sha256, version }: Claims) {
  return { settings: settings_sha256, character: character_sha256, version };
}

/** What is said of a signature that contradicts its agent's chain, by the chain's word for it. */
const BROKEN: Readonly<Partial<Record<ChainVerdict["state"], string>>> = {
  fork: "Its key signed another answer for the same place in its chain.",
  rollback: "Its chain of answers went back: an older state was put back, or two agents have one id.",
};

function faulty(reasons: readonly EntryReason[], { mustSign }: { mustSign: boolean }): FeedSignature {
  const isUnknown = reasons.every(({ fault }) => fault === "key");
  // Anybody may have a key that was never shown: an agent that signs with one has not signed with the key it proved.
  if (isUnknown && mustSign) {
    return { state: "foreign", text: "its key was never shown here: it is that of an earlier start, or anybody's" };
  }
  return { state: isUnknown ? "unknown" : "wrong", text: reasons.map(({ text }) => text).join("; ") };
}

/** A verdict as pages are shown it. */
function shown({ proved, reasons, quote, notCompared, composeHash }: EvidenceVerdict): Omit<FeedProof, "isFresh"> {
  const isUnchecked = reasons.some(({ code }) => code === "collateral-missing");
  return {
    state: proved ? "proved" : isUnchecked ? "unchecked" : "refused",
    ...quote && { platform: quote.platform, measurements: quote.measurements },
    ...notCompared && { notCompared },
    ...composeHash !== undefined && { composeHash },
    ...reasons.length > 0 && { reasons: reasons.map(({ text }) => text) },
  };
}

/** The outcome in a frame, as `responses.json` would have it. Parsed anew: what is signed keeps the order of its fields. */
function entryOf(text: string, agentId: string): Record<string, unknown> {
  const frame: Record<string, unknown> = JSON.parse(text);
  if (frame.type !== "ack") return frame;
  const { eventId: queryId, error, signature, eip712Signature } = frame;
  const token = typeof signature === "string" ? parseToken(signature) : undefined;
  // An ack's own time is that of the ack.
  const timestamp = token?.ok ? token.value.claims.timestamp : 0;
  return { queryId, error, timestamp, agentId, signature, eip712Signature };
}

function isSameAgent(one: string, other: string): boolean {
  return one.toLowerCase() === other.toLowerCase();
}

/** Remember a value, unless there is one of this name already. @returns The one that is remembered. */
function remember<T>(values: Map<string, T>, name: string, value: T): T {
  const known = values.get(name);
  if (known !== undefined) return known;
  values.set(name, value);
  const [oldest] = values.keys();
  if (values.size > MAX_REMEMBERED && oldest !== undefined) values.delete(oldest);
  return value;
}
