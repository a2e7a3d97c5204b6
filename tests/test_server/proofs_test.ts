/** What the test server makes of agents' evidence and signatures, over its sockets. @module */

import { assertEquals, assertStringIncludes } from "@std/assert";
import { generateKeyPairSync } from "node:crypto";
import { encodeClaims, type PublicJwk, type Quoted, reportData, toBase64Url } from "../../src/proof/evidence.ts";
import { parseClaims } from "../../src/proof/evidence_parsing.ts";
import { textDigest } from "../../src/proof/claims.ts";
import { createSigner } from "../../src/proof/signer.ts";
import { checkAnswers } from "../../src/proof/verify/answers.ts";
import { verifyEvidence } from "../../src/proof/verify/evidence.ts";
import { createAttestation } from "../../src/test_server/attestation.ts";
import type { FeedProof } from "../../src/test_server/feed.ts";
import { createProofs, type ProofPolicy } from "../../src/test_server/proofs.ts";
import { CLAIMS, evidenceOf, policyOf, REGISTERS } from "../support/evidence.ts";
import { type Client, connect } from "../support/client.ts";
import { fakeNitro } from "../support/fake_nitro.ts";
import { fakeIntel } from "../support/fake_intel.ts";
import { type ServerUnderTest, startServer } from "../support/server.ts";
import { signedAnswers } from "../support/signed_answers.ts";
import { FAKE_CLOCK } from "../support/fake_clock.ts";
import { http } from "./agent_server.ts";
import { proveTo } from "./proving.ts";

const intel = await fakeIntel();
const { nowMs: _, ...expected } = policyOf(intel);
const POLICY: ProofPolicy = { ...expected, requireMeasurement: false };
const signed = await signedAnswers({ intel });
const { agentId } = CLAIMS;

/** A server that expects evidence of the fake Intel, at its time. */
function start(options: Parameters<typeof startServer>[0] = {}): Promise<ServerUnderTest> {
  return startServer({ events: [], proofPolicy: POLICY, clock: FAKE_CLOCK, ...options });
}

function newJwk(): PublicJwk {
  return generateKeyPairSync("ed25519").publicKey.export({ format: "jwk" }) as PublicJwk;
}

const prove = (agent: Client, evidence: unknown) => proveTo(agent, { intel, evidence });

async function agents(server: ServerUnderTest) {
  return (await (await fetch(`${http(server)}/api/agents`)).json()).agents;
}

async function answerOf(server: ServerUnderTest, id: string) {
  return (await (await fetch(`${http(server)}/api/events/${id}`)).json()).answers[0];
}

/** Ask the signed answers' questions, and let the agent answer with these entries. */
async function exchange(server: ServerUnderTest, agent: Client, entries: readonly unknown[]): Promise<void> {
  await using asker = await connect(server.url);
  asker.send(...signed.events);
  await server.printed(`Sending event: ${signed.events.at(-1)!.id}`);
  for (const entry of entries) agent.send({ type: "response", ...entry as object });
  await server.responses(entries.length);
}

Deno.test("an agent whose enclave is genuine is shown as proved, with key, platform, measurement and settings", async () => {
  await using server = await start();
  await using agent = await connect(server.url);
  await prove(agent, signed.evidence);
  await server.printed("🛡️ Proved");
  const [{ proof }] = await agents(server);
  assertEquals([proof.state, proof.isFresh, proof.platform], ["proved", true, "tdx"]);
  assertEquals(proof.measurements.mrtd, REGISTERS.mrtd.toHex());
  assertEquals([proof.settings, proof.version], [CLAIMS.settings_sha256, CLAIMS.version]);
  await exchange(server, agent, signed.entries);
  for (const { id } of signed.events) assertEquals((await answerOf(server, id)).signature, { state: "holds" });
});

Deno.test("of an agent that has proved a key, a signature over another answer is wrong, one by another key foreign, and none is missing", async () => {
  await using server = await start();
  await using agent = await connect(server.url);
  await prove(agent, signed.evidence);
  const other = await signedAnswers({ intel });
  const [first, second, third] = signed.entries;
  await exchange(server, agent, [{ ...first, response: "Another." }, other.entries[1], {
    ...third,
    signature: undefined,
  }]);
  const [one, two, three] = await Promise.all(signed.events.map(({ id }) => answerOf(server, id)));
  assertEquals(one.signature.state, "wrong");
  assertStringIncludes(one.signature.text, "response");
  assertEquals(two.signature.state, "foreign");
  assertEquals(three.signature.state, "missing");
  assertEquals(second?.queryId, "event-2");
});

Deno.test("an older state that was put back is told of the answer and of its agent", async () => {
  await using server = await start();
  await using agent = await connect(server.url);
  await prove(agent, signed.evidence);
  await exchange(server, agent, signed.entries.slice(0, 2));
  // The state of the very beginning, with another process: its first answer is another one, by another key.
  const restored = await signedAnswers({ intel });
  await using again = await connect(server.url);
  await prove(again, restored.evidence);
  const entry = { ...restored.entries[2], queryId: "event-3" };
  await agent[Symbol.asyncDispose]();
  await server.disconnected(1);
  again.send({ type: "response", ...entry });
  await server.responses(3);
  assertEquals((await answerOf(server, "event-3")).signature.state, "broken");
  const [{ broken }] = await agents(server);
  assertStringIncludes(broken, "went back");
});

for (const requireAttestation of [false, true]) {
  const where = requireAttestation ? "with attestation required" : "where none is required";
  Deno.test(`${where}, answers by a key that was shown and not proved are foreign under an agent that passes on another's evidence`, async () => {
    await using server = await start({ requireAttestation });
    const liar = await signedAnswers({ intel });
    await using before = await connect(server.url);
    const { claims } = liar.evidence as Quoted;
    before.send({ type: "auth", agentId, timestamp: 1, attestation: { format: "none", claims } });
    await server.printed("Not in a TEE");
    await before[Symbol.asyncDispose]();
    await server.disconnected(1);
    await using agent = await connect(server.url);
    await prove(agent, signed.evidence);
    await server.printed("🛡️ Proved");
    await exchange(server, agent, liar.entries);
    for (const { id } of liar.events) {
      const { signature } = await answerOf(server, id);
      assertEquals(signature, { state: "foreign", text: "no enclave vouches for the key that signed it" });
    }
  });
}

Deno.test("answers of an agent that was started again hold, by its new key and by the one that it had proved before", async () => {
  await using server = await start();
  await using agent = await connect(server.url);
  await prove(agent, signed.evidence);
  await server.printed("🛡️ Proved");
  await agent[Symbol.asyncDispose]();
  await server.disconnected(1);
  using signer = await createSigner();
  const last = signed.entries[1]!;
  signer.follow({ seq: 2, last: textDigest(last.signature) });
  await using again = await connect(server.url);
  await prove(again, await evidenceOf(intel, { claims: { ...CLAIMS, cnf: { jwk: signer.jwk } } }));
  await server.printed(`🛡️ Proved: the key ${signer.kid}`);
  const { signature: _, ...third } = signed.entries[2]!;
  let signatures: object = {};
  signer.sign(third, signed.events[2]!, (made) => signatures = made);
  signer.finish();
  await exchange(server, again, [...signed.entries.slice(0, 2), { ...third, ...signatures }]);
  for (const { id } of signed.events) assertEquals((await answerOf(server, id)).signature, { state: "holds" });
});

Deno.test("an agent outside of a TEE is shown as such, and its right signatures prove nothing", async () => {
  await using server = await start();
  await using agent = await connect(server.url);
  const { claims } = signed.evidence as Quoted;
  agent.send({ type: "auth", agentId, timestamp: 1, attestation: { format: "none", claims } });
  await server.printed("Not in a TEE");
  const [{ proof }] = await agents(server);
  assertEquals(proof.state, "outside");
  await exchange(server, agent, signed.entries);
  assertEquals((await answerOf(server, "event-1")).signature.state, "unproved");
});

Deno.test("evidence that is wrong, of another agent, or stale is refused and says why", async () => {
  await using server = await start();
  const cases: [unknown, string][] = [
    ["evidence", "expected"],
    [{ ...signed.evidence as Quoted, claims: encodeClaims({ ...CLAIMS, iat: 1 }).text }, "other claims"],
    [await evidenceOf(intel, { claims: { ...CLAIMS, agentId: "another" } }), "authenticated as"],
    [await evidenceOf(intel, { td: { registers: {} } }), "mrtd is"],
  ];
  for (const [attestation, reason] of cases) {
    await using agent = await connect(server.url);
    agent.send({ type: "auth", agentId, timestamp: 1, attestation });
    assertStringIncludes(await server.printed(reason), "Evidence refused");
  }
  await using agent = await connect(server.url);
  agent.send({ type: "auth", agentId, timestamp: 1, attestation: signed.evidence });
  await agent.received(2);
  agent.send({ type: "attestation", ...signed.evidence as Quoted });
  await server.printed("Evidence refused: the evidence has no nonce");
});

Deno.test("evidence whose key is none, or whose certificates can't be read, is refused, and the server goes on", async () => {
  await using server = await start();
  const aws = await fakeNitro();
  const jwk = { ...CLAIMS.cnf.jwk, x: toBase64Url(new Uint8Array(32).fill(2)) };
  const { bytes, text } = encodeClaims(CLAIMS), document = await aws.document({ userData: reportData(bytes) });
  document[new TextDecoder("latin1").decode(document).indexOf("fake.enclave")] = 0xff;
  const cases: [unknown, string][] = [
    [{ format: "none", claims: encodeClaims({ ...CLAIMS, cnf: { jwk } }).text }, "no point of the curve"],
    [{ format: "nitro", claims: text, quote: toBase64Url(document) }, "certificate can't be read"],
  ];
  for (const [attestation, reason] of cases) {
    await using agent = await connect(server.url);
    agent.send({ type: "auth", agentId, timestamp: 1, attestation });
    assertStringIncludes(await server.printed(reason), "Evidence refused");
  }
  await using agent = await connect(server.url);
  await prove(agent, signed.evidence);
  await server.printed("🛡️ Proved");
});

Deno.test("a check that throws refuses the evidence, of the auth and of the challenge", async () => {
  const told: FeedProof[] = [], admitted: string[] = [];
  const { promise: challenged, resolve: challenge } = Promise.withResolvers<string>();
  let isBroken = false;
  const check = () =>
    isBroken
      ? Promise.reject(new TypeError("no such field"))
      : Promise.resolve<FeedProof>({ state: "proved", isFresh: false, kid: "key" });
  const { promise: refused, resolve: refuse } = Promise.withResolvers<string>();
  const attestation = createAttestation({
    agentId,
    proofs: { check, judge: () => undefined, challenge: () => ({ nonce: "nonce", moment: 1 }) },
    isRequired: true,
    challenge,
    told: (proof) => void told.push(proof),
    admit: () => void admitted.push(agentId),
    refuse,
    failed: (error) => {
      throw error;
    },
  });
  attestation.show({});
  await challenged;
  isBroken = true;
  assertEquals(attestation.answer({}), true);
  assertStringIncludes(await refused, "no such field");
  assertEquals([told.at(-1)?.state, admitted], ["refused", []]);
});

Deno.test("evidence that proves nothing changes nothing of what was proved: agent, address, chain", async () => {
  const proofs = createProofs({ policy: POLICY, now: FAKE_CLOCK.now });
  const from = { agentId, mustSign: true };
  const judge = (index: number) => {
    const entry = { type: "response", ...signed.entries[index]! };
    return proofs.judge(JSON.stringify(entry), signed.events[index]!, from)?.state;
  };
  assertEquals((await proofs.check(signed.evidence, { agentId })).state, "proved");
  assertEquals(judge(0), "holds");
  const parsed = parseClaims((signed.evidence as Quoted).claims);
  if (!parsed.ok) throw new Error(parsed.reason);
  const { claims } = parsed.value;
  const another = "11111111-1111-4111-8111-111111111111";
  const address = encodeClaims({ ...claims, eth_address: `0x${"11".repeat(20)}` }).text;
  await proofs.check({ format: "none", claims: encodeClaims({ ...claims, agentId: another }).text }, {
    agentId: another,
  });
  await proofs.check({ format: "none", claims: address }, { agentId });
  const refused = await proofs.check({ ...signed.evidence as Quoted, claims: address }, { agentId });
  assertEquals(refused.state, "refused");
  // Another key of the same agentId, which signs the same places of the chain.
  const other = await signedAnswers({ intel });
  const { claims: unproved } = other.evidence as Quoted;
  await proofs.check({ format: "none", claims: unproved }, { agentId });
  const forged = JSON.stringify({ type: "response", ...other.entries[1]! });
  const forgery = (mustSign: boolean) => proofs.judge(forged, signed.events[1]!, { agentId, mustSign })?.state;
  assertEquals([forgery(true), forgery(false)], ["foreign", "unproved"]);
  assertEquals([judge(1), judge(2)], ["holds", "holds"]);
  // So many keys that nothing vouches for that the oldest of them is forgotten.
  for (let count = 0; count < 1_001; count++) {
    const jwk = newJwk();
    await proofs.check({ format: "none", claims: encodeClaims({ ...claims, cnf: { jwk } }).text }, { agentId });
  }
  assertEquals(judge(2), "holds");
  assertEquals([forgery(true), forgery(false)], ["foreign", "unknown"]);
});

Deno.test("a signature for chains whose address no evidence names is wrong, as `verify` says", async () => {
  const proofs = createProofs({ policy: POLICY, now: FAKE_CLOCK.now });
  const verdict = await proofs.check(signed.evidence, { agentId });
  const entry = { ...signed.entries[0]!, eip712Signature: `0x${"11".repeat(65)}` };
  const judged = proofs.judge(JSON.stringify({ type: "response", ...entry }), signed.events[0]!, {
    agentId,
    mustSign: true,
  });
  const check = checkAnswers([verifyEvidence(signed.evidence, { ...POLICY, nowMs: FAKE_CLOCK.now() })]);
  assertEquals([verdict.state, judged?.state], ["proved", "wrong"]);
  assertEquals(check(entry).reasons.map(({ text }) => text).join("; "), judged?.text);
});

Deno.test("a quote is unchecked where the server has no collateral", async () => {
  await using server = await start({ proofPolicy: { ...POLICY, collaterals: [] } });
  await using agent = await connect(server.url);
  agent.send({ type: "auth", agentId, timestamp: 1, attestation: signed.evidence });
  await server.printed("Evidence not checked");
  const [{ proof }] = await agents(server);
  assertEquals(proof.state, "unchecked");
});

Deno.test("an answer without a signature is no fault of an agent that has proved nothing", async () => {
  await using server = await start();
  await using agent = await connect(server.url);
  agent.send({ type: "auth", agentId, timestamp: 1 });
  await exchange(server, agent, signed.entries.map((entry) => ({ ...entry, signature: undefined })));
  assertEquals((await answerOf(server, "event-1")).signature, undefined);
});

Deno.test("what identifies the system and was not compared is told of a proved agent", async () => {
  await using server = await start({ proofPolicy: { ...POLICY, measurements: new Map() } });
  await using agent = await connect(server.url);
  await prove(agent, signed.evidence);
  assertStringIncludes(await server.printed("🛡️ Proved"), "not compared: mrtd, rtmr1, rtmr2");
  const [{ proof }] = await agents(server);
  assertEquals([proof.state, proof.notCompared], ["proved", ["mrtd", "rtmr1", "rtmr2"]]);
});

Deno.test("an answer to a challenge that was never sent is an error", async () => {
  await using server = await start();
  await using agent = await connect(server.url);
  agent.send({ type: "auth", agentId, timestamp: 1 }, { type: "attestation", format: "none" });
  const [, error] = await agent.received(2) as { type: string }[];
  assertEquals(error?.type, "error");
});

Deno.test("with attestation required, an agent gets events only once it has proved its enclave freshly", async () => {
  await using server = await start({ requireAttestation: true });
  await using asker = await connect(server.url);
  asker.send(signed.events[0]);
  await using agent = await connect(server.url);
  await prove(agent, signed.evidence);
  const [, , event] = await agent.received(3) as { id?: string }[];
  assertEquals(event?.id, "event-1");
  const [{ proof }] = await agents(server);
  assertEquals([proof.state, proof.isFresh], ["proved", true]);
});

Deno.test("with attestation required, an agent without evidence, outside of a TEE, or with wrong evidence is closed", async () => {
  await using server = await start({ requireAttestation: true });
  const { claims } = signed.evidence as Quoted;
  const cases: [unknown, string][] = [
    [undefined, "attestation required"],
    [{ format: "none", claims }, "outside of a TEE"],
    [{ format: "tdx-quote", claims, quote: "AAAA" }, "attestation refused"],
  ];
  for (const [attestation, reason] of cases) {
    await using agent = await connect(server.url);
    agent.send({ type: "auth", agentId, timestamp: 1, attestation });
    const end = await agent.closed();
    assertEquals(end.code, 1008);
    assertStringIncludes(end.reason, reason);
  }
  await using silent = await connect(server.url);
  silent.send({ type: "auth", agentId, timestamp: 1, attestation: signed.evidence });
  await silent.received(2);
  silent.send({ type: "attestation", error: "no quote just now" });
  assertStringIncludes((await silent.closed()).reason, "does not answer the challenge");
});
