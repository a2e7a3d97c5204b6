/** Checks that an outcome is what an agent's key signed: one entry of `responses.json`, or a response that a server got. @module */

import { createPublicKey, type KeyObject, verify } from "node:crypto";
import { type AgentEvent, isDeeperThan, MAX_DEPTH } from "../wire.ts";
import { parseToken } from "./token_parsing.ts";
import { type AnswerClaims, nonceOf, textDigest } from "./claims.ts";
import { type ChainLink, linkOf } from "./chain.ts";
import type { signerAddress } from "./eip712.ts";
import { type PublicJwk, thumbprint } from "./evidence.ts";

/** A key that may sign, and what its evidence says of it. */
export interface TrustedKey {
  readonly key: KeyObject;
  /** The agent that has it. */
  readonly agentId: string;
  /** Address of its key for chains. */
  readonly ethAddress?: string | undefined;
}

/** Names of the reasons for which an entry is not proved. */
export type EntryFault =
  /** It has not the form of an entry. */
  | "form"
  /** It is sealed: open it first. */
  | "sealed"
  | "unsigned"
  /** Its signature has not the form of one. */
  | "token"
  /** No trusted key has that name. */
  | "key"
  /** The signature is not of that key. */
  | "signature"
  | "agent"
  | "id"
  | "timestamp"
  | "response"
  | "error"
  | "metadata"
  | "model"
  | "query"
  | "nonce"
  | "eip712";

/** One reason for which an entry is not proved. */
export interface EntryReason {
  readonly fault: EntryFault;
  /** The reason as a clause. It quotes neither a query nor an answer. */
  readonly text: string;
}

/** What became of the check. `link`: the place in the chain; absent for an outcome that its agent did not keep. */
export type EntryVerdict =
  | { readonly ok: true; readonly claims: AnswerClaims; readonly kid: string; readonly link?: ChainLink }
  | { readonly ok: false; readonly reasons: readonly EntryReason[] };

/**
 * A trusted key, by the name that tokens give it.
 *
 * @param jwk Of claims that `parseClaims` has checked: `node:crypto` throws for bytes that are no key.
 */
export function trustedKey(jwk: PublicJwk, about: Omit<TrustedKey, "key">): [kid: string, key: TrustedKey] {
  return [thumbprint(jwk), { ...about, key: createPublicKey({ key: { ...jwk }, format: "jwk" }) }];
}

/**
 * Check an entry, or a response frame. It takes about 100 µs, nearly all of them for the signature.
 *
 * @param entry The parsed JSON. Fields that the protocol does not name are not looked at.
 * @param against `keys`: the keys that may sign, by name; `event`: what was asked, if it is known: then the query and its
 * nonce are compared, except of an error that signs none ({@linkcode isRefusal}); `signerAddress`: of `eip712.ts`, to check signatures for chains too; default: they are not checked.
 */
export function verifyEntry(
  entry: unknown,
  against: {
    keys: Pick<ReadonlyMap<string, TrustedKey>, "get">;
    event?: Pick<AgentEvent, "query" | "metadata"> | undefined;
    signerAddress?: typeof signerAddress | undefined;
  },
): EntryVerdict {
  if (!isEntry(entry)) {
    return refused(["form", "expected an entry with queryId, timestamp, agentId, response or error"]);
  }
  // JSON.stringify, which makes the text whose digest was signed, overflows the stack some thousands of levels deep.
  if (isDeeperThan(MAX_DEPTH, entry)) return refused(["form", `it is nested more than ${MAX_DEPTH} levels deep`]);
  const { signature } = entry;
  if ("sealed" in entry) return refused(["sealed", "it is sealed: open it first"]);
  if (signature === undefined) return refused(["unsigned", "it has no signature"]);
  if (typeof signature !== "string") return refused(["token", "its signature is no text"]);
  const token = parseToken(signature);
  if (!token.ok) return refused(["token", `its signature is none: ${token.reason}`]);
  const { header: { kid }, claims, signed, signature: bytes } = token.value;
  const trusted = against.keys.get(kid);
  if (!trusted) return refused(["key", `it is signed by the key ${kid}, which no accepted evidence names`]);
  if (!verify(null, signed, trusted.key, bytes)) {
    return refused(["signature", `its signature is not of the key ${kid}`]);
  }
  const differences = [
    ...differencesOf(entry, claims, trusted),
    ...against.event ? eventDifferences(against.event, claims) : [],
    ...chainDifferences(entry, { claims, trusted, signerAddress: against.signerAddress }),
  ];
  if (differences.length > 0) return refused(...differences);
  const link = linkOf(signature, token.value);
  return { ok: true, claims, kid, ...link && { link } };
}

type Reason = readonly [fault: EntryFault, text: string];

function refused(...reasons: readonly Reason[]): EntryVerdict {
  return { ok: false, reasons: reasons.map(([fault, text]) => ({ fault, text })) };
}

/** An entry as far as its form is known. */
interface UncheckedEntry {
  readonly queryId: string;
  readonly timestamp: number;
  readonly agentId: string;
  readonly response?: unknown;
  readonly error?: unknown;
  readonly metadata?: unknown;
  readonly signature?: unknown;
  readonly eip712Signature?: unknown;
}

function isEntry(entry: unknown): entry is UncheckedEntry {
  const { queryId, timestamp, agentId } = (entry ?? {}) as Record<string, unknown>;
  return typeof queryId === "string" && typeof timestamp === "number" && typeof agentId === "string";
}

/** Where the entry is not what the signature covers. */
function* differencesOf(entry: UncheckedEntry, claims: AnswerClaims, trusted: TrustedKey): Iterable<Reason> {
  const { iss, model } = claims;
  if (entry.agentId !== iss) yield ["agent", `it was signed as of the agent ${iss}`];
  if (iss !== trusted.agentId) yield ["agent", `its key is of the agent ${trusted.agentId}`];
  if (entry.queryId !== claims.queryId) yield ["id", `it was signed for the event ${JSON.stringify(claims.queryId)}`];
  if (entry.timestamp !== claims.timestamp) yield ["timestamp", `it was signed with the timestamp ${claims.timestamp}`];
  if (!isDigest(claims.response_sha256, entry.response)) {
    yield ["response", "its response is not the one that was signed"];
  }
  if (!isDigest(claims.error_sha256, entry.error)) yield ["error", "its error is not the one that was signed"];
  const { metadata } = entry;
  if (!isDigest(claims.metadata_sha256, metadata === undefined ? undefined : JSON.stringify(metadata))) {
    yield ["metadata", "its metadata is not what was signed"];
  }
  if ((metadata as { model?: unknown } | null | undefined)?.model !== model) {
    yield ["model", `it was signed as of ${model === undefined ? "no model" : `the model ${model}`}`];
  }
}

/**
 * Whether a signed outcome refuses what came under its id: an error of something that the agent could not take for an event,
 * because it was malformed or too large, or that was to be forgotten before it was answered. Neither a query nor a nonce
 * was signed then.
 */
export function isRefusal({ error_sha256, query_sha256 }: AnswerClaims): boolean {
  return error_sha256 !== undefined && query_sha256 === undefined;
}

function* eventDifferences(event: Pick<AgentEvent, "query" | "metadata">, claims: AnswerClaims): Iterable<Reason> {
  const refuses = isRefusal(claims);
  if (!refuses && !isDigest(claims.query_sha256, event.query)) yield ["query", "it was signed for another query"];
  if (nonceOf(event) !== claims.nonce && !(refuses && claims.nonce === undefined)) {
    yield ["nonce", claims.nonce === undefined ? "it was signed without a nonce" : "it was signed with another nonce"];
  }
}

function* chainDifferences(
  { eip712Signature }: UncheckedEntry,
  { claims, trusted: { ethAddress }, signerAddress: addressOf }: {
    claims: AnswerClaims;
    trusted: TrustedKey;
    signerAddress: typeof signerAddress | undefined;
  },
): Iterable<Reason> {
  if (eip712Signature === undefined || !addressOf) return;
  if (ethAddress === undefined) return yield ["eip712", "its evidence names no address for chains"];
  const address = typeof eip712Signature === "string" ? addressOf(claims, eip712Signature) : undefined;
  if (address?.toLowerCase() !== ethAddress.toLowerCase()) {
    yield ["eip712", `its signature for chains is not of the address ${ethAddress}`];
  }
}

/** Whether a text has the digest that was signed, or there is neither. Half a surrogate pair has no bytes in UTF-8. */
function isDigest(digest: string | undefined, text: unknown): boolean {
  if (text === undefined) return digest === undefined;
  return typeof text === "string" && text.isWellFormed() && textDigest(text) === digest;
}
