/** A file of signed answers with its evidence and collateral, as an agent in a fake enclave leaves them. @module */

import { join } from "node:path";
import type { Claims } from "../../src/proof/evidence.ts";
import { createSigner } from "../../src/proof/signer.ts";
import type { Answer } from "../../src/wire.ts";
import { CLAIMS, evidenceOf, REGISTERS } from "./evidence.ts";
import { type FakeIntel, fakeIntel } from "./fake_intel.ts";
import type { FakeTd } from "./fake_intel.ts";

/** Answers, and all that proves them. */
export interface SignedAnswers {
  readonly intel: FakeIntel;
  readonly entries: readonly (Answer & { readonly signature: string })[];
  readonly events: readonly { id: string; query: string; timestamp: number; metadata?: { nonce: string } }[];
  readonly evidence: unknown;
  /** The arguments that prove all of it, the files being in one folder. */
  readonly expected: readonly string[];
}

/** Sign `count` answers in a chain, by a key that a fake enclave vouches for. */
export async function signedAnswers(
  { count = 3, intel, claims = {}, td, eventLog }: {
    count?: number;
    intel?: FakeIntel;
    claims?: Partial<Claims>;
    td?: Partial<FakeTd>;
    eventLog?: string;
  } = {},
): Promise<SignedAnswers> {
  const made = intel ?? await fakeIntel();
  using signer = await createSigner();
  const events = Array.from({ length: count }, (_, index) => ({
    id: `event-${index + 1}`,
    query: `Question ${index + 1}?`,
    timestamp: 1_781_524_800_000 + index,
    ...(index === 0 && { metadata: { nonce: "asked today" } }),
  }));
  const entries = events.map((event, index) => {
    const outcome: Answer = {
      queryId: event.id,
      response: `Answer ${index + 1}.`,
      timestamp: event.timestamp + 1000,
      agentId: CLAIMS.agentId,
      metadata: { model: "embedded", ms: 3 },
    };
    let signature = "";
    signer.sign(outcome, event, (signatures) => signature = signatures.signature ?? "");
    signer.finish();
    return { ...outcome, signature };
  });
  const evidence = await evidenceOf(made, {
    claims: { ...CLAIMS, cnf: { jwk: signer.jwk }, ...claims },
    ...td && { td },
    ...(eventLog !== undefined && { eventLog }),
  });
  const measurements = (["mrtd", "rtmr1", "rtmr2"] as const)
    .flatMap((name) => ["--measurement", `${name}=${REGISTERS[name].toHex()}`]);
  return {
    intel: made,
    entries,
    events,
    evidence,
    expected: ["--at", new Date(made.nowMs).toISOString(), ...measurements],
  };
}

/** Write the files into a folder: responses, attestation, events, collateral and root. Returns the arguments. */
export function writeSigned(folder: string, { intel, entries, events, evidence, expected }: SignedAnswers): string[] {
  const write = (name: string, text: string) => Deno.writeTextFileSync(join(folder, name), text);
  write("responses.json", JSON.stringify(entries, null, 2));
  write("attestation.json", JSON.stringify([evidence]));
  write("events.json", JSON.stringify(events));
  write("collateral.json", JSON.stringify(intel.collateral));
  write("root.pem", intel.rootPem);
  const file = (name: string) => join(folder, name);
  return [file("responses.json"), "--collateral", file("collateral.json"), "--root", file("root.pem"), ...expected];
}
