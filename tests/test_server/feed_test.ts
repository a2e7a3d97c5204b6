/** The page's feed over the wire: snapshot, updates, commands and refusals. @module */

import { assertEquals, assertStringIncludes } from "@std/assert";
import type { FeedCommand } from "../../src/test_server/feed.ts";
import { type Client, connect } from "../support/client.ts";
import { type ServerUnderTest, startServer } from "../support/server.ts";
import { type Of, openFeed } from "./feed_client.ts";

const AGENT = "550e8400-e29b-41d4-a716-446655440000";

Deno.test("a page is told everything when it connects: agents, events with their frames, stray frames, counts", async () => {
  await using server = await startServer();
  await using agent = await connectAgent(server);
  agent.send(response("ws-event-001", "I am one."), processed("ws-event-001"), processed("nobody's"));
  await server.acks(2);
  await using page = await openFeed(server);
  const { snapshot } = page;
  assertEquals(snapshot.counts, { waiting: 0, answering: 2, answered: 1, declined: 0, failed: 0 });
  assertEquals(snapshot.agents.map(({ agentId, inFlight, answered }) => [agentId, inFlight, answered]), [[
    AGENT,
    2,
    1,
  ]]);
  assertEquals(typeof snapshot.agents[0]?.latencyMs?.median, "number");
  await page.next("stray_frame", ({ frame }) => frame.text.includes("nobody's"));
  const events = page.told("event").map(({ event }) => event);
  assertEquals(events.map(({ event, state, askedBy }) => [event.id, state, askedBy]), [
    ["ws-event-001", "answered", "sample"],
    ["ws-event-002", "answering", "sample"],
    ["ws-event-003", "answering", "sample"],
  ]);
  const [first] = events;
  assertEquals(first?.answers.map(({ state, text, length }) => [state, text, length]), [["answered", "I am one.", 9]]);
  assertEquals(first?.answeredBy, 0);
  assertEquals(first?.frames.map(({ direction, text }) => [direction, JSON.parse(text).type]), [
    ["to_agent", undefined],
    ["from_agent", "response"],
    ["from_agent", "ack"],
  ]);
  const frames = page.told("stray_frame").map(({ frame }) => frame);
  assertEquals(frames.map(({ direction, text }) => [direction, JSON.parse(text).type]), [
    ["from_agent", "auth"],
    ["to_agent", "auth_success"],
    ["from_agent", "ack"],
  ]);
});

Deno.test("a question of a page goes to an agent, and the page sees it wait, go out and come back", async () => {
  await using server = await startServer({ events: [] });
  await using page = await openFeed(server);
  const done = await page.command({
    type: "ask",
    request: 7,
    query: "What is iExec?",
    userId: "u",
    priority: "high",
    metadata: { lang: "it", priority: "low" },
  });
  assertEquals([done.type, done.request], ["done", 7]);
  const { key } = done as { key: string };
  const waiting = await page.event((event) => event.key === key);
  assertEquals([waiting.state, waiting.askedBy], ["waiting", "page"]);
  assertEquals(waiting.event.metadata, { source: "page", lang: "it", userId: "u", priority: "high" });

  await using agent = await connectAgent(server);
  const answering = await page.event((event) => event.key === key && event.state === "answering");
  assertEquals(answering.sentTo.map(({ agentId }) => agentId), [AGENT]);
  agent.send({ type: "ack", eventId: key, status: "error", error: "the model is down", timestamp: 1 });
  const failed = await page.event((event) => event.key === key && event.state === "failed");
  assertEquals([failed.error, failed.answeredBy, typeof failed.tookMs], ["the model is down", undefined, "number"]);

  assertEquals((await page.command({ type: "replay", request: 8, key })).type, "done");
  agent.send(response(key, "A marketplace."), processed(key));
  const answered = await page.event((event) => event.key === key && event.state === "answered");
  assertEquals([answered.answers[0]?.text, answered.replays, answered.error], ["A marketplace.", 1, undefined]);
  const connection = answered.answeredBy;
  await agent[Symbol.asyncDispose]();
  assertEquals((await page.next("agent_gone")).connection, connection);
});

Deno.test("a page sends an agent any text, and sees the reply", async () => {
  await using server = await startServer({ events: [] });
  await using agent = await connectAgent(server);
  await using page = await openFeed(server);
  assertEquals((await page.command({ type: "send_raw", request: 1, text: '{"id":"half"}' })).type, "done");
  assertEquals((await agent.received(2))[1], { id: "half" });
  await page.next("stray_frame", ({ frame }) => frame.direction === "to_agent" && frame.text === '{"id":"half"}');
  agent.send({ type: "ack", eventId: "half", status: "error", error: "query: missing", timestamp: 1 });
  const { frame } = await page.next("stray_frame", ({ frame }) => frame.text.includes('"ack"'));
  assertEquals(frame.direction, "from_agent");
  assertEquals(JSON.parse(frame.text).error, "query: missing");
});

Deno.test("commands that can't be carried out are refused with the reason", async () => {
  await using server = await startServer({ events: [] });
  await using page = await openFeed(server);
  const reasonOf = async (command: unknown) => (await page.command(command as FeedCommand) as Of<"refused">).reason;
  assertEquals(await reasonOf({ type: "send_raw", request: 1, text: "{" }), "no agent is connected");
  assertEquals(await reasonOf({ type: "send_raw", request: 2, text: "{", connection: 9 }), "that agent has gone");
  assertEquals(await reasonOf({ type: "replay", request: 3, key: "nothing" }), "there is no such event any more");
  assertEquals(
    await reasonOf({ type: "ask", request: 4, query: "" }),
    "query: expected a text that is not empty",
  );
  assertEquals(await reasonOf({ type: "stop", request: 5 }), "type: expected an ask, replay, send_raw or read command");
});

for (const [given, reason] of [[{ token: "guess" }, "wrong token"], [{}, "token missing"]] as const) {
  Deno.test(`a page with ${reason} is closed with 1008, and shown nothing; no frame shows a token`, async () => {
    await using server = await startServer({ token: "secret", events: [] });
    await using agent = await connect(server.url);
    agent.authenticate({ agentId: AGENT, token: "secret" });
    await server.authenticated(1);
    await using refused = await connect(`${server.url}/feed`);
    refused.send({ type: "auth", ...given });
    assertEquals(await refused.closed().then(({ code, reason }) => ({ code, reason })), { code: 1008, reason });
    assertEquals(await refused.received(1), []);
    await using page = await openFeed(server, { token: "secret" });
    assertEquals(page.snapshot.agents.length, 1);
    assertEquals(JSON.stringify(page.snapshot).includes("secret"), false);
  });
}

Deno.test("a long text is cut on the page, with its length told, and read whole on demand", async () => {
  await using server = await startServer({ events: [] });
  await using agent = await connectAgent(server);
  const query = "x".repeat(20_000), answer = "é".repeat(30_000);
  await using client = await connect(server.url);
  client.send({ id: "long", query, timestamp: 1 });
  assertEquals((await agent.received(2) as { query: string }[])[1]?.query, query);
  agent.send(response("long", answer));
  await server.responses(1);
  await using page = await openFeed(server);
  const shown = await page.event(({ key }) => key === "long");
  assertEquals([shown.event.query.length, shown.queryLength, shown.frames[0]?.text.length], [16_000, 20_000, 2_000]);
  assertEquals([shown.answers[0]?.text.length, shown.answers[0]?.length], [16_000, 30_000]);
  assertEquals(shown.frames[0]?.length, JSON.stringify({ id: "long", query, timestamp: 1 }).length);
  const read = async (command: object) => {
    const reply = await page.command({ type: "read", key: "long", ...command } as FeedCommand);
    return reply.type === "done" ? reply.text : reply.reason;
  };
  assertEquals(await read({ request: 1 }), query);
  assertEquals(await read({ request: 2, connection: shown.answeredBy }), answer);
  assertEquals(await read({ request: 3, connection: 99 }), "that agent has not answered");
  assertEquals(await read({ request: 4, key: "nothing" }), "there is no such event any more");
});

Deno.test("of a long question the metadata is shown; a large metadata is left out, and read with the question", async () => {
  await using server = await startServer({ events: [] });
  await using client = await connect(server.url);
  const metadata = { userId: "alice" }, large = { notes: "n".repeat(20_000) };
  client.send({ id: "long", query: "x".repeat(50_000), timestamp: 1, metadata });
  client.send({ id: "large", query: "?", timestamp: 1, metadata: large });
  await server.printed("waits for an agent to connect: large");
  await using page = await openFeed(server);
  assertEquals((await page.event(({ key }) => key === "long")).event.metadata, metadata);
  assertEquals((await page.event(({ key }) => key === "large")).event.metadata, undefined);
  const read = await page.command({ type: "read", request: 1, key: "large" });
  assertEquals(read, { type: "done", request: 1, text: "?", metadata: large });
});

Deno.test("a text that is too long to be read over the feed is refused with the way to read it", async () => {
  await using server = await startServer({ events: [] });
  await using agent = await connectAgent(server);
  await using client = await connect(server.url);
  client.send({ id: "huge", query: "?", timestamp: 1 });
  await agent.received(2);
  agent.send(response("huge", "x".repeat(1_000_001)));
  await server.responses(1);
  await using page = await openFeed(server);
  const reply = await page.command({ type: "read", request: 1, key: "huge", connection: 0 });
  assertStringIncludes((reply as Of<"refused">).reason, "read it with GET /api/events/ID");
});

Deno.test("an answer that grows is told as it grows, and an answer that was declined is counted", async () => {
  await using server = await startServer({ events: [] });
  await using agent = await connectAgent(server);
  await using page = await openFeed(server);
  const { key } = await page.command({ type: "ask", request: 1, query: "?", metadata: { stream: true } }) as {
    key: string;
  };
  await agent.received(2);
  agent.send({ type: "chunk", queryId: key, index: 0, delta: "I do", timestamp: 1 });
  const growing = await page.event(({ answers }) => answers[0]?.state === "growing");
  assertEquals(growing.answers[0]?.text, "I do");
  agent.send({ ...response(key, "I don't know."), metadata: { declined: true, model: "m" } });
  const answered = await page.event(({ state }) => state === "answered");
  assertEquals(answered.answers[0]?.metadata, { declined: true, model: "m" });
  await page.next("counts", ({ counts }) => counts.declined === 1);
  // Whatever minute it falls into: the next one may begin before the figures are told.
  const sum = (counts: readonly number[]) => counts.reduce((all, count) => all + count, 0);
  const { figures } = await page.next("figures", ({ figures }) => sum(figures.all.answered) === 1);
  assertEquals(figures.agents.map(([connection, series]) => [connection, sum(series.declined)]), [[0, 1]]);
  assertEquals(typeof figures.all.overall.p50Ms, "number");
});

Deno.test("all events that wait for an agent are sent to it at once, however many they are", async () => {
  await using server = await startServer({ events: [], limits: { unreadBytes: 100 } });
  await using client = await connect(server.url);
  for (let n = 0; n < 50; n++) client.send({ id: `q${n}`, query: "x".repeat(1_000), timestamp: 1 });
  await server.printed("❓ Event asked by a client: q49");
  await using agent = await connectAgent(server);
  assertEquals((await agent.received(51)).length, 51);
});

async function connectAgent(server: ServerUnderTest): Promise<Client> {
  const agent = await connect(server.url);
  agent.authenticate({ agentId: AGENT });
  await agent.received(1);
  return agent;
}

const response = (queryId: string, text: string) => ({
  type: "response",
  queryId,
  response: text,
  timestamp: 1,
  agentId: AGENT,
});
const processed = (eventId: string) => ({ type: "ack", eventId, status: "processed", timestamp: 1 });
