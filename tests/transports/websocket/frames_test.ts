/** What the agent makes of the server's frames, and what it answers. @module */

import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { assertEquals } from "@std/assert";
// @ts-types="npm:@types/ws@8.18.2"
import { WebSocketServer } from "ws";
import { systemClock } from "../../../src/clock.ts";
import { entryOf } from "../../../src/wire.ts";
import { createWatch } from "../../support/watch.ts";
import { AGENT_ID, heldClock, open, run, startServer } from "./fixture.ts";

const EVENT = { id: "q1", query: "What is iExec?", timestamp: 1 };

/** Runs a transport whose server sends `frames`; gives what each side got. */
async function exchange(frames: (string | Uint8Array<ArrayBuffer>)[], until: (got: Exchanged) => boolean) {
  const got: Exchanged = { events: [], frames: [] };
  const watch = createWatch({ report: () => JSON.stringify(got) });
  await using server = startServer((socket) => {
    socket.onopen = () => frames.forEach((frame) => socket.send(frame));
    socket.onmessage = ({ data }) => {
      got.frames.push(JSON.parse(data));
      watch.changed();
    };
  });
  await using _running = run(open(server.url, systemClock), ({ event }) => {
    got.events.push(event.id);
    watch.changed();
  });
  await watch.until("the exchange", () => until(got) || undefined);
  return got;
}

interface Exchanged {
  readonly events: string[];
  readonly frames: { type: string; eventId?: string; error?: string }[];
}

Deno.test("an event that comes as a binary frame is read like text", async () => {
  const binary = new TextEncoder().encode(JSON.stringify(EVENT));
  const { events } = await exchange([binary], ({ events }) => events.length === 1);
  assertEquals(events, ["q1"]);
});

Deno.test("a byte order mark before an event is passed over, in text and in binary frames", async () => {
  const text = (id: string) => `\ufeff${JSON.stringify({ ...EVENT, id })}`;
  const { events } = await exchange(
    [text("q1"), new TextEncoder().encode(text("q2"))],
    ({ events }) => events.length === 2,
  );
  assertEquals(events, ["q1", "q2"]);
});

Deno.test("a binary frame that is no text is refused, and the next one is read", async () => {
  const { events, frames } = await exchange(
    [Uint8Array.of(0xff, 0xfe, 0x00), JSON.stringify(EVENT)],
    ({ events }) => events.length === 1,
  );
  assertEquals([events, frames.filter(({ type }) => type === "ack")], [["q1"], []]);
});

Deno.test("a ping is answered with a pong", async () => {
  const { frames } = await exchange(['{"type":"ping"}'], ({ frames }) => frames.length === 2);
  assertEquals(frames.map(({ type }) => type), ["auth", "pong"]);
});

/** The entry of an answer. */
function entry(id: string, response: string) {
  return entryOf({ queryId: id, response, timestamp: 1, agentId: AGENT_ID });
}

/**
 * A server that closes with `code` after a long response, or a long auth. Deno's own can't be it: where frames behind the one that it
 * closes at are unread, its close does not arrive.
 */
async function startStrictServer(code: number, acked: (id: string, status: string) => void) {
  const server = new WebSocketServer({ host: "127.0.0.1", port: 0 });
  let connections = 0;
  const watch = createWatch({ report: () => `${connections} connections` });
  server.on("connection", (socket) => {
    connections++;
    watch.changed();
    socket.on("message", (data) => {
      // A server that has closed reads nothing more.
      if (socket.readyState !== socket.OPEN) return;
      const frame = JSON.parse(String(data));
      const isLong = (text: string) => text.length > 1_000;
      if (frame.type === "auth" && !isLong(String(data))) socket.send('{"type":"auth_success"}');
      else if (frame.type === "auth" || (frame.type === "response" && isLong(frame.response))) socket.close(code);
      else if (frame.type === "ack") acked(frame.eventId, frame.status);
    });
  });
  await once(server, "listening");
  return {
    url: new URL(`ws://127.0.0.1:${(server.address() as AddressInfo).port}`),
    connections: (count: number) => watch.until(`${count} connections`, () => connections >= count || undefined),
    async [Symbol.asyncDispose]() {
      for (const client of server.clients) client.terminate();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

for (const code of [1007, 1008, 1009]) {
  Deno.test(`a response after which the server closes with ${code} twice is acked with an error, and the rest goes on`, async () => {
    const acked = new Map<string, string>();
    const watch = createWatch({ report: () => JSON.stringify([...acked]) });
    await using server = await startStrictServer(code, (id, status) => {
      acked.set(id, status);
      watch.changed();
    });
    const { clock, pass } = heldClock();
    const entries = [entry("small-1", "a"), entry("big", "x".repeat(2_000)), entry("small-2", "b")];
    const transport = open(server.url, clock, {
      // A sender asks again for whatever it was sent no ack of, and the loop answers in the old order.
      onReachable() {
        for (const each of entries) if (!acked.has(each.outcome.queryId)) void transport.settle(each);
      },
    });
    await using _running = run(transport);
    await pass(5_000);
    await pass(1_000); // a connection that ends in this time would end without a response, too
    // The size tells which one 1009 means; otherwise each is suspected, and sent by itself.
    if (code !== 1009) await pass(1_000);
    await server.connections(2);
    await pass(5_000);
    if (code !== 1009) await pass(1_000);
    if (code !== 1009) await pass(1_000);
    await watch.until("an ack of each", () => acked.size === 3 || undefined);
    assertEquals(Object.fromEntries(acked), { "small-1": "processed", big: "error", "small-2": "processed" });
  });
}

/** A server that cuts its first lines without a word: some at the response, those that follow at the auth. */
async function startCuttingServer(
  { atResponse, atAuth, acked }: { atResponse: number; atAuth: number; acked: (status: string) => void },
) {
  const server = new WebSocketServer({ host: "127.0.0.1", port: 0 });
  let connections = 0;
  server.on("connection", (socket) => {
    const number = ++connections;
    socket.on("message", (data) => {
      const { type, status } = JSON.parse(String(data));
      if (number <= atResponse + atAuth && type === (number <= atResponse ? "response" : "auth")) socket.terminate();
      else if (type === "ack") acked(status);
    });
  });
  await once(server, "listening");
  return {
    url: new URL(`ws://127.0.0.1:${(server.address() as AddressInfo).port}`),
    async [Symbol.asyncDispose]() {
      for (const client of server.clients) client.terminate();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

Deno.test("a response is not to blame for a line that is cut without one as well, and arrives in the end", async () => {
  const acked = Promise.withResolvers<string>();
  await using server = await startCuttingServer({ atResponse: 2, atAuth: 4, acked: acked.resolve });
  const { clock, pass } = heldClock();
  const transport = open(server.url, clock, { onReachable: () => void transport.settle(entry("q1", "a")) });
  await using _running = run(transport);
  for (const ms of [5_000, 5_000, 10_000, 20_000, 40_000, 60_000]) await pass(ms);
  await pass(1_000);
  await pass(1_000);
  assertEquals(await acked.promise, "processed");
});

Deno.test("a server that takes no auth as large as evidence gets one without, and what was sent behind it is not to blame", async () => {
  const acked = Promise.withResolvers<string>();
  await using server = await startStrictServer(1009, (_id, status) => acked.resolve(status));
  const { clock, pass } = heldClock();
  const evidence = { format: "none" as const, claims: "x".repeat(2_000) };
  const transport = open(server.url, clock, {
    attestation: { evidence, challenge: () => Promise.resolve({ evidence }) },
    // As after a restart: outcomes of before go out right behind auth.
    onReachable: () => void transport.settle(entry("q1", "a")),
  });
  await using _running = run(transport);
  await pass(5_000);
  assertEquals(await acked.promise, "processed");
  await server.connections(2);
});
