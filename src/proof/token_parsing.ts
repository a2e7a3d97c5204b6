/** The signature of an outcome taken apart: a compact JWS, whose payload are its claims. Loads zod. @module */

import { Buffer } from "node:buffer";
import * as z from "zod";
import { MAX_ID_LENGTH } from "../wire.ts";
import { describeIssues } from "../zod_issues.ts";
import type { TokenHeader } from "./answer_token.ts";
import { type AnswerClaims, MAX_NONCE_LENGTH } from "./claims.ts";
import { fromBase64Url, type Parsed } from "./evidence.ts";

/** A token taken apart; its signature is not checked yet. */
export interface ParsedToken {
  readonly header: TokenHeader;
  readonly claims: AnswerClaims;
  /** The bytes that are signed. */
  readonly signed: Uint8Array<ArrayBuffer>;
  /** The 64 bytes of the signature. */
  readonly signature: Uint8Array<ArrayBuffer>;
}

/** A token has about 600 characters, with the longest id and nonce some 14,000. */
const MAX_TOKEN_LENGTH = 32_768;

/** The forms of a token's parts. Made for the first token that is parsed: an agent only writes them. */
function makeSchemas() {
  const digest = z.string().regex(/^[\w-]{42}[AEIMQUYcgkosw048]$/, "expected SHA-256 in base64url");
  const header = z.strictObject({
    alg: z.literal("Ed25519"),
    typ: z.literal("agent-answer+jwt"),
    kid: digest,
  });
  const claims = z.object({
    iss: z.string().min(1).max(MAX_ID_LENGTH),
    queryId: z.string().min(1).max(MAX_ID_LENGTH),
    timestamp: z.number(),
    query_sha256: digest.exactOptional(),
    response_sha256: digest.exactOptional(),
    error_sha256: digest.exactOptional(),
    metadata_sha256: digest.exactOptional(),
    model: z.string().exactOptional(),
    nonce: z.string().max(MAX_NONCE_LENGTH).exactOptional(),
    seq: z.int().positive().exactOptional(),
    prev: digest.exactOptional(),
  }).refine(
    ({ response_sha256, error_sha256 }) => (response_sha256 === undefined) !== (error_sha256 === undefined),
    "expected response_sha256 or error_sha256",
  ).refine(
    ({ seq, prev }) => (prev !== undefined) === (seq !== undefined && seq > 1),
    "expected prev in every token but the first",
  );
  return { header, claims };
}

let made: ReturnType<typeof makeSchemas> | undefined;
const schemas = () => made ??= makeSchemas();

/** Take a token apart. Only its form is checked, not its signature. */
export function parseToken(token: string): Parsed<ParsedToken> {
  const refuse = (reason: string): Parsed<ParsedToken> => ({ ok: false, reason });
  if (token.length > MAX_TOKEN_LENGTH) return refuse(`longer than ${MAX_TOKEN_LENGTH} characters`);
  const parts = token.split(".");
  const [head, body, tail] = parts.map(fromBase64Url);
  if (parts.length !== 3 || !head || !body || !tail) return refuse("expected three parts in base64url");
  if (tail.length !== 64) return refuse("expected a signature of 64 bytes");
  const header = schemas().header.safeParse(jsonOf(head)), claims = schemas().claims.safeParse(jsonOf(body));
  if (!header.success) return refuse(`header: ${describeIssues(header.error)}`);
  if (!claims.success) return refuse(`claims: ${describeIssues(claims.error)}`);
  const signed = Uint8Array.from(Buffer.from(token.slice(0, token.lastIndexOf(".")), "latin1"));
  return { ok: true, value: { header: header.data, claims: claims.data, signed, signature: tail } };
}

/** The value of a JSON text in UTF-8; undefined if it is none. */
function jsonOf(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes));
  } catch {
    return undefined;
  }
}
