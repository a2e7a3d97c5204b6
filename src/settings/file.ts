/** Finds and reads the settings file. @module */

import { placesFor } from "./confinement.ts";
import { EXIT, FatalError } from "../errors.ts";
import { MAX_SMALL_FILE_BYTES, pathProblem, readPlainTextSync } from "../files.ts";

export interface SettingsFile {
  readonly path: string;
  /** Absent if the file is ignored: in a TEE the host may have put it there. */
  readonly text?: string;
}

/**
 * The file that AGENT_ENV_FILE names, else `.env` in the working directory, if there is one.
 *
 * @throws {FatalError} If it can't be read.
 */
export function readSettingsFile({ named, inTee }: { named?: string; inTee: boolean }): SettingsFile | undefined {
  const path = named ?? ".env";
  try {
    // A file that is ignored is not opened either: in a TEE the host chose it.
    if (inTee && named === undefined) return Deno.lstatSync(path) && { path };
    return { path, text: readPlainTextSync(path, { maxBytes: MAX_SMALL_FILE_BYTES }) };
  } catch (error) {
    const isConfined = error instanceof Deno.errors.NotCapable;
    // In a TEE the file would be ignored anyway, and an executable that was started in / may not read there.
    if (named === undefined && (inTee || isConfined || error instanceof Deno.errors.NotFound)) return undefined;
    const reason = isConfined ? `expected ${placesFor("read")}` : pathProblem(error).reason;
    throw new FatalError(`Cannot read ${named ? `AGENT_ENV_FILE=${path}` : path}: ${reason}`, EXIT.settings, {
      cause: error,
    });
  }
}
