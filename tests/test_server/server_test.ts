/** The test server over WebSocket: agents, samples, tokens, malformed frames, its end. @module */

import { assertEquals, assertMatch, assertRejects, assertStringIncludes } from "@std/assert";
import type { Clock } from "../../src/clock.ts";
import { sampleEvents } from "../../src/test_server/samples.ts";
import { connect } from "../support/client.ts";
import { AUTHORITY, LOCALHOST_CERTIFICATE } from "../support/localhost_certificate.ts";
import { startServer } from "../support/server.ts";

const AGENT = "550e8400-e29b-41d4-a716-446655440000";
const OTHER_AGENT = "b850bc30-45f8-0041-a00a-83df46d8555d"; // as ElizaOS derives them: version 0
const NOON = 1_700_000_000_000;
const SUCCESS = { type: "auth_success", message: "Authentication successful", timestamp: NOON };
const SAMPLES = [...sampleEvents(NOON)];

const stoppedAtNoon: Clock = { now: () => NOON, monotonic: () => 0, sleep: (_ms, signal) => aborted(signal) };
const processed = (eventId: string) => ({ type: "ack", eventId, status: "processed", timestamp: NOON });

Deno.test("an agent's session is printed as the guide shows it", async () => {
  await using server = await startServer();
  await using agent = await connect(server.url);
  agent.authenticate({ agentId: AGENT });
  agent.send(
    { type: "response", queryId: "ws-event-001", response: "Hello! I'm an iExec intern", timestamp: 1, agentId: AGENT },
    processed("ws-event-001"),
    { type: "ack", eventId: "ws-event-002", status: "error", error: "the model is down", timestamp: 1 },
  );
  await server.acks(2);
  await server.close();
  assertMatch(server.lines[0] ?? "", /^🌐 WebSocket Server listening on ws:\/\/127\.0\.0\.1:\d+$/);
  assertEquals(server.lines.slice(1), [
    "📋 Commands:",
    "  - Press Ctrl+C to stop the server",
    `  - Open ${server.lines[0]?.replace(/^.* ws/, "http")}/ in a browser to ask, and to watch the agents answer`,
    "⏳ Waiting for connections...",
    "✅ New client connected",
    `🔐 Client authenticated with agentId: ${AGENT}`,
    "📤 Sending 3 sample events...",
    "📤 Sending event: ws-event-001",
    "📤 Sending event: ws-event-002",
    "📤 Sending event: ws-event-003",
    "📥 Response received for ws-event-001:",
    "   Response: Hello! I'm an iExec intern",
    "✅ Event ws-event-001 processed",
    "❌ Event ws-event-002 failed: the model is down",
    "👋 Client disconnected. Code: 1000, Reason: server stopping",
  ]);
});

Deno.test("an auth is confirmed, then the sample events follow; a second auth is only confirmed", async () => {
  await using server = await startServer({ clock: stoppedAtNoon });
  await using agent = await connect(server.url);
  agent.authenticate({ agentId: AGENT });
  agent.authenticate({ agentId: AGENT });
  assertEquals(await agent.received(5), [SUCCESS, ...SAMPLES, SUCCESS]);
  server.send({ marker: true });
  assertEquals((await agent.received(6)).at(5), { marker: true });
  assertEquals(server.lines.filter((line) => line.startsWith("🔐")).length, 1);
});

Deno.test("an auth under another id on the same connection is refused", async () => {
  await using server = await startServer({ events: [] });
  await using agent = await connect(server.url);
  agent.authenticate({ agentId: AGENT });
  agent.authenticate({ agentId: OTHER_AGENT });
  await server.printed(`Message refused: already authenticated as ${AGENT}`);
});

Deno.test("after a cut, an agent is sent the samples it has not acknowledged; another agent is sent all", async () => {
  await using server = await startServer({ clock: stoppedAtNoon });
  {
    await using agent = await connect(server.url);
    agent.authenticate({ agentId: AGENT });
    agent.send(processed("ws-event-002"), processed("not-a-sample"));
    await server.acks(2);
    server.drop();
    assertEquals((await agent.closed()).wasClean, false);
  }
  assertEquals((await server.disconnected(1)).map(({ code }) => code), [1006]);

  await using again = await connect(server.url);
  await using other = await connect(server.url);
  again.authenticate({ agentId: AGENT });
  other.authenticate({ agentId: OTHER_AGENT });
  await server.authenticated(3);
  server.send("{}");
  assertEquals(await again.received(4), [SUCCESS, SAMPLES[0], SAMPLES[2], {}]);
  assertEquals(await other.received(5), [SUCCESS, ...SAMPLES, {}]);
});

for (const [wrong, given] of [["wrong token", { token: "guess" }], ["token missing", {}]] as const) {
  Deno.test(`${wrong}: closed with 1008, and no frame before it`, async () => {
    await using server = await startServer({ token: "secret" });
    await using agent = await connect(server.url);
    agent.authenticate({ agentId: AGENT, ...given });
    const { code, reason } = await agent.closed();
    assertEquals({ code, reason }, { code: 1008, reason: wrong });
    assertEquals(await agent.received(1), []);
  });
}

Deno.test("a client that does not authenticate within 5 s is closed where a token is set, others are not", async () => {
  const deadlines: { ms: number; pass: () => void }[] = [];
  const clock: Clock = {
    now: () => NOON,
    monotonic: () => 0,
    sleep(ms, signal) {
      const passed = Promise.withResolvers<void>();
      deadlines.push({ ms, pass: passed.resolve });
      return Promise.race([passed.promise, aborted(signal)]);
    },
  };
  await using server = await startServer({ token: "secret", events: [], clock });
  await using agent = await connect(server.url);
  agent.authenticate({ agentId: AGENT, token: "secret" });
  await server.authenticated(1);
  await using silent = await connect(server.url);
  await server.connected(2);
  assertEquals(deadlines.map(({ ms }) => ms), [5_000, 5_000]);
  for (const { pass } of deadlines) pass();
  const { code, reason } = await silent.closed();
  assertEquals({ code, reason }, { code: 1008, reason: "not authenticated within 5 s" });
  server.send({ marker: true });
  assertEquals((await agent.received(2)).at(1), { marker: true });

  await using open = await startServer({ events: [], clock });
  await using _unhurried = await connect(open.url);
  await open.connected(1);
  assertEquals(deadlines.length, 2);
});

Deno.test("malformed frames are answered with their mistakes, and the connection lives on", async () => {
  await using server = await startServer({ events: [] });
  await using client = await connect(server.url);
  client.send(processed("too-early"));
  client.authenticate({ agentId: AGENT });
  client.send("{", "[]", { id: "test-001", query: "What is iExec?", timestamp: 1 }, new Uint8Array([1, 2]), {
    type: "ack",
    eventId: 7,
    status: "done",
    timestamp: "now",
  });
  const replies = await client.received(7) as { type: string; message: string }[];
  assertEquals(replies.map(({ type, message }) => `${type}: ${message}`), [
    "error: not authenticated: the first message must be an auth",
    "auth_success: Authentication successful",
    "error: not valid JSON",
    "error: expected an auth, ack, response, chunk or attestation message",
    "error: type: expected an auth, ack, response, chunk or attestation message",
    "error: expected a text frame, received a binary one",
    'error: eventId: expected string, received number; status: expected one of "processed"|"error"; ' +
    "timestamp: expected number, received string",
  ]);
});

Deno.test("an event that is asked while there is no agent is printed to wait, and is sent to the first one", async () => {
  await using server = await startServer({ events: [] });
  await using client = await connect(server.url);
  client.send({ id: "early", query: "What is iExec?", timestamp: NOON });
  await server.printed("⏳ Event waits for an agent to connect: early");
  await using agent = await connect(server.url);
  agent.authenticate({ agentId: AGENT });
  await agent.received(2);
  assertEquals(server.lines.at(-1), "📤 Sending event: early");
  assertEquals(server.lines.filter((line) => line.startsWith("⏳ Event")).length, 1);
});

Deno.test("texts of agents cannot forge lines, move the cursor or flood the terminal", async () => {
  await using server = await startServer({ events: [] });
  await using agent = await connect(server.url);
  agent.authenticate({ agentId: AGENT });
  agent.send(
    { type: "ack", eventId: "a\r\n✅ Event b processed\x1b[2J\u202e\u2028", status: "processed", timestamp: 1 },
    { type: "response", queryId: "q", response: "x".repeat(5_000), timestamp: 1, agentId: AGENT },
  );
  await server.responses(1);
  assertEquals(server.lines.slice(-3), [
    "✅ Event a\\u000d\\n✅ Event b processed\\u001b[2J\\u202e\\u2028 processed",
    "📥 Response received for q:",
    `   Response: ${"x".repeat(2_000)}… (5000 characters)`,
  ]);
});

Deno.test("a client that does not answer the close is cut off, and the server stops all the same", async () => {
  await using server = await startServer({
    clock: { now: () => NOON, monotonic: () => 0, sleep: () => Promise.resolve() },
  });
  using silent = await Deno.connect({ hostname: "127.0.0.1", port: server.port });
  await silent.write(new TextEncoder().encode(
    "GET / HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" +
      "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n",
  ));
  await server.connected(1);
  await server.close();
  await assertRejects(() => connect(server.url), Error, "Cannot connect");
});

Deno.test("`localhost` is served on every loopback address of the machine, and over TLS", async () => {
  const loopback = Deno.networkInterfaces().map(({ address }) => address).filter((address) =>
    address === "127.0.0.1" || address === "::1"
  );
  for (const tls of [undefined, LOCALHOST_CERTIFICATE]) {
    await using server = await startServer({ hostname: "localhost", events: [], ...tls && { tls } });
    const listening = new URL((await server.printed("listening on ")).replace(/^.* /, ""));
    assertEquals(listening.protocol, tls ? "wss:" : "ws:");
    for (const host of ["localhost", ...loopback]) {
      listening.hostname = host.includes(":") ? `[${host}]` : host;
      await using agent = await connect(listening.href, { authority: AUTHORITY });
      agent.authenticate({ agentId: AGENT });
      assertEquals((await agent.received(1)).length, 1, host);
    }
  }
});

Deno.test("a plain HTTP request is told that this is a WebSocket server", async () => {
  await using server = await startServer();
  const http = server.url.replace("ws:", "http:");
  const get = async (path: string, init?: RequestInit) => {
    const response = await fetch(http + path, init);
    return [response.status, await response.text()] as const;
  };
  const [status, body] = await get("/");
  assertEquals(status, 200);
  assertStringIncludes(body, "WEBSOCKET_URL=ws://127.0.0.1:");
  assertEquals((await get("/nothing"))[0], 404);
  assertEquals((await get("/", { method: "POST" }))[0], 405);
});

Deno.test("a server that was closed can be started again where agents look for it", async () => {
  const server = await startServer();
  await server.close();
  await using again = await startServer({ port: server.port });
  assertEquals(again.url, server.url);
  await using agent = await connect(server.url);
  await again.connected(1);
  agent.authenticate({ agentId: AGENT });
  assertEquals((await agent.received(4)).length, 4);
});

Deno.test("a wait that fails says what was seen instead", async () => {
  await using server = await startServer({ events: [], patienceMs: 0 });
  await using agent = await connect(server.url);
  agent.authenticate({ agentId: AGENT });
  await agent.received(1);
  const error = await assertRejects(() => server.responses(1), Error, "waiting for 1 × a response. Seen so far:");
  assertStringIncludes(error.message, `connection 0: received {"type":"auth","agentId":"${AGENT}"`);
});

function aborted(signal: AbortSignal | undefined): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  signal?.addEventListener("abort", () => resolve(), { once: true });
  return promise;
}
