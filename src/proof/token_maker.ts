/** Puts tokens together. The signing thread loads this too: it imports no code. @module */

import type { AnswerClaims } from "./claims.ts";

/**
 * Makes the function that makes tokens: header, claims, signature. The claims' bytes stand in a token as they were
 * signed, so that nothing needs a canonical form.
 *
 * @param header What `encodeHeader` made.
 * @param sign Returns the 64 bytes of the signature over bytes.
 */
export function tokenMaker(header: string, sign: (signed: Uint8Array) => Uint8Array): (claims: AnswerClaims) => string {
  const encoder = new TextEncoder(), base64url = { alphabet: "base64url", omitPadding: true } as const;
  // Both are used again for each token: Buffer's ways from text to bytes and back take three times as long (4 µs, measured).
  let json = new Uint8Array(0), signed = json;
  return (claims) => {
    const text = JSON.stringify(claims);
    // A UTF-16 code unit takes at most 3 bytes, and base64url makes 4 characters of those.
    if (json.length < 3 * text.length) {
      json = new Uint8Array(6 * text.length);
      signed = new Uint8Array(header.length + 2 * json.length);
      encoder.encodeInto(header, signed);
    }
    const payload = json.subarray(0, encoder.encodeInto(text, json).written).toBase64(base64url);
    const { written } = encoder.encodeInto(payload, signed.subarray(header.length));
    return `${header}${payload}.${sign(signed.subarray(0, header.length + written)).toBase64(base64url)}`;
  };
}
