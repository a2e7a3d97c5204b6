/** The real program, against the test server. @module */

import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { event } from "../support/events.ts";
import { readEntries, startAgent } from "../support/agent.ts";
import { AUTHORITY, LOCALHOST_CERTIFICATE } from "../support/localhost_certificate.ts";
import { startServer } from "../support/server.ts";
import { makeFolder } from "../support/folder.ts";

/** Settings that connect to `url`, and try again soon. */
function connectTo(url: string, more: Record<string, string> = {}): Record<string, string> {
  return { USE_WEBSOCKET: "true", WEBSOCKET_URL: url, WEBSOCKET_RECONNECT_INTERVAL: "20", ...more };
}

const SAMPLE_IDS = ["ws-event-001", "ws-event-002", "ws-event-003"];

Deno.test("the test server's three events are answered: response before ack, and an entry each", async () => {
  await using server = await startServer();
  await using agent = await startAgent({ env: connectTo(server.url) });
  const acks = await server.acks(3);
  assertEquals(acks.map(({ eventId, status }) => [eventId, status]), SAMPLE_IDS.map((id) => [id, "processed"]));
  const sent = server.frames[0] as { type: string; queryId?: string; eventId?: string }[];
  assertEquals(sent[0]!.type, "auth");
  for (const id of SAMPLE_IDS) {
    const at = (type: string) =>
      sent.findIndex((frame) => frame.type === type && (frame.queryId ?? frame.eventId) === id);
    assert(at("response") < at("ack"), `response before ack of ${id}`);
  }
  const responses = (await server.responses(3)).map(({ type: _, ...entry }) => entry);
  assertEquals<unknown>(await agent.responses(3), responses);
  const known = responses.find(({ queryId }) => queryId === SAMPLE_IDS[1]);
  assertEquals(known!.metadata, { sources: ["knowledge"] });
  assertEquals((await agent.stop()).code, 0);
  assertEquals((await server.disconnected(1))[0]!.code, 1000);
});

Deno.test("the agent reconnects after the server was restarted, and answers on", async () => {
  await using folder = makeFolder();
  const first = await startServer();
  await using agent = await startAgent({ folder: folder.path, env: connectTo(first.url) });
  await first.acks(3);
  await first.close();
  await agent.logged("🔄 Reconnecting in {ms}ms (attempt {attempt}/{attempts})...");
  await using second = await startServer({ port: first.port, events: [event("after-restart")] });
  assertEquals((await second.responses(1))[0]!.queryId, "after-restart");
});

Deno.test("a connection that is cut is dialled again, one at a time, and what it kept from arriving is sent", async () => {
  await using server = await startServer({ events: [] });
  await using agent = await startAgent({ env: connectTo(server.url) });
  await server.authenticated(1);
  for (let cut = 1; cut <= 5; cut++) {
    server.send(event(`q${cut}`));
    await agent.logged((entry) => entry.message.startsWith("✅ Generated") && entry.event === `q${cut}`);
    server.drop();
    await server.authenticated(cut + 1);
    // The sender was not told: it asks again, as a server does that waits for acks.
    server.send(event(`q${cut}`));
    await server.received((message) => message.type === "ack" && message.eventId === `q${cut}`);
  }
  const answered = agent.log.filter(({ message }) => message.startsWith("✅ Generated"));
  assertEquals(answered.map(({ event }) => event), ["q1", "q2", "q3", "q4", "q5"]);
  const entries = await agent.responses(5);
  assertEquals(entries.length, 5);
});

Deno.test("after the attempts the agent gives up with 69, and says who is out of reach", async () => {
  const server = await startServer();
  await server.close();
  await using agent = await startAgent({ env: connectTo(server.url, { WEBSOCKET_MAX_RECONNECT_ATTEMPTS: "3" }) });
  assertEquals((await agent.ended).code, 69);
  const dialled = agent.log.filter(({ message }) => message === "🔌 Connecting to WebSocket: {url}");
  assertEquals(dialled.length, 3);
  assertMatch(agent.lines.at(-1)!, /^agent: Cannot reach ws:\/\/127\.0\.0\.1:\d+: 3 attempts failed in a row/);
});

Deno.test("a wrong token is a failed attempt each time, and appears in no line", async () => {
  await using server = await startServer({ token: "right-one" });
  const env = connectTo(server.url, { WEBSOCKET_AUTH_TOKEN: "wrong-one", WEBSOCKET_MAX_RECONNECT_ATTEMPTS: "2" });
  await using agent = await startAgent({ env });
  assertEquals((await agent.ended).code, 69);
  assertEquals((await server.disconnected(2)).map(({ code }) => code), [1008, 1008]);
  assertStringIncludes(agent.lines.at(-1)!, "1008");
  assertEquals(agent.lines.filter((line) => line.includes("wrong-one")), []);
});

Deno.test("the right token opens the door", async () => {
  await using server = await startServer({ token: "right-one" });
  await using _agent = await startAgent({ env: connectTo(server.url, { WEBSOCKET_AUTH_TOKEN: "right-one" }) });
  assertEquals((await server.acks(3)).length, 3);
});

Deno.test("wss:// with a private authority works when it is named, and fails when it is not", async () => {
  await using folder = makeFolder();
  Deno.writeTextFileSync(`${folder.path}/ca.pem`, AUTHORITY);
  await using server = await startServer({ tls: LOCALHOST_CERTIFICATE });
  {
    const env = connectTo(server.url, { WEBSOCKET_CA_FILE: "ca.pem" });
    await using _agent = await startAgent({ folder: folder.path, env });
    assertEquals((await server.acks(3)).length, 3);
  }
  await using agent = await startAgent({ env: connectTo(server.url, { WEBSOCKET_MAX_RECONNECT_ATTEMPTS: "1" }) });
  assertEquals((await agent.ended).code, 69);
  assertMatch(agent.lines.at(-1)!, /certificate/i);
});

Deno.test("malformed frames of every kind change nothing but their own ack", async () => {
  await using server = await startServer({ events: [] });
  await using agent = await startAgent({ env: connectTo(server.url) });
  await server.authenticated(1);
  server.send(
    "",
    "not json",
    "[1]",
    "null",
    '"text"',
    "{}",
    { id: "", query: "q", timestamp: 1 },
    { id: 7, query: "q", timestamp: 1 },
    { id: "no-query", timestamp: 1 },
    { id: "no-timestamp", query: "q" },
    { id: "text-timestamp", query: "q", timestamp: "1" },
    { id: "bad-metadata", query: "q", timestamp: 1, metadata: [] },
    { type: "news", id: "unknown-type" },
    { ...event("typed"), type: "event" },
    event("good"),
  );
  assertEquals((await server.responses(1))[0]!.queryId, "good");
  const acks = await server.acks(5);
  assertEquals(acks.map(({ eventId, status }) => [eventId, status]), [
    ["no-query", "error"],
    ["no-timestamp", "error"],
    ["text-timestamp", "error"],
    ["bad-metadata", "error"],
    ["good", "processed"],
  ]);
  assertEquals(acks[1]!.error, "refused: timestamp: missing");
  assertEquals((await agent.responses(1)).map(({ queryId }) => queryId), ["good"]);
  await agent.stop();
  assertEquals(agent.log.filter(({ message }) => message === "frame refused").length, 12);
  const typed = agent.log.find(({ message }) => message.startsWith("event ignored, since it has a type"));
  assertEquals([typed?.level, typed?.type], ["warn", "event"]);
});

Deno.test("an oversized frame is refused without harm to the next one", async () => {
  await using server = await startServer({ events: [] });
  await using agent = await startAgent({ env: connectTo(server.url, { EVENT_MAX_BYTES: "1000" }) });
  await server.authenticated(1);
  server.send(event("large", "x".repeat(1000)), event("wide", "é".repeat(490)), event("good"));
  const acks = await server.acks(3);
  assertEquals(acks.map(({ eventId, status }) => [eventId, status]), [
    ["large", "error"],
    ["wide", "error"],
    ["good", "processed"],
  ]);
  assertMatch(acks[0]!.error!, /more than EVENT_MAX_BYTES=1000$/);
  assertEquals((await agent.responses(1)).length, 1);
});

Deno.test("a duplicate gets its stored outcome, with no second answer, also after a restart", async () => {
  await using folder = makeFolder();
  await using server = await startServer({ events: [] });
  const env = connectTo(server.url);
  {
    await using agent = await startAgent({ folder: folder.path, env });
    await server.authenticated(1);
    server.send(event("q1"), event("q1"));
    await server.acks(1);
    server.send(event("q1"));
    await server.acks(2);
    await agent.stop();
    assertEquals(agent.log.filter(({ message }) => message.startsWith("✅ Generated")).length, 1);
  }
  await using agent = await startAgent({ folder: folder.path, env });
  await server.authenticated(2);
  server.send(event("q1"));
  await server.acks(3);
  const [first, ...others] = await server.responses(3);
  for (const other of others) assertEquals(other, first);
  await agent.stop();
  assertEquals(agent.log.filter(({ message }) => message.startsWith("✅ Generated")).length, 0);
  assertEquals(readEntries(`${folder.path}/iexec_out/responses.json`)?.length, 1);
});
