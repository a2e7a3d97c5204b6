/** The bounds on what one client can use up: memory, connections, descriptors, waiting requests. @module */

import { assert, assertEquals } from "@std/assert";
import { DEFAULT_LIMITS } from "../../src/test_server/limits.ts";
import { trackUnread } from "../../src/test_server/unread.ts";
import { connect } from "../support/client.ts";
import { type ServerUnderTest, startServer } from "../support/server.ts";
import { startServerProcess } from "../support/server_process.ts";
import { openFeed } from "./feed_client.ts";
import { http } from "./agent_server.ts";

const AGENT = "550e8400-e29b-41d4-a716-446655440000";

Deno.test("a page that does not read is sent no more than it may leave unread, and has all of it once it reads", async () => {
  const pageUnreadBytes = 10_000;
  await using server = await startServer({ events: [], limits: { pageUnreadBytes } });
  using silent = await handshake(server, "/feed");
  await silent.send('{"type":"auth"}');
  await using agent = await connect(server.url);
  agent.authenticate({ agentId: AGENT });
  await agent.received(1);
  await using client = await connect(server.url);
  const answer = "x".repeat(10_000);
  const events = 300; // 3 MB of answers: more than the system takes on for a socket
  for (let n = 0; n < events; n++) {
    client.send({ id: `e${n}`, query: "?", timestamp: 1 });
    agent.send({ type: "response", queryId: `e${n}`, response: answer, timestamp: 1, agentId: AGENT });
  }
  await server.responses(events);
  await using reading = await openFeed(server); // another page is told all the while
  await reading.event(({ key, state }) => key === `e${events - 1}` && state === "answered");
  await silent.until(`"key":"e${events - 1}"`);
});

Deno.test("an asking client that does not read is closed, and the answers are kept", async () => {
  await using server = await startServer({ events: [], limits: { unreadBytes: 10_000 } });
  using silent = await handshake(server, "/");
  await using agent = await connect(server.url);
  agent.authenticate({ agentId: AGENT });
  await agent.received(1);
  const answer = "x".repeat(500_000), events = 40; // 20 MB: more than the system takes on for a socket
  for (let n = 0; n < events; n++) await silent.send(JSON.stringify({ id: `e${n}`, query: "?", timestamp: 1 }));
  await agent.received(1 + events);
  for (let n = 0; n < events; n++) {
    agent.send({ type: "response", queryId: `e${n}`, response: answer, timestamp: 1, agentId: AGENT });
  }
  await server.responses(events);
  await silent.until("too much is unread: read faster"); // the close comes behind what it left unread
  const last = await fetch(`${http(server)}/api/events/e0`);
  assertEquals((await last.json()).response, answer);
});

Deno.test("above the bound for all connections together, those that are behind have no room and the others have", () => {
  const socket = (bufferedAmount: number) => ({ bufferedAmount }) as WebSocket; // all that is looked at
  const unread = trackUnread({ totalBytes: 1_000_000 });
  const [slow, slower, fast] = [socket(400_000), socket(500_000), socket(0)] as const;
  for (const opened of [slow, slower, fast]) unread.opened(opened);
  assertEquals([slow, slower, fast].map((one) => unread.hasRoom(one, 600_000)), [true, true, true]);
  assertEquals(unread.hasRoom(slower, 450_000), false); // its own bound
  const slowest = socket(200_000);
  unread.opened(slowest);
  assertEquals([slow, slower, slowest, fast].map((one) => unread.hasRoom(one, 600_000)), [false, false, false, true]);
  // What was unread at a close stays in memory until the peer has gone.
  unread.closing(slower);
  Object.assign(slower, { bufferedAmount: 0 });
  assertEquals(unread.hasRoom(slow, 600_000), false);
  unread.ended(slower);
  assertEquals(unread.hasRoom(slow, 600_000), true);
});

Deno.test("a client that goes while it waits is waited for no longer, and makes room for the next one", async () => {
  await using server = await startServer({ events: [], limits: { waits: 1 } });
  const wait = (seconds: number, init: RequestInit = {}) =>
    fetch(`${http(server)}/api/query?wait=${seconds}`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: '{"query":"?"}',
      ...init,
    });
  const going = new AbortController();
  const gone = wait(600, { signal: going.signal }).then(() => "answered", () => "gone");
  await server.printed("❓ Event asked over REST");
  const refused = await wait(600);
  assertEquals([refused.status, refused.headers.get("retry-after")], [503, "5"]);
  await refused.body?.cancel();
  going.abort();
  assertEquals(await gone, "gone");
  // The server learns of it by the connection of the one that has gone, which may come later than the next request.
  let status = 503;
  while (status === 503) {
    const response = await wait(0.001);
    await response.body?.cancel();
    ({ status } = response);
  }
  assertEquals(status, 202);
});

Deno.test("where a token is wanted, a frame before the auth may be short only, and there may be few of them", async () => {
  await using server = await startServer({ events: [], token: "secret", limits: { refusedFrames: 3 } });
  await using long = await connect(server.url);
  long.send({ type: "auth", token: "x".repeat(DEFAULT_LIMITS.authFrameBytes) });
  assertEquals((await long.closed()).reason, `a frame may have ${DEFAULT_LIMITS.authFrameBytes} bytes at most`);
  await using many = await connect(server.url);
  many.send("{", "{", "{");
  assertEquals(await ending(many.closed()), [1008, "too many frames before an auth"]);
  await using asking = await connect(server.url);
  asking.send("{", { type: "auth", token: "secret" });
  await asking.received(2);
  asking.send({ id: "long", query: "x".repeat(DEFAULT_LIMITS.authFrameBytes), timestamp: 1 });
  await server.printed("❓ Event asked by a client: long");
});

Deno.test("of connections that have not authenticated there may be few, and others are welcome once they have", async () => {
  await using server = await startServer({ events: [], token: "secret", limits: { unauthenticated: 1 } });
  await using first = await connect(server.url);
  const upgrade = { upgrade: "websocket", connection: "upgrade", "sec-websocket-version": "13" };
  const refused = await fetch(http(server), {
    headers: { ...upgrade, "sec-websocket-key": "dGhlIHNhbXBsZSBub25jZQ==" },
  });
  assertEquals([refused.status, await refused.text()], [
    503,
    "The limit of 1 connections that have not authenticated is reached. Try again later.\n",
  ]);
  first.send({ type: "auth", token: "secret" });
  await first.received(1);
  await using _second = await connect(server.url);
});

Deno.test("an answer under another agent's id is refused, and so is one to an event that the agent was not sent", async () => {
  await using server = await startServer({ events: [] });
  await using asked = await connect(server.url);
  asked.authenticate({ agentId: AGENT });
  await asked.received(1);
  await using other = await connect(server.url);
  const otherId = AGENT.replace("5", "6");
  other.authenticate({ agentId: otherId });
  await other.received(1);
  await using client = await connect(server.url);
  client.send({ id: "victim", query: "?", timestamp: 1 });
  await asked.received(2);
  const forged = { type: "response", queryId: "victim", response: "forged", timestamp: 1 };
  other.send(
    { ...forged, agentId: AGENT },
    { ...forged, agentId: otherId },
    { type: "ack", eventId: "victim", status: "error", error: "forged", timestamp: 1 },
  );
  const refusals = (await other.received(4)).slice(1) as { message: string; eventId: string }[];
  assertEquals(refusals.map(({ message, eventId }) => [message, eventId]), [
    [`agentId: this connection authenticated as ${otherId}`, "victim"],
    ["this event was not sent to this agent", "victim"],
    ["this event was not sent to this agent", "victim"],
  ]);
  asked.send({ ...forged, response: "mine", agentId: AGENT.toUpperCase() }); // a UUID counts in either case
  assertEquals((await client.received(1) as { response: string }[])[0]?.response, "mine");
});

Deno.test("two agents of one agentId at a time each get all samples; after a cut, each only those it had not acknowledged", async () => {
  await using server = await startServer();
  const join = async (frames: number) => {
    const agent = await connect(server.url);
    agent.authenticate({ agentId: AGENT });
    const ids = (await agent.received(1 + frames)).slice(1).map((frame) => (frame as { id: string }).id);
    return { agent, ids };
  };
  const first = await join(3), second = await join(3);
  assertEquals(second.ids, first.ids);
  first.agent.send({ type: "ack", eventId: first.ids[0], status: "processed", timestamp: 1 });
  await server.acks(1);
  await first.agent[Symbol.asyncDispose]();
  await server.disconnected(1);
  const again = await join(2);
  assertEquals(again.ids, first.ids.slice(1));
  const third = await join(3);
  assertEquals(third.ids, first.ids);
  for (const { agent } of [second, again, third]) await agent[Symbol.asyncDispose]();
});

Deno.test({
  name: "the server outlives the end of its descriptors, and serves again once there are some",
  ignore: Deno.build.os !== "linux",
  async fn() {
    await using server = startServerProcess({ args: ["--port", "0", "--host", "127.0.0.1"], descriptors: 256 });
    const url = (await server.printed("🌐 WebSocket Server listening on ")).replace(/^.* ws/, "http");
    const port = Number(new URL(url).port);
    const held: Deno.TcpConn[] = [];
    for (let n = 0; n < 300; n++) {
      try {
        held.push(await Deno.connect({ hostname: "127.0.0.1", port }));
        await held.at(-1)?.write(new TextEncoder().encode("GET / HTTP/1.1\r\nHost: localhost\r\n"));
      } catch (error) {
        if (error instanceof Deno.errors.ConnectionReset || error instanceof Deno.errors.ConnectionRefused) break;
        throw error;
      }
    }
    // Deno 2.7 waits for descriptors by itself.
    if (!Deno.version.deno.startsWith("2.7.")) await server.printed("⚠️ Cannot accept connections: ");
    for (const connection of held) connection.close();
    let health: unknown;
    while (health === undefined) {
      // One that came while nobody listened is cut off, or waits for ever.
      const response = await fetch(`${url}/healthz`, { signal: AbortSignal.timeout(1_000) }).catch(() => undefined);
      health = await response?.json();
    }
    assertEquals(health, { status: "ok" });
    server.kill("SIGTERM");
    assertEquals((await server.ended).code, 0);
  },
});

async function ending(closed: Promise<{ code: number; reason: string }>): Promise<[number, string]> {
  const { code, reason } = await closed;
  return [code, reason];
}

/** A WebSocket by hand, which reads nothing unless it is told to. */
async function handshake(server: ServerUnderTest, path: string): Promise<
  Disposable & {
    send(text: string): Promise<void>;
    /** Read until a text has come. */
    until(text: string): Promise<void>;
  }
> {
  const connection = await Deno.connect({ hostname: "127.0.0.1", port: server.port });
  const encoder = new TextEncoder();
  await connection.write(encoder.encode(
    `GET ${path} HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n` +
      "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n",
  ));
  const buffer = new Uint8Array(65_536);
  const head = new TextDecoder().decode(buffer.subarray(0, await connection.read(buffer) ?? 0));
  assert(head.startsWith("HTTP/1.1 101"), head);
  return {
    async send(text) {
      const bytes = encoder.encode(text);
      assert(bytes.length < 126);
      await connection.write(new Uint8Array([0x81, 0x80 | bytes.length, 0, 0, 0, 0, ...bytes]));
    },
    async until(text) {
      const decoder = new TextDecoder();
      for (let seen = ""; !seen.includes(text);) {
        const count = await connection.read(buffer);
        assert(count !== null, "the connection ended");
        seen = seen.slice(-text.length) + decoder.decode(buffer.subarray(0, count), { stream: true });
      }
    },
    [Symbol.dispose]: () => connection.close(),
  };
}
