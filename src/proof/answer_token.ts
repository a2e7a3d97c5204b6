/** The header of the compact JWS that signs an outcome. @module */

import { Buffer } from "node:buffer";
import { toBase64Url } from "./evidence.ts";

/** The header of a token. */
export interface TokenHeader {
  readonly alg: "Ed25519";
  readonly typ: "agent-answer+jwt";
  /** Thumbprint of the key. */
  readonly kid: string;
}

/** The first part of every token that one key signs, with the dot behind it. */
export function encodeHeader(kid: string): string {
  const header: TokenHeader = { alg: "Ed25519", typ: "agent-answer+jwt", kid };
  return `${toBase64Url(Buffer.from(JSON.stringify(header)))}.`;
}
