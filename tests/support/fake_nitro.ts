/** AWS's side of attestation, made for these tests: a root, authorities, and documents of an enclave that they vouch for. @module */

import { CBORTag, type CBORType, encodeCBOR } from "@levischuck/tiny-cbor";
// @peculiar/x509 needs it loaded first.
import "reflect-metadata";
import * as x509 from "@peculiar/x509";
import { FAKE_NOW_MS } from "./fake_intel.ts";

const ALGORITHM = { name: "ECDSA", namedCurve: "P-384", hash: "SHA-384" } as const;
const HOUR_MS = 3_600_000;

/** What a document says. */
export interface FakeDocument {
  readonly userData: Uint8Array;
  /** PCR0; default: 48 bytes of 0xc0. */
  readonly pcr0?: Uint8Array;
  readonly timestamp?: number;
  /** The algorithm in the header; default ES384. */
  readonly algorithm?: number;
  /** Whether COSE's tag stands before it; default false, as AWS has it. */
  readonly tagged?: boolean;
  /** Whether the enclave's own certificate is an authority, which none is. */
  readonly leafIsAuthority?: boolean;
}

/** The authorities, and what enclaves show. */
export interface FakeNitro {
  /** The root's certificate: in DER, and as a file in PEM has it. */
  readonly root: Uint8Array;
  readonly rootPem: string;
  readonly nowMs: number;
  document(says: FakeDocument): Promise<Uint8Array>;
}

/** Make all of it, with new keys. */
export async function fakeNitro(): Promise<FakeNitro> {
  const [rootKeys, authorityKeys, enclaveKeys] = await Promise.all([newKeys(), newKeys(), newKeys()]);
  const certify = (name: string, by: string, keys: CryptoKeyPair, issuer: CryptoKeyPair, ca: boolean) =>
    x509.X509CertificateGenerator.create({
      subject: `CN=${name}`,
      issuer: `CN=${by}`,
      notBefore: new Date(FAKE_NOW_MS - HOUR_MS),
      notAfter: new Date(FAKE_NOW_MS + 2 * HOUR_MS),
      publicKey: keys.publicKey,
      signingKey: issuer.privateKey,
      signingAlgorithm: ALGORITHM,
      extensions: [new x509.BasicConstraintsExtension(ca, undefined, true)],
    });
  const root = await certify("fake.nitro-enclaves", "fake.nitro-enclaves", rootKeys, rootKeys, true);
  const authority = await certify("fake.region", "fake.nitro-enclaves", authorityKeys, rootKeys, true);
  return {
    root: new Uint8Array(root.rawData),
    rootPem: `${root.toString("pem")}\n`,
    nowMs: FAKE_NOW_MS,
    async document(
      { userData, pcr0, timestamp = FAKE_NOW_MS, algorithm = -35, tagged = false, leafIsAuthority = false },
    ) {
      const leaf = await certify("fake.enclave", "fake.region", enclaveKeys, authorityKeys, leafIsAuthority);
      const registers = Array.from({ length: 16 }, (_, index) => [index, new Uint8Array(48)] as const);
      const pcrs = new Map<string | number, CBORType>([...registers, [0, pcr0 ?? new Uint8Array(48).fill(0xc0)]]);
      const fields: readonly (readonly [string, CBORType])[] = [
        ["module_id", "i-0123456789abcdef0-enc0123456789abcdef"],
        ["digest", "SHA384"],
        ["timestamp", timestamp],
        ["pcrs", pcrs],
        ["certificate", new Uint8Array(leaf.rawData)],
        ["cabundle", [root, authority].map(({ rawData }) => new Uint8Array(rawData))],
        ["public_key", null],
        ["user_data", userData],
        ["nonce", null],
      ];
      // A map of indefinite length, as real documents have it.
      const entries = fields.flatMap((entry) => entry.flatMap((part) => [...encodeCBOR(part)]));
      const payload = Uint8Array.of(0xbf, ...entries, 0xff);
      const header = encodeCBOR(new Map([[1, algorithm]]));
      const signed = Uint8Array.from(encodeCBOR(["Signature1", header, new Uint8Array(), payload]));
      const signature = new Uint8Array(await crypto.subtle.sign(ALGORITHM, enclaveKeys.privateKey, signed));
      const parts: CBORType = [header, new Map(), payload, signature];
      return encodeCBOR(tagged ? new CBORTag(18, parts) : parts);
    },
  };
}

function newKeys(): Promise<CryptoKeyPair> {
  return crypto.subtle.generateKey(ALGORITHM, true, ["sign", "verify"]);
}
