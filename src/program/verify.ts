/** `agent verify`: says whether answers were signed in an enclave of the expected measurement, reading files alone. @module */

import { dirname, join } from "node:path";
import { escapeControls, escapeControlsInLines } from "../control_characters.ts";
import { EXIT, FatalError } from "../errors.ts";
import { openPlainSync } from "../files.ts";
import { NotAnArrayError, readArray } from "../journal/json_array.ts";
import { type AnswerVerdict, checkAnswers, type Question, type Questions } from "../proof/verify/answers.ts";
import { type EvidenceVerdict, verifyEvidence } from "../proof/verify/evidence.ts";
import type { Policy } from "../proof/verify/policy.ts";
import { readCollateral, readJson, readRoot, unreadable } from "../proof/verify/policy_files.ts";
import { withTime } from "../transports/file/entries.ts";
import { checkEvent } from "../wire.ts";
import { readVerifyOptions, VERIFY_HELP, type VerifyOptions } from "./verify_options.ts";

/** Where the result goes. */
export interface VerifyParts {
  readonly write: (text: string) => void;
  readonly writeError: (text: string) => void;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
}

/** An entry that is not proved, as `--json` prints it. */
interface RefusedEntry extends Pick<AnswerVerdict, "reasons"> {
  /** Its place in the file, from 1 on. */
  readonly entry: number;
  readonly queryId?: string;
}

/** What was found in a file of responses. */
interface Finding {
  readonly entries: number;
  readonly proved: number;
  /** Of those that are not proved, the first {@linkcode MAX_TOLD}. */
  readonly refused: readonly RefusedEntry[];
  /** Answers that the agents signed between those of the file, and that are not in it. */
  readonly missing: number;
  /** What is suspicious about the order of the answers. */
  readonly warnings: readonly string[];
}

/** Evidence is a few kilobytes for each start; an agent keeps a thousand of them. Each takes a check, and a verdict. */
const MAX_ATTESTATION_BYTES = 64 * 1024 * 1024, MAX_ATTESTATIONS = 10_000;
const MAX_TOLD = 1_000;
const EXIT_NOT_PROVED = 1;

/**
 * Verify a file of responses, print what is proved and what is not; returns the exit code.
 *
 * @param args The arguments behind `verify`.
 * @throws {FatalError} If an argument is wrong, or a file can't be read.
 */
export function verifyResponses(args: readonly string[], { write, writeError, now }: VerifyParts): number {
  const options = readVerifyOptions(args);
  if (!options) {
    write(`${VERIFY_HELP}\n`);
    return 0;
  }
  const policy = readPolicy(options, now());
  const verdicts = readEvidence(options).map((evidence) => verifyEvidence(evidence, policy));
  const questions = options.eventsPath === undefined ? undefined : readQuestions(options.eventsPath);
  const finding = checkFile(options.responsesPath, checkAnswers(verdicts, questions));
  const warnings = warningsOf(options, { verdicts, finding });
  const isProved = finding.entries > 0 && finding.proved === finding.entries;
  if (options.json) {
    const text = JSON.stringify(toldFinding(finding, { isProved, verdicts, warnings }), null, 2);
    // Such characters stand only inside of JSON's texts, where their escapes mean the same.
    write(`${escapeControlsInLines(text)}\n`);
  } else {
    for (const warning of warnings) writeError(`⚠️ ${escapeControls(warning)}\n`);
    write(`${[...verdicts.flatMap(evidenceLines), ...findingLines(finding)].map(escapeControls).join("\n")}\n`);
  }
  return isProved ? 0 : EXIT_NOT_PROVED;
}

function readPolicy({ rootPath, nonce, expected, atMs, collateralPaths }: VerifyOptions, nowMs: number): Policy {
  return {
    ...expected,
    nowMs: atMs ?? nowMs,
    collaterals: collateralPaths.flatMap(readCollateral),
    requireMeasurement: true,
    ...(rootPath !== undefined && { root: readRoot(rootPath) }),
    ...(nonce !== undefined && { nonce }),
  };
}

function readEvidence({ attestationPath, responsesPath }: VerifyOptions): unknown[] {
  const path = attestationPath ?? join(dirname(responsesPath), "attestation.json");
  const value = readJson(path, MAX_ATTESTATION_BYTES), list: unknown[] = Array.isArray(value) ? value : [value];
  if (list.length <= MAX_ATTESTATIONS) return list;
  const most = MAX_ATTESTATIONS.toLocaleString("en");
  throw new FatalError(`Cannot use ${path}: it has more than ${most} attestations.`, EXIT.inputOutput);
}

function readQuestions(path: string): Questions {
  const questions = new Map<string, Question | undefined>();
  for (const value of entriesOf(path)) {
    // As the file transport takes them; which time it is is not signed.
    const event = checkEvent(withTime(value, 0)), id = event.ok ? event.value.id : event.id;
    // The first of two events with one id is the one that is answered; what is no event may stand before it.
    if (id === undefined || questions.get(id)) continue;
    questions.set(id, event.ok ? event.value : undefined);
  }
  return questions;
}

function readable<T>(path: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    throw unreadable(path, error);
  }
}

/** The elements of a JSON array in a file of any size. */
function* entriesOf(path: string): Generator<unknown> {
  using file = readable(path, () => openPlainSync(path).file);
  try {
    yield* readArray(file);
  } catch (error) {
    if (!(error instanceof NotAnArrayError)) throw error;
    throw new FatalError(`Cannot read ${path}: it is no JSON array: ${error.message}.`, EXIT.inputOutput);
  }
}

function checkFile(path: string, check: (entry: unknown) => AnswerVerdict): Finding {
  const refused: RefusedEntry[] = [], warnings: string[] = [];
  let entries = 0, proved = 0, missing = 0;
  for (const entry of entriesOf(path)) {
    const verdict = check(entry);
    entries++;
    missing += verdict.missing;
    if (verdict.warning !== undefined) warnings.push(verdict.warning);
    if (verdict.proved) proved++;
    else if (refused.length < MAX_TOLD) {
      const { queryId } = (entry ?? {}) as { queryId?: unknown };
      refused.push({ entry: entries, ...(typeof queryId === "string" && { queryId }), reasons: verdict.reasons });
    }
  }
  return { entries, proved, refused, missing, warnings };
}

function warningsOf(
  { rootPath, atMs }: VerifyOptions,
  { verdicts, finding: { missing, warnings: ofOrder } }: { verdicts: readonly EvidenceVerdict[]; finding: Finding },
): string[] {
  const warnings = new Set<string>();
  if (rootPath !== undefined) {
    warnings.add(`The root is ${rootPath}, not Intel's nor AWS's: this proves nothing about a real enclave.`);
  }
  if (atMs !== undefined) warnings.add("The time was given: what was revoked or expired since then is not noticed.");
  if (missing > 0) {
    warnings.add(
      `${
        missing.toLocaleString("en")
      } answers that were signed between these are not in the file, or not as they were signed.`,
    );
  }
  for (const text of ofOrder) warnings.add(text);
  for (const { kid, warnings: ofKey } of verdicts) for (const text of ofKey) warnings.add(`Key ${kid}: ${text}`);
  return [...warnings];
}

/** What `--json` prints. `unlisted`: refused entries that are too many to be listed in `refused`. */
function toldFinding(
  { entries, proved, missing, refused }: Finding,
  { isProved, verdicts, warnings }: {
    isProved: boolean;
    verdicts: readonly EvidenceVerdict[];
    warnings: readonly string[];
  },
) {
  const unlisted = entries - proved - refused.length;
  return {
    proved: isProved,
    entries: { checked: entries, proved, missing, unlisted },
    refused,
    evidence: verdicts,
    warnings,
  };
}

function evidenceLines({ proved, reasons, format, kid, claims, quote, composeHash }: EvidenceVerdict): string[] {
  const lines = [`key ${kid ?? "unknown"}: ${format ?? "no evidence"}, ${proved ? "proved" : "not proved"}`];
  for (const { code, text } of reasons) lines.push(`  not proved: ${text} [${code}]`);
  if (claims) {
    const { agentId, version, settings_sha256, character_sha256 } = claims;
    lines.push(`  agent ${agentId}, version ${version}`);
    lines.push(`  settings ${settings_sha256}`, `  character ${character_sha256}`);
  }
  if (quote) {
    const { platform, status, advisories, measurements } = quote;
    const zeros = /^0*$/;
    lines.push(`  platform ${platform}${status ? `, ${status}` : ""}${advisories.map((id) => ` ${id}`).join("")}`);
    for (const [name, value] of Object.entries(measurements)) if (!zeros.test(value)) lines.push(`  ${name} ${value}`);
  }
  if (composeHash !== undefined) lines.push(`  compose hash ${composeHash}`);
  return lines;
}

function findingLines({ entries, proved, refused }: Finding): string[] {
  const lines = refused.flatMap(({ entry, queryId, reasons }) =>
    reasons.map(({ code, text }) => `entry ${entry} (${JSON.stringify(queryId ?? null)}): ${text} [${code}]`)
  );
  const untold = entries - proved - refused.length;
  if (untold > 0) lines.push(`and ${untold.toLocaleString("en")} more`);
  const [all, good] = [entries, proved].map((count) => count.toLocaleString("en"));
  if (entries === 0) return [...lines, "There is no entry: nothing is proved."];
  return [...lines, proved === entries ? `All ${all} entries are proved.` : `${good} of ${all} entries are proved.`];
}
