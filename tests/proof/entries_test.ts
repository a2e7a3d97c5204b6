import { assert, assertEquals } from "@std/assert";
import { compactVerify, importJWK } from "jose";
import { parseToken } from "../../src/proof/token_parsing.ts";
import { trustedKey, verifyEntry } from "../../src/proof/entries.ts";
import { signerAddress } from "../../src/proof/eip712.ts";
import { createSigner, type Signer } from "../../src/proof/signer.ts";
import { type AgentEvent, type Answer, entryOf, type Failure, type Outcome } from "../../src/wire.ts";

const AGENT = "550e8400-e29b-41d4-a716-446655440000";
const event = { id: "q1", query: "What is a TEE?", timestamp: 1, metadata: { nonce: "n-1" } };
const answer: Answer = {
  queryId: "q1",
  response: "A trusted execution environment. 🔒",
  timestamp: 1_700_000_000_000,
  agentId: AGENT,
  metadata: { sources: ["tee.md"], model: "llama3.2", ms: 12.5 },
};
const failure: Failure = { queryId: "q1", error: "the model is down", timestamp: 1_700_000_000_000, agentId: AGENT };

const signer = await createSigner({ eip712: true });
const keys = new Map([trustedKey(signer.jwk, { agentId: AGENT, ethAddress: signer.ethAddress })]);
/** An entry as a reader has it: the text that was stored, parsed. */
function entryFor(outcome: Answer | Failure): Record<string, unknown> {
  return JSON.parse(entryOf(signed(outcome, { by: signer, event })).text);
}

/** A value of JSON with that many levels of objects, whose keys are numbers: JSON.stringify overflows the stack soonest there. */
function nested(levels: number): unknown {
  return JSON.parse('{"0":'.repeat(levels) + "1" + "}".repeat(levels));
}

/** An outcome with its signatures. */
function signed(outcome: Outcome, { by, event }: { by: Signer; event: AgentEvent | undefined }): Outcome {
  let signed = outcome;
  by.sign(outcome, event, (signatures) => signed = { ...outcome, ...signatures });
  return signed;
}

function faults(entry: unknown, against: Partial<Parameters<typeof verifyEntry>[1]> = {}): string[] {
  const verdict = verifyEntry(entry, { keys, event, signerAddress, ...against });
  return verdict.ok ? [] : verdict.reasons.map(({ fault }) => fault);
}

Deno.test("an answer and an error that were signed are proved, with and without their event", () => {
  for (const outcome of [answer, failure]) {
    assertEquals(faults(entryFor(outcome)), []);
    assertEquals(faults(entryFor(outcome), { event: undefined }), []);
    assertEquals(faults({ type: "response", ...entryFor(outcome) }), []);
  }
});

Deno.test("whatever is changed in an entry, or asked otherwise, is named", () => {
  const entry = entryFor(answer);
  const withoutResponse = { ...entry, error: "it failed", response: undefined };
  const changed: [fault: string[], unknown][] = [
    [["response"], { ...entry, response: `${answer.response} ` }],
    [["response"], { ...entry, response: answer.response.replace("🔒", "\ud83d") }],
    [["response", "error"], withoutResponse],
    [["error"], { ...entry, error: "both" }],
    [["id"], { ...entry, queryId: "q2" }],
    [["timestamp"], { ...entry, timestamp: answer.timestamp + 1 }],
    [["agent"], { ...entry, agentId: "somebody else" }],
    [["metadata"], { ...entry, metadata: { ...answer.metadata, sources: [] } }],
    [["metadata", "model"], { ...entry, metadata: { ...answer.metadata, model: "another" } }],
    [["metadata", "model"], { ...entry, metadata: undefined }],
    [["error"], { ...entryFor(failure), error: "another" }],
    [["eip712"], { ...entry, eip712Signature: entryFor(failure).eip712Signature }],
    [["eip712"], { ...entry, eip712Signature: 7 }],
    [["unsigned"], { ...entry, signature: undefined }],
    [["token"], { ...entry, signature: 7 }],
    [["token"], { ...entry, signature: "a.b.c" }],
    [["sealed"], { queryId: "q1", sealed: "ey", timestamp: 1, agentId: AGENT }],
    ...[null, 7, [], {}, { queryId: "q1" }].map((entry): [string[], unknown] => [["form"], entry]),
  ];
  for (const [fault, entry] of changed) assertEquals(faults(entry), fault, JSON.stringify(entry));
  assertEquals(faults(entry, { event: { ...event, query: "What is a tee?" } }), ["query"]);
  assertEquals(faults(entry, { event: { ...event, metadata: { nonce: "n-2" } } }), ["nonce"]);
  assertEquals(faults(entry, { event: { query: event.query } }), ["nonce"]);
});

Deno.test("an entry that is nested too deep is none, whichever field it is in, and nothing is thrown", () => {
  const entry = entryFor(answer);
  for (const field of ["metadata", "response", "error", "signature", "eip712Signature", "sealed", "other"]) {
    assertEquals(faults({ ...entry, [field]: nested(20_000) }), ["form"], field);
  }
  assertEquals(faults({ ...entry, metadata: { ...answer.metadata, other: nested(20_000) } }), ["form"]);
  assertEquals(faults({ ...entry, other: nested(63) }), []);
  assertEquals(faults({ ...entry, other: nested(64) }), ["form"]);
});

Deno.test("a signature by another key, or moved from another entry, proves nothing", async () => {
  const other = await createSigner();
  const byOther = signed(answer, { by: other, event });
  assertEquals(faults(byOther), ["key"]);
  const [head] = String(entryFor(answer).signature).split(".");
  assertEquals(faults({ ...byOther, signature: [head, ...byOther.signature!.split(".").slice(1)].join(".") }), [
    "signature",
  ]);
  const next = entryFor({ ...answer, queryId: "q2" });
  assertEquals(faults({ ...entryFor(answer), signature: next.signature }), ["id", "eip712"]);
});

Deno.test("a key proves only what its own agent said, and its evidence must name the address that signed for chains", () => {
  const entry = entryFor(answer);
  assertEquals(faults(entry, { keys: new Map([trustedKey(signer.jwk, { agentId: "another" })]) }), ["agent", "eip712"]);
  assertEquals(faults(entry, { keys: new Map([trustedKey(signer.jwk, { agentId: AGENT })]) }), ["eip712"]);
  assertEquals(
    faults(entry, { keys: new Map([trustedKey(signer.jwk, { agentId: AGENT })]), signerAddress: undefined }),
    [],
  );
});

Deno.test("the token of a signature is a compact JWS that a library of its own verifies", async () => {
  const token = entryFor(answer).signature as string;
  const { payload, protectedHeader } = await compactVerify(token, await importJWK({ ...signer.jwk }, "Ed25519"));
  const parsed = parseToken(token);
  assert(parsed.ok);
  assertEquals([protectedHeader, JSON.parse(new TextDecoder().decode(payload))], [
    parsed.value.header,
    parsed.value.claims,
  ]);
});

Deno.test("an outcome that is not kept has no place in the chain", () => {
  const kept = verifyEntry(entryFor(answer), { keys });
  const apart = verifyEntry({ ...failure, ...signer.signApart(failure, event) }, { keys });
  assert(kept.ok && apart.ok);
  assertEquals([typeof kept.link?.seq, apart.link], ["number", undefined]);
});

Deno.test("an error for what could not be taken for an event is proved under its id, whatever the query was", () => {
  const refusal = signed(failure, { by: signer, event: undefined });
  for (const asked of [undefined, { query: "" }, event]) assertEquals(faults(refusal, { event: asked }), []);
  assertEquals(faults({ ...refusal, queryId: "q2" }, { event: { query: "" } }), ["id"]);
});

Deno.test("an answer that was signed without a query fits none", () => {
  const outcome = signed(answer, { by: signer, event: undefined });
  assertEquals(faults(outcome, { event: undefined }), []);
  assertEquals(faults(outcome, { event: { query: "" } }), ["query"]);
  assertEquals(faults(outcome), ["query", "nonce"]);
});
