/** Verifies a TDX or SGX quote offline, against Intel's collateral and a root. @module */

// Before the library, which needs Node's modules.
import "../../builtin_require.ts";
import { Buffer } from "node:buffer";
// The library's own entry also loads its network client. Its types stand at the entry alone.
// @ts-types="@phala/dcap-qvl"
import { QuoteVerifier } from "@phala/dcap-qvl/verify";
// @ts-types="@phala/dcap-qvl"
import { Quote } from "@phala/dcap-qvl/quote";
import type { Report, TDReport10 } from "@phala/dcap-qvl";
import type { X509Certificate } from "node:crypto";
import { messageOf } from "../../errors.ts";
import { checkPath, readCertificate, readPem } from "./certificates.ts";
import type { Collateral } from "./collateral.ts";
import { checkRevocation } from "./crls.ts";
import { TCB_STATUSES } from "./policy.ts";
import { tdxModuleStatus } from "./tdx_module.ts";
import { Refusal } from "./verdict.ts";

/** What a verified quote says. */
export interface QuoteFacts {
  readonly platform: "tdx" | "sgx" | "nitro";
  /** Registers and identities by their names in lower case, in lower-case hexadecimal digits. */
  readonly measurements: Readonly<Record<string, string>>;
  /** The 64 bytes that the enclave bound to its quote. */
  readonly reportData: Uint8Array;
  /** Intel's word for the state of platform and module, the worse of the two; absent for Nitro. */
  readonly status?: string;
  /** Intel's numbers of what is known against that state. */
  readonly advisories: readonly string[];
  /** What the document answers, where the platform has a field for it. */
  readonly nonce?: Uint8Array;
}

/** What a quote is checked against. */
export interface QuoteCheck {
  readonly collateral: Collateral;
  /** The root in DER: Intel's, or one made for tests. */
  readonly root: Uint8Array;
  readonly nowMs: number;
}

/** Certification data that is the platform's certificates in PEM. */
const CERTIFICATES_IN_QUOTE = 5;

/**
 * Verify a quote: the chain from the root to the platform, the lists of revoked certificates, what Intel signed of the
 * platform's state, and the quote's own signature.
 *
 * @throws {Refusal} Naming the first fault.
 */
export function verifyQuote(quote: Uint8Array, { collateral, root, nowMs }: QuoteCheck): QuoteFacts {
  const parsed = parseQuote(quote);
  checkCertificates(parsed, { collateral, root, nowMs });
  let verified: ReturnType<QuoteVerifier["verify"]>;
  try {
    const verifier = QuoteVerifier.newWithRootCa(Buffer.from(root));
    verified = verifier.verify(Buffer.from(quote), collateral, Math.floor(nowMs / 1000));
  } catch (error) {
    const text = messageOf(error);
    throw new Refusal(/(tcb|qe)[ _]?(info|identity)/i.test(text) ? "collateral" : "quote", text, { cause: error });
  }
  const { report, status, advisory_ids: advisories } = verified;
  const td = report.asTd10();
  if (!td) return { ...sgxFacts(report), status, advisories };
  const module = tdxModuleStatus(td, collateral.tcb_info);
  return {
    platform: "tdx",
    measurements: tdMeasurements(td),
    reportData: Uint8Array.from(td.reportData),
    status: worse(status, module.status),
    advisories: [...new Set([...advisories, ...module.advisories])],
  };
}

/** How the FMSPC stands in a platform's certificate: its object id, 1.2.840.113741.1.13.1.4, then six bytes. */
const FMSPC = /060a2a864886f84d010d01040406([0-9a-f]{12})/;

/**
 * Whether collateral names the kind of platform that a quote is of. Nothing is verified here: of several collaterals that
 * all refuse a quote, this tells which one's reason is to the point.
 */
export function isAboutPlatform(quote: Uint8Array, { pck_certificate_chain, tcb_info }: Collateral): boolean {
  try {
    const parsed = parseQuote(quote);
    const [platform] = readPem(pck_certificate_chain ?? certificatesIn(parsed), "the platform's");
    const fmspc = FMSPC.exec(Uint8Array.from(platform!.raw).toHex())?.[1];
    const named = JSON.parse(tcb_info) as { fmspc?: unknown; id?: unknown } | null;
    if (typeof named?.fmspc !== "string" || named.fmspc.toLowerCase() !== fmspc) return false;
    // TCB info of before TDX has no id.
    return (named.id ?? "SGX") === (parsed.report.asTd10() ? "TDX" : "SGX");
  } catch {
    return false;
  }
}

function parseQuote(quote: Uint8Array): Quote {
  try {
    return Quote.parse(Buffer.from(quote));
  } catch (error) {
    throw new Refusal("quote", `the quote can't be read: ${messageOf(error)}`, { cause: error });
  }
}

/** The paths of the three signers, each of the length that Intel's have, and the two lists of what was revoked. */
function checkCertificates(quote: Quote, { collateral, root, nowMs }: QuoteCheck): void {
  const { pck_certificate_chain, tcb_info_issuer_chain, qe_identity_issuer_chain } = collateral;
  const platform = readPem(pck_certificate_chain ?? certificatesIn(quote), "the platform's");
  const tcbSigner = readPem(tcb_info_issuer_chain, "the TCB info's");
  const qeSigner = readPem(qe_identity_issuer_chain, "the QE identity's");
  checkPath(platform, { what: "the platform's", root, length: 3, nowMs });
  // Two: signed by the root itself. A platform's own certificate, which stands a step further down, signs no TCB info.
  checkPath(tcbSigner, { what: "the TCB info's", root, length: 2, nowMs });
  checkPath(qeSigner, { what: "the QE identity's", root, length: 2, nowMs });
  const [leaf, authority] = platform as [X509Certificate, X509Certificate];
  const certificates = [authority, tcbSigner[0]!, qeSigner[0]!];
  const issuer = readCertificate(root, "the root's");
  checkRevocation({ what: "the root's CRL", list: collateral.root_ca_crl, issuer, certificates, nowMs });
  const list = collateral.pck_crl;
  checkRevocation({ what: "the platforms' CRL", list, issuer: authority, certificates: [leaf], nowMs });
}

function certificatesIn(quote: Quote): string {
  const { certType, body } = quote.authData.intoV3().certificationData;
  if (certType !== CERTIFICATES_IN_QUOTE) {
    throw new Refusal("quote", `the quote brings no certificates (type ${certType}), and the collateral has none`);
  }
  return new TextDecoder().decode(body);
}

function tdMeasurements(td: TDReport10): Record<string, string> {
  const registers = {
    mrtd: td.mrTd,
    rtmr0: td.rtMr0,
    rtmr1: td.rtMr1,
    rtmr2: td.rtMr2,
    rtmr3: td.rtMr3,
    mrconfigid: td.mrConfigId,
    mrowner: td.mrOwner,
    mrownerconfig: td.mrOwnerConfig,
    mrseam: td.mrSeam,
  };
  return Object.fromEntries(Object.entries(registers).map(([name, bytes]) => [name, Uint8Array.from(bytes).toHex()]));
}

function sgxFacts(report: Report): Pick<QuoteFacts, "platform" | "measurements" | "reportData"> {
  const enclave = report.asSgx();
  if (!enclave) throw new Refusal("quote", "the quote is of no kind that is known");
  const { mrEnclave, mrSigner, isvProdId, isvSvn, reportData } = enclave;
  return {
    platform: "sgx",
    measurements: {
      mrenclave: Uint8Array.from(mrEnclave).toHex(),
      mrsigner: Uint8Array.from(mrSigner).toHex(),
      isvprodid: isvProdId.toString(16).padStart(4, "0"),
      isvsvn: isvSvn.toString(16).padStart(4, "0"),
    },
    reportData: Uint8Array.from(reportData),
  };
}

/** The worse of two states; one that is not known is the worst. */
function worse(one: string, other: string): string {
  const order: readonly string[] = TCB_STATUSES;
  const rank = (status: string) => order.includes(status) ? order.indexOf(status) : order.length;
  return rank(one) >= rank(other) ? one : other;
}
