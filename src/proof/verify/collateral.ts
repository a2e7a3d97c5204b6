/** Intel's collateral for a quote: what Intel signed about a platform, as its provisioning service hands it out. @module */

import * as z from "zod";
import { describeIssues } from "../../zod_issues.ts";
import type { Parsed } from "../evidence.ts";

const hex = z.string().regex(/^([0-9a-fA-F]{2})+$/, "expected hexadecimal digits");
const pem = z.string().min(1);
const collateralSchema = z.object({
  pck_crl_issuer_chain: pem,
  /** List of revoked certificates that Intel's root signed, DER. */
  root_ca_crl: hex,
  /** List of revoked platform certificates, DER. */
  pck_crl: hex,
  tcb_info_issuer_chain: pem,
  /** JSON text, exactly as it was signed. */
  tcb_info: z.string().min(1),
  tcb_info_signature: hex,
  qe_identity_issuer_chain: pem,
  qe_identity: z.string().min(1),
  qe_identity_signature: hex,
  /** The platform's certificates, for quotes that do not bring them. */
  pck_certificate_chain: pem.optional(),
});

/** Collateral in the form in which `dcap-qvl` and Phala's service write it. */
export type Collateral = z.infer<typeof collateralSchema>;

/** Check that unknown data has the form of collateral, or of a list of several. What it says is checked with a quote. */
export function parseCollaterals(value: unknown): Parsed<Collateral[]> {
  const parsed = z.array(collateralSchema).min(1).max(100).safeParse(Array.isArray(value) ? value : [value]);
  return parsed.success ? { ok: true, value: parsed.data } : { ok: false, reason: describeIssues(parsed.error) };
}
