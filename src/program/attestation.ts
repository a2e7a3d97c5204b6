/** The evidence of this start: made of the program's own claims, kept beside the answers, shown to whoever asks. @module */

import type { Clock } from "../clock.ts";
import type { Log } from "../log.ts";
import { type Claims, isNonce, NONCE_BYTES } from "../proof/evidence.ts";
import { type Attesting, startAttesting } from "../tee/attesting.ts";
import { openSource } from "../tee/sources/open.ts";
import type { Attestation } from "../transports/transport.ts";
import { keepEvidence } from "./attestation_file.ts";
import { effectiveSettings, settingsDigest } from "./effective_settings.ts";
import type { Settings } from "./settings.ts";
import { COMMIT, VERSION } from "./version.ts";

/** What the claims are about. */
export interface ClaimParts {
  readonly settings: Settings;
  readonly agentId: string;
  /** The character's digest. */
  readonly character: string;
  /** The keys that sign answers. */
  readonly key: { readonly jwk: Claims["cnf"]["jwk"]; readonly ethAddress?: string };
}

/**
 * Make the evidence of this start, as the settings ask for it.
 *
 * @throws {FatalError} 69, if a quote is required and there is none.
 */
export async function startAttestation(
  parts: ClaimParts & { inTee: boolean; clock: Clock; log: Log },
  signal: AbortSignal,
): Promise<Attesting> {
  const { settings, inTee, clock, log } = parts;
  const source = await openSource(settings, { inTee, clock });
  return await startAttesting(
    { source, claims: claimsOf(parts), requiredBy: whoRequires(settings), clock, log },
    signal,
  );
}

/** Who insists on a quote: TEE=required, unless no source is wanted on purpose, and whoever names a source. */
function whoRequires({ TEE, AGENT_QUOTE_SOURCE: source }: Settings): string | undefined {
  if (source === "none") return undefined;
  if (source !== "auto") return `AGENT_QUOTE_SOURCE=${source}`;
  return TEE === "required" ? "TEE=required" : undefined;
}

/** What the agent says of itself; `agent --check` prints the hashes. */
function claimsOf({ settings, agentId, character, key }: ClaimParts): Omit<Claims, "iat" | "eat_nonce"> {
  return {
    agentId,
    cnf: { jwk: key.jwk },
    version: `${VERSION} ${COMMIT ?? "from sources"}`,
    character_sha256: character,
    settings_sha256: settingsDigest(effectiveSettings(settings)),
    ...key.ethAddress !== undefined && { eth_address: key.ethAddress },
  };
}

/** Keep the evidence beside the answers, where there is a file of them. @see keepEvidence */
export function keepBesideAnswers(
  { evidence }: Attesting,
  settings: Settings,
  options: { log: Log; isAgain?: boolean },
): void {
  if (settings.EVENT_OUTPUT !== "none") keepEvidence(settings.EVENT_OUTPUT_PATH, evidence, options);
}

/** What a transport shows to its peer. */
export function shownTo({ evidence, challenge }: Attesting): Attestation {
  return {
    evidence,
    challenge(nonce) {
      if (isNonce(nonce)) return challenge(nonce);
      const { least, most } = NONCE_BYTES;
      return Promise.resolve({ error: `expected a nonce of ${least} to ${most} bytes of text` });
    },
  };
}
