/** Checks evidence: whether a genuine enclave of the expected measurement vouches for the key in its claims. @module */

import { type Claims, type Evidence, type Quoted, reportData, thumbprint } from "../evidence.ts";
import { parseClaims, parseEvidence } from "../evidence_parsing.ts";
import { equalBytes } from "./certificates.ts";
import type { Collateral } from "./collateral.ts";
import { replayEventLog } from "./event_log.ts";
import { verifyNitro } from "./nitro.ts";
import { IDENTIFYING, isIdentified, type Policy } from "./policy.ts";
import { isAboutPlatform, type QuoteFacts, verifyQuote } from "./quote.ts";
import { makersRoot } from "./roots.ts";
import { collectReasons, type Reason, type ReasonCode, Refusal } from "./verdict.ts";

/** What a check of evidence found. */
export interface EvidenceVerdict {
  /** Whether the enclave vouches for the key and is the expected one. */
  readonly proved: boolean;
  /** Why not; empty if it is proved. */
  readonly reasons: readonly Reason[];
  /** What is proved, and still worth knowing. */
  readonly warnings: readonly string[];
  readonly format?: Evidence["format"];
  /** What the evidence claims: without `proved` nothing but a claim. */
  readonly claims?: Claims;
  /** Thumbprint of the key in the claims. */
  readonly kid?: string;
  /** What the quote says, if it is genuine. */
  readonly quote?: Omit<QuoteFacts, "reportData" | "nonce">;
  /** Names of the measurements that identify the system and were not compared with an expected one; absent if none. */
  readonly notCompared?: readonly string[];
  /** SHA-256 of the compose file that runs, if the log of events tells it and leads to the quote's registers. */
  readonly composeHash?: string;
}

/** Check evidence against a policy. Whatever is wrong with it becomes a reason; nothing is thrown. */
export function verifyEvidence(value: unknown, policy: Policy): EvidenceVerdict {
  const found = collectReasons();
  const warnings: string[] = [];
  const verdict = (rest: Partial<EvidenceVerdict> = {}): EvidenceVerdict => ({
    ...rest,
    proved: found.reasons.length === 0,
    reasons: found.reasons,
    warnings,
  });
  const parsed = parseEvidence(value);
  if (!parsed.ok) {
    found.add("evidence-malformed", parsed.reason);
    return verdict();
  }
  const evidence = parsed.value, { format } = evidence;
  const claimed = parseClaims(evidence.claims);
  if (!claimed.ok) {
    found.add("evidence-malformed", claimed.reason);
    return verdict({ format });
  }
  const { claims, bytes } = claimed.value;
  const about = { format, claims, kid: thumbprint(claims.cnf.jwk) };
  if (policy.nonce !== undefined && claims.eat_nonce !== policy.nonce) {
    found.add("nonce", claims.eat_nonce === undefined ? "the evidence has no nonce" : "the evidence has another nonce");
  }
  if (evidence.format === "none") {
    found.add("no-tee", "the agent says that it runs outside of a TEE: nothing vouches for its key");
    return verdict(about);
  }
  const quote = found.attempt(() => genuineQuote(evidence, policy));
  if (!quote) return verdict(about);
  if (!equalBytes(quote.reportData, reportData(bytes))) {
    found.add("report-data", "the quote was made over other claims: its report data is not the claims' hash");
  }
  checkStatus(quote, policy, found);
  const { event_log } = evidence;
  const log = event_log === undefined ? undefined : found.attempt(() => replayEventLog(event_log, quote.measurements));
  const notCompared = [...checkMeasurements(quote, policy, { found, warnings }), ...checkApp(quote, policy, found)];
  checkComposeHash(log?.composeHash, policy, found);
  const { reportData: _, nonce: __, ...facts } = quote;
  return verdict({
    ...about,
    quote: facts,
    ...(notCompared.length > 0 && { notCompared }),
    ...(log?.composeHash !== undefined && { composeHash: log.composeHash }),
  });
}

/** @throws {Refusal} If the quote is not genuine by any of the collaterals. */
function genuineQuote({ format, quote: text }: Quoted, { collaterals, root, nowMs }: Policy): QuoteFacts {
  const quote = Uint8Array.fromBase64(text, { alphabet: "base64url" });
  const trusted = root ?? makersRoot(format);
  if (format === "nitro") return verifyNitro(quote, { root: trusted, nowMs });
  const refusals: { readonly refusal: Refusal; readonly collateral: Collateral }[] = [];
  for (const collateral of collaterals) {
    try {
      const facts = verifyQuote(quote, { collateral, root: trusted, nowMs });
      if (facts.platform !== format.replace("-quote", "")) throw new Refusal("quote", `the quote is no ${format}`);
      return facts;
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      refusals.push({ refusal: error, collateral });
    }
  }
  if (refusals.length === 0) {
    throw new Refusal("collateral-missing", "a quote of Intel's needs collateral to be checked with");
  }
  // The collateral of another platform refuses every quote: its reason says nothing about this one.
  const fitting = refusals.filter(({ collateral }) => isAboutPlatform(quote, collateral));
  throw furthest((fitting.length > 0 ? fitting : refusals).map(({ refusal }) => refusal));
}

/** Reasons in the order in which a quote is checked; that a certificate was revoked is certain, whatever else is wrong. */
const STEPS: readonly (readonly ReasonCode[])[] = [["certificate"], ["crl"], ["collateral", "quote"], ["revoked"]];

/** The refusal of the check that got furthest, the first of several. */
function furthest(refusals: readonly Refusal[]): Refusal {
  const stepOf = ({ code }: Refusal) => STEPS.findIndex((codes) => codes.includes(code));
  return refusals.reduce((far, other) => stepOf(other) > stepOf(far) ? other : far);
}

type Found = ReturnType<typeof collectReasons>;

function checkStatus({ status, advisories }: QuoteFacts, { acceptedStatuses }: Policy, found: Found): void {
  if (status === undefined || status === "UpToDate" || acceptedStatuses.has(status)) return;
  const known = advisories.length > 0 ? ` (${advisories.join(", ")})` : "";
  found.add(
    "tcb-status",
    `Intel says that the platform is ${status}${known}; accept that with --accept-status ${status}`,
  );
}

/** Compare the measurements. Returns the names of those that identify the system and that nobody expects a value of. */
function checkMeasurements(
  { platform, measurements }: QuoteFacts,
  policy: Policy,
  { found, warnings }: { found: Found; warnings: string[] },
): readonly string[] {
  const compared = [...policy.measurements].filter(([name]) => name in measurements);
  for (const [name, expected] of compared) {
    const actual = measurements[name]!;
    if (expected.has(actual)) continue;
    found.add("measurement", `${name} is ${actual}, expected ${[...expected].join(" or ")}`);
  }
  const [exact = [], ...others] = IDENTIFYING[platform] ?? [];
  const open = exact.filter((name) => !policy.measurements.has(name));
  if (open.length === 0 || !policy.requireMeasurement) return open;
  if (isIdentified(policy.measurements, platform)) {
    warnings.push(`not compared: ${open.join(", ")}. Another system may run behind the same rest.`);
    return open;
  }
  const names = [exact, ...others].map((set) => set.join(", ")).join("; or ");
  found.add(
    "measurement-unnamed",
    compared.length === 0
      ? `it is signed by some enclave, you did not say which: name the expected one with --measurement (${names})`
      : `what was compared does not say which system runs: name ${open.join(", ")} with --measurement too (${names})`,
  );
  return open;
}

/**
 * RTMR3 has what the measured system runs: on dstack the compose file, which anybody chooses who starts that system. Nothing
 * else in a quote tells it, and whoever shows evidence can leave the log of events out. Returns its name if nothing is
 * compared with it.
 */
function checkApp({ platform, measurements: { rtmr3 = "" } }: QuoteFacts, policy: Policy, found: Found): string[] {
  if (/^0*$/.test(rtmr3) || policy.measurements.has("rtmr3") || policy.composeHash !== undefined) return [];
  if (policy.requireMeasurement && isIdentified(policy.measurements, platform)) {
    found.add(
      "measurement-unnamed",
      "what its system runs is in rtmr3, and you did not say what: name the compose file with --compose-hash, or rtmr3 with " +
        "--measurement",
    );
  }
  return ["rtmr3"];
}

function checkComposeHash(actual: string | undefined, { composeHash: expected }: Policy, found: Found): void {
  if (expected === undefined || actual === expected) return;
  found.add(
    "compose-hash",
    actual === undefined
      ? "the evidence has no log of events that tells the compose file's hash"
      : `the compose file's hash is ${actual}, expected ${expected}`,
  );
}
