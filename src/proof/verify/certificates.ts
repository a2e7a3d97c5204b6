/** X.509 certificates: reading them, and following a path to a root. @module */

import { X509Certificate } from "node:crypto";
import { type ReasonCode, Refusal } from "./verdict.ts";

const PEM = /-----BEGIN CERTIFICATE-----[\sA-Za-z0-9+/=]+-----END CERTIFICATE-----/g;
/** Paths have three or four certificates; more only cost time. */
const MOST_CERTIFICATES = 10;
const CHECKED_FIELDS = ["subject", "issuer", "serialNumber", "validFrom", "validTo", "ca", "publicKey", "raw"] as const;

/**
 * The certificates of a PEM text, in their order.
 *
 * @param what Names the path in the refusal, as "the TCB info's".
 * @throws {Refusal} If there is none, too many, or one that can't be read.
 */
export function readPem(text: string, what: string): X509Certificate[] {
  const blocks = text.match(PEM) ?? [];
  if (blocks.length === 0) throw new Refusal("certificate", `${what} certificates: none in PEM`);
  if (blocks.length > MOST_CERTIFICATES) throw new Refusal("certificate", `${what} certificates: ${blocks.length}`);
  return blocks.map((block) => readCertificate(block, what));
}

/**
 * A certificate in PEM or DER. `node:crypto` reads a field only when it is asked for, and throws then: all fields that
 * checks use are read here once, so that a spoiled one is refused.
 *
 * @throws {Refusal} If it, or one of those fields, can't be read.
 */
export function readCertificate(certificate: string | Uint8Array, what: string): X509Certificate {
  try {
    // node:crypto wants a Buffer or a text; a view without its bounds would be read wrongly.
    const read = new X509Certificate(typeof certificate === "string" ? certificate : toPem(certificate));
    for (const field of CHECKED_FIELDS) void read[field];
    return read;
  } catch (error) {
    throw new Refusal("certificate", `${what} certificate can't be read`, { cause: error });
  }
}

function toPem(der: Uint8Array): string {
  return `-----BEGIN CERTIFICATE-----\n${der.toBase64()}\n-----END CERTIFICATE-----\n`;
}

/** How a path is checked. */
export interface PathCheck {
  /** Names the path in the refusal. */
  readonly what: string;
  /** The root in DER. */
  readonly root: Uint8Array;
  /** How many certificates a path must have, the root included; undefined: two or more. */
  readonly length?: number;
  readonly nowMs: number;
}

/**
 * Check that a path leads from its first certificate to the root: each signed by the next one, which is an authority with
 * the name that the certificate gives for its issuer, and all of them valid at the time.
 *
 * @param path The leaf first, the root last.
 * @throws {Refusal} Naming the first fault.
 */
export function checkPath(path: readonly X509Certificate[], { what, root, length, nowMs }: PathCheck): void {
  const fail = (text: string, code: ReasonCode = "certificate") => new Refusal(code, `${what} certificates: ${text}`);
  if (length === undefined ? path.length < 2 : path.length !== length) {
    throw fail(`a path of ${path.length}, expected ${length ?? "two or more"}`);
  }
  if (!equalBytes(path.at(-1)!.raw, root)) throw fail("they lead to another root than the trusted one");
  for (const [index, certificate] of path.entries()) {
    const issuer = path[index + 1] ?? certificate;
    if (certificate.ca !== index > 0) throw fail(`number ${index + 1} is ${index > 0 ? "no" : "an"} authority`);
    if (certificate.issuer !== issuer.subject) throw fail(`number ${index + 1} names another issuer`);
    if (!isSignedBy(certificate, issuer)) throw fail(`the signature of number ${index + 1} is wrong`);
    if (nowMs < Date.parse(certificate.validFrom)) throw fail(`number ${index + 1} is not valid yet`);
    if (nowMs > Date.parse(certificate.validTo)) throw fail(`number ${index + 1} has expired`);
  }
}

function isSignedBy(certificate: X509Certificate, issuer: X509Certificate): boolean {
  try {
    return certificate.verify(issuer.publicKey);
  } catch {
    // node:crypto throws for a key of another kind than the signature.
    return false;
  }
}

/** Whether two byte sequences are the same. What is compared here is public: the time that it takes tells nothing. */
export function equalBytes(one: Uint8Array, other: Uint8Array): boolean {
  return one.length === other.length && one.every((byte, index) => byte === other[index]);
}
