/** The arguments of `agent verify`. @module */

import { parseArgs } from "node:util";
import { argumentsMessage, refuseRepeated } from "../arguments_error.ts";
import { EXIT, FatalError } from "../errors.ts";
import { isNonce } from "../proof/evidence.ts";
import { type Policy, readExpected } from "../proof/verify/policy.ts";

/** What is verified, against what. */
export interface VerifyOptions {
  readonly responsesPath: string;
  /** The file with the evidence; undefined: `attestation.json` beside the responses. */
  readonly attestationPath: string | undefined;
  readonly collateralPaths: readonly string[];
  readonly rootPath: string | undefined;
  readonly eventsPath: string | undefined;
  readonly expected: Pick<Policy, "measurements" | "composeHash" | "acceptedStatuses">;
  readonly nonce: string | undefined;
  /** Milliseconds since the epoch; undefined: now. */
  readonly atMs: number | undefined;
  readonly json: boolean;
}

/** What `agent verify --help` prints: a screen of 80 columns. */
export const VERIFY_HELP = `Checks offline that answers were signed in an enclave that you trust.

Usage: agent verify responses.json --attestation attestation.json [options]

  --attestation FILE     The evidence (attestation.json beside the responses)
  --collateral FILE      Intel's collateral of the platform, for TDX and SGX;
                         may be given several times
  --measurement NAME=HEX What has to run there: mrtd, rtmr0 to rtmr3, mrenclave,
                         mrsigner, pcr0 to pcr15; the same name again: or this
  --compose-hash HEX     SHA-256 of the compose file (dstack)
  --events FILE          The questions: checks that they are the answered ones
  --nonce TEXT           The nonce of the challenge that the evidence answers
  --at TIME              Check as of then, as 2026-11-25T12:00:00Z, with Z or an
                         offset such as +02:00; a day: as it begins, UTC (now)
  --accept-status STATUS Accept a platform that Intel calls so, as OutOfDate
  --root FILE            Trust this root, instead of Intel's or AWS's
  --json                 Print the result as JSON

Exit codes: 0 every answer is proved; 1 one is not; 64 wrong arguments; 74 a
file can't be read. Nothing is written, and nobody is asked over the network.`;

/**
 * Read the arguments behind `verify`; undefined if the help is wanted.
 *
 * @throws {FatalError} 64 if one is missing or wrong.
 */
export function readVerifyOptions(args: readonly string[]): VerifyOptions | undefined {
  try {
    return parse(args);
  } catch (error) {
    if (error instanceof FatalError) throw error;
    const text = `${argumentsMessage(error)}. Call verify --help to see what there is.`;
    throw new FatalError(text, EXIT.usage, { cause: error });
  }
}

function parse(args: readonly string[]): VerifyOptions | undefined {
  const { values, positionals: [path, unexpected], tokens } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      attestation: { type: "string" },
      collateral: { type: "string", multiple: true, default: [] },
      root: { type: "string" },
      events: { type: "string" },
      measurement: { type: "string", multiple: true, default: [] },
      "compose-hash": { type: "string" },
      nonce: { type: "string" },
      at: { type: "string" },
      "accept-status": { type: "string", multiple: true, default: [] },
      json: { type: "boolean", default: false },
      help: { type: "boolean", short: "h", default: false },
    },
    tokens: true,
  });
  refuseRepeated({ tokens, values });
  if (values.help) return undefined;
  if (path === undefined) throw new TypeError("Name the responses file: agent verify responses.json");
  if (unexpected !== undefined) throw new TypeError(`Unexpected argument '${unexpected}'`);
  const { nonce } = values;
  if (nonce !== undefined && !isNonce(nonce)) throw new TypeError("--nonce takes a text of 8 to 88 bytes");
  return {
    responsesPath: path,
    attestationPath: values.attestation,
    collateralPaths: values.collateral,
    rootPath: values.root,
    eventsPath: values.events,
    expected: readExpected(values),
    nonce,
    atMs: readTime(values.at),
    json: values.json,
  };
}

/** A day, or a day and a time of day with its zone: without one it would be another time on each machine. */
const TIME = /^(\d{4}-\d{2}-\d{2})(?:T\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?(?:Z|[+-]\d{2}:\d{2}))?$/;

function readTime(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const day = TIME.exec(text)?.[1], atMs = day === undefined ? NaN : Date.parse(text);
  // Date.parse takes 30 February for 2 March.
  const isDay = !Number.isNaN(atMs) && new Date(`${day}T00:00:00Z`).toISOString().startsWith(`${day}T`);
  if (isDay) return atMs;
  throw new TypeError(
    `--at takes a day as 2026-11-25, or a time with Z or its offset from UTC as 2026-11-25T12:00:00Z, got '${text}'`,
  );
}
