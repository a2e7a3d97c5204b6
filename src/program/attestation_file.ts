/** `attestation.json` beside the answers: the evidence of every key that signed some of them. @module */

import { basename, dirname, join } from "node:path";
import { EXIT, FatalError } from "../errors.ts";
import {
  freeName,
  isRefusal,
  makeDirectorySync,
  pathProblem,
  readPlainSync,
  realPathOf,
  replaceFileSync,
} from "../files.ts";
import { whileLocked } from "../locking.ts";
import type { Log } from "../log.ts";
import { isObject } from "../json_object.ts";
import type { Evidence } from "../proof/evidence.ts";
import { isDeeperThan, MAX_DEPTH } from "../wire.ts";

/** Name of the file, in the directory of the answers. */
export const ATTESTATION_FILE = "attestation.json";

/** Most evidence that is kept: a start adds one, of 0.6 kB without a quote, and of some 30 kB with an event log. */
const MAX = { count: 1_000, bytes: 16 * 1024 * 1024 };

/**
 * Add evidence to the file, unless it is there. The file is a JSON array, the newest last. Each start has a key of its own, so there is one
 * evidence for each. The oldest goes when there are more than 1,000, or 16 MiB of them. A file of anything else is kept
 * under another name.
 *
 * @param path The file of the answers. Its directory is made if it is missing.
 * @param options `isAgain`: whether this evidence was written before, so that its absence is logged; default false.
 * `pause`: waits while another agent writes to the file.
 * @throws {FatalError} 74, if there is something else than a plain file in its place, or the disk refuses.
 */
export function keepEvidence(
  path: string,
  evidence: Evidence,
  { log, isAgain = false, pause }: { log: Log; isAgain?: boolean; pause?: () => void },
): void {
  const place = join(dirname(path), ATTESTATION_FILE);
  try {
    const real = join(realPathOf(dirname(place)), basename(place));
    makeDirectorySync(dirname(real), { mode: 0o700 });
    whileLocked(real, () => addEvidence(real, evidence, { shown: place, log, isAgain }), pause);
  } catch (error) {
    throw cannotWrite(place, error);
  }
}

function addEvidence(
  real: string,
  evidence: Evidence,
  { shown: place, log, isAgain }: { shown: string; log: Log; isAgain: boolean },
): void {
  const line = JSON.stringify(evidence);
  const lines = readKept(real, { shown: place, log }).map((one) => JSON.stringify(one));
  if (lines.includes(line)) return;
  if (isAgain) log.warn("{path} has lost the evidence of this start: writing it again", { path: place });
  lines.push(line);
  const first = firstToKeep(lines);
  if (first > 0) log.warn("{path} is full: the oldest evidence was left out", { path: place, left: first });
  const text = `[\n${lines.slice(first).join(",\n")}\n]\n`;
  const content = { pieces: [new TextEncoder().encode(text)], mode: 0o600 };
  // A quote is on the disk before an answer is, which can't be verified without it. To wait for the disk takes 5 to 18 ms
  // of a start (measured): too much for evidence that proves nothing.
  const isProof = evidence.format !== "none";
  replaceFileSync(real, { ...content, ...isProof && { durable: "name" as const } }).close();
}

/**
 * Find out whether {@linkcode keepEvidence} would take what stands in the file's place. Changes nothing.
 *
 * @throws {FatalError} 74, as it does.
 */
export function checkEvidenceFile(path: string): void {
  const place = join(dirname(path), ATTESTATION_FILE);
  try {
    readBounded(join(realPathOf(dirname(place)), basename(place)));
  } catch (error) {
    throw cannotWrite(place, error);
  }
}

function cannotWrite(place: string, error: unknown): unknown {
  if (!isRefusal(error)) return error;
  return new FatalError(
    `Cannot write ${place}: ${
      pathProblem(error).reason
    }. Make room for it, or set EVENT_OUTPUT_PATH to another directory.`,
    EXIT.inputOutput,
    { cause: error },
  );
}

function readKept(path: string, { shown, log }: { shown: string; log: Log }): readonly unknown[] {
  const bytes = readBounded(path);
  if (!bytes) return [];
  const kept = parseKept(new TextDecoder().decode(bytes));
  if (kept) return kept;
  const movedTo = freeName((count) => `${path}.unreadable-${count}`);
  Deno.renameSync(path, movedTo);
  log.warn("{path} is no list of evidence: it was renamed to {movedTo}, and a new one begins", {
    path: shown,
    movedTo,
  });
  return [];
}

function readBounded(path: string): Uint8Array | undefined {
  try {
    return readPlainSync(path, { maxBytes: 2 * MAX.bytes, follow: false });
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}

/** The list in the file, if that is one. What stands in it is for those to check who read the file. */
function parseKept(text: string): readonly unknown[] | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  // Whatever an agent added is flat. Deeper than that, to write it again could overflow the stack.
  const isEvidence = (one: unknown) =>
    isObject(one) && typeof one.format === "string" && typeof one.claims === "string" && !isDeeperThan(MAX_DEPTH, one);
  return Array.isArray(value) && value.every(isEvidence) ? value : undefined;
}

function firstToKeep(lines: readonly string[]): number {
  let first = lines.length, bytes = 0;
  while (first > 0 && lines.length - first < MAX.count) {
    bytes += lines[first - 1]!.length;
    // The newest is kept however large it is.
    if (bytes > MAX.bytes && first < lines.length) break;
    first--;
  }
  return first;
}
