/**
 * Lists of revoked certificates. `@phala/dcap-qvl` 0.3.9 skips a list that it can't read and checks no signature of one,
 * so that whoever hands over the collateral could un-revoke a platform: this check has to pass besides. @module
 */

import { AsnConvert } from "@peculiar/asn1-schema";
import { Certificate, CertificateList } from "@peculiar/asn1-x509";
import { verify, type X509Certificate } from "node:crypto";
import { equalBytes } from "./certificates.ts";
import { Refusal } from "./verdict.ts";

const ECDSA_WITH_SHA256 = "1.2.840.10045.4.3.2";
/** Extensions of a list that don't narrow it: number of the list, key of its issuer. @see RFC 5280, 5.2 */
const KNOWN_EXTENSIONS = new Set(["2.5.29.20", "2.5.29.35"]);

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
  const { tbsCertList, tbsCertListRaw, signatureAlgorithm, signature } = readList(list, fail);
  const subject = AsnConvert.parse(issuer.raw, Certificate).tbsCertificate.subject;
  if (!equalBytes(derOf(tbsCertList.issuer), derOf(subject))) throw fail("it is of another issuer");
  const key = { key: issuer.publicKey, dsaEncoding: "der" } as const;
  const isSigned = signatureAlgorithm.algorithm === ECDSA_WITH_SHA256 && tbsCertListRaw !== undefined &&
    verify("sha256", new Uint8Array(tbsCertListRaw), key, new Uint8Array(signature));
  if (!isSigned) throw fail("its signature is wrong");
  if (nowMs < tbsCertList.thisUpdate.getTime().getTime()) throw fail("it is not valid yet");
  const nextUpdate = tbsCertList.nextUpdate?.getTime().getTime();
  if (nextUpdate === undefined) throw fail("it does not say until when it is valid");
  if (nowMs > nextUpdate) throw fail("it has expired");
  const narrowing = tbsCertList.crlExtensions?.find(({ critical, extnID }) =>
    critical && !KNOWN_EXTENSIONS.has(extnID)
  );
  if (narrowing) throw fail(`it has a critical extension that is not known: ${narrowing.extnID}`);
  const revoked = new Set(
    tbsCertList.revokedCertificates?.map(({ userCertificate }) => serialOf(new Uint8Array(userCertificate).toHex())),
  );
  for (const { serialNumber, subject } of certificates) {
    if (revoked.has(serialOf(serialNumber))) {
      throw new Refusal("revoked", `the certificate of ${nameIn(subject)} (${serialNumber}) was revoked`);
    }
  }
}

function readList(list: string, fail: (text: string, cause?: unknown) => Refusal): CertificateList {
  try {
    return AsnConvert.parse(Uint8Array.fromHex(list), CertificateList);
  } catch (error) {
    throw fail("it can't be read", error);
  }
}

function derOf(name: object): Uint8Array {
  return new Uint8Array(AsnConvert.serialize(name));
}

/** A serial number without the zeros before it, which one side writes and the other does not. */
function serialOf(hex: string): bigint {
  return BigInt(`0x${hex}`);
}

/** The common name in a subject, for people. */
function nameIn(subject: string): string {
  return /^CN=(.*)$/m.exec(subject)?.[1] ?? subject;
}
