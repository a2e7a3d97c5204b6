/** The real program with sources of quotes: what it shows to a server and leaves beside its answers, and when it does not start. @module */

import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { type Claims, type Evidence, reportData, thumbprint } from "../../src/proof/evidence.ts";
import { parseClaims, parseEvidence } from "../../src/proof/evidence_parsing.ts";
import { readEntries, startAgent } from "../support/agent.ts";
import { makeFolder } from "../support/folder.ts";
import { EVENT_LOG, type GuestAnswer, startGuestAgent } from "../support/guest_agent.ts";
import { startSidecar } from "../support/quote_sidecar.ts";
import { mountReports, testWithReports } from "../support/report_directory.ts";
import { createWatch } from "../support/watch.ts";
import { startServer } from "../transports/websocket/fixture.ts";

const EVENT = { id: "q1", query: "What is iExec?", timestamp: 1_700_000_000_000 };
const DSTACK = { TEE: "required", AGENT_QUOTE_SOURCE: "dstack", AGENT_DSTACK_SOCKET: "dstack.sock" };

type Frame = Readonly<Record<string, unknown>>;

/** The claims in evidence, whose quote, if it is shaped like TDX's, carries their digest. */
function claimsOf(value: unknown): { evidence: Evidence; claims: Claims } {
  const parsed = parseEvidence(value);
  assert(parsed.ok, JSON.stringify(value));
  const evidence = parsed.value, claims = parseClaims(evidence.claims);
  assert(claims.ok);
  if (evidence.format === "tdx-quote") {
    const quote = Uint8Array.fromBase64(evidence.quote, { alphabet: "base64url" });
    assertEquals(quote.slice(568, 632), reportData(claims.value.bytes));
  }
  return { evidence, claims: claims.value.claims };
}

function keptIn(folder: string): Evidence[] {
  return JSON.parse(Deno.readTextFileSync(`${folder}/iexec_out/attestation.json`));
}

/** Runs the agent to its end. */
async function runToEnd(folder: string, env: Record<string, string>, args = ["--once"]) {
  await using agent = await startAgent({ folder, env, args });
  const { code, stdout } = await agent.ended;
  return { code, stdout, said: agent.lines.join("\n") };
}

/** A server that keeps every frame of an agent, and says something on a new connection. */
function startListener(said: readonly Frame[] = []) {
  const frames: Frame[] = [];
  const watch = createWatch({ report: () => JSON.stringify(frames).slice(0, 2_000) });
  const server = startServer((socket) => {
    socket.onmessage = ({ data }) => {
      if (frames.push(JSON.parse(data)) === 1) { for (const frame of said) socket.send(JSON.stringify(frame)); }
      watch.changed();
    };
  });
  return {
    frames,
    env: { USE_WEBSOCKET: "true", WEBSOCKET_URL: server.url.href },
    /** The first `count` frames of a type. */
    sent: (type: string, count: number) =>
      watch.until(`${count} frames of type ${type}`, () => {
        const found = frames.filter((frame) => frame.type === type);
        return found.length >= count ? found : undefined;
      }),
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  };
}

Deno.test("with dstack's socket auth carries a quote over the agent's claims, and challenges get their own", async () => {
  await using folder = makeFolder();
  await using guest = await startGuestAgent({ socketPath: `${folder.path}/dstack.sock` });
  const challenges = Array.from({ length: 100 }, (_, n) => ({ type: "challenge", nonce: `nonce-00${n}` }));
  await using server = startListener(challenges);
  await using agent = await startAgent({ folder: folder.path, env: { ...DSTACK, ...server.env } });
  const [auth] = await server.sent("auth", 1);
  const { evidence, claims } = claimsOf(auth!.attestation);
  assert(evidence.format === "tdx-quote");
  assertEquals([evidence.event_log, evidence.vm_config], [EVENT_LOG, '{"cpu_count":2}']);
  const { sha256 } = await agent.logged(({ message }) => message.startsWith("⚙️ Settings"));
  assertEquals([claims.agentId, claims.settings_sha256], [auth!.agentId, sha256]);
  assertEquals(claims.eat_nonce, undefined);
  // All but the first, which has its quote, and the last, which waits for ten seconds.
  const answers = await server.sent("attestation", 99);
  const quoted = answers.filter(({ format }) => format === "tdx-quote");
  assertEquals(quoted.map(({ type: _, ...evidence }) => claimsOf(evidence).claims.eat_nonce), ["nonce-000"]);
  assertEquals(answers.filter(({ error }) => typeof error === "string").length, 98);
  assertEquals((await guest.asked(2)).map(({ method }) => method), ["/GetQuote", "/GetQuote"]);
});

Deno.test("a guest agent that gives no quote ends it with 69 before an event is taken, where one is required", async () => {
  for (const answer of ["400", "lie", "other data", "no quote"] satisfies GuestAnswer[]) {
    await using folder = makeFolder({ "iexec_in/events.json": [EVENT] });
    await using _guest = await startGuestAgent({ socketPath: `${folder.path}/dstack.sock`, answers: [answer] });
    await using server = startListener();
    // What may pass is asked for four times; one way is enough for that.
    const ways = answer === "400" ? [DSTACK, { ...DSTACK, TEE: "auto" }, { ...DSTACK, ...server.env }] : [DSTACK];
    for (const env of ways) {
      const { code, said } = await runToEnd(folder.path, env, "USE_WEBSOCKET" in env ? [] : ["--once"]);
      assertEquals(code, 69, `${answer}: ${said}`);
      assertMatch(said, /^agent: AGENT_QUOTE_SOURCE=dstack asks for a quote, and dstack at dstack\.sock gives none: /m);
      assertEquals(readEntries(`${folder.path}/iexec_out/responses.json`), undefined);
    }
    assertEquals(server.frames, []);
  }
});

Deno.test("TEE=required without a source ends with 69 before an event is taken, whatever DSTACK_SIMULATOR_ENDPOINT says", async () => {
  await using sidecar = await startSidecar();
  const signs: Record<string, string>[] = [{}, { IEXEC_TASK_ID: "0xabc" }, {
    DSTACK_SIMULATOR_ENDPOINT: sidecar.url.origin,
  }];
  for (const env of signs) {
    await using folder = makeFolder({ "iexec_in/events.json": [EVENT] });
    const { code, said } = await runToEnd(folder.path, { ...env, TEE: "required" });
    assertEquals(code, 69);
    assertMatch(said, /^agent: TEE=required/m);
    assertEquals(readEntries(`${folder.path}/iexec_out/responses.json`), undefined);
  }
  assertEquals(sidecar.asked, []);
  await using folder = makeFolder({ "iexec_in/events.json": [EVENT] });
  const elsewhere = { IEXEC_TASK_ID: "0xabc", TEE: "required", AGENT_QUOTE_SOURCE: "none" };
  assertEquals((await runToEnd(folder.path, elsewhere)).code, 0);
});

Deno.test("outside of a TEE auth, attestation.json and challenges say none plainly, with another key at each start", async () => {
  await using folder = makeFolder();
  await using server = startListener([{ type: "challenge", nonce: "nonce-001" }, {
    type: "challenge",
    nonce: "short",
  }]);
  const keys: string[] = [];
  for (let start = 1; start <= 2; start++) {
    await using agent = await startAgent({ folder: folder.path, env: server.env });
    const auths = await server.sent("auth", start);
    const { evidence, claims } = claimsOf(auths.at(-1)!.attestation);
    assertEquals(evidence.format, "none");
    keys.push(thumbprint(claims.cnf.jwk));
    if (start === 1) {
      const answers = await server.sent("attestation", 2);
      const refusal = answers.find(({ error }) => error !== undefined), answer = answers.find((one) => one !== refusal);
      assertEquals(claimsOf(answer).claims, { ...claims, eat_nonce: "nonce-001", iat: claimsOf(answer).claims.iat });
      assertEquals([refusal!.nonce, refusal!.error], ["short", "expected a nonce of 8 to 88 bytes of text"]);
    }
    assertEquals(keptIn(folder.path).at(-1), evidence);
    await agent.stop();
  }
  assertEquals(keptIn(folder.path).map((one) => thumbprint(claimsOf(one).claims.cnf.jwk)), keys);
  assert(keys[0] !== keys[1]);
});

Deno.test("a server that asks for nothing new sees the first release's frames alone, with optional fields added", async () => {
  await using folder = makeFolder();
  await using _guest = await startGuestAgent({ socketPath: `${folder.path}/dstack.sock` });
  const long = {
    ...EVENT,
    id: "q2",
    query: "Tell me everything about iExec, its tokens, its workers and its vouchers.",
  };
  await using server = startListener([{ type: "auth_success" }, EVENT, long, { id: "q3" }]);
  await using agent = await startAgent({ folder: folder.path, env: { ...DSTACK, ...server.env } });
  await server.sent("ack", 3);
  assertEquals((await agent.stop()).code, 0);
  const added = ["attestation", "metadata", "signature"];
  const seen = new Set(
    server.frames.map(({ type, ...fields }) =>
      `${type}: ${Object.keys(fields).filter((field) => !added.includes(field)).sort()}`
    ),
  );
  assertEquals([...seen].sort(), [
    "ack: error,eventId,status,timestamp",
    "ack: eventId,status,timestamp",
    "auth: agentId,timestamp",
    "response: agentId,queryId,response,timestamp",
  ]);
});

Deno.test("--check tells the source, and the hashes that the claims repeat", async () => {
  await using folder = makeFolder({ "iexec_in/events.json": [EVENT] });
  await using _guest = await startGuestAgent({ socketPath: `${folder.path}/dstack.sock` });
  const checked = await runToEnd(folder.path, DSTACK, ["--check"]);
  assertEquals(checked.code, 0, checked.said);
  assertMatch(checked.stdout, /^quotes: usable \(tdx-quote\)$/m);
  assertEquals((await runToEnd(folder.path, DSTACK)).code, 0);
  const { claims } = claimsOf(keptIn(folder.path)[0]);
  const [settings, character] = [...checked.stdout.matchAll(/SHA-256: (\w+)/g)].map(([, hash]) => hash);
  assertEquals([claims.settings_sha256, claims.character_sha256], [settings!, character!]);
  assertEquals((await runToEnd(folder.path, { TEE: "required", IEXEC_TASK_ID: "0x1" }, ["--check"])).code, 69);
  const outside = await runToEnd(folder.path, {}, ["--check"]);
  assertMatch(outside.stdout, /^quotes: none/m);
});

Deno.test("with EVENT_OUTPUT=none there is no attestation.json; a link in its place ends the agent with 74", async () => {
  await using folder = makeFolder({ precious: "PRECIOUS" });
  await using server = startListener();
  {
    await using _agent = await startAgent({ folder: folder.path, env: { ...server.env, EVENT_OUTPUT: "none" } });
    await server.sent("auth", 1);
  }
  assertEquals([...Deno.readDirSync(`${folder.path}/iexec_out`)], []);
  Deno.symlinkSync(`${folder.path}/precious`, `${folder.path}/iexec_out/attestation.json`);
  const { code, said } = await runToEnd(folder.path, {});
  assertEquals(code, 74);
  assertStringIncludes(said, "attestation.json: ");
  assertEquals(Deno.readTextFileSync(`${folder.path}/precious`), "PRECIOUS");
});

Deno.test("a sidecar's documents are evidence of the kind nitro, with the nonce of a challenge in its own field", async () => {
  await using folder = makeFolder();
  await using sidecar = await startSidecar();
  await using server = startListener([{ type: "challenge", nonce: "nonce-001" }]);
  const env = { ...server.env, TEE: "required", AGENT_QUOTE_SOURCE: "http", AGENT_QUOTE_URL: sidecar.url.href };
  await using _agent = await startAgent({ folder: folder.path, env });
  const [auth] = await server.sent("auth", 1), [answer] = await server.sent("attestation", 1);
  assertEquals([(auth!.attestation as Evidence).format, answer!.format], ["nitro", "nitro"]);
  const digests = [auth!.attestation, answer].map((one) => {
    const claims = parseClaims((one as Evidence).claims);
    assert(claims.ok);
    return reportData(claims.value.bytes).toHex();
  });
  assertEquals(sidecar.asked.map(({ user_data }) => user_data), digests);
  assertEquals(sidecar.asked.map(({ nonce }) => nonce), ["", new TextEncoder().encode("nonce-001").toHex()]);
});

testWithReports("a report directory of configfs-tsm, and an entry in it, give the quote of a task", async () => {
  await using folder = makeFolder({ "iexec_in/events.json": [EVENT], "report/.keep": "" });
  Deno.removeSync(`${folder.path}/report/.keep`);
  await using _reports = await mountReports({ path: `${folder.path}/report`, faults: ["EBUSY", null, "EIO"] });
  for (const AGENT_TSM_REPORT of ["report", "report/entry"]) {
    const { code, said } = await runToEnd(folder.path, {
      TEE: "required",
      AGENT_QUOTE_SOURCE: "tsm",
      AGENT_TSM_REPORT,
    });
    // The third report is refused by the host: the second start has no quote.
    assertEquals(code, AGENT_TSM_REPORT === "report" ? 0 : 69, said);
  }
  assertEquals(keptIn(folder.path).map((one) => claimsOf(one).evidence.format), ["tdx-quote"]);
  assertEquals((await runToEnd(folder.path, { AGENT_QUOTE_SOURCE: "tsm", AGENT_TSM_REPORT: "report/entry" })).code, 0);
  assertEquals(keptIn(folder.path).map((one) => claimsOf(one).evidence.format), ["tdx-quote", "tdx-quote"]);
});

for (const [what, lost] of Object.entries({ "file is": "iexec_out/attestation.json", "folder is": "iexec_out" })) {
  Deno.test(`when the evidence's ${what} lost while the agent runs, it is written again with the next answer file, or at the stop`, async () => {
    await using folder = makeFolder({ "iexec_in/events.json": [EVENT] });
    await using agent = await startAgent({ folder: folder.path });
    await agent.responses(1);
    const before = keptIn(folder.path);
    Deno.removeSync(`${folder.path}/${lost}`, { recursive: true });
    const isNewFile = what === "folder is";
    if (isNewFile) {
      Deno.writeTextFileSync(`${folder.path}/iexec_in/events.json`, JSON.stringify([EVENT, { ...EVENT, id: "q2" }]));
      await agent.responses(1);
      assertEquals(keptIn(folder.path), before);
    }
    assertEquals((await agent.stop()).code, 0);
    assertEquals(keptIn(folder.path), before);
    assertEquals(agent.log.filter(({ message }) => message.includes("lost the evidence of this start")).length, 1);
  });
}
