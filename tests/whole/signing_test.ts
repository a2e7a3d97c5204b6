/** Signed outcomes of the real program: in its file, over WebSocket, after a restart, and of what failed. @module */

import { assert, assertEquals } from "@std/assert";
import { generateKeyPairSync } from "node:crypto";
import { createOpener } from "../../src/journal/sealed_entries.ts";
import { parseToken } from "../../src/proof/token_parsing.ts";
import { textDigest } from "../../src/proof/claims.ts";
import { type Entry, readEntries, startAgent } from "../support/agent.ts";
import { event } from "../support/events.ts";
import { makeFolder } from "../support/folder.ts";
import { startModelServer } from "../support/model_server.ts";
import { testUnless } from "../support/optional.ts";
import { assertChain } from "../support/proof.ts";
import { startServer } from "../support/server.ts";

/** What a signature says; it is checked elsewhere that it holds. */
function claimsOf({ signature }: { readonly signature?: string | undefined }) {
  const token = parseToken(signature ?? "");
  if (!token.ok) throw new Error(token.reason);
  return token.value.claims;
}

function writeEvents(folder: string, ids: readonly string[]): void {
  Deno.mkdirSync(`${folder}/iexec_in`, { recursive: true });
  Deno.writeTextFileSync(`${folder}/iexec_in/events.json`, JSON.stringify(ids.map((id) => event(id))));
}

async function answerAsTask(folder: string, env: Record<string, string>): Promise<Entry[]> {
  await using agent = await startAgent({ folder, env, args: ["--once"] });
  assertEquals((await agent.ended).code, 0);
  return readEntries(`${folder}/iexec_out/responses.json`)!;
}

Deno.test("answers and errors are signed in the file and on the wire, and whoever asks again after a restart gets the same", async () => {
  await using folder = makeFolder();
  await using model = await startModelServer("ollama");
  await using server = await startServer({ events: [] });
  const env = {
    MODEL_PROVIDER: "ollama",
    OLLAMA_SERVER_URL: model.url,
    OLLAMA_MODEL: "test-model",
    USE_WEBSOCKET: "true",
    WEBSOCKET_URL: server.url,
  };
  const asked = [event("fails"), event("works", "Why?", { nonce: "n-1" })], later = event("later");
  model.script({ status: 400, error: "invalid options" }, { text: "cut in the middle of \ud83d" });
  for (const life of [0, 1]) {
    await using agent = await startAgent({ folder: folder.path, env: { ...env, AGENT_CONCURRENCY: "1" } });
    await server.authenticated(life + 1);
    server.send(...asked, ...life === 0 ? [] : [later]);
    await server.acks(life === 0 ? 2 : 5);
    assertEquals((await agent.stop()).code, 0);
  }
  const entries = readEntries(`${folder.path}/iexec_out/responses.json`)!;
  assertEquals(entries.map(({ queryId }) => queryId), ["fails", "works", "later"]);
  assertEquals(assertChain(entries).length, 2, "each start has a key of its own");
  const [failed, worked, last] = entries.map(({ signature }) => signature);
  const [errors, answers] = [
    await server.received(({ type }) => type === "ack", { count: 5 }),
    await server.responses(3),
  ];
  const signatureOf = (message: object) => (message as { signature?: string }).signature;
  assertEquals(errors.map(signatureOf).filter((signature) => signature !== undefined), [failed, failed]);
  assertEquals(answers.map(signatureOf), [worked, worked, last]);

  const { nonce, query_sha256, response_sha256, model: name } = claimsOf(entries[1]!);
  assertEquals([nonce, query_sha256, name], ["n-1", textDigest("Why?"), "test-model"]);
  // Half a surrogate pair has no bytes that could be signed.
  assertEquals([entries[1]!.response, response_sha256], [
    "cut in the middle of \ufffd",
    textDigest("cut in the middle of \ufffd"),
  ]);
  assertEquals(claimsOf(entries[0]!).error_sha256, textDigest(entries[0]!.error!));
});

const NO_THREADS = Deno.build.os === "linux" ? undefined : "a process shows its threads on Linux alone";

/** The worker threads of a process, by their names. */
function workersOf(pid: number): string[] {
  // Deno itself may not read /proc.
  const { stdout } = new Deno.Command("sh", { args: ["-c", `cat /proc/${pid}/task/*/comm`] }).outputSync();
  return new TextDecoder().decode(stdout).split("\n").filter((name) => name.startsWith("worker-"));
}

testUnless(
  NO_THREADS,
  "under load another thread signs, which is there once the server is, and the chain goes on as if one had signed all",
  async () => {
    await using folder = makeFolder();
    await using server = await startServer({ events: [] });
    const env = { USE_WEBSOCKET: "true", WEBSOCKET_URL: server.url, LOG_LEVEL: "warn" };
    await using agent = await startAgent({ folder: folder.path, env });
    await server.authenticated(1);
    let count = 0;
    const ask = async (many: number) => {
      server.send(
        ...Array.from({ length: many }, () => event(`${count++}`, "What is iExec?", { userId: `${count % 9}` })),
      );
      await server.acks(count);
    };
    while (workersOf(agent.pid).length === 0) await new Promise((resolve) => setTimeout(resolve, 5));
    await ask(1);
    await ask(500);
    await ask(500);
    assertEquals(workersOf(agent.pid).length, 1);
    assertEquals((await agent.stop()).code, 0);
    const entries = readEntries(`${folder.path}/iexec_out/responses.json`)!;
    assertEquals(entries.length, count);
    assertEquals(assertChain(entries).length, 1);
    const signatures = await server.responses(count);
    assertEquals(
      signatures.map((message) => (message as { signature?: string }).signature).toSorted(),
      entries.map(({ signature }) => signature).toSorted(),
    );
    assertEquals(agent.log.filter(({ level }) => level === "warn" || level === "error"), []);
  },
);

testUnless(NO_THREADS, "where nothing is signed, or no server is reached, there is no such thread", async () => {
  await using folder = makeFolder();
  await using server = await startServer({ events: [] });
  for (const env of [{ USE_WEBSOCKET: "true", WEBSOCKET_URL: server.url, AGENT_SIGN: "false" }, {}]) {
    writeEvents(folder.path, ["a"]);
    await using agent = await startAgent({ folder: folder.path, env });
    if ("AGENT_SIGN" in env) {
      await server.authenticated(1);
      server.send(event("b"));
      await server.acks(1);
    } else {
      while (readEntries(`${folder.path}/iexec_out/responses.json`)?.length !== 2) {
        await new Promise((resolve) => setTimeout(resolve, 5));
      }
    }
    assertEquals(workersOf(agent.pid), []);
    assertEquals((await agent.stop()).code, 0);
  }
});

Deno.test("AGENT_SIGN=false leaves signatures out, and the chain goes on where it was once it is left out", async () => {
  await using folder = makeFolder();
  const lives = [{}, { AGENT_SIGN: "false" }, { AGENT_SIGNATURES: "jws,eip712" }];
  for (const [life, env] of lives.entries()) {
    writeEvents(folder.path, ["a", "b", "c"].slice(0, life + 1));
    await answerAsTask(folder.path, env);
  }
  const entries = readEntries(`${folder.path}/iexec_out/responses.json`)! as unknown as Record<string, unknown>[];
  assertEquals(entries.map((entry) => Object.keys(entry).filter((name) => /signature/i.test(name))), [
    ["signature"],
    [],
    ["signature", "eip712Signature"],
  ]);
  assertChain(entries.filter(({ signature }) => signature !== undefined));
});

Deno.test("in a sealed file a signature is under the seal, and none is readable", async () => {
  await using folder = makeFolder();
  const { publicKey, privateKey } = generateKeyPairSync("x25519", {
    publicKeyEncoding: { type: "spki", format: "pem" },
    privateKeyEncoding: { type: "pkcs8", format: "pem" },
  });
  writeEvents(folder.path, ["a", "b"]);
  const entries = await answerAsTask(folder.path, { AGENT_OUTPUT_KEY: publicKey });
  const clear = ["queryId", "sealed", "timestamp", "agentId"];
  assertEquals(entries.map((entry) => Object.keys(entry)), [clear, clear]);
  const opener = await createOpener(privateKey);
  const opened = await Promise.all(entries.map(async (entry) => JSON.parse((await opener.open(entry))!)));
  assert(opened.every(({ response }) => typeof response === "string"));
  assertChain(opened);
});
