/** `GET /api/events/ID/stream`: an event as it is answered, as server-sent events over the wire. @module */

import { assertEquals } from "@std/assert";
import type { TestServerOptions } from "../../src/test_server/server.ts";
import { type Client, connect } from "../support/client.ts";
import type { ServerUnderTest } from "../support/server.ts";
import { http, startWithAgent } from "./agent_server.ts";

const AGENT = "550e8400-e29b-41d4-a716-446655440000";

interface Message {
  readonly event: string;
  readonly id?: string;
  readonly data: Readonly<Record<string, unknown>>;
}

Deno.test("an answer is streamed as it grows, then whole, and the stream ends", async () => {
  await using stage = await start();
  await stage.ask("q", { stream: true });
  await using stream = await stage.follow("q");
  assertEquals(await stream.next(), { event: "state", data: { eventId: "q", state: "answering" } });
  stage.agent.send(chunk("q", 0, "Hel\n"), chunk("q", 1, "lo"));
  let told = "";
  while (told !== "Hel\nlo") {
    const { event, data } = await stream.next() ?? { event: "end", data: {} };
    assertEquals([event, data.type, data.queryId, "restart" in data], ["chunk", "chunk", "q", false]);
    told += data.delta;
  }
  stage.agent.send(response("q", "Hello."));
  const last = await stream.next();
  assertEquals([last?.event, last?.id, last?.data.response, last?.data.state], [
    "response",
    "end",
    "Hello.",
    "answered",
  ]);
  assertEquals(await stream.next(), undefined);
});

Deno.test("a client that comes late is told the text so far, with consecutive numbers from then on", async () => {
  await using stage = await start();
  await stage.ask("q", { stream: true });
  stage.agent.send(chunk("q", 0, "one "), chunk("q", 1, "two "));
  await stage.server.received((message) => message.type === "chunk", { count: 2 });
  await using stream = await stage.follow("q");
  await stream.next(); // the state
  const first = await stream.next();
  assertEquals([first?.data.index, first?.data.delta, first?.id], [0, "one two ", "0"]);
  stage.agent.send(chunk("q", 2, "three"));
  const second = await stream.next();
  assertEquals([second?.data.index, second?.data.delta], [1, "three"]);
});

Deno.test("an agent that begins anew, and a client that comes again, are told to begin anew", async () => {
  await using stage = await start();
  await stage.ask("q", { stream: true });
  stage.agent.send(chunk("q", 0, "wrong"));
  await stage.server.received((message) => message.type === "chunk");
  await using stream = await stage.follow("q");
  await stream.next();
  assertEquals((await stream.next())?.data.delta, "wrong");
  stage.agent.send(chunk("q", 0, "right", { restart: true }));
  const anew = await stream.next();
  assertEquals([anew?.data.delta, anew?.data.restart], ["right", true]);
  await using again = await stage.follow("q", { "last-event-id": "0" });
  await again.next();
  const resumed = await again.next();
  assertEquals([resumed?.data.delta, resumed?.data.restart], ["right", true]);
});

Deno.test("without chunks a stream tells the states and the answer", async () => {
  await using stage = await start();
  await stage.agent[Symbol.asyncDispose]();
  await stage.server.disconnected(1);
  await stage.ask("q");
  await using stream = await stage.follow("q");
  assertEquals((await stream.next())?.data.state, "waiting");
  await using agent = await connect(stage.server.url);
  agent.authenticate({ agentId: AGENT });
  assertEquals((await stream.next())?.data.state, "answering");
  await agent.received(2);
  agent.send({ type: "ack", eventId: "q", status: "error", error: "no model", timestamp: 1 });
  const last = await stream.next();
  assertEquals([last?.event, last?.data.error], ["failed", "no model"]);
  assertEquals(await stream.next(), undefined);
});

Deno.test("a stream of an event that was answered tells the answer; a browser that comes again is told to stay away", async () => {
  await using stage = await start();
  await stage.ask("q");
  stage.agent.send(response("q", "!"));
  await stage.server.responses(1);
  await using stream = await stage.follow("q");
  assertEquals((await stream.next())?.event, "response");
  const again = await fetch(`${http(stage.server)}/api/events/q/stream`, { headers: { "last-event-id": "end" } });
  assertEquals([again.status, await again.text()], [204, ""]);
});

Deno.test("streams end when the server stops", async () => {
  await using stage = await start();
  await stage.ask("q");
  const response = await fetch(`${http(stage.server)}/api/events/q/stream`);
  const ended = response.text().then(() => "ended", () => "cut"); // Deno 2.7 cuts what is still under way
  await stage.server.close();
  assertEquals(["ended", "cut"].includes(await ended), true);
});

Deno.test("one stream more than there may be gets 503, until another one has gone", async () => {
  await using stage = await start({ limits: { waits: 1 } });
  await stage.ask("q");
  const address = `${http(stage.server)}/api/events/q/stream`;
  const stream = await stage.follow("q");
  await stream.next();
  const head = await fetch(address, { method: "HEAD" });
  assertEquals([head.status, head.headers.get("content-type")], [200, "text/event-stream"]);
  const refused = await fetch(address);
  assertEquals([refused.status, refused.headers.get("retry-after")], [503, "5"]);
  await refused.body?.cancel();
  await stream[Symbol.asyncDispose]();
  for (;;) { // the server is told of a client that has gone by its own connection
    const response = await fetch(address);
    await response.body?.cancel();
    if (response.status === 200) break;
  }
});

const chunk = (queryId: string, index: number, delta: string, more = {}) => ({
  type: "chunk",
  queryId,
  index,
  delta,
  timestamp: 1,
  ...more,
});
const response = (queryId: string, text: string) => ({
  type: "response",
  queryId,
  response: text,
  timestamp: 1,
  agentId: AGENT,
});

/** A server with an agent that says what the test tells it to. */
async function start(options: Partial<TestServerOptions> = {}): Promise<
  AsyncDisposable & {
    readonly server: ServerUnderTest;
    readonly agent: Client;
    ask(id: string, metadata?: object): Promise<void>;
    follow(id: string, headers?: Record<string, string>): Promise<
      AsyncDisposable & {
        /** The next message; undefined at the end. */
        next(): Promise<Message | undefined>;
      }
    >;
  }
> {
  const started = await startWithAgent(AGENT, options);
  const { server, agent } = started;
  return {
    server,
    agent,
    async ask(id, metadata = {}) {
      const response = await fetch(`${http(server)}/api/query`, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify({ id, query: "?", metadata }),
      });
      assertEquals(response.status, 200);
      await response.body?.cancel();
    },
    async follow(id, headers = {}) {
      const response = await fetch(`${http(server)}/api/events/${id}/stream`, { headers });
      assertEquals([response.status, response.headers.get("content-type")], [200, "text/event-stream"]);
      const reader = response.body!.pipeThrough(new TextDecoderStream()).getReader();
      let text = "";
      return {
        async next() {
          while (!text.includes("\n\n")) {
            const { done, value } = await reader.read();
            if (done) return undefined;
            text += value;
          }
          const [message = ""] = text.split("\n\n", 1);
          text = text.slice(message.length + 2);
          const fields = Object.fromEntries(message.split("\n").map((line) => line.split(/: (.*)/s).slice(0, 2)));
          return { ...fields, data: JSON.parse(fields.data) };
        },
        [Symbol.asyncDispose]: () => reader.cancel(),
      };
    },
    [Symbol.asyncDispose]: () => started[Symbol.asyncDispose](),
  };
}
