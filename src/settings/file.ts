/** The file of settings: which one there is, and whether it counts. @module */

import { placesFor } from "./confinement.ts";
import { EXIT, FatalError, messageOf } from "../errors.ts";
import { MAX_SMALL_FILE_BYTES, readPlainTextSync } from "../files.ts";

export interface SettingsFile {
  readonly path: string;
  /** None, if the file is passed over: in a TEE the host could have put it there. */
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
    // One that does not count is not opened: whatever it is, the host chose it.
    if (inTee && named === undefined) return Deno.lstatSync(path) && { path };
    return { path, text: readPlainTextSync(path, { maxBytes: MAX_SMALL_FILE_BYTES }) };
  } catch (error) {
    const isConfined = error instanceof Deno.errors.NotCapable;
    // One that would not count need not be read, and an executable that is started in / may not look around there.
    if (named === undefined && (inTee || isConfined || error instanceof Deno.errors.NotFound)) return undefined;
    const reason = isConfined ? `expected ${placesFor("read")}` : messageOf(error);
    throw new FatalError(`Cannot read ${named ? `AGENT_ENV_FILE=${path}` : path}: ${reason}`, EXIT.settings, {
      cause: error,
    });
  }
}
