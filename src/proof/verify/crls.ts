/**
 * Lists of revoked certificates. `@phala/dcap-qvl` 0.3.9 skips a list that it can't read and checks no signature of one,
 * so that whoever hands over the collateral could un-revoke a platform: this check has to pass besides. @module
 */

import { verify, type X509Certificate } from "node:crypto";
import { equalBytes } from "./certificates.ts";
import { DerError, type DerValue, readSequence, readValues, TAG, timeOf } from "./der.ts";
import { Refusal } from "./verdict.ts";

/** 1.2.840.10045.4.3.2, ecdsa-with-SHA256. */
const ECDSA_WITH_SHA256 = "2a8648ce3d040302";
/** Extensions of a list that don't narrow it: 2.5.29.20, its number; 2.5.29.35, its issuer's key. @see RFC 5280, 5.2 */
const KNOWN_EXTENSIONS = new Set(["551d14", "551d23"]);

/** A list, read. @see RFC 5280, 5.1 */
interface RevocationList {
  /** The bytes that are signed. */
  readonly signed: Uint8Array;
  /** Of the signature's algorithm, in hexadecimal digits. */
  readonly algorithm: string;
  readonly signature: Uint8Array;
  /** The issuer's name, in DER. */
  readonly issuer: Uint8Array;
  readonly thisUpdateMs: number;
  readonly nextUpdateMs: number | undefined;
  readonly serials: ReadonlySet<bigint>;
  /** Object ids of critical extensions, in hexadecimal digits. */
  readonly critical: readonly string[];
}

/** One list, and the certificates that must not be on it. */
export interface RevocationCheck {
  /** Names the list in the refusal. */
  readonly what: string;
  /** The list in DER, in hexadecimal digits. */
  readonly list: string;
  /** Who has to have signed it: the authority that issued the certificates. */
  readonly issuer: X509Certificate;
  readonly certificates: readonly X509Certificate[];
  readonly nowMs: number;
}

/**
 * Check that a list is its issuer's, is valid at the time, and has none of the certificates.
 *
 * @throws {Refusal} `crl` if the list can't be relied on, `revoked` if a certificate is on it.
 */
export function checkRevocation({ what, list, issuer, certificates, nowMs }: RevocationCheck): void {
  const fail = (text: string, cause?: unknown) => new Refusal("crl", `${what}: ${text}`, { cause });
  let read: RevocationList, subject: Uint8Array;
  try {
    read = readList(Uint8Array.fromHex(list));
    subject = subjectOf(issuer);
  } catch (error) {
    if (!(error instanceof DerError)) throw error;
    throw fail("it can't be read", error);
  }
  if (!equalBytes(read.issuer, subject)) throw fail("it is of another issuer");
  const key = { key: issuer.publicKey, dsaEncoding: "der" } as const;
  const isSigned = read.algorithm === ECDSA_WITH_SHA256 && verify("sha256", read.signed, key, read.signature);
  if (!isSigned) throw fail("its signature is wrong");
  if (nowMs < read.thisUpdateMs) throw fail("it is not valid yet");
  if (read.nextUpdateMs === undefined) throw fail("it does not say until when it is valid");
  if (nowMs > read.nextUpdateMs) throw fail("it has expired");
  const narrowing = read.critical.find((id) => !KNOWN_EXTENSIONS.has(id));
  if (narrowing !== undefined) throw fail(`it has a critical extension that is not known: ${narrowing}`);
  for (const { serialNumber, subject } of certificates) {
    if (read.serials.has(BigInt(`0x${serialNumber}`))) {
      throw new Refusal("revoked", `the certificate of ${nameIn(subject)} (${serialNumber}) was revoked`);
    }
  }
}

/** @throws {DerError} If it is none. */
function readList(bytes: Uint8Array): RevocationList {
  const [body, algorithm, signature, ...others] = readSequence(bytes);
  if (!body || !algorithm || signature?.tag !== TAG.bitString || others.length > 0) {
    throw new DerError("expected a list");
  }
  const fields = readSequence(body.whole);
  if (fields[0]?.tag === TAG.integer) fields.shift();
  const [inner, issuer, thisUpdate] = fields.splice(0, 3);
  if (!inner || !issuer || !thisUpdate) throw new DerError("expected algorithm, issuer and time");
  if (!equalBytes(inner.whole, algorithm.whole)) throw new DerError("it names two algorithms");
  const isTime = fields[0]?.tag === TAG.utcTime || fields[0]?.tag === TAG.generalizedTime;
  const nextUpdate = isTime ? fields.shift() : undefined;
  const revoked = fields[0]?.tag === TAG.sequence ? fields.shift() : undefined;
  const extensions = fields[0]?.tag === TAG.context0 ? fields.shift() : undefined;
  if (fields.length > 0) throw new DerError("something follows the extensions");
  return {
    signed: body.whole,
    algorithm: hexOf(readSequence(algorithm.whole)[0], TAG.objectId),
    // The first byte says how many bits of the last are unused: none.
    signature: signature.content.subarray(1),
    issuer: issuer.whole,
    thisUpdateMs: timeOf(thisUpdate),
    nextUpdateMs: nextUpdate && timeOf(nextUpdate),
    serials: new Set(revoked ? readSequence(revoked.whole).map(serialIn) : []),
    critical: extensions ? readSequence(extensions.content).flatMap(criticalId) : [],
  };
}

function serialIn({ whole }: DerValue): bigint {
  return BigInt(`0x${hexOf(readSequence(whole)[0], TAG.integer)}`);
}

/** The id of an extension, if it is critical. */
function criticalId({ whole }: DerValue): string[] {
  const [id, critical] = readSequence(whole);
  const isCritical = critical?.tag === TAG.boolean && critical.content[0] !== 0;
  return isCritical ? [hexOf(id, TAG.objectId)] : [];
}

function hexOf(value: DerValue | undefined, tag: number): string {
  if (value?.tag !== tag || value.content.length === 0) throw new DerError(`expected a value with the tag ${tag}`);
  return value.content.toHex();
}

/** The name of a certificate's owner, in DER. @see RFC 5280, 4.1 */
function subjectOf({ raw }: X509Certificate): Uint8Array {
  const [body] = readSequence(Uint8Array.from(raw));
  const fields = readValues(body?.content ?? new Uint8Array());
  const subject = fields[fields[0]?.tag === TAG.context0 ? 5 : 4];
  if (!subject) throw new DerError("the certificate has no subject");
  return subject.whole;
}

/** The common name in a subject, for people. */
function nameIn(subject: string): string {
  return /^CN=(.*)$/m.exec(subject)?.[1] ?? subject;
}
