/** What somebody who checks evidence expects of it. @module */

import type { Collateral } from "./collateral.ts";

/** What evidence is checked against. */
export interface Policy {
  /** The time of the check, milliseconds since the epoch. */
  readonly nowMs: number;
  /** Intel's collateral; the first one that a quote verifies with counts. */
  readonly collaterals: readonly Collateral[];
  /** A root in place of Intel's or AWS's, in DER. */
  readonly root?: Uint8Array;
  /** States of a platform that are accepted besides UpToDate. */
  readonly acceptedStatuses: ReadonlySet<string>;
  /** For each register or identity, in lower case, the values that are expected: one of them. */
  readonly measurements: ReadonlyMap<string, ReadonlySet<string>>;
  /** Whether evidence is refused if `measurements` don't say which system has to run on its platform. */
  readonly requireMeasurement: boolean;
  /** SHA-256 of the compose file that is expected, in lower-case hexadecimal digits. */
  readonly composeHash?: string;
  /** The nonce that the evidence has to answer. */
  readonly nonce?: string;
}

/** Intel's words for the state of a platform, from good to bad. */
export const TCB_STATUSES = [
  "UpToDate",
  "SWHardeningNeeded",
  "ConfigurationNeeded",
  "ConfigurationAndSWHardeningNeeded",
  "OutOfDate",
  "OutOfDateConfigurationNeeded",
] as const;

/** For each platform, the registers and identities that its quotes have. */
export const MEASUREMENTS: Readonly<Record<string, readonly string[]>> = {
  tdx: ["mrtd", "rtmr0", "rtmr1", "rtmr2", "rtmr3", "mrconfigid", "mrowner", "mrownerconfig", "mrseam"],
  sgx: ["mrenclave", "mrsigner", "isvprodid", "isvsvn"],
  nitro: Array.from({ length: 16 }, (_, index) => `pcr${index}`),
};

/**
 * For each platform, those that together say which system runs, the most exact ones first, and what may be named in place
 * of them: firmware, kernel and root file system of a TDX machine; an SGX enclave, or all enclaves of one signer; a Nitro
 * image. RTMR0 is left out: it changes with the number of processors and the size of the memory. All others say nothing
 * alone: another system can have the same value there, or write it.
 */
export const IDENTIFYING: Readonly<Record<string, readonly [exact: readonly string[], ...(readonly string[])[]]>> = {
  tdx: [["mrtd", "rtmr1", "rtmr2"]],
  sgx: [["mrenclave"], ["mrsigner"]],
  nitro: [["pcr0"]],
};

/** Whether these measurements say which system has to run, on a platform or, where none is given, on any. */
export function isIdentified(measurements: Policy["measurements"], platform?: string): boolean {
  const sets = platform === undefined ? Object.values(IDENTIFYING).flat() : IDENTIFYING[platform] ?? [];
  return sets.some((names) => names.every((name) => measurements.has(name)));
}

/** What is expected, as options of a command line say it. */
export interface ExpectedOptions {
  /** Each as `mrtd=0123…`; the same name again: another value that is good too. */
  readonly measurement: readonly string[];
  readonly "compose-hash"?: string | undefined;
  readonly "accept-status": readonly string[];
}

/**
 * Read what is expected.
 *
 * @throws {TypeError} If there is no such register or state, or a value is not hexadecimal digits.
 */
export function readExpected(
  options: ExpectedOptions,
): Pick<Policy, "measurements" | "composeHash" | "acceptedStatuses"> {
  const measurements = new Map<string, Set<string>>();
  for (const { name, value } of options.measurement.map(parseMeasurement)) {
    measurements.set(name, (measurements.get(name) ?? new Set()).add(value));
  }
  const composeHash = readComposeHash(options["compose-hash"]);
  return {
    measurements,
    ...(composeHash !== undefined && { composeHash }),
    acceptedStatuses: readStatuses(options["accept-status"]),
  };
}

function parseMeasurement(text: string): { name: string; value: string } {
  const [, name = "", value = ""] = /^([^=]*)=(.*)$/.exec(text.toLowerCase()) ?? [];
  const names = Object.values(MEASUREMENTS).flat();
  if (!names.includes(name)) {
    throw new TypeError(
      `No such measurement: ${JSON.stringify(text)}. Give NAME=HEX, NAME being one of ${names.join(" ")}`,
    );
  }
  if (!/^([0-9a-f]{2})+$/.test(value)) throw new TypeError(`The value of ${name} is not hexadecimal digits: ${value}`);
  return { name, value };
}

function readComposeHash(text: string | undefined): string | undefined {
  const hash = text?.toLowerCase().replace(/^(?:0x|sha256:)/, "");
  if (hash === undefined || /^[0-9a-f]{64}$/.test(hash)) return hash;
  throw new TypeError(`--compose-hash takes 64 hexadecimal digits, got '${text}'`);
}

function readStatuses(statuses: readonly string[]): ReadonlySet<string> {
  const known: readonly string[] = TCB_STATUSES;
  for (const status of statuses) {
    if (!known.includes(status)) {
      throw new TypeError(`--accept-status takes one of ${known.slice(1).join(" ")}, got '${status}'`);
    }
  }
  return new Set(statuses);
}
