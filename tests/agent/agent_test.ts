/** The loop, with the real journal, file and transports, and a mind that answers when the test lets it. @module */

import { assert, assertEquals, assertRejects } from "@std/assert";
import type { AgentParts } from "../../src/agent/agent.ts";
import { systemClock } from "../../src/clock.ts";
import { silentLog } from "../../src/log.ts";
import type { Delivery, Transport } from "../../src/transports/transport.ts";
import { openFileTransport } from "../../src/transports/file/file.ts";
import { openWebSocketTransport } from "../../src/transports/websocket/websocket.ts";
import { event } from "../support/events.ts";
import { readEntries } from "../support/agent.ts";
import { AGENT_ID, givenEvents, heldMind, readyMind, startLoop } from "../support/loop.ts";
import { type ServerUnderTest, startServer } from "../support/server.ts";
import { makeFolder } from "../support/folder.ts";
import { manualClock } from "../support/manual_clock.ts";
import { createWatch } from "../support/watch.ts";

function connectTo(server: ServerUnderTest): AgentParts["openTransport"] {
  return (hooks) =>
    openWebSocketTransport({
      ...hooks,
      url: new URL(server.url),
      agentId: AGENT_ID,
      reconnectMs: 5,
      maxAttempts: 1000,
      maxBytes: 1_000_000,
      log: silentLog,
      clock: systemClock,
    });
}

Deno.test("up to `concurrency` events are answered at once, those of one conversation in order", async () => {
  await using folder = makeFolder();
  const mind = heldMind();
  const user = (userId: string) => ({ userId });
  const source = givenEvents(
    event("a1", undefined, user("a")),
    event("a2", undefined, user("a")),
    event("b1", undefined, user("b")),
    event("c1", undefined, user("c")),
  );
  await using loop = startLoop(folder.path, { mind, openTransport: source.open, concurrency: 2 });
  await mind.questions(2);
  assertEquals(mind.asked, ["a1", "b1"]);
  mind.reply("b1");
  await mind.questions(3);
  assertEquals(mind.asked, ["a1", "b1", "c1"]);
  mind.reply("c1");
  await source.settles(2);
  mind.reply("a1");
  await mind.questions(4);
  assertEquals(mind.asked.at(-1), "a2");
  mind.reply("a2");
  await source.settles(4);
  await loop.stop();
  assertEquals(loop.entries().map(({ queryId }) => queryId), ["b1", "c1", "a1", "a2"]);
});

Deno.test("an event that can't be answered gets an error outcome, in the file and to its sender", async () => {
  await using folder = makeFolder();
  await using server = await startServer({ events: [event("q1"), event("q2")] });
  const mind = heldMind();
  await using loop = startLoop(folder.path, { mind, openTransport: connectTo(server) });
  await mind.questions(2);
  mind.fail("q1", "the model is down");
  mind.reply("q2");
  const acks = await server.acks(2);
  assertEquals(acks.map(({ eventId, status, error }) => [eventId, status, error]), [
    ["q1", "error", "the model is down"],
    ["q2", "processed", undefined],
  ]);
  assertEquals((await server.responses(1)).map(({ queryId }) => queryId), ["q2"]);
  const [failure] = loop.entries();
  assertEquals({ ...failure, timestamp: 0 }, {
    queryId: "q1",
    error: "the model is down",
    timestamp: 0,
    agentId: AGENT_ID,
  });
});

Deno.test("outcomes made while the line was cut are delivered in order once it is back, unasked", async () => {
  await using folder = makeFolder();
  const ids = ["q1", "q2", "q3"];
  const first = await startServer({ events: ids.map((id) => event(id)) });
  const mind = heldMind();
  await using loop = startLoop(folder.path, { mind, openTransport: connectTo(first) });
  await mind.questions(3);
  await first.close();
  for (const id of ["q3", "q1", "q2"]) mind.reply(id);
  await using second = await startServer({ port: first.port, events: [] });
  assertEquals((await second.acks(3)).map(({ eventId }) => eventId), ["q3", "q1", "q2"]);
  assertEquals((await second.responses(3)).map(({ queryId }) => queryId), ["q3", "q1", "q2"]);
  assertEquals(loop.entries().map(({ queryId }) => queryId), ["q3", "q1", "q2"]);
});

Deno.test("outcomes that were not delivered before the end are delivered after the next start", async () => {
  await using folder = makeFolder();
  const first = await startServer({ events: [event("q1")] });
  const mind = heldMind();
  {
    await using loop = startLoop(folder.path, { mind, openTransport: connectTo(first) });
    await mind.questions(1);
    await first.close();
    mind.reply("q1", ["notes.md"]);
    await loop.stop();
    assertEquals(loop.entries()[0]!.metadata, { sources: ["notes.md"] });
  }
  await using second = await startServer({ events: [] });
  const other = heldMind();
  await using _loop = startLoop(folder.path, { mind: other, openTransport: connectTo(second) });
  const [response] = await second.responses(1);
  assertEquals([response!.queryId, response!.response], ["q1", "answer to q1"]);
  assertEquals(response!.metadata, { sources: ["notes.md"] });
  assertEquals(other.asked, []);
});

Deno.test("an event that comes again while it is being answered is answered once", async () => {
  await using folder = makeFolder();
  await using server = await startServer({ events: [event("q1")] });
  const mind = heldMind();
  await using _loop = startLoop(folder.path, { mind, openTransport: connectTo(server) });
  await mind.questions(1);
  server.send(event("q1"), event("marker"));
  await mind.questions(2);
  mind.reply("q1");
  mind.reply("marker");
  assertEquals((await server.acks(2)).map(({ eventId }) => eventId), ["q1", "marker"]);
  assertEquals(mind.asked, ["q1", "marker"]);
});

Deno.test("told to stop, the loop finishes what is in flight and starts nothing more", async () => {
  await using folder = makeFolder();
  await using server = await startServer({ events: [event("q1"), event("q2")] });
  const mind = heldMind();
  const loop = startLoop(folder.path, { mind, openTransport: connectTo(server), concurrency: 1 });
  await mind.questions(1);
  const stopped = loop.stop();
  mind.reply("q1");
  await stopped;
  assertEquals((await server.acks(1)).map(({ eventId }) => eventId), ["q1"]);
  assertEquals((await server.disconnected(1))[0]!.code, 1000);
  assertEquals(mind.asked, ["q1"]);
});

Deno.test("what is not finished within the grace period is answered after the next start", async () => {
  await using folder = makeFolder();
  const mind = heldMind();
  const source = givenEvents(event("slow"));
  {
    await using loop = startLoop(folder.path, { mind, openTransport: source.open, graceMs: 0 });
    await mind.questions(1);
    await loop.stop();
    assertEquals(loop.entries(), []);
  }
  const again = givenEvents();
  await using loop = startLoop(folder.path, { mind: readyMind(), openTransport: again.open });
  await again.settles(1);
  await loop.stop();
  assertEquals(loop.entries().map(({ queryId }) => queryId), ["slow"]);
});

Deno.test("more events than memory should hold wait in the journal, and each is answered once", async () => {
  await using folder = makeFolder();
  const ids = Array.from({ length: 12_000 }, (_, n) => `q${n}`);
  const mind = heldMind();
  const source = givenEvents(...ids.map((id) => event(id)));
  await using loop = startLoop(folder.path, { mind, openTransport: source.open, concurrency: 1 });
  for (let n = 1; n <= ids.length; n++) {
    await mind.questions(n);
    mind.reply(mind.asked[n - 1]!);
  }
  await source.settles(ids.length);
  assertEquals(mind.asked, ids);
  await loop.stop();
  assertEquals(loop.entries().map(({ queryId }) => queryId), ids);
});

Deno.test("an answer is on its way before responses.json is written, which takes an fsync of its own", async () => {
  await using folder = makeFolder();
  const source = givenEvents(event("q1"));
  await using loop = startLoop(folder.path, {
    mind: readyMind(),
    openTransport() {
      const transport = source.open();
      return {
        ...transport,
        settle(entry) {
          assertEquals(loop.entries(), []);
          return transport.settle(entry);
        },
      };
    },
  });
  await source.settles(1);
  await loop.stop();
  assertEquals(loop.entries().map(({ queryId }) => queryId), ["q1"]);
});

Deno.test("a source that gives up ends the loop with its error, after what was in flight", async () => {
  await using folder = makeFolder();
  const mind = readyMind();
  const transport: Transport = {
    ...givenEvents().open(),
    // deno-lint-ignore require-yield -- a source that fails before its first event
    async *events() {
      await Promise.resolve();
      throw new Error("out of reach");
    },
  };
  const loop = startLoop(folder.path, { mind, openTransport: () => transport });
  const error = await assertRejects(() => loop.ended, Error);
  assert(error.message === "out of reach");
});

Deno.test("a source that is exhausted ends the loop when all is answered", async () => {
  await using folder = makeFolder();
  const mind = readyMind();
  const ids = Array.from({ length: 300 }, (_, n) => `q${n}`);
  const transport: Transport = {
    ...givenEvents().open(),
    async *events() {
      for (const id of ids) yield await Promise.resolve([{ event: event(id) }]);
    },
  };
  const loop = startLoop(folder.path, { mind, openTransport: () => transport });
  await loop.ended;
  assertEquals(loop.entries().map(({ queryId }) => queryId), ids);
  assertEquals(mind.calls, 300);
});

Deno.test("a clock that jumps backwards loses and repeats nothing", async () => {
  await using folder = makeFolder();
  let now = 2e12;
  const clock = { ...systemClock, now: () => now -= 60 * 60 * 1000 };
  const ids = Array.from({ length: 50 }, (_, n) => `q${n}`);
  for (let start = 0; start < 2; start++) {
    const source = givenEvents(...ids.map((id) => event(id)));
    const mind = readyMind();
    await using loop = startLoop(folder.path, { mind, openTransport: source.open, clock });
    await source.settles(50);
    await loop.stop();
    assertEquals(loop.entries().map(({ queryId }) => queryId), ids);
    assertEquals(mind.calls, start === 0 ? 50 : 0);
  }
});

Deno.test("an outcome past its retention is pruned once delivered, and its event is not answered again", async () => {
  await using folder = makeFolder();
  const ids = Array.from({ length: 20 }, (_, n) => `q${n}`);
  let now = 1e12;
  const clock = { ...systemClock, now: () => now };
  for (const start of ["answers", "prunes", "knows"]) {
    const source = givenEvents(...ids.map((id) => event(id)));
    const mind = readyMind();
    {
      await using _loop = startLoop(folder.path, { mind, openTransport: source.open, clock, retentionMs: 1000 });
      await source.settles(20);
    }
    assertEquals(mind.calls, start === "answers" ? 20 : 0);
    // The last one stays: by it responses.json is recognised.
    const gone = source.settled.filter((outcome) => "error" in outcome && outcome.error.includes("no longer kept"));
    assertEquals(gone.length, start === "answers" ? 0 : 19);
    now += 2000;
  }
  assertEquals(readEntries(`${folder.path}/responses.json`)!.map(({ queryId }) => queryId), ids);
});

Deno.test("an event that stays in its file is answered once, however far the clock jumps", async () => {
  await using folder = makeFolder();
  const path = `${folder.path}/events.json`, mind = heldMind(), ids: string[] = [];
  let now = 1e12;
  const clock = { ...systemClock, now: () => now }, options = { path, rescanMs: 5_000, maxBytes: 1e6, clock };
  for (const id of ["answered", "kept", "pruned", "known", "still known"]) {
    ids.push(id);
    Deno.writeTextFileSync(path, JSON.stringify(ids.map((id) => event(id))));
    const openTransport = () => openFileTransport({ ...options, log: silentLog });
    await using loop = startLoop(folder.path, { mind, openTransport, clock, retentionMs: 1_000 });
    // The file is read in its order: by then all others were looked at.
    await mind.questions(ids.length);
    for (const asked of mind.asked) mind.reply(asked);
    await loop.stop();
    now += 1_000_000;
  }
  assertEquals(mind.asked, ids);
  assertEquals(readEntries(`${folder.path}/responses.json`)!.map(({ queryId }) => queryId), ids);
});

Deno.test("an event that takes longer than its retention, and is delivered again meanwhile, is answered once", async () => {
  await using folder = makeFolder();
  const mind = heldMind(), clock = manualClock();
  const watch = createWatch({ report: () => JSON.stringify(settled) });
  const settled: unknown[] = [];
  const next = [Promise.withResolvers<Delivery[]>(), Promise.withResolvers<Delivery[]>()];
  const transport: Transport = {
    name: "redelivering",
    redelivers: true,
    async *events(signal) {
      for (const { promise } of next) yield await promise;
      await new Promise((resolve) => signal.addEventListener("abort", resolve, { once: true }));
    },
    settle({ outcome }, delivery) {
      settled.push([outcome.queryId, delivery?.handle]);
      watch.changed();
      return Promise.resolve(true);
    },
    close: () => Promise.resolve(),
  };
  await using loop = startLoop(folder.path, { mind, openTransport: () => transport, clock, retentionMs: 1_000 });
  next[0]!.resolve([{ event: event("slow"), handle: 1 }]);
  await mind.questions(1);
  await loop.kept();
  // The agent gives up waiting for deliveries of events as old as that.
  await clock.advance(60_000);
  next[1]!.resolve([{ event: event("slow"), handle: 2 }, { event: event("after"), handle: 3 }]);
  await mind.questions(2);
  assertEquals(mind.asked, ["slow", "after"]);
  for (const id of mind.asked) mind.reply(id);
  await watch.until("3 settled", () => settled.length >= 3 || undefined);
  await loop.stop();
  assertEquals(settled.toSorted(), [["after", 3], ["slow", 1], ["slow", 2]]);
});
