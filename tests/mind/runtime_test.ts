/** The mind: what a model is given, what is remembered, and what never is. */

import { assert, assertEquals, assertMatch, assertNotEquals, assertRejects, assertStringIncludes } from "@std/assert";
import type { IAgentRuntime, Plugin } from "@elizaos/core";
import { DatabaseSync } from "node:sqlite";
import { hash } from "node:crypto";
import { silentLog } from "../../src/log.ts";
import { loadCharacter } from "../../src/mind/character/character.ts";
import type { ModelRequest } from "../../src/mind/models/model.ts";
import { uuidFrom } from "../../src/store/seal.ts";
import { CHAT } from "../../src/wire.ts";
import { event } from "../support/events.ts";
import { startMind } from "../support/mind.ts";
import { makeFolder } from "../support/folder.ts";

const CANARY = "canary-5f1c";
const never = new AbortController().signal;

/** A model that answers as the test says, and shows what it was asked. */
function scripted(answer: (request: ModelRequest) => unknown) {
  const requests: ModelRequest[] = [];
  const runtimes: IAgentRuntime[] = [];
  const model: Plugin = {
    name: "scripted",
    description: "Answers as the test says",
    models: {
      async TEXT_LARGE(runtime, params) {
        runtimes.push(runtime);
        requests.push(params as ModelRequest);
        return await answer(params as ModelRequest) as string;
      },
    },
  };
  return { model, requests, runtimes };
}

Deno.test("an event is answered from the knowledge, and one that stands alone leaves nothing behind", async () => {
  await using mind = await startMind();
  assertMatch(await mind.answer(event("1", "What is iExec?"), never), /confidential computing/);
  assertMatch(await mind.answer(event("2", "What is the capital of France?"), never), /^I don't know/);
  assertEquals(mind.exchanges(), 0);
});

Deno.test("a follow-up is understood from the conversation before it, and only there", async () => {
  await using mind = await startMind();
  const metadata = { userId: "u1" };
  assertMatch(await mind.answer(event("1", "What is Web3Telegram?", metadata), never), /Telegram/);
  const followUp = "and what does it do?";
  assertMatch(await mind.answer(event("2", followUp, metadata), never), /Telegram/);
  assertMatch(await mind.answer(event("3", followUp, { userId: "u2" }), never), /^I don't know/);
  assertMatch(await mind.answer(event("4", followUp), never), /^I don't know/);
});

Deno.test("what it costs is asked after a question on vouchers", async () => {
  await using mind = await startMind();
  const metadata = { conversationId: "c" };
  await mind.answer(event("1", "What is a voucher?", metadata), never);
  assertMatch(await mind.answer(event("2", "and what does it cost?", metadata), never), /voucher/i);
});

Deno.test("the model is given the character, the passages, the conversation and the question, each in its place", async () => {
  const { model, requests } = scripted(({ question }) => `answer to ${question}`);
  await using mind = await startMind({ model });
  const metadata = { userId: "u" };
  await mind.answer(event("1", "What is a deal?", metadata), never);
  await mind.answer(event("2", "What is a workerpool?", metadata), never);
  const [first, second] = requests;
  assert(first && second);
  assertEquals(first.exchanges, []);
  assertEquals(second.exchanges, [{ question: "What is a deal?", answer: "answer to What is a deal?" }]);
  assertEquals(second.question, "What is a workerpool?");
  assertMatch(second.passages[0]?.text ?? "", /^A workerpool is/);
  assertStringIncludes(second.system, "You are an intern at iExec");
  assertEquals(second.system, first.system);
  for (
    const part of [second.system, "User: What is a deal?", "- A workerpool is", "# The question\nWhat is a workerpool?"]
  ) {
    assertStringIncludes(second.prompt, part);
  }
});

Deno.test("no more than the last six exchanges are seen, oldest first", async () => {
  const { model, requests } = scripted(({ question }) => question.toUpperCase());
  await using mind = await startMind({ model });
  for (let n = 1; n <= 9; n++) await mind.answer(event(`e${n}`, `q${n}`, { userId: "u" }), never);
  assertEquals(requests.at(-1)?.exchanges.map(({ answer }) => answer), ["Q3", "Q4", "Q5", "Q6", "Q7", "Q8"]);
});

Deno.test("what is said in one conversation reaches no other", async () => {
  const { model, requests } = scripted(({ question }) => `${question} (heard)`);
  await using mind = await startMind({ model });
  const halves = ["\ud800", "\ud801"]; // Both would be the same replacement character in UTF-8.
  const others = [
    { userId: "b" },
    { conversationId: "a" }, // the name of the user who has a secret
    { userId: "A" },
    { userId: halves[1] },
    undefined,
  ];
  await mind.answer(event("1", `my secret is ${CANARY}`, { userId: "a" }), never);
  await mind.answer(event("2", `my secret is ${CANARY}`, { userId: halves[0] }), never);
  await mind.answer(event("3", `my secret is ${CANARY}`), never);
  const asked = requests.length;
  for (const [n, metadata] of others.entries()) await mind.answer(event(`o${n}`, "and what is it?", metadata), never);
  assertEquals(requests.length, asked + others.length);
  for (const request of requests.slice(asked)) assert(!JSON.stringify(request).includes(CANARY));
  await mind.answer(event("last", "and what is it?", { userId: "a" }), never);
  assertStringIncludes(JSON.stringify(requests.at(-1)), CANARY);
});

Deno.test("users of one conversation do not read each other, and a terminal's chat is read by no event", async () => {
  const { model, requests } = scripted(() => "heard");
  await using mind = await startMind({ model });
  const secret = `my secret is ${CANARY}`;
  await mind.answer(event("1", secret, { conversationId: "42", userId: "alice" }), never);
  await mind.answer({ ...event("2", secret), metadata: { [CHAT]: "default" } }, never);
  const others = [
    { conversationId: "42", userId: "mallory" },
    { conversationId: "42" },
    { userId: "alice" },
    { conversationId: "chat:default", userId: "mallory" },
    { conversationId: "chat:default" },
    { userId: "chat:default" },
  ];
  for (const [n, metadata] of others.entries()) {
    await mind.answer(event(`o${n}`, "and what is it?", metadata), never);
    assert(!JSON.stringify(requests.at(-1)).includes(CANARY), JSON.stringify(metadata));
  }
  for (const metadata of [{ conversationId: "42", userId: "alice" }, { [CHAT]: "default" }]) {
    await mind.answer({ ...event(crypto.randomUUID(), "and what is it?"), metadata }, never);
    assertStringIncludes(JSON.stringify(requests.at(-1)), CANARY);
  }
});

Deno.test("what a user said while all users of a conversation shared its memory is known to that user alone", async () => {
  const { model, requests } = scripted(() => "heard");
  const database = new DatabaseSync(":memory:");
  {
    await using mind = await startMind({ model, database });
    await mind.answer(event("1", `my secret is ${CANARY}`, { conversationId: "42", userId: "alice" }), never);
  }
  // As earlier versions kept it: in the room of the conversation, whoever speaks.
  const { agentId } = await loadCharacter(undefined, silentLog);
  const digest = hash("sha256", JSON.stringify(["room", agentId, "conversation:42"]), "hex");
  database.prepare("UPDATE exchange SET room_id = ?").run(uuidFrom(digest));
  await using mind = await startMind({ model, database });
  for (const [userId, isKnown] of [["mallory", false], ["alice", true]] as const) {
    await mind.answer(event(`of ${userId}`, "and what is it?", { conversationId: "42", userId }), never);
    assertEquals(JSON.stringify(requests.at(-1)).includes(CANARY), isKnown, userId);
  }
});

Deno.test("a retried event is stored once, and one that was answered keeps its answer", async () => {
  let calls = 0;
  const { model, requests } = scripted(() => {
    if (++calls === 1) throw new Error("down");
    return `answer ${calls}`;
  });
  await using mind = await startMind({ model });
  const asked = event("1", "hm?", { userId: "u" });
  await assertRejects(() => mind.answer(asked, never), Error, "down");
  assertEquals(mind.exchanges(), 0);
  assertEquals(await mind.answer(asked, never), "answer 2");
  assertEquals(await mind.answer(asked, never), "answer 2");
  assertEquals([calls, mind.exchanges()], [2, 1]);
  assertEquals(requests.at(-1)?.exchanges, []);
  await mind.answer(event("2", "next?", { userId: "u" }), never);
  assertEquals(requests.at(-1)?.exchanges, [{ question: "hm?", answer: "answer 2" }]);
});

Deno.test("an answer names the sources of the passages it draws on, and keeps them when it is asked for again", async () => {
  await using files = makeFolder({
    "c.json": { name: "A", bio: "b", knowledge: ["The mill grinds rye.", { directory: "more" }] },
    "more/oven.md": "# Oven\n\nThe oven bakes bread at dawn.",
    "more/shop.md": "# Shop\n\nThe shop sells bread at noon.",
  });
  await using mind = await startMind({ character: await loadCharacter(`${files.path}/c.json`, silentLog) });
  const metadata = { userId: "u" };
  const sources = async (id: string, query: string) => (await mind.reply(event(id, query, metadata), never)).sources;
  assertEquals(await sources("1", "What does the mill grind?"), ["knowledge"]);
  assertEquals(await sources("2", "When does the oven bake bread?"), ["more/oven.md"]);
  assertEquals(await sources("2", "When does the oven bake bread?"), ["more/oven.md"]);
  assertEquals(await sources("3", "Hello!"), []);
  assertEquals(await sources("4", "Who is the mayor of Cork?"), []);
});

Deno.test("a model's answer names the sources of the passages that the model kept, each once", async () => {
  let keep = (passages: ModelRequest["passages"]) => passages;
  const { model, requests } = scripted(({ passages, report }) => (report({ drawn: keep(passages) }), "yes"));
  const file = { name: "A", bio: "b", knowledge: ["Rye is a grain.", "Rye grows in the north."] };
  await using mind = await startMind({ model, file });
  assertEquals((await mind.reply(event("1", "rye?"), never)).sources, ["knowledge"]);
  assertEquals(requests[0]?.passages.length, 2);
  keep = () => [];
  assertEquals((await mind.reply(event("2", "rye?"), never)).sources, []);
});

Deno.test("a conversation goes on after a restart", async () => {
  const database = new DatabaseSync(":memory:");
  const metadata = { conversationId: "c" };
  {
    await using mind = await startMind({ database });
    await mind.answer(event("1", "What is Web3Telegram?", metadata), never);
  }
  await using mind = await startMind({ database });
  assertMatch(await mind.answer(event("2", "and what does it do?", metadata), never), /Telegram/);
});

Deno.test("the same question on the same knowledge gets the same bytes", async () => {
  await using first = await startMind();
  await using second = await startMind();
  const asked = event("1", "Who keeps the keys of protected data?", { userId: "u" });
  assertEquals(await second.answer(asked, never), await first.answer(asked, never));
});

Deno.test("an empty answer is an error and is not remembered", async () => {
  for (const empty of ["", " \n", undefined, null, { text: "" }]) {
    const { model } = scripted(() => empty);
    await using mind = await startMind({ model });
    await assertRejects(() => mind.answer(event("1", CANARY, { userId: "u" }), never), Error, "empty answer");
    assertEquals(mind.exchanges(), 0);
  }
});

Deno.test("an aborted answer rejects with the reason, even if the model does not listen", async () => {
  const asked = Promise.withResolvers<void>(), late = Promise.withResolvers<string>();
  const { model, requests } = scripted(() => {
    asked.resolve();
    return late.promise;
  });
  await using mind = await startMind({ model });
  const abort = new AbortController(), reason = new Error("enough");
  const answer = mind.answer(event("1", "hm?", { userId: "u" }), abort.signal);
  await asked.promise;
  assertEquals(requests[0]?.signal, abort.signal);
  abort.abort(reason);
  assertEquals(await answer.catch((error: unknown) => error), reason);
  late.resolve("too late");
  assertEquals(await mind.answer(event("2", "hm?"), abort.signal).catch((error: unknown) => error), reason);
  assertEquals([mind.exchanges(), requests.length], [0, 1]);
});

Deno.test("the core keeps no state of what was answered", async () => {
  const { model, runtimes } = scripted(() => "yes");
  await using mind = await startMind({ model });
  for (let n = 0; n < 5; n++) await mind.answer(event(`e${n}`, "hm?", n % 2 ? { userId: "u" } : undefined), never);
  assertEquals(runtimes[0]?.stateCache.size, 0);
});

Deno.test("settings and secrets of a character are there for the model, and not in the database", async () => {
  const file = {
    name: "A",
    bio: "b",
    knowledge: ["Known."],
    settings: { TEXT_LARGE_TEMPERATURE: 0.25, secrets: { INNER: CANARY } },
    secrets: { OUTER: CANARY },
  };
  const { model, requests, runtimes } = scripted(() => "yes");
  await using mind = await startMind({ model, file });
  await mind.answer(event("1", "hm?"), never);
  assertEquals(runtimes[0]?.getSetting("INNER"), CANARY);
  assertEquals(runtimes[0]?.getSetting("OUTER"), CANARY);
  assertEquals(requests[0]?.temperature, 0.25);
  assert(!mind.dump().includes(CANARY));
});

Deno.test("two agents in one process keep their own ids", async () => {
  await using first = await startMind({ file: { name: "A", bio: "b" } });
  await using second = await startMind({ file: { name: "B", bio: "b" } });
  assertNotEquals(first.agentId, second.agentId);
});
