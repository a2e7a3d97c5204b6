/** Evidence: a quote of the enclave over claims, which name the key that signs answers. Made by the agent, checked by anybody. @module */

import { createHash } from "node:crypto";

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

/** Whether a text can be the nonce of a challenge: 8 to 88 bytes of well-formed Unicode. */
export function isNonce(value: unknown): value is string {
  if (typeof value !== "string" || !value.isWellFormed()) return false;
  const { length } = new TextEncoder().encode(value);
  return length >= NONCE_BYTES.least && length <= NONCE_BYTES.most;
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

/** Back from {@linkcode toBase64Url}; undefined for any other spelling: padding, stray bits at the end, other letters. */
export function fromBase64Url(text: string): Uint8Array<ArrayBuffer> | undefined {
  try {
    const bytes = Uint8Array.fromBase64(text, { alphabet: "base64url", lastChunkHandling: "loose" });
    return toBase64Url(bytes) === text ? bytes : undefined;
  } catch {
    // Letters that base64url does not have. The message quotes them.
    return undefined;
  }
}
