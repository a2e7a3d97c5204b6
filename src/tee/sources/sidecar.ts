/** A sidecar in the same enclave that makes quotes over HTTP: on AWS Nitro, where Deno can't ask the device itself. @module */

import { toBase64Url } from "../../proof/evidence.ts";
import { exchange } from "./http.ts";
import { excerptOf, isSame, QuoteError, type QuoteSource } from "./source.ts";

/** How to reach the sidecar. */
export interface SidecarOptions {
  /** Its URL, on the loopback. */
  readonly url: URL;
  /** Milliseconds that a request may take; default 30,000. */
  readonly timeoutMs?: number;
}

const TIMEOUT_MS = 30_000;
/** A document holds four certificates and up to three fields of 1 kB: some 5 kB. */
const MAX_BYTES = 32 * 1024;

/**
 * Attestation documents of a Nitro enclave by `GET URL?public_key=&user_data=HEX&nonce=HEX`, as Marlin's attestation server
 * takes it: the report data becomes `user_data`, the nonce of a challenge `nonce`.
 *
 * @see https://github.com/marlinprotocol/oyster-monorepo/tree/master/attestation/server-custom
 */
export function sidecarSource({ url, timeoutMs = TIMEOUT_MS }: SidecarOptions): QuoteSource {
  return {
    name: `sidecar at ${url.origin}${url.pathname}`,
    async quote({ data, nonce }, signal) {
      const nonceBytes = new TextEncoder().encode(nonce ?? "");
      const query = new URLSearchParams({ public_key: "", user_data: data.toHex(), nonce: nonceBytes.toHex() });
      const path = `${url.pathname}?${query}`;
      const { status, body } = await exchange({ to: { url }, method: "GET", path, timeoutMs }, signal);
      if (status !== 200) {
        const said = excerptOf(new TextDecoder().decode(body));
        throw new QuoteError(`it answered ${status}${said && `: ${said}`}`, { isPassing: status >= 500 });
      }
      if (body.length > MAX_BYTES) throw new QuoteError(`the document has more than ${MAX_BYTES} bytes`);
      if (!holds(body, "user_data", data)) {
        throw new QuoteError("the document has other user data than was asked for", { isPassing: true });
      }
      if (nonce !== undefined && !holds(body, "nonce", nonceBytes)) {
        throw new QuoteError("the document has another nonce than was asked for", { isPassing: true });
      }
      return { format: "nitro", quote: toBase64Url(body) };
    },
  };
}

/**
 * Whether a CBOR document has these bytes in a field of this name, by their encoding. It finds a mistaken document before
 * it is sent on; whoever verifies reads the document itself.
 *
 * @see RFC 8949, 3.1: a text or byte string of less than 24 bytes has its length in the first byte, others in the next.
 */
function holds(document: Uint8Array, name: string, bytes: Uint8Array): boolean {
  const head = (major: number, length: number) => length < 24 ? [major << 5 | length] : [major << 5 | 24, length];
  const key = new TextEncoder().encode(name);
  const wanted = new Uint8Array([...head(3, key.length), ...key, ...head(2, bytes.length), ...bytes]);
  for (let at = 0; at + wanted.length <= document.length; at++) {
    if (isSame(document.subarray(at, at + wanted.length), wanted)) return true;
  }
  return false;
}
