/** Whether the paths, the addresses and the source of quotes that the settings name can be used, for `--check`. @module */

import { dirname } from "node:path";
import { readCertificates } from "../certificates.ts";
import { EXIT, FatalError } from "../errors.ts";
import { makeDirectorySync, openPlainSync, pathProblem } from "../files.ts";
import type { Clock } from "../clock.ts";
import { type Log, silentLog } from "../log.ts";
import { createSigner } from "../proof/signer.ts";
import { eventFilesIn } from "../transports/file/directory.ts";
import type { Attestation } from "../transports/transport.ts";
import { type ClaimParts, shownTo, startAttestation } from "./attestation.ts";
import { createHealth } from "../status/health.ts";
import { listenAddress } from "../status/settings.ts";
import { checkEvidenceFile } from "./attestation_file.ts";
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
    if (Deno.statSync(path).isDirectory) {
      return `input: usable (${path}, a directory; files of events in it: ${eventFilesIn(path).length})`;
    }
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
    closeIfThere(path);
    checkEvidenceFile(path);
    return output === "sealed" ? `output: usable (${path}, sealed)` : `output: usable (${path})`;
  } catch (error) {
    if (error instanceof FatalError) throw error;
    throw unusable("EVENT_OUTPUT_PATH", path, error);
  }
}

/** Open a file as the agent does, and close it. */
function closeIfThere(path: string): void {
  try {
    openPlainSync(path, { write: true }).file.close();
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
}

/**
 * Whether metrics, health and traces can be shown as the settings say: a line for STATUS_ADDRESS, if it is set.
 *
 * @throws {FatalError} 78, if nobody can listen there, or the collector's certificate can't be used.
 */
export async function checkStatus(settings: Settings, { clock }: { clock: Clock }): Promise<string[]> {
  const { OTEL_EXPORTER_OTLP_ENDPOINT: endpoint, OTEL_EXPORTER_OTLP_CERTIFICATE: certificate } = settings;
  if (endpoint !== undefined && certificate !== undefined) {
    readCertificates("OTEL_EXPORTER_OTLP_CERTIFICATE", certificate);
  }
  const { STATUS_ADDRESS: address } = settings;
  if (address === undefined) return [];
  const { startStatusServer } = await import("../status/server.ts");
  const { conditions } = createHealth();
  await using _server = startStatusServer({
    ...listenAddress(address),
    metrics: { text: () => "" },
    conditions,
    log: silentLog,
    clock,
  });
  return [`status: usable (${address})`];
}

function unusable(name: string, path: string, error: unknown): FatalError {
  return new FatalError(
    `${name}=${path} can't be used: ${pathProblem(error).reason}. Set it to another path, or make that one usable.`,
    EXIT.inputOutput,
    { cause: error },
  );
}
