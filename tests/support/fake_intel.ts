/**
 * Intel's side of attestation, made for these tests: a root, the authority of the platforms, a platform's certificate, the
 * signer of TCB info and QE identity, lists of what was revoked, and quotes that all of them vouch for. @module
 */

// @peculiar/x509 needs it loaded first.
import "reflect-metadata";
import * as x509 from "@peculiar/x509";
import { Buffer } from "node:buffer";
import { createHash } from "node:crypto";
import type { Collateral } from "../../src/proof/verify/collateral.ts";

const ALGORITHM = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" } as const;
const SGX_EXTENSION = "1.2.840.113741.1.13.1";
const FMSPC = "00a06f050000";
const DAY_MS = 86_400_000;
/** When all of it is valid: {@linkcode FakeIntel.nowMs} lies in the middle. */
export const FAKE_NOW_MS = Date.parse("2026-06-15T12:00:00Z");

/** What differs from a platform that is in order. */
export interface FakeOptions {
  /** Status of the platform in the TCB info, and of the TDX module. */
  readonly status?: string;
  readonly moduleStatus?: string;
  /** Certificates on the lists of what was revoked. */
  readonly revoked?: readonly ("platform" | "authority" | "signer")[];
  /** Whether the platform itself issues the signer's certificate, as no platform may. */
  readonly signerOfPlatform?: boolean;
}

/** What a quote says. Registers that are left out are zeros. */
export interface FakeTd {
  readonly reportData: Uint8Array;
  readonly registers?: Readonly<Record<string, Uint8Array>>;
  /** Whether the machine can be debugged from outside. */
  readonly debug?: boolean;
}

/** The authorities and what they sign. */
export interface FakeIntel {
  /** The root's certificate: in DER, and as a file in PEM has it. */
  readonly root: Uint8Array;
  readonly rootPem: string;
  readonly collateral: Collateral;
  readonly nowMs: number;
  /** A quote of version 4 by this platform. */
  quote(td: FakeTd): Promise<Uint8Array>;
  /** A list of what was revoked, signed by another key under the same name. */
  forgedList(which: "root" | "platforms"): Promise<string>;
  /** A list as it should be, but valid until another time only. */
  listUntil(which: "root" | "platforms", nextUpdateMs: number): Promise<string>;
}

/** Make all of it, with new keys. */
export async function fakeIntel(options: FakeOptions = {}): Promise<FakeIntel> {
  const { status = "UpToDate", moduleStatus = "UpToDate", revoked = [] } = options;
  const keys = {
    root: await newKeys(),
    authority: await newKeys(),
    platform: await newKeys(),
    signer: await newKeys(),
  };
  const root = await certify(
    { name: "Fake SGX Root CA", by: "Fake SGX Root CA", serial: "01", ca: true },
    keys.root,
    keys.root,
  );
  const authority = await certify(
    { name: "Fake PCK Platform CA", by: root.subject, serial: "02", ca: true },
    keys.authority,
    keys.root,
  );
  const platform = await certify(
    { name: "Fake PCK Certificate", by: authority.subject, serial: "03", ca: false, extensions: [sgxExtension()] },
    keys.platform,
    keys.authority,
  );
  const [issuer, issuerKeys] = options.signerOfPlatform ? [platform, keys.platform] : [root, keys.root];
  const signer = await certify(
    { name: "Fake TCB Signing", by: issuer.subject, serial: "04", ca: false },
    keys.signer,
    issuerKeys,
  );
  const pem = (...path: readonly x509.X509Certificate[]) => path.map((one) => one.toString("pem")).join("\n");
  const serials = { platform: "03", authority: "02", signer: "04" };
  const onList = (...names: readonly (keyof typeof serials)[]) =>
    names.filter((name) => revoked.includes(name)).map((name) => serials[name]);
  const sign = async (text: string) => Buffer.from(await signature(keys.signer, Buffer.from(text))).toString("hex");
  const tcbInfo = tcbInfoText(status, moduleStatus), qeIdentity = qeIdentityText();
  const signerPath = options.signerOfPlatform ? pem(signer, platform, authority, root) : pem(signer, root);
  const makers = { root: [root, keys.root], platforms: [authority, keys.authority] } as const;
  return {
    root: new Uint8Array(root.rawData),
    rootPem: `${root.toString("pem")}\n`,
    nowMs: FAKE_NOW_MS,
    collateral: {
      pck_crl_issuer_chain: pem(authority, root),
      root_ca_crl: await list(root, keys.root, onList("authority", "signer")),
      pck_crl: await list(authority, keys.authority, onList("platform")),
      tcb_info_issuer_chain: signerPath,
      tcb_info: tcbInfo,
      tcb_info_signature: await sign(tcbInfo),
      qe_identity_issuer_chain: signerPath,
      qe_identity: qeIdentity,
      qe_identity_signature: await sign(qeIdentity),
    },
    quote: (td) => quoteOf(td, keys.platform, pem(platform, authority, root)),
    forgedList: async (which) => await list(makers[which][0], await newKeys(), []),
    listUntil: (which, nextUpdateMs) => list(...makers[which], [], nextUpdateMs),
  };
}

function newKeys(): Promise<CryptoKeyPair> {
  return crypto.subtle.generateKey(ALGORITHM, true, ["sign", "verify"]);
}

async function signature(keys: CryptoKeyPair, bytes: Uint8Array<ArrayBuffer>): Promise<ArrayBuffer> {
  return await crypto.subtle.sign(ALGORITHM, keys.privateKey, bytes);
}

/** A certificate's own facts. */
interface Certified {
  readonly name: string;
  readonly by: string;
  readonly serial: string;
  readonly ca: boolean;
  readonly extensions?: readonly x509.Extension[];
}

function certify(
  { name, by, serial, ca, extensions = [] }: Certified,
  keys: CryptoKeyPair,
  issuer: CryptoKeyPair,
): Promise<x509.X509Certificate> {
  return x509.X509CertificateGenerator.create({
    serialNumber: serial,
    subject: `CN=${name}`,
    issuer: by.startsWith("CN=") ? by : `CN=${by}`,
    notBefore: new Date(FAKE_NOW_MS - 100 * DAY_MS),
    notAfter: new Date(FAKE_NOW_MS + 3_650 * DAY_MS),
    publicKey: keys.publicKey,
    signingKey: issuer.privateKey,
    signingAlgorithm: ALGORITHM,
    extensions: [new x509.BasicConstraintsExtension(ca, undefined, true), ...extensions],
  });
}

async function list(
  issuer: x509.X509Certificate,
  keys: CryptoKeyPair,
  serials: readonly string[],
  nextUpdateMs = FAKE_NOW_MS + 15 * DAY_MS,
): Promise<string> {
  const made = await x509.X509CrlGenerator.create({
    issuer: issuer.subject,
    thisUpdate: new Date(FAKE_NOW_MS - 15 * DAY_MS),
    nextUpdate: new Date(nextUpdateMs),
    signingKey: keys.privateKey,
    signingAlgorithm: ALGORITHM,
    entries: serials.map((serialNumber) => ({ serialNumber, revocationDate: new Date(FAKE_NOW_MS - 20 * DAY_MS) })),
  });
  return Buffer.from(made.rawData).toString("hex");
}

/** What Intel writes into a platform's certificate: its numbers and versions. */
function sgxExtension(): x509.Extension {
  const entry = (oid: string, value: Uint8Array) => der(0x30, oidOf(oid), value);
  const versions = Array.from({ length: 16 }, (_, index) => entry(`${SGX_EXTENSION}.2.${index + 1}`, der(0x02, [5])));
  const tcb = der(
    0x30,
    ...versions,
    entry(`${SGX_EXTENSION}.2.17`, der(0x02, [11])),
    entry(`${SGX_EXTENSION}.2.18`, der(0x04, new Uint8Array(16).fill(5))),
  );
  const value = der(
    0x30,
    entry(`${SGX_EXTENSION}.1`, der(0x04, new Uint8Array(16).fill(1))),
    entry(`${SGX_EXTENSION}.2`, tcb),
    entry(`${SGX_EXTENSION}.3`, der(0x04, [0, 0])),
    entry(`${SGX_EXTENSION}.4`, der(0x04, Buffer.from(FMSPC, "hex"))),
    entry(`${SGX_EXTENSION}.5`, der(0x0a, [1])),
  );
  return new x509.Extension(SGX_EXTENSION, false, new Uint8Array(value));
}

/** One value in DER: tag, length, content. */
function der(tag: number, ...parts: readonly (Uint8Array | readonly number[])[]): Uint8Array {
  const content = Buffer.concat(parts.map((part) => Uint8Array.from(part)));
  const length = content.length < 128
    ? [content.length]
    : content.length < 256
    ? [0x81, content.length]
    : [0x82, content.length >> 8, content.length & 255];
  return Uint8Array.from([tag, ...length, ...content]);
}

function oidOf(oid: string): Uint8Array {
  const [first = 0, second = 0, ...rest] = oid.split(".").map(Number);
  const bytes = [first * 40 + second];
  for (const number of rest) {
    const groups = [number & 127];
    for (let left = number >> 7; left > 0; left >>= 7) groups.unshift(128 | (left & 127));
    bytes.push(...groups);
  }
  return der(0x06, bytes);
}

const VALIDITY = {
  issueDate: new Date(FAKE_NOW_MS - 15 * DAY_MS).toISOString(),
  nextUpdate: new Date(FAKE_NOW_MS + 15 * DAY_MS).toISOString(),
};

function tcbInfoText(tcbStatus: string, moduleStatus: string): string {
  const components = (svn: number) => Array.from({ length: 16 }, () => ({ svn }));
  const module = { mrsigner: "00".repeat(48), attributes: "00".repeat(8), attributesMask: "FF".repeat(8) };
  return JSON.stringify({
    id: "TDX",
    version: 3,
    ...VALIDITY,
    fmspc: FMSPC.toUpperCase(),
    pceId: "0000",
    tcbType: 0,
    tcbEvaluationDataNumber: 17,
    tdxModule: module,
    tdxModuleIdentities: [
      {
        id: "TDX_01",
        ...module,
        tcbLevels: [{ tcb: { isvsvn: 3 }, tcbDate: "2024-01-01T00:00:00Z", tcbStatus: moduleStatus }],
      },
    ],
    tcbLevels: [{
      tcb: { sgxtcbcomponents: components(5), pcesvn: 11, tdxtcbcomponents: components(0) },
      tcbDate: "2024-01-01T00:00:00Z",
      tcbStatus,
      ...(tcbStatus !== "UpToDate" && { advisoryIDs: ["INTEL-SA-00000"] }),
    }],
  });
}

function qeIdentityText(): string {
  return JSON.stringify({
    id: "TD_QE",
    version: 2,
    ...VALIDITY,
    tcbEvaluationDataNumber: 17,
    miscselect: "00000000",
    miscselectMask: "FFFFFFFF",
    attributes: "11000000000000000000000000000000",
    attributesMask: "FBFFFFFFFFFFFFFF0000000000000000",
    mrsigner: "DC".repeat(32),
    isvprodid: 2,
    tcbLevels: [{ tcb: { isvsvn: 4 }, tcbDate: "2024-01-01T00:00:00Z", tcbStatus: "UpToDate" }],
  });
}

/** The registers of a quote in their order, with their bytes. */
const REGISTERS = [
  ["mrtd", 48],
  ["mrconfigid", 48],
  ["mrowner", 48],
  ["mrownerconfig", 48],
  ["rtmr0", 48],
  ["rtmr1", 48],
  ["rtmr2", 48],
  ["rtmr3", 48],
] as const;

async function quoteOf({ reportData, registers = {}, debug = false }: FakeTd, platform: CryptoKeyPair, path: string) {
  const attestation = await newKeys();
  const publicKey = new Uint8Array(await crypto.subtle.exportKey("raw", attestation.publicKey)).subarray(1);
  const header = Buffer.alloc(48);
  header.writeUInt16LE(4, 0);
  header.writeUInt16LE(2, 2);
  header.writeUInt32LE(0x81, 4);
  // Version of the TDX module: 1, with its security version 5. SEPT_VE_DISABLE is bit 28 of the attributes.
  const report = Buffer.concat([
    sized([5, 1], 16),
    sized([], 48 + 48 + 8),
    sized([debug ? 1 : 0, 0, 0, 0x10], 8),
    sized([], 8),
    ...REGISTERS.map(([name, bytes]) => sized(registers[name] ?? [], bytes)),
    sized(reportData, 64),
  ]);
  const signed = Buffer.concat([header, report]);
  const qe = Buffer.alloc(384);
  qe[48] = 0x11;
  qe.fill(0xdc, 128, 160);
  qe.writeUInt16LE(2, 256);
  qe.writeUInt16LE(5, 258);
  const qeAuthData = Buffer.alloc(32, 7);
  createHash("sha256").update(publicKey).update(qeAuthData).digest().copy(qe, 320);
  const certificates = Buffer.from(path);
  const qeData = Buffer.concat([
    qe,
    new Uint8Array(await signature(platform, Uint8Array.from(qe))),
    uint16(qeAuthData.length),
    qeAuthData,
    uint16(5),
    uint32(certificates.length),
    certificates,
  ]);
  const authData = Buffer.concat([
    new Uint8Array(await signature(attestation, Uint8Array.from(signed))),
    publicKey,
    uint16(6),
    uint32(qeData.length),
    qeData,
  ]);
  return Uint8Array.from(Buffer.concat([signed, uint32(authData.length), authData]));
}

function sized(bytes: Uint8Array | readonly number[], length: number): Uint8Array {
  const whole = new Uint8Array(length);
  whole.set(bytes);
  return whole;
}

function uint16(value: number): Uint8Array {
  return Uint8Array.of(value & 255, value >> 8);
}

function uint32(value: number): Uint8Array {
  return Uint8Array.of(value & 255, (value >> 8) & 255, (value >> 16) & 255, value >>> 24);
}
