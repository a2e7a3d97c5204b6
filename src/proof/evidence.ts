/** Evidence: a quote of the enclave over claims, which name the key that signs answers. Made by the agent, checked by anybody. @module */

import { createHash, createPublicKey } from "node:crypto";
import * as z from "zod";
import { describeIssues } from "../zod_issues.ts";

/** The public half of an Ed25519 key. @see RFC 8037 */
export interface PublicJwk {
  readonly kty: "OKP";
  readonly crv: "Ed25519";
  /** The 32 bytes in base64url, without padding. */
  readonly x: string;
}

/** What an enclave says of itself: the quote covers the exact bytes of its JSON text. */
export interface Claims {
  readonly agentId: string;
  /** The key that signs this process's answers. @see RFC 7800 */
  readonly cnf: { readonly jwk: PublicJwk };
  /** Seconds since the epoch, by the clock that the host sets: it informs, and proves nothing. */
  readonly iat: number;
  /** The agent's version, followed by a blank and its commit where that is known. */
  readonly version: string;
  /** SHA-256 of the character with its knowledge, in lower-case hexadecimal digits, as `--check` prints it. */
  readonly character_sha256: string;
  /** SHA-256 of the settings in force without secrets, in lower-case hexadecimal digits, as `--check` prints it. */
  readonly settings_sha256: string;
  /** Address of the secp256k1 key that signs for chains, as `0x` and 40 hexadecimal digits, where there is one. */
  readonly eth_address?: string;
  /** The nonce of the challenge that this answers. @see RFC 9711, 4.1 */
  readonly eat_nonce?: string;
}

/** Kinds of quotes: what the bytes in `quote` are. */
export const QUOTE_FORMATS = ["tdx-quote", "sgx-quote", "nitro"] as const;
export type QuoteFormat = typeof QUOTE_FORMATS[number];

/** Evidence outside of a TEE: claims that nothing vouches for, said plainly. */
export interface NoQuote {
  readonly format: "none";
  /** The UTF-8 bytes of the claims' JSON text, in base64url. */
  readonly claims: string;
}

/** Evidence with a quote whose 64 bytes of report data are {@linkcode reportData} of the claims. */
export interface Quoted {
  readonly format: QuoteFormat;
  /** The UTF-8 bytes of the claims' JSON text, in base64url. */
  readonly claims: string;
  /** The quote, or Nitro's attestation document, in base64url. */
  readonly quote: string;
  /** The events that lead to RTMR0 to RTMR3, as the JSON text that dstack's guest agent gave. */
  readonly event_log?: string;
  /** The virtual machine's configuration, as the JSON text that dstack's guest agent gave. */
  readonly vm_config?: string;
}

/** What an agent shows to whoever wants to know what signs its answers. */
export type Evidence = NoQuote | Quoted;

/** What a check of unknown data found. */
export type Parsed<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly reason: string };

/** Longest nonce of a challenge, and shortest, in bytes of UTF-8. @see RFC 9711, 4.1: from 8 to 88 in JSON. */
export const NONCE_BYTES = { least: 8, most: 88 } as const;

/** The tag before the claims keeps a quote that was made for another purpose from counting as evidence. */
export const REPORT_DATA_TAG = "agent-attestation-v1";

/** Kilobytes are seen of each (event logs of dstack: some 20 kB); the bounds protect whoever parses. */
const MOST_CHARACTERS = { claims: 16_384, quote: 65_536, eventLog: 1_048_576, vmConfig: 65_536 } as const;

/** Whether a text can be the nonce of a challenge: 8 to 88 bytes of well-formed Unicode. */
export function isNonce(value: unknown): value is string {
  if (typeof value !== "string" || !value.isWellFormed()) return false;
  const { length } = new TextEncoder().encode(value);
  return length >= NONCE_BYTES.least && length <= NONCE_BYTES.most;
}

/** The forms of evidence and claims. Made for the first that is checked: an agent that only makes some needs none. */
function makeSchemas() {
  const hash = z.string().regex(/^[0-9a-f]{64}$/, "expected 64 lower-case hexadecimal digits");
  // Exactly one way to write the bytes: no padding, no other alphabet, no stray bits at the end.
  const base64url = z.string().min(1).refine(isCanonicalBase64Url, "expected base64url without padding");
  // Members that a JWK may have besides are dropped.
  const jwk = z.object({ kty: z.literal("OKP"), crv: z.literal("Ed25519"), x: base64url.length(43) })
    .refine(isPublicKey, "expected a public key of Ed25519: its 32 bytes are no point of the curve");
  const claims = z.object({
    agentId: z.string().min(1).max(512),
    cnf: z.object({ jwk }),
    iat: z.number(),
    version: z.string().max(200),
    character_sha256: hash,
    settings_sha256: hash,
    eth_address: z.string().regex(/^0x[0-9a-fA-F]{40}$/, "expected 0x and 40 hexadecimal digits").exactOptional(),
    eat_nonce: z.string().refine(isNonce, "expected a nonce of 8 to 88 bytes").exactOptional(),
  });
  const claimsText = base64url.max(MOST_CHARACTERS.claims);
  const evidence = z.discriminatedUnion("format", [
    z.object({ format: z.literal("none"), claims: claimsText }),
    z.object({
      format: z.enum(QUOTE_FORMATS),
      claims: claimsText,
      quote: base64url.max(MOST_CHARACTERS.quote),
      event_log: z.string().max(MOST_CHARACTERS.eventLog).exactOptional(),
      vm_config: z.string().max(MOST_CHARACTERS.vmConfig).exactOptional(),
    }),
  ]);
  return { claims, evidence };
}

let made: ReturnType<typeof makeSchemas> | undefined;
const schemas = () => made ??= makeSchemas();

/** Check that unknown data has the form of evidence. Nothing about what it claims is checked here. */
export function parseEvidence(value: unknown): Parsed<Evidence> {
  const parsed = schemas().evidence.safeParse(value);
  return parsed.success ? { ok: true, value: parsed.data } : { ok: false, reason: describeIssues(parsed.error) };
}

/** The claims in an evidence's `claims`, with the exact bytes that its quote covers. */
export function parseClaims(claims: string): Parsed<{ claims: Claims; bytes: Uint8Array<ArrayBuffer> }> {
  let bytes: Uint8Array<ArrayBuffer>, value: unknown;
  try {
    bytes = Uint8Array.fromBase64(claims, { alphabet: "base64url" });
    value = JSON.parse(new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes));
  } catch {
    return { ok: false, reason: "claims: expected base64url of a JSON text in UTF-8" };
  }
  const parsed = schemas().claims.safeParse(value);
  if (!parsed.success) return { ok: false, reason: `claims: ${describeIssues(parsed.error)}` };
  return { ok: true, value: { claims: parsed.data, bytes } };
}

/** The bytes of claims, which a quote covers, and their text for `claims` of the evidence. */
export function encodeClaims(claims: Claims): { bytes: Uint8Array<ArrayBuffer>; text: string } {
  const bytes = new TextEncoder().encode(JSON.stringify(claims));
  return { bytes, text: toBase64Url(bytes) };
}

/** The 64 bytes that a quote carries: SHA-512 of the tag, a zero byte and the claims. */
export function reportData(claims: Uint8Array): Uint8Array<ArrayBuffer> {
  return new Uint8Array(createHash("sha512").update(`${REPORT_DATA_TAG}\0`).update(claims).digest());
}

/** Name of a key, `kid`: SHA-256 of its members in the fixed order of RFC 7638, in base64url. */
export function thumbprint({ crv, kty, x }: PublicJwk): string {
  return toBase64Url(createHash("sha256").update(JSON.stringify({ crv, kty, x })).digest());
}

/** Bytes in base64url without padding. */
export function toBase64Url(bytes: Uint8Array): string {
  return bytes.toBase64({ alphabet: "base64url", omitPadding: true });
}

/** Whether node:crypto takes the key: about half of all 32 bytes are no point of the curve. */
function isPublicKey(jwk: PublicJwk): boolean {
  try {
    createPublicKey({ key: { ...jwk }, format: "jwk" });
    return true;
  } catch {
    return false;
  }
}

function isCanonicalBase64Url(text: string): boolean {
  try {
    return toBase64Url(Uint8Array.fromBase64(text, { alphabet: "base64url", lastChunkHandling: "loose" })) === text;
  } catch {
    return false;
  }
}
