/** Answers that grow: from a model's server through the real program to the sender that asked for it. */

import { assert, assertEquals, assertMatch } from "@std/assert";
import { startAgent } from "../support/agent.ts";
import { DIALECTS } from "../support/model_requests.ts";
import { type Dialect, type ModelServer, startModelServer } from "../support/model_server.ts";
import { startServer } from "../support/server.ts";

interface Frame {
  readonly type: string;
  readonly queryId?: string;
  readonly index?: number;
  readonly delta?: string;
  readonly timestamp?: number;
  readonly restart?: true;
  readonly response?: string;
  readonly error?: string;
}

const envFor = (dialect: Dialect, { url }: ModelServer) =>
  dialect === "ollama"
    ? { MODEL_PROVIDER: "ollama", OLLAMA_SERVER_URL: url, OLLAMA_MODEL: "test-model" }
    : { MODEL_PROVIDER: "openai", OPENAI_BASE_URL: url, OPENAI_MODEL: "test-model" };

/** The frames about one event, in the order they were sent. */
function framesOf(frames: readonly (readonly unknown[])[], id: string): Frame[] {
  return frames.flat().map((frame) => frame as Frame).filter(({ queryId }) => queryId === id);
}

/** The text that chunks make. */
function textOf(chunks: readonly Frame[]): string {
  return chunks.reduce((text, { delta, restart }) => restart ? delta! : text + delta!, "");
}

for (const dialect of DIALECTS) {
  Deno.test(`${dialect}: a sender that asks for it sees the answer grow, and no other does`, async () => {
    await using model = await startModelServer(dialect);
    await using server = await startServer({ events: [] });
    await using _agent = await startAgent({
      env: { ...envFor(dialect, model), EVENT_TRANSPORT: "websocket", WEBSOCKET_URL: server.url },
    });
    await server.authenticated(1);
    const answer = "It grows, piece by piece, until it is whole.";
    model.script({ text: `<think>hm</think>${answer}`, thinking: "hm" }, { text: answer });
    server.send({ id: "q1", query: "what?", timestamp: 1, metadata: { stream: true, userId: "u" } });
    await server.acks(1);
    server.send({ id: "q2", query: "what?", timestamp: 1, metadata: { userId: "u" } });
    await server.acks(2);
    const frames = framesOf(server.frames, "q1");
    const chunks = frames.filter(({ type }) => type === "chunk");
    assert(chunks.length > 2, `${chunks.length} chunks`);
    assertEquals(frames.at(-1)!.type, "response", "the chunks come before it");
    assertEquals(chunks.map(({ index }) => index), [...chunks.keys()]);
    assertEquals([textOf(chunks), frames.at(-1)!.response], [answer, answer]);
    assertEquals(Object.keys(chunks[0]!), ["type", "queryId", "index", "delta", "timestamp"]);
    assertEquals(framesOf(server.frames, "q2").map(({ type }) => type), ["response"]);
  });

  Deno.test(`${dialect}: a retry after a stream that broke says so, and the pieces make the answer in the end`, async () => {
    await using model = await startModelServer(dialect);
    await using server = await startServer({ events: [] });
    await using agent = await startAgent({
      env: { ...envFor(dialect, model), EVENT_TRANSPORT: "websocket", WEBSOCKET_URL: server.url },
    });
    await server.authenticated(1);
    model.script({ breakAfter: "It is not" }, { text: "It is whole at last." });
    server.send({ id: "q1", query: "what?", timestamp: 1, metadata: { stream: true } });
    await server.acks(1);
    const frames = framesOf(server.frames, "q1"), chunks = frames.filter(({ type }) => type === "chunk");
    const anew = chunks.findIndex(({ restart }) => restart);
    assert(anew > 0, JSON.stringify(chunks));
    assertMatch(textOf(chunks.slice(0, anew)), /^It is/);
    assertEquals(chunks[anew]!.index, 0);
    assertEquals([textOf(chunks), frames.at(-1)!.response], Array(2).fill("It is whole at last."));
    const logged = agent.lines.join("\n");
    assert(!/It is (not|whole)/.test(logged), "no piece of an answer is logged");
  });
}

Deno.test("an answer with halves of characters grows to the text of its response", async () => {
  await using model = await startModelServer("openai");
  await using server = await startServer({ events: [] });
  await using _agent = await startAgent({
    env: { ...envFor("openai", model), EVENT_TRANSPORT: "websocket", WEBSOCKET_URL: server.url },
  });
  await server.authenticated(1);
  model.script({ text: "A tomato \ud83c, then one that is whole: \ud83c\udf45, and half a one: \ud83c" });
  server.send({ id: "q1", query: "what?", timestamp: 1, metadata: { stream: true } });
  await server.acks(1);
  const frames = framesOf(server.frames, "q1"), chunks = frames.filter(({ type }) => type === "chunk");
  const expected = "A tomato \ufffd, then one that is whole: 🍅, and half a one: \ufffd";
  assertEquals([textOf(chunks), frames.at(-1)!.response], [expected, expected]);
  assertEquals(chunks.filter(({ restart }) => restart), []);
});

Deno.test("the embedded model's answer comes as one piece", async () => {
  await using server = await startServer({ events: [] });
  await using _agent = await startAgent({ env: { EVENT_TRANSPORT: "websocket", WEBSOCKET_URL: server.url } });
  await server.authenticated(1);
  server.send({ id: "q1", query: "What is a workerpool?", timestamp: 1, metadata: { stream: true } });
  await server.acks(1);
  const [chunk, response, ...others] = framesOf(server.frames, "q1");
  assertEquals([chunk!.type, chunk!.index, response!.type, others.length], ["chunk", 0, "response", 0]);
  assertEquals(chunk!.delta, response!.response);
});

Deno.test("an event that ends in an error after pieces came has no response, and its ack says why", async () => {
  await using model = await startModelServer("openai");
  await using server = await startServer({ events: [] });
  await using _agent = await startAgent({
    env: { ...envFor("openai", model), EVENT_TRANSPORT: "websocket", WEBSOCKET_URL: server.url },
  });
  await server.authenticated(1);
  model.script({ text: "It is", finish: "content_filter" });
  server.send({ id: "q1", query: "what?", timestamp: 1, metadata: { stream: true } });
  const [ack] = await server.acks(1);
  assertMatch(ack!.error!, /content filter/);
  assertEquals(framesOf(server.frames, "q1").filter(({ type }) => type === "response"), []);
});
