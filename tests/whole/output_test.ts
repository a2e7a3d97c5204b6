/** Where the real program writes answers: one agent each, sealed where the operator says so, nowhere in a TEE. @module */

import { assert, assertEquals, assertFalse, assertMatch, assertStringIncludes } from "@std/assert";
import { existsSync } from "node:fs";
import { generateKeyPairSync } from "node:crypto";
import { EXIT } from "../../src/errors.ts";
import { startAgent } from "../support/agent.ts";
import { event } from "../support/events.ts";
import { makeFolder } from "../support/folder.ts";
import { startServer } from "../support/server.ts";

const ANSWER = "canary-in-answer-91fe";
const CHARACTER = JSON.stringify({
  name: "Keeper",
  bio: "b",
  knowledge: [`The canary of the mine is called ${ANSWER}.`],
});
const QUESTION = "What is the canary of the mine called?";

/** A folder with a character that gives the answer, and the question as input. */
function makeInput() {
  const folder = makeFolder();
  Deno.writeTextFileSync(`${folder.path}/character.json`, CHARACTER);
  Deno.mkdirSync(`${folder.path}/iexec_in`);
  Deno.writeTextFileSync(`${folder.path}/iexec_in/events.json`, JSON.stringify([event("q1", QUESTION)]));
  return folder;
}

async function runToEnd(options: Parameters<typeof startAgent>[0]) {
  await using agent = await startAgent(options);
  const { code, stdout } = await agent.ended;
  return { code, stdout, stderr: agent.lines.join("\n"), log: agent.log };
}

const { publicKey, privateKey } = generateKeyPairSync("x25519");
const PUBLIC_PEM = publicKey.export({ type: "spki", format: "pem" }).toString();
const PRIVATE_PEM = privateKey.export({ type: "pkcs8", format: "pem" }).toString();

Deno.test("a second agent on one responses.json ends with 74 before it answers anything, and the first loses nothing", async () => {
  await using input = makeInput();
  await using first = await startAgent({ folder: input.path });
  await first.responses(1);
  const env = { AGENT_STATE_DIR: "second" };
  const { code, stderr } = await runToEnd({ folder: input.path, env });
  assertEquals(code, EXIT.inputOutput);
  assertMatch(
    stderr,
    /^agent: Cannot use .*responses\.json: another agent writes its answers there.*EVENT_OUTPUT_PATH/m,
  );
  assertFalse(stderr.includes("AGENT_STATE_DIR="), "no advice that leads there");
  first.kill("SIGKILL");
  await first.ended;
  await using second = await startAgent({ folder: input.path, env });
  assertEquals((await second.responses(2)).map(({ queryId }) => queryId), ["q1", "q1"]);
});

Deno.test("a sealed task's answers are opened by the private key from a file or a variable, and by nothing else", async () => {
  await using input = makeInput();
  const env = { AGENT_OUTPUT_KEY: PUBLIC_PEM, AGENT_CHARACTER: "character.json" };
  assertEquals((await runToEnd({ folder: input.path, env, args: ["--once"] })).code, 0);
  const path = "iexec_out/responses.json", text = Deno.readTextFileSync(`${input.path}/${path}`);
  assertFalse(text.includes(ANSWER));
  assert(existsSync(`${input.path}/iexec_out/computed.json`));

  Deno.writeTextFileSync(`${input.path}/key.pem`, PRIVATE_PEM);
  const open = (args: string[], env: Record<string, string> = {}) =>
    runToEnd({ folder: input.path, args: ["open", path, ...args], env });
  const opened = [await open(["--key", "key.pem"]), await open([], { AGENT_OPEN_KEY: PRIVATE_PEM })];
  for (const { code, stdout } of opened) {
    assertEquals(code, 0);
    const [{ queryId, response }] = JSON.parse(stdout);
    assertEquals(queryId, "q1");
    assertStringIncludes(response, ANSWER);
  }

  const other = generateKeyPairSync("x25519").privateKey.export({ type: "pkcs8", format: "pem" }).toString();
  const closed = await open([], { AGENT_OPEN_KEY: other });
  assertEquals([closed.code, JSON.parse(closed.stdout)], [EXIT.unanswered, JSON.parse(text)]);
  assertStringIncludes(closed.stderr, `entry 1 ("q1") can't be opened: it was sealed for another key`);
  const without = await open([]);
  assertEquals(without.code, EXIT.settings);
  assertStringIncludes(without.stderr, "--key FILE");
  const missing = await open(["--key", "nothing.pem"]);
  assertEquals(missing.code, EXIT.inputOutput);
  const noArray = await runToEnd({ folder: input.path, args: ["open", "character.json", "--key", "key.pem"] });
  assertEquals(noArray.code, EXIT.inputOutput);
  assertStringIncludes(noArray.stderr, "character.json: it is no JSON array");
});

for (const output of ["none", "sealed", "file"]) {
  Deno.test(`over WebSocket with EVENT_OUTPUT=${output} the sender gets its answer, and the file holds what it says`, async () => {
    await using input = makeInput();
    await using server = await startServer({ events: [] });
    const env = {
      EVENT_OUTPUT: output,
      AGENT_OUTPUT_KEY: PUBLIC_PEM,
      AGENT_CHARACTER: "character.json",
      USE_WEBSOCKET: "true",
      WEBSOCKET_URL: server.url,
    };
    await using agent = await startAgent({ folder: input.path, env });
    await server.authenticated(1);
    server.send(event("q1", QUESTION), event("q2", QUESTION));
    await server.responses(2);
    server.send(event("q1", QUESTION));
    for (const { response } of await server.responses(3)) assertStringIncludes(response, ANSWER);
    assertEquals((await agent.stop()).code, 0);
    const path = `${input.path}/iexec_out/responses.json`;
    assertEquals(existsSync(path), output !== "none");
    if (output === "none") return;
    const text = Deno.readTextFileSync(path);
    assertEquals([JSON.parse(text).length, text.includes(ANSWER)], [2, output === "file"]);
  });
}

Deno.test("entries that were there before a task began are told of", async () => {
  await using input = makeInput();
  Deno.mkdirSync(`${input.path}/iexec_out`, { recursive: true });
  const forged = [{ queryId: "q1", response: "FORGED", timestamp: 1, agentId: crypto.randomUUID() }];
  Deno.writeTextFileSync(`${input.path}/iexec_out/responses.json`, JSON.stringify(forged));
  const { code, log } = await runToEnd({ folder: input.path, args: ["--once"] });
  assertEquals(code, 0);
  const warning = log.find(({ message }) =>
    message.startsWith("responses file holds entries that this state does not know")
  );
  assertEquals([warning?.level, warning?.entries], ["warn", 1]);
  const entries = JSON.parse(Deno.readTextFileSync(`${input.path}/iexec_out/responses.json`));
  assertEquals(entries.length, 2);
});
