/** An agent of a fake enclave that proves its key to a test server. @module */

import { assertEquals } from "@std/assert";
import type { Quoted } from "../../src/proof/evidence.ts";
import { parseClaims } from "../../src/proof/evidence_parsing.ts";
import type { Client } from "../support/client.ts";
import { CLAIMS, evidenceOf } from "../support/evidence.ts";
import type { FakeIntel } from "../support/fake_intel.ts";

/** The evidence, with the nonce of a challenge. */
export function withNonce(evidence: unknown, { intel, nonce }: { intel: FakeIntel; nonce: string }): Promise<Quoted> {
  const parsed = parseClaims((evidence as Quoted).claims);
  if (!parsed.ok) throw new Error(parsed.reason);
  return evidenceOf(intel, { claims: { ...parsed.value.claims, eat_nonce: nonce } });
}

/** Authenticate with evidence, and answer the challenge. */
export async function proveTo(
  agent: Client,
  { intel, evidence }: { intel: FakeIntel; evidence: unknown },
): Promise<void> {
  agent.send({ type: "auth", agentId: CLAIMS.agentId, timestamp: 1, attestation: evidence });
  const [, challenge] = await agent.received(2) as { type: string; nonce: string }[];
  assertEquals(challenge?.type, "challenge");
  agent.send({ type: "attestation", ...await withNonce(evidence, { intel, nonce: challenge!.nonce }) });
}
