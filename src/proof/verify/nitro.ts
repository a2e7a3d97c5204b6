/** Verifies an attestation document of an AWS Nitro enclave offline. @module */

import { Buffer } from "node:buffer";
import { verify, type X509Certificate } from "node:crypto";
import { type Cbor, CborError, decodeCbor, encodeString } from "./cbor.ts";
import { checkPath, readCertificate } from "./certificates.ts";
import type { QuoteFacts } from "./quote.ts";
import { Refusal } from "./verdict.ts";

/** What a document is checked against. */
export interface NitroCheck {
  /** The root in DER: AWS's, or one made for tests. */
  readonly root: Uint8Array;
  readonly nowMs: number;
}

/** Parameter and value of a COSE header that stand for ES384. @see RFC 9053, 2.1 */
const ALGORITHM = 1, ES384 = -35;
const DIGEST_BYTES = 48;
/** How far the document's clock, which is the hypervisor's, may be ahead of ours. */
const CLOCK_SLACK_MS = 5 * 60_000;

/**
 * Verify a document: its signature, and the certificates from the root to the enclave. They are valid for three hours, so
 * their time is the document's own, which is signed with it: how old it is, the claims and a nonce tell.
 *
 * @see https://github.com/aws/aws-nitro-enclaves-nsm-api/blob/main/docs/attestation_process.md
 * @throws {Refusal} Naming the first fault.
 */
export function verifyNitro(document: Uint8Array, { root, nowMs }: NitroCheck): QuoteFacts {
  const { protectedHeader, payload, signature } = parseSign1(document);
  const fields = mapOf(decode(payload));
  const timestamp = fields.get("timestamp");
  if (typeof timestamp !== "number") throw new Refusal("quote", "the document has no timestamp");
  if (timestamp > nowMs + CLOCK_SLACK_MS) throw new Refusal("quote", "the document is from the future");
  const leaf = readCertificate(bytesOf(fields.get("certificate"), "certificate"), "the enclave's");
  checkPath([leaf, ...authorities(fields)], { what: "the enclave's", root, nowMs: timestamp });
  const signed = sign1Structure(protectedHeader, payload);
  if (!isSigned(signed, signature, leaf)) throw new Refusal("quote", "the document's signature is wrong");
  const nonce = optionalBytes(fields.get("nonce"));
  return {
    platform: "nitro",
    measurements: registersIn(fields),
    reportData: optionalBytes(fields.get("user_data")) ?? new Uint8Array(),
    advisories: [],
    ...(nonce && { nonce }),
  };
}

/** What is signed: a list of four, with no data from outside. @see RFC 9052, 4.4 */
function sign1Structure(protectedHeader: Uint8Array, payload: Uint8Array): Uint8Array {
  const context = encodeString(3, new TextEncoder().encode("Signature1"));
  const [header, outside, body] = [protectedHeader, new Uint8Array(), payload].map((part) => encodeString(2, part));
  return Uint8Array.of(0x84, ...context, ...header!, ...outside!, ...body!);
}

function parseSign1(document: Uint8Array) {
  const parts = decode(document);
  if (!Array.isArray(parts) || parts.length !== 4) throw new Refusal("quote", "the document is not COSE_Sign1");
  const protectedHeader = bytesOf(parts[0], "header");
  if (mapOf(decode(protectedHeader)).get(ALGORITHM) !== ES384) {
    throw new Refusal("quote", "the document is not signed with ES384");
  }
  return { protectedHeader, payload: bytesOf(parts[2], "payload"), signature: bytesOf(parts[3], "signature") };
}

/** The document names them from the root downwards; a path goes upwards. */
function authorities(fields: ReadonlyMap<string | number, Cbor>): X509Certificate[] {
  const bundle = fields.get("cabundle");
  if (!Array.isArray(bundle) || bundle.length > 10) {
    throw new Refusal("quote", "the document's cabundle is no list of ten");
  }
  return bundle.map((der) => readCertificate(bytesOf(der, "cabundle"), "an authority's")).reverse();
}

function isSigned(signed: Uint8Array, signature: Uint8Array, { publicKey }: X509Certificate): boolean {
  try {
    return verify("sha384", signed, { key: publicKey, dsaEncoding: "ieee-p1363" }, Buffer.from(signature));
  } catch {
    // node:crypto throws for a key of another kind than the signature.
    return false;
  }
}

function registersIn(fields: ReadonlyMap<string | number, Cbor>): Record<string, string> {
  const registers = [...mapOf(fields.get("pcrs"))].map(([index, value]) =>
    [`pcr${index}`, bytesOf(value, "pcrs").toHex()] as const
  );
  const measurements = Object.fromEntries(registers);
  // A debug enclave has zeros there, whatever runs in it.
  if (!measurements.pcr0 || measurements.pcr0 === "0".repeat(2 * DIGEST_BYTES)) {
    throw new Refusal("quote", "the enclave runs in debug mode: its measurements are zero");
  }
  return measurements;
}

function decode(bytes: Uint8Array): Cbor {
  try {
    return decodeCbor(bytes);
  } catch (error) {
    if (!(error instanceof CborError)) throw error;
    throw new Refusal("quote", `the document can't be read: ${error.message}`, { cause: error });
  }
}

function mapOf(value: Cbor | undefined): ReadonlyMap<string | number, Cbor> {
  if (value instanceof Map) return value;
  throw new Refusal("quote", "the document has not the form of an attestation document");
}

function bytesOf(value: Cbor | undefined, what: string): Uint8Array {
  if (value instanceof Uint8Array) return value;
  throw new Refusal("quote", `the document's ${what} is not bytes`);
}

function optionalBytes(value: Cbor | undefined): Uint8Array | undefined {
  return value instanceof Uint8Array ? value : undefined;
}
