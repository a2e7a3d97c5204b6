import { assertEquals } from "@std/assert";
import type { FeedCommand, FeedEvent, FeedMessage, FeedSnapshot } from "../../src/test_server/feed.ts";
import { type Client, connect } from "../support/client.ts";
import { type ServerUnderTest, startServer } from "../support/server.ts";
import { createWatch } from "../support/watch.ts";

const AGENT = "550e8400-e29b-41d4-a716-446655440000";
type Of<Type extends FeedMessage["type"]> = Extract<FeedMessage, { type: Type }>;

Deno.test("a page is told all there is when it connects: agents, events with their frames, stray frames, counts", async () => {
  await using server = await startServer();
  await using agent = await connectAgent(server);
  agent.send(response("ws-event-001", "I am one."), processed("ws-event-001"), processed("nobody's"));
  await server.acks(2);
  await using page = await openPage(server);
  const { snapshot } = page;
  assertEquals(snapshot.counts, { waiting: 0, answering: 2, answered: 1, failed: 0 });
  assertEquals(snapshot.agents.map(({ agentId, inFlight, answered }) => [agentId, inFlight, answered]), [[
    AGENT,
    2,
    1,
  ]]);
  assertEquals(typeof snapshot.agents[0]?.latencyMs?.median, "number");
  assertEquals(snapshot.events.map(({ event, state, askedBy }) => [event.id, state, askedBy]), [
    ["ws-event-003", "answering", "sample"],
    ["ws-event-002", "answering", "sample"],
    ["ws-event-001", "answered", "sample"],
  ]);
  const first = snapshot.events[2];
  assertEquals(first?.answer?.response, "I am one.");
  assertEquals(first?.frames.map(({ direction, text }) => [direction, JSON.parse(text).type]), [
    ["to_agent", undefined],
    ["from_agent", "response"],
    ["from_agent", "ack"],
  ]);
  assertEquals(snapshot.strayFrames.map(({ direction, text }) => [direction, JSON.parse(text).type]), [
    ["from_agent", "auth"],
    ["to_agent", "auth_success"],
    ["from_agent", "ack"],
  ]);
});

Deno.test("what a page asks goes to an agent, and the page sees it wait, go out and come back", async () => {
  await using server = await startServer({ events: [] });
  await using page = await openPage(server);
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
  assertEquals([failed.error, failed.answer, typeof failed.tookMs], ["the model is down", undefined, "number"]);

  assertEquals((await page.command({ type: "replay", request: 8, key })).type, "done");
  agent.send(response(key, "A marketplace."), processed(key));
  const answered = await page.event((event) => event.key === key && event.state === "answered");
  assertEquals([answered.answer?.response, answered.replays, answered.error], ["A marketplace.", 1, undefined]);
  const { connection } = answered.answer!; // the line before has seen it
  await agent[Symbol.asyncDispose]();
  assertEquals((await page.next("agent_gone")).connection, connection);
});

Deno.test("a page sends an agent whatever it likes, and sees what comes back", async () => {
  await using server = await startServer({ events: [] });
  await using agent = await connectAgent(server);
  await using page = await openPage(server);
  assertEquals((await page.command({ type: "send_raw", request: 1, text: '{"id":"half"}' })).type, "done");
  assertEquals((await agent.received(2))[1], { id: "half" });
  assertEquals(
    await page.next("stray_frame", ({ frame }) => frame.direction === "to_agent").then(({ frame }) => frame.text),
    '{"id":"half"}',
  );
  agent.send({ type: "ack", eventId: "half", status: "error", error: "query: missing", timestamp: 1 });
  const { frame } = await page.next("stray_frame", ({ frame }) => frame.direction === "from_agent");
  assertEquals(JSON.parse(frame.text).error, "query: missing");
});

Deno.test("commands that can't be carried out are refused with the reason", async () => {
  await using server = await startServer({ events: [] });
  await using page = await openPage(server);
  const reasonOf = async (command: unknown) => (await page.command(command as FeedCommand) as Of<"refused">).reason;
  assertEquals(await reasonOf({ type: "send_raw", request: 1, text: "{" }), "no agent is connected");
  assertEquals(await reasonOf({ type: "send_raw", request: 2, text: "{", connection: 9 }), "that agent has gone");
  assertEquals(await reasonOf({ type: "replay", request: 3, key: "nothing" }), "there is no such event any more");
  assertEquals(
    await reasonOf({ type: "ask", request: 4, query: "" }),
    "query: expected a text that is not empty",
  );
  assertEquals(await reasonOf({ type: "stop", request: 5 }), "type: expected an ask, replay or send_raw command");
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
    await using page = await openPage(server, { token: "secret" });
    assertEquals(page.snapshot.agents.length, 1);
    assertEquals(JSON.stringify(page.snapshot).includes("secret"), false);
  });
}

Deno.test("a long text is cut on the page, with its length told, and whole on the wire", async () => {
  await using server = await startServer({ events: [] });
  await using agent = await connectAgent(server);
  const query = "x".repeat(5_000);
  await using client = await connect(server.url);
  client.send({ id: "long", query, timestamp: 1 });
  assertEquals((await agent.received(2) as { query: string }[])[1]?.query, query);
  await using page = await openPage(server);
  const [shown] = page.snapshot.events;
  assertEquals([shown?.event.query.length, shown?.frames[0]?.text.length], [2_000, 2_000]);
  assertEquals(shown?.frames[0]?.length, JSON.stringify({ id: "long", query, timestamp: 1 }).length);
});

Deno.test("a page that lets too much gather unread is closed with 1013, and the server goes on", async () => {
  await using server = await startServer({ events: [], limits: { unreadBytes: 100 } });
  await using page = await connect(`${server.url}/feed`);
  page.send({ type: "auth" });
  await page.received(1);
  await using client = await connect(server.url);
  client.send({ id: "seen", query: "What is iExec?", timestamp: 1 }); // told in two frames, one right after the other
  const { code, reason } = await page.closed();
  assertEquals({ code, reason }, { code: 1013, reason: "too much is unread: read faster" });
  await using again = await openPage(server);
  assertEquals(again.snapshot.events.map(({ event }) => event.id), ["seen"]);
});

Deno.test("what waits for an agent is sent to it all at once, however much it is", async () => {
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

/** The server's page, as far as the wire goes. */
async function openPage(server: ServerUnderTest, auth: { token?: string } = {}): Promise<
  AsyncDisposable & {
    readonly snapshot: FeedSnapshot;
    /** What became of a command. */
    command(command: FeedCommand): Promise<Of<"done"> | Of<"refused">>;
    /** The first update about an event that is wanted. */
    event(isWanted: (event: FeedEvent) => boolean): Promise<FeedEvent>;
    next<Type extends FeedMessage["type"]>(type: Type, isWanted?: (message: Of<Type>) => boolean): Promise<Of<Type>>;
  }
> {
  const messages: FeedMessage[] = [];
  const watch = createWatch({ report: () => messages.map((message) => JSON.stringify(message)).join("\n") });
  const socket = new WebSocket(`${server.url}/feed`);
  const closed = Promise.withResolvers<void>();
  socket.onopen = () => socket.send(JSON.stringify({ type: "auth", ...auth }));
  socket.onclose = () => closed.resolve();
  socket.onmessage = ({ data }) => {
    messages.push(JSON.parse(data));
    watch.changed();
  };
  const next = <Type extends FeedMessage["type"]>(type: Type, isWanted: (message: Of<Type>) => boolean = () => true) =>
    watch.until(
      `a ${type}`,
      () => messages.find((message): message is Of<Type> => message.type === type && isWanted(message as Of<Type>)),
    );
  return {
    snapshot: await next("snapshot"),
    next,
    event: async (isWanted) => (await next("event", ({ event }) => isWanted(event))).event,
    command(command) {
      socket.send(JSON.stringify(command));
      return watch.until(
        "a reply",
        () =>
          messages.find((message): message is Of<"done"> | Of<"refused"> =>
            (message.type === "done" || message.type === "refused") && message.request === command.request
          ),
      );
    },
    async [Symbol.asyncDispose]() {
      socket.close();
      await closed.promise;
      watch[Symbol.dispose]();
    },
  };
}
