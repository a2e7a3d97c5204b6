/** Forgetting, as a server and an operator ask for it: after it no file of the state holds a word of what was said. @module */

import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { parseToken } from "../../src/proof/token_parsing.ts";
import { isInFiles, startAgent } from "../support/agent.ts";
import { event } from "../support/events.ts";
import { makeFolder } from "../support/folder.ts";
import { startModelServer } from "../support/model_server.ts";
import { startServer } from "../support/server.ts";

const CANARY = "canary-of-alice-77ab", OTHER = "canary-of-bob-5c1e";
const KEY = "00112233445566778899aabbccddeeff".repeat(2);
/** An ack of a request to forget, as it was sent. */
interface Forgot {
  readonly type: string;
  readonly eventId?: string;
  readonly forgot?: unknown;
  readonly deleted?: unknown;
}

function settings(url: string, more: Record<string, string> = {}) {
  return { USE_WEBSOCKET: "true", WEBSOCKET_URL: url, WEBSOCKET_RECONNECT_INTERVAL: "10", ...more };
}

/** The hash of the question in a signature. */
function questionSigned(signature: unknown): string | undefined {
  const token = parseToken(String(signature));
  if (!token.ok) throw new Error(token.reason);
  return token.value.claims.query_sha256;
}

/** Acks that say what was forgotten, over all connections. */
function forgotten(frames: readonly (readonly unknown[])[]): Forgot[] {
  return frames.flat().filter((frame): frame is Forgot => Object(frame).forgot !== undefined);
}

for (const [how, env] of Object.entries({ "": {}, " from a sealed state": { AGENT_STATE_KEY: KEY } })) {
  Deno.test(`what a user said is forgotten when the server asks for it${how}, and no event is answered again`, async () => {
    await using folder = makeFolder();
    await using server = await startServer({ events: [] });
    await using agent = await startAgent({ folder: folder.path, env: settings(server.url, env) });
    await server.authenticated(1);
    const alice = { userId: "alice" }, bob = { userId: "bob", conversationId: "c1" };
    server.send(event("a1", `What is RLC, ${CANARY}?`, alice), event("b1", `What is RLC, ${OTHER}?`, bob));
    await server.acks(2);
    server.send({ type: "forget", id: "f1", userId: "alice" });
    await server.received((message) => message.type === "ack" && message.eventId === "f1");
    const [ack] = forgotten(server.frames);
    assertEquals(ack?.forgot, { userId: "alice" });
    assertEquals(ack?.deleted, { exchanges: 1, messages: 0, outcomes: 1, events: 0 });
    assertEquals(isInFiles(`${folder.path}/.agent`, CANARY), false);
    assertEquals(isInFiles(`${folder.path}/.agent`, OTHER), how === "");
    server.send(event("a1", "once more", alice), event("b1", "once more", bob));
    const acks = await server.acks(5);
    const again = "answered before, and its answer is no longer kept";
    assertStringIncludes(acks.find(({ eventId, error }) => eventId === "a1" && error)!.error!, again);
    await agent.logged(({ message }) => message.includes(again));
    assertEquals((await agent.stop()).code, 0);
    assertEquals((await agent.responses(2)).length, 2, "the responses file is the operator's");
    assertEquals(agent.lines.filter((line) => line.includes("alice")), []);
  });
}

Deno.test("an answer that is under way is not written back, its event ends with an error, and a later one starts anew", async () => {
  await using folder = makeFolder();
  await using model = await startModelServer("openai");
  await using server = await startServer({ events: [] });
  const env = settings(server.url, {
    MODEL_PROVIDER: "openai",
    OPENAI_BASE_URL: model.url,
    OPENAI_MODEL: "test-model",
  });
  await using agent = await startAgent({ folder: folder.path, env });
  await server.authenticated(1);
  const alice = { conversationId: "c7", userId: "alice" };
  server.send(event("a1", `My name is ${CANARY}`, alice));
  await server.acks(1);
  model.script("held");
  server.send(event("a2", `I am ${CANARY} still`, alice), event("a3", `And ${CANARY} waits`, alice));
  await model.askedFor(2);
  server.send({ type: "forget", id: "f1", conversationId: "c7" }, event("a4", "Who am I?", alice));
  await server.received((message) => message.type === "ack" && message.eventId === "f1");
  assertEquals(isInFiles(`${folder.path}/.agent`, CANARY), false);
  model.release();
  const acks = await server.acks(5);
  const forgot = acks.filter(({ eventId }) => eventId === "a2" || eventId === "a3");
  assertEquals(forgot.map(({ error }) => error), Array(2).fill("forgotten, as was asked for, before it was answered"));
  for (const { signature } of forgot) assertEquals(questionSigned(signature), undefined);
  assertEquals(forgotten(server.frames)[0]?.deleted, { exchanges: 1, messages: 0, outcomes: 1, events: 2 });
  await server.received((message) => message.type === "ack" && message.eventId === "a4");
  assertEquals(JSON.stringify(model.asked.at(-1)).includes(CANARY), false);
  await agent.stop();
  assertEquals(isInFiles(`${folder.path}/.agent`, CANARY), false);
});

Deno.test("the test server's REST interface passes a request to forget on, and refuses one that names nobody", async () => {
  await using server = await startServer({ events: [] });
  const post = async (body: unknown) => {
    const response = await fetch(`${server.url.replace(/^ws/, "http")}/api/forget`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(body),
    });
    return { status: response.status, body: await response.json() };
  };
  assertEquals((await post({ userId: "alice" })).status, 503, "no agent is connected");
  await using agent = await startAgent({ env: settings(server.url) });
  await server.authenticated(1);
  assertEquals((await post({})).status, 400);
  const { status, body } = await post({ userId: "alice" });
  assertEquals([status, body.agents], [202, 1]);
  await server.received((message) => message.type === "ack" && message.eventId === body.eventId);
  assertEquals(forgotten(server.frames)[0]?.forgot, { userId: "alice" });
  await server.printed("processed: 0 exchanges, 0 messages, 0 outcomes, 0 events deleted");
  await agent.stop();
});

Deno.test("a request to forget that names nobody is refused with an error, and forgets nothing", async () => {
  await using server = await startServer({ events: [] });
  await using agent = await startAgent({ env: settings(server.url) });
  await server.authenticated(1);
  server.send({ type: "forget", id: "f1" }, { type: "forget", id: "f2", userId: "" }, { type: "forget", userId: {} });
  const acks = await server.acks(2);
  assertEquals(acks.map(({ eventId, status }) => [eventId, status]), [["f1", "error"], ["f2", "error"]]);
  assertStringIncludes(acks[0]!.error!, "expected a conversationId or a userId");
  await agent.stop();
});

Deno.test("`agent forget` deletes what was said from the state of an agent that does not run", async () => {
  await using folder = makeFolder();
  const path = `${folder.path}/iexec_in/events.json`;
  Deno.mkdirSync(`${folder.path}/iexec_in`);
  const asked = [
    event("a1", `What is RLC, ${CANARY}?`, { conversationId: "c1", userId: "alice" }),
    event("b1", `What is RLC, ${OTHER}?`, { userId: "bob" }),
  ];
  Deno.writeTextFileSync(path, JSON.stringify(asked));
  {
    await using agent = await startAgent({ folder: folder.path });
    await agent.responses(2);
    // While it runs, its state is its own.
    await using early = await startAgent({ folder: folder.path, args: ["forget", "--user", "alice"] });
    assertEquals((await early.ended).code, 74);
    agent.kill("SIGKILL");
    await agent.ended;
  }
  assert(isInFiles(`${folder.path}/.agent`, CANARY));
  await using forget = await startAgent({ folder: folder.path, args: ["forget", "--conversation", "c1"] });
  const { code, stdout } = await forget.ended;
  assertEquals(
    [code, stdout.includes("forgot 1 exchanges, 0 messages, 1 answers")],
    [0, true],
    forget.lines.join("\n"),
  );
  assertEquals(isInFiles(`${folder.path}/.agent`, CANARY), false);
  assert(isInFiles(`${folder.path}/.agent`, OTHER));
  await using again = await startAgent({ folder: folder.path });
  await again.logged(({ message }) => message.includes("answered before") || message.includes("Agent started"));
  await again.stop();
  assertEquals((await again.responses(2)).length, 2, "none is answered again, and none is lost from the file");
  assertEquals(again.log.filter(({ level }) => level === "warn").map(({ message }) => message), []);
});

Deno.test("`agent forget` where there is no state says so with 74, and makes none", async () => {
  await using folder = makeFolder();
  await using agent = await startAgent({ folder: folder.path, args: ["forget", "--user", "alice"] });
  const { code, stdout } = await agent.ended;
  assertEquals([code, stdout], [74, ""]);
  assertStringIncludes(agent.lines.join("\n"), "There is no state in AGENT_STATE_DIR=.agent: nothing was forgotten");
  assertEquals([...Deno.readDirSync(folder.path)].filter(({ name }) => name === ".agent"), []);
});
