/** Evidence that others made: its form, and the claims in it. Loads zod, which an agent that only makes evidence does without. @module */

import { createPublicKey } from "node:crypto";
import * as z from "zod";
import { describeIssues } from "../zod_issues.ts";
import {
  type Claims,
  type Evidence,
  fromBase64Url,
  isNonce,
  type Parsed,
  type PublicJwk,
  QUOTE_FORMATS,
} from "./evidence.ts";

/** Kilobytes are seen of each (event logs of dstack: some 20 kB); the bounds protect whoever parses. */
const MOST_CHARACTERS = { claims: 16_384, quote: 65_536, eventLog: 1_048_576, vmConfig: 65_536 } as const;

/** The forms of evidence and claims. Made for the first that is checked. */
function makeSchemas() {
  const hash = z.string().regex(/^[0-9a-f]{64}$/, "expected 64 lower-case hexadecimal digits");
  // Exactly one way to write the bytes: no padding, no other alphabet, no stray bits at the end.
  const base64url = z.string().min(1)
    .refine((text) => fromBase64Url(text) !== undefined, "expected base64url without padding");
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

/** Whether node:crypto takes the key: about half of all 32 bytes are no point of the curve. */
function isPublicKey(jwk: PublicJwk): boolean {
  try {
    createPublicKey({ key: { ...jwk }, format: "jwk" });
    return true;
  } catch {
    return false;
  }
}
