/** The key that signs this process's outcomes: made at the start, never stored, gone with the process. @module */

import { KeyObject, sign as signWith } from "node:crypto";
import type { AgentEvent, Outcome, Signatures } from "../wire.ts";
import { type AnswerClaims, claimsOf, encodeHeader, encodeToken, textDigest } from "./answer_token.ts";
import { type PublicJwk, thumbprint } from "./evidence.ts";

/** Signs outcomes, and says by which key. */
export interface Signer {
  /** The public key. */
  readonly jwk: PublicJwk;
  /** Its thumbprint: `kid` of every token. */
  readonly kid: string;
  /** Address of the key that signs for chains, where there is one. */
  readonly ethAddress?: string;
  /**
   * The outcome with its signatures, and the digest of its token.
   *
   * @param event What the outcome is of; undefined where it could not be taken for an event.
   * @param link Its place in the chain; undefined for an outcome that is not kept.
   */
  sign<Kind extends Outcome>(
    outcome: Kind,
    event: AgentEvent | undefined,
    link: Pick<AnswerClaims, "seq" | "prev"> | undefined,
  ): { readonly outcome: Kind & Signatures; readonly digest: string };
}

/**
 * Make a key, and the signer that has it.
 *
 * WebCrypto makes the key, which it exports to nobody; it signs through `node:crypto`, synchronously: 18 µs of processor
 * time instead of 20 to 45 for `crypto.subtle.sign`, and 30 to 75 for jose's `CompactSign` (Deno 2.7.11 and 2.9.6).
 * Signatures made one after the other are what lets each cover the one before.
 *
 * @param options `eip712`: sign for chains too, with another key.
 */
export async function createSigner({ eip712 = false }: { eip712?: boolean } = {}): Promise<Signer> {
  const pair = await crypto.subtle.generateKey("Ed25519", false, ["sign", "verify"]) as CryptoKeyPair;
  const { x = "" } = await crypto.subtle.exportKey("jwk", pair.publicKey);
  const jwk: PublicJwk = { kty: "OKP", crv: "Ed25519", x };
  const kid = thumbprint(jwk), header = encodeHeader(kid);
  const key = KeyObject.from(pair.privateKey);
  const signBytes = (bytes: Uint8Array) => signWith(null, bytes, key);
  // Loaded when it is wanted: the curve is not part of the runtime.
  const chains = eip712 ? (await import("./eip712.ts")).createChainSigner() : undefined;
  return {
    jwk,
    kid,
    ...chains && { ethAddress: chains.address },
    sign(outcome, event, link) {
      const claims = claimsOf(outcome, event);
      const signature = encodeToken(header, { ...claims, ...link }, signBytes);
      const signed = { ...outcome, signature, ...chains && { eip712Signature: chains.sign(claims) } };
      return { outcome: signed, digest: textDigest(signature) };
    },
  };
}
