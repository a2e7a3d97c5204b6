/** Entries of `responses.json` that only the operator can read: JWE, compact, ECDH-ES with X25519, A256GCM. @module */

import {
  calculateJwkThumbprint,
  compactDecrypt,
  CompactEncrypt,
  type CryptoKey,
  decodeProtectedHeader,
  exportJWK,
  importJWK,
  importPKCS8,
  type JWK,
} from "jose";
import { EXIT, FatalError } from "../errors.ts";
import { isObject, type JsonObject } from "../json_object.ts";
import { isDeeperThan, MAX_DEPTH } from "../wire.ts";
import type { RecordedOutcome } from "./journal.ts";
import { ANY_LETTER } from "./responses_inspection.ts";

/** Seals entries for the holder of one private key. */
export interface OutputSeal {
  /** The outcome with the text that it has in the file: a new one each time. */
  seal(outcome: RecordedOutcome): Promise<RecordedOutcome>;
  /** That text as far as it is known beforehand. */
  expectedText(outcome: RecordedOutcome): string;
}

/** Opens sealed entries. */
export interface Opener {
  /** The text of the entry that was sealed; undefined for one that is not sealed. Rejects with a {@linkcode ClosedError}. */
  open(entry: unknown): Promise<string | undefined>;
}

/** An entry that can't be opened; the message says why. */
export class ClosedError extends Error {
  override name = "ClosedError";
}

/** RFC 7518, 4.6: the key is agreed on anew for each entry, and encrypts it directly. */
const ALGORITHMS = { alg: "ECDH-ES", enc: "A256GCM" } as const;

const encoder = new TextEncoder(), decoder = new TextDecoder();

/**
 * The seal of a public key.
 *
 * @param x The key, 32 bytes in base64url, as in a JWK.
 * @throws {FatalError} 78 if it is no key that can be used, such as one of zeros.
 */
export async function createOutputSeal(x: string): Promise<OutputSeal> {
  const jwk = { kty: "OKP", crv: "X25519", x };
  const header = { ...ALGORITHMS, kid: await calculateJwkThumbprint(jwk) };
  let key: CryptoKey, empty: string;
  const encrypt = (text: string) => new CompactEncrypt(encoder.encode(text)).setProtectedHeader(header).encrypt(key);
  try {
    key = await importJWK(jwk, ALGORITHMS.alg) as CryptoKey;
    empty = await encrypt("");
  } catch (error) {
    throw new FatalError("AGENT_OUTPUT_KEY: this key can't be used: make another one.", EXIT.settings, {
      cause: error,
    });
  }
  return {
    async seal(outcome) {
      return { ...outcome, text: sealedText(outcome, await encrypt(outcome.text)) };
    },
    // The header has always the same length, and base64url makes four letters of three bytes.
    expectedText(outcome) {
      const length = empty.length + Math.ceil(encoder.encode(outcome.text).length * 4 / 3);
      // Put in afterwards: JSON has another way to write that letter.
      const [before, after] = sealedText(outcome, "").split('"sealed":""') as [string, string];
      return `${before}"sealed":"${ANY_LETTER.repeat(length)}"${after}`;
    },
  };
}

/**
 * Opens what was sealed for a private key.
 *
 * @param text The key: PKCS #8 in PEM, as OpenSSL writes it, or a JWK.
 * @throws {FatalError} 78 if it is none; nothing of it is told.
 */
export async function createOpener(text: string): Promise<Opener> {
  let key: CryptoKey, kid: string;
  try {
    const options = { extractable: true };
    key = text.trim().startsWith("{")
      ? await importJWK(JSON.parse(text) as JWK, ALGORITHMS.alg, options) as CryptoKey
      : await importPKCS8(text.trim(), ALGORITHMS.alg, options);
    if (key.type !== "private") throw new TypeError("a public key");
    const { kty, crv, x } = await exportJWK(key);
    kid = await calculateJwkThumbprint({ kty: kty!, crv: crv!, x: x! });
  } catch {
    // Whatever the library says may quote the key.
    throw new FatalError("The key is no private X25519 key: a PEM file of OpenSSL's, or a JWK.", EXIT.settings);
  }
  return {
    async open(entry) {
      const { queryId, sealed } = (entry ?? {}) as { queryId?: unknown; sealed?: unknown };
      if (typeof sealed !== "string") return undefined;
      const opened = await decrypt(sealed, { key, kid });
      const value = entryIn(opened);
      if (!value) throw new ClosedError("what was sealed is no entry of an agent's");
      // Whoever can write the file can move texts from one entry to another.
      if (value.queryId !== queryId) throw new ClosedError("it was sealed as the entry of another event");
      return opened;
    },
  };
}

/** The entry in a text that anybody may have sealed: the key to seal with is public. */
function entryIn(text: string): JsonObject | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return isObject(value) && !isDeeperThan(MAX_DEPTH, value) ? value : undefined;
  } catch {
    return undefined;
  }
}

async function decrypt(sealed: string, { key, kid }: { key: CryptoKey; kid: string }): Promise<string> {
  try {
    if (decodeProtectedHeader(sealed).kid !== kid) throw new ClosedError("it was sealed for another key");
    const options = { keyManagementAlgorithms: [ALGORITHMS.alg], contentEncryptionAlgorithms: [ALGORITHMS.enc] };
    return decoder.decode((await compactDecrypt(sealed, key, options)).plaintext);
  } catch (error) {
    if (error instanceof ClosedError) throw error;
    throw new ClosedError("it is damaged, or was changed");
  }
}

/** The entry of a sealed outcome: whose it is and when it was made stand in the clear, what became of it does not. */
function sealedText({ outcome: { queryId, timestamp, agentId } }: RecordedOutcome, sealed: string): string {
  return JSON.stringify({ queryId, sealed, timestamp, agentId });
}
