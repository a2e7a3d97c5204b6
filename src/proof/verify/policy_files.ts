/** The files that evidence is checked against: collateral and a root. @module */

import { EXIT, FatalError } from "../../errors.ts";
import { pathProblem, readPlainTextSync } from "../../files.ts";
import { readPem } from "./certificates.ts";
import { type Collateral, parseCollaterals } from "./collateral.ts";

/** Collateral has some 16 kB; a file may have that of many platforms. */
const MAX_BYTES = 4 * 1024 * 1024;

/**
 * Read collateral, or a list of several, from a file.
 *
 * @throws {FatalError} If it can't be read, or is none.
 */
export function readCollateral(path: string): Collateral[] {
  const parsed = parseCollaterals(readJson(path, MAX_BYTES));
  if (parsed.ok) return parsed.value;
  throw new FatalError(`Cannot use ${path} as collateral: ${parsed.reason}.`, EXIT.inputOutput);
}

/**
 * Read a root from a file with one certificate in PEM; returns it in DER.
 *
 * @throws {FatalError} If it can't be read, or is none.
 */
export function readRoot(path: string): Uint8Array {
  const text = readText(path, MAX_BYTES);
  try {
    const [root, ...others] = readPem(text, "the root's");
    if (root && others.length === 0) return Uint8Array.from(root.raw);
  } catch {
    // Said below: whatever is wrong with it, it is no certificate in PEM.
  }
  throw new FatalError(`Cannot use ${path} as a root: expected one certificate in PEM.`, EXIT.inputOutput);
}

/**
 * Read a JSON text from a file.
 *
 * @throws {FatalError} If it can't be read, or is none.
 */
export function readJson(path: string, maxBytes: number): unknown {
  const text = readText(path, maxBytes);
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new FatalError(`Cannot read ${path}: it is not JSON.`, EXIT.inputOutput, { cause: error });
  }
}

function readText(path: string, maxBytes: number): string {
  try {
    return readPlainTextSync(path, { maxBytes });
  } catch (error) {
    throw unreadable(path, error);
  }
}

/** Why a file can't be read, and what to do. */
export function unreadable(path: string, error: unknown): FatalError {
  const why = error instanceof Deno.errors.NotCapable
    ? "the executable may only read files below its working directory. Copy it there, or call it from elsewhere"
    : pathProblem(error).reason;
  return new FatalError(`Cannot read ${path}: ${why}.`, EXIT.inputOutput, { cause: error });
}
