/** REST: questions, refusals, waits for answers, and lists. @module */

import { getEventListeners } from "node:events";
import { assertEquals, assertStringIncludes } from "@std/assert";
import { systemClock } from "../../src/clock.ts";
import { type ApiOptions, createWaits } from "../../src/test_server/api/context.ts";
import { respondToApi } from "../../src/test_server/api/routes.ts";
import { createFigures } from "../../src/test_server/figures.ts";
import { DEFAULT_LIMITS } from "../../src/test_server/limits.ts";
import type { TestServerOptions } from "../../src/test_server/server.ts";
import { type Client, connect } from "../support/client.ts";
import { type ServerUnderTest, startServer } from "../support/server.ts";
import { http, startWithAgent } from "./agent_server.ts";
import { setStage } from "./stage.ts";

const AGENT = "550e8400-e29b-41d4-a716-446655440000";

for (
  const [what, init, status, error] of [
    ["no JSON", { body: "{" }, 400, "not valid JSON"],
    ["no query", { body: "{}" }, 400, "query: missing"],
    ["an empty query", { body: '{"query":""}' }, 400, "query: expected a text that is not empty"],
    ["a user that is a number", { body: '{"query":"?","userId":7}' }, 400, "userId: expected string, received number"],
    ["a field that there is not", { body: '{"query":"?","user":"u"}' }, 400, 'unrecognized key: "user"'],
    [
      "bytes that are no UTF-8",
      { body: Uint8Array.from('{"query":\n"caf\xe9?"}', (letter) => letter.charCodeAt(0)) },
      400,
      "The body is not UTF-8: line 2, column 5.",
    ],
    ["an array", { body: "[]" }, 400, "expected object, received array"],
    [
      "metadata nested too deep for an agent",
      { body: `{"query":"?","metadata":${'{"a":'.repeat(70)}1${"}".repeat(70)}}` },
      400,
      "nested more than 64 levels deep",
    ],
    ["a wait that is no number", { path: "?wait=long" }, 400, "wait: expected seconds from 0 to 600"],
    ["a wait that is too long", { path: "?wait=601" }, 400, "wait: expected seconds from 0 to 600"],
    ["another parameter", { path: "?wiat=5" }, 400, "wiat: no such parameter, only wait"],
    ["text", { type: "text/plain" }, 415, "Send JSON, with Content-Type: application/json."],
    ["a body that is too long", { body: `"${"x".repeat(2_000)}"` }, 413, "A body may have 1000 bytes at most."],
    ["a GET", { method: "GET" }, 405, "Only POST works here."],
    ["another path", { path: "/more" }, 404, "Nothing here. See /openapi.json"],
  ] as const
) {
  Deno.test(`POST /api/query with ${what}: ${status}, and what is wrong`, async () => {
    await using server = await startServer({ limits: { frameBytes: 1_000 } });
    const { path = "", method = "POST", type = "application/json", body = '{"query":"?"}' } = {
      ...init as { path?: string; method?: string; type?: string; body?: BodyInit },
    };
    const response = await fetch(`${http(server)}/api/query${path}`, {
      method,
      headers: { "content-type": type },
      ...method === "POST" && { body },
    });
    const reply = await response.json();
    assertEquals([response.status, reply.success], [status, false]);
    assertStringIncludes(reply.error, error);
    assertEquals(server.lines.filter((line) => line.startsWith("❓")), []);
  });
}

Deno.test("a body without a length is cut off where it gets too long", async () => {
  await using server = await startServer({ limits: { frameBytes: 1_000 } });
  const unmeasured = ReadableStream.from([1, 2, 3].map(() => new Uint8Array(600).fill(32)));
  const response = await fetch(`${http(server)}/api/query`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: unmeasured,
  });
  assertEquals(response.status, 413);
  await response.body?.cancel();
});

Deno.test("a question over REST reaches the agent as an event, with all its fields", async () => {
  await using stage = await start();
  const { metadata: extra, ...named } = {
    userId: "u",
    conversationId: "c",
    priority: "high",
    metadata: { lang: "it", source: "shop", userId: "somebody else" },
  };
  const { body } = await stage.ask({ query: "What is iExec?", ...named, metadata: extra });
  const [event] = await stage.events(1);
  const { id, query, timestamp, metadata } = event as Record<string, unknown>;
  assertEquals([id, query, typeof timestamp], [body.eventId, "What is iExec?", "number"]);
  assertEquals(metadata, { ...named, lang: "it", source: "shop" });
  const again = await stage.ask({ query: "And?" });
  assertEquals((await stage.events(2))[1], {
    id: again.body.eventId,
    query: "And?",
    timestamp: ((await stage.events(2))[1] as { timestamp: number }).timestamp,
    metadata: { source: "api" },
  });
});

Deno.test("?wait: 200 with the response, 502 with the error, 202 with the state if neither comes in time", async () => {
  await using stage = await start();
  const late = await stage.ask({ query: "slow" }, "?wait=0.001");
  assertEquals([late.status, late.body.success, late.body.state], [202, true, "answering"]);
  assertEquals(late.location, `/api/events/${late.body.eventId}`);

  const failing = stage.ask({ query: "wrong" }, "?wait=600");
  const [, wrong] = await stage.events(2) as { id: string }[];
  stage.agent.send({ type: "ack", eventId: wrong?.id, status: "error", error: "the model is down", timestamp: 1 });
  const failed = await failing;
  assertEquals([failed.status, failed.body.success, failed.body.error], [502, false, "the model is down"]);
  assertEquals(typeof failed.body.tookMs, "number");

  const answering = stage.ask({ query: "right" }, "?wait=600");
  const [, , right] = await stage.events(3) as { id: string }[];
  const metadata = { sources: ["knowledge"] };
  stage.agent.send({ type: "response", queryId: right?.id, response: "!", timestamp: 1, agentId: AGENT, metadata });
  const { status, body } = await answering;
  assertEquals([status, body.success, body.response, body.agentId], [200, true, "!", AGENT]);
  assertEquals(body.metadata, metadata);
});

Deno.test("requests that wait, and those that are refused, leave nothing behind with the signal that stops the server", async () => {
  const { dispatch, ledger, ask, join, answer } = setStage({ limits: { unanswered: 1 } });
  const stopping = new AbortController();
  const options: ApiOptions = {
    dispatch,
    ledger,
    figures: createFigures(Date.now),
    limits: DEFAULT_LIMITS,
    waits: createWaits(1),
    clock: systemClock,
    print() {},
    tellAgents: () => 0,
    stopping: stopping.signal,
  };
  const post = (question: unknown) =>
    respondToApi(
      new Request("http://localhost/api/query?wait=600", {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify(question),
      }),
      options,
    );
  ask("full");
  assertEquals((await post({ query: "?" }))?.status, 503);
  assertEquals((await post({ id: "full", query: "Another?" }))?.status, 409);
  join(1);
  answer(1, "full");
  assertEquals((await post({ id: "full", query: ledger.get("full")?.event.query }))?.status, 200);
  assertEquals(getEventListeners(stopping.signal, "abort"), []);
});

Deno.test("a request that waits when the server stops is told the event's state", async () => {
  await using stage = await start();
  const waiting = stage.ask({ query: "slow" }, "?wait=600");
  await stage.events(1);
  await stage.server.close();
  assertEquals((await waiting).status, 202);
});

Deno.test("GET /api/events/ID: 404 for an unknown event, 405 for another method; a sample has a state too", async () => {
  await using server = await startServer();
  await using agent = await connect(server.url);
  agent.authenticate({ agentId: AGENT });
  await agent.received(4);
  const get = async (id: string, method = "GET") => {
    const response = await fetch(`${http(server)}/api/events/${id}`, { method });
    return [response.status, (await response.json()).state];
  };
  assertEquals(await get("ws-event-002"), [200, "answering"]);
  assertEquals(await get("nobody's"), [404, undefined]);
  assertEquals(await get("%E0"), [404, undefined]);
  assertEquals(await get("ws-event-002", "DELETE"), [405, undefined]);
});

Deno.test("an event may be asked as the wire has it: id, timestamp and metadata reach the agent as they are", async () => {
  await using stage = await start();
  const event = {
    id: "my own/id",
    query: "What is iExec?",
    timestamp: 1_700_000_000_000,
    metadata: { source: "shop" },
  };
  const { status, body } = await stage.ask(event);
  assertEquals([status, body], [200, { success: true, eventId: event.id }]);
  assertEquals(await stage.events(1), [event]);
  const late = await stage.ask(event, "?wait=0.001");
  assertEquals([late.status, late.location], [202, "/api/events/my%20own%2Fid"]);
  const known = await fetch(`${http(stage.server)}${late.location}`);
  assertEquals((await known.json()).eventId, event.id);
});

Deno.test("the same id is the same event: asked once, answered once, and told to every client that asks", async () => {
  await using stage = await start();
  const both = [1, 2].map(() => stage.ask({ id: "same", query: "?" }, "?wait=600"));
  await stage.events(1);
  stage.agent.send({ type: "response", queryId: "same", response: "!", timestamp: 1, agentId: AGENT });
  for (const { status, body } of await Promise.all(both)) assertEquals([status, body.response], [200, "!"]);
  const again = await stage.ask({ id: "same", query: "?" }, "?wait=600");
  assertEquals([again.status, again.body.response, again.body.replays], [200, "!", 0]);
  const other = await stage.ask({ id: "same", query: "Something else?" });
  assertEquals([other.status, other.body.success], [409, false]);
  await stage.ask({ query: "marker" });
  assertEquals((await stage.events(2)).map((event) => (event as { query: string }).query), ["?", "marker"]);
});

Deno.test("an id that was asked with another query, or is a sample's, is refused: it would get that one's answer", async () => {
  await using stage = await start({ events: [{ id: "sample", query: "Who are you?", timestamp: 1 }] });
  await stage.events(1);
  assertEquals((await stage.ask({ id: "sample", query: "?" })).status, 409);
  await using client = await connect(stage.server.url);
  client.send({ id: "same", query: "?", timestamp: 1 });
  await stage.events(2);
  for (const id of ["same", "sample"]) client.send({ id, query: "Something else?", timestamp: 1 });
  const errors = await client.received(2) as { type: string; eventId: string; message: string }[];
  assertEquals(errors.map(({ type, eventId }) => [type, eventId]), [["error", "same"], ["error", "sample"]]);
  assertStringIncludes(errors[0]?.message ?? "", "another query");
});

Deno.test("an event that has failed is sent to an agent again when it is asked again", async () => {
  await using stage = await start();
  const first = stage.ask({ id: "again", query: "?" }, "?wait=600");
  await stage.events(1);
  stage.agent.send({ type: "ack", eventId: "again", status: "error", error: "down", timestamp: 1 });
  assertEquals((await first).status, 502);
  const second = stage.ask({ id: "again", query: "?" }, "?wait=600");
  await stage.events(2);
  stage.agent.send({ type: "response", queryId: "again", response: "!", timestamp: 1, agentId: AGENT });
  assertEquals((await second).body.response, "!");
});

for (
  const [what, question, error] of [
    ["an id that is too long", { id: "x".repeat(513) }, "id: too big"],
    ["an empty id", { id: "" }, "id: too small"],
    ["an id with NUL", { id: "a\0b" }, "id: expected well-formed Unicode without NUL"],
    ["a timestamp that is a text", { timestamp: "now" }, "timestamp: expected number, received string"],
  ] as const
) {
  Deno.test(`POST /api/query with ${what}: 400, and what is wrong`, async () => {
    await using stage = await start();
    const { status, body } = await stage.ask({ query: "?", ...question });
    assertEquals(status, 400);
    assertStringIncludes(String(body.error), error);
  });
}

Deno.test("events are listed, the last asked first, by state and page by page", async () => {
  await using stage = await start();
  for (const id of ["a", "b", "c"]) await stage.ask({ id, query: `${id}?` });
  await stage.events(3);
  stage.agent.send({
    type: "response",
    queryId: "b",
    response: "I don't know.",
    timestamp: 1,
    agentId: AGENT,
    metadata: { declined: true },
  });
  await stage.server.responses(1);
  const list = async (search = "") => await (await fetch(`${http(stage.server)}/api/events${search}`)).json();
  const all = await list();
  assertEquals(all.events.map(({ eventId }: { eventId: string }) => eventId), ["c", "b", "a"]);
  assertEquals(all.counts, { waiting: 0, answering: 2, answered: 1, declined: 1, failed: 0 });
  assertEquals("before" in all, false);
  const [answered, ...more] = (await list("?state=answered")).events;
  assertEquals([answered.eventId, answered.declined, answered.connection, more], ["b", true, 0, []]);
  const first = await list("?limit=2");
  assertEquals([first.events.length, first.before], [2, 1]);
  assertEquals((await list(`?limit=2&before=${first.before}`)).events[0].eventId, "a");
});

Deno.test("agents are listed by connection, with their figures", async () => {
  await using stage = await start();
  await using other = await connect(stage.server.url); // of the same agentId
  other.authenticate({ agentId: AGENT });
  await other.received(1);
  await stage.ask({ id: "a", query: "?" });
  await stage.events(1);
  stage.agent.send({ type: "response", queryId: "a", response: "!", timestamp: 1, agentId: AGENT });
  await stage.server.responses(1);
  const { agents, figures } = await (await fetch(`${http(stage.server)}/api/agents`)).json();
  const told = agents.map(({ connection, agentId, answered, figures }: Record<string, unknown>) => [
    connection,
    agentId,
    answered,
    (figures as { answered: number }).answered,
  ]);
  assertEquals(told, [[0, AGENT, 1, 1], [1, AGENT, 0, 0]]);
  assertEquals([figures.answered, figures.failed, typeof figures.p50Ms], [1, 0, "number"]);
});

Deno.test("health needs no token, and tells nothing else", async () => {
  await using server = await startServer({ token: "secret" });
  const response = await fetch(`${http(server)}/healthz`);
  assertEquals([response.status, await response.json()], [200, { status: "ok" }]);
});

Deno.test("more events than it keeps waiting get 503 over REST, and an error over WebSocket, with what to do", async () => {
  await using server = await startServer({ limits: { unanswered: 1 } });
  const ask = () =>
    fetch(`${http(server)}/api/query`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: '{"query":"?"}',
    });
  await (await ask()).body?.cancel();
  const refused = await ask();
  assertEquals([refused.status, refused.headers.get("retry-after")], [503, "5"]);
  const reason = "the limit of 1 unanswered events is reached: wait for answers, or connect more agents";
  assertEquals(await refused.json(), { success: false, error: reason });
  await using client = await connect(server.url);
  client.send({ id: "one-more", query: "?", timestamp: 1 });
  const [error] = await client.received(1) as { type: string; message: string; eventId: string }[];
  assertEquals([error?.type, error?.message, error?.eventId], ["error", reason, "one-more"]);
});

Deno.test("a frame that is too long closes the connection with 1009, and says how long one may be", async () => {
  await using server = await startServer({ limits: { frameBytes: 100 } });
  for (const frame of ["é".repeat(51), new Uint8Array(101)]) {
    await using client = await connect(server.url);
    client.send(frame);
    const { code, reason } = await client.closed();
    assertEquals({ code, reason }, { code: 1009, reason: "a frame may have 100 bytes at most" });
  }
  await using client = await connect(server.url);
  client.send("é".repeat(50));
  assertEquals((await client.received(1) as { message: string }[])[0]?.message, "not valid JSON");
});

Deno.test("an agent's answer may be longer than a client's frame, and reaches the client in full", async () => {
  await using stage = await start({ limits: { frameBytes: 1_000, agentFrameBytes: 3_000_000 } });
  await using client = await connect(stage.server.url);
  client.send({ id: "long", query: "?", timestamp: 1 });
  await stage.events(1);
  const answer = { type: "response", queryId: "long", response: "é".repeat(1_000_000), timestamp: 1, agentId: AGENT };
  stage.agent.send(answer);
  assertEquals(await client.received(1), [answer]);
  const known = await fetch(`${http(stage.server)}/api/events/long`);
  assertEquals((await known.json()).response, answer.response);
  stage.agent.send({ ...answer, response: "é".repeat(1_500_000) });
  const { code, reason } = await stage.agent.closed();
  assertEquals({ code, reason }, { code: 1009, reason: "a frame may have 3000000 bytes at most" });
});

Deno.test("one connection more than there may be gets 503 for its handshake, until another one ends", async () => {
  await using server = await startServer({ limits: { connections: 1 } });
  const handshake = () =>
    fetch(http(server), {
      headers: {
        upgrade: "websocket",
        connection: "upgrade",
        "sec-websocket-version": "13",
        "sec-websocket-key": "dGhlIHNhbXBsZSBub25jZQ==",
      },
    });
  {
    await using _client = await connect(server.url);
    const refused = await handshake();
    assertEquals([refused.status, await refused.text()], [
      503,
      "The limit of 1 connections is reached. Try again later.\n",
    ]);
  }
  await server.disconnected(1);
  await using _next = await connect(server.url);
});

/** A server with one agent, which answers what the test tells it to. */
async function start(options: Partial<TestServerOptions> = {}): Promise<
  AsyncDisposable & {
    readonly server: ServerUnderTest;
    readonly agent: Client;
    /** The first `count` events that the agent got. */
    events(count: number): Promise<readonly unknown[]>;
    ask(
      question: unknown,
      search?: string,
    ): Promise<{ status: number; location: string | null; body: Record<string, unknown> }>;
  }
> {
  const started = await startWithAgent(AGENT, options);
  const { server, agent } = started;
  return {
    server,
    agent,
    events: async (count) => (await agent.received(count + 1)).slice(1),
    async ask(question, search = "") {
      const response = await fetch(`${http(server)}/api/query${search}`, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify(question),
      });
      return { status: response.status, location: response.headers.get("location"), body: await response.json() };
    },
    [Symbol.asyncDispose]: () => started[Symbol.asyncDispose](),
  };
}
