/** Whether the paths and the source of quotes that the settings name can be used, for `--check`. @module */

import { dirname } from "node:path";
import { EXIT, FatalError, messageOf } from "../errors.ts";
import { makeDirectorySync, openPlainSync } from "../files.ts";
import type { Clock } from "../clock.ts";
import type { Log } from "../log.ts";
import { createSigner } from "../proof/signer.ts";
import type { Attestation } from "../transports/transport.ts";
import { type ClaimParts, shownTo, startAttestation } from "./attestation.ts";
import type { Settings } from "./settings.ts";
import { checkState } from "./state.ts";

/**
 * One line for each path that is usable.
 *
 * @param options `key`: of the state, if it is sealed.
 * @throws {FatalError} Naming the first that is not.
 */
export function checkPaths(settings: Settings, { key }: { key: Uint8Array | undefined }): string[] {
  const { EVENT_INPUT_PATH: input, AGENT_STATE_DIR: state } = settings;
  const lines = settings.EVENT_TRANSPORT === "file" ? [checkInput(input)] : [];
  lines.push(checkOutput(settings));
  checkState(state, { key, takeOver: settings.AGENT_STATE_TAKE_OVER });
  return [...lines, `state: usable (${state}${key ? ", sealed with AGENT_STATE_KEY" : ""})`];
}

/**
 * Whether there are quotes, as a line, with the evidence of a key that signs nothing.
 *
 * @throws {FatalError} 69, if a quote is required and there is none.
 */
export async function checkQuotes(
  parts: Omit<ClaimParts, "key"> & { inTee: boolean; clock: Clock; log: Log },
  signal: AbortSignal,
): Promise<{ line: string; attestation: Attestation } & Disposable> {
  const attesting = await startAttestation({ ...parts, key: await createSigner() }, signal);
  const { format } = attesting.evidence;
  return {
    line: format === "none" ? "quotes: none (nothing here vouches for the enclave)" : `quotes: usable (${format})`,
    attestation: shownTo(attesting),
    [Symbol.dispose]: () => attesting[Symbol.dispose](),
  };
}

function checkInput(path: string): string {
  try {
    openPlainSync(path).file.close();
    return `input: usable (${path})`;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return `input: usable (${path}, which may appear later)`;
    throw unusable("EVENT_INPUT_PATH", path, error);
  }
}

function checkOutput({ EVENT_OUTPUT: output, EVENT_OUTPUT_PATH: path }: Settings): string {
  if (output === "none") return "output: none (answers go back to the sender alone)";
  try {
    makeDirectorySync(dirname(path), { mode: 0o700 });
    // A new file beside it is tried, since that is how the agent writes: a writable file in a read-only directory is no use.
    Deno.removeSync(Deno.makeTempFileSync({ dir: dirname(path), prefix: ".check-" }));
    return output === "sealed" ? `output: usable (${path}, sealed)` : `output: usable (${path})`;
  } catch (error) {
    throw unusable("EVENT_OUTPUT_PATH", path, error);
  }
}

function unusable(name: string, path: string, error: unknown): FatalError {
  return new FatalError(`${name}=${path} can't be used: ${messageOf(error)}`, EXIT.inputOutput, { cause: error });
}
