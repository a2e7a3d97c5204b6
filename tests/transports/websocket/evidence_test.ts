/** Evidence over WebSocket: with the first auth of each connection, and on every challenge. @module */

import { assertEquals } from "@std/assert";
import { type Log, silentLog } from "../../../src/log.ts";
import type { Attestation } from "../../../src/transports/transport.ts";
import { createArrivals } from "../../../src/transports/websocket/arrivals.ts";
import type { Connection } from "../../../src/transports/websocket/connection.ts";
import { MAX_UNSENT_BYTES } from "../../../src/transports/websocket/held_acks.ts";
import { createLink } from "../../../src/transports/websocket/link.ts";
import { watchRefusals } from "../../../src/transports/websocket/refusals.ts";
import { allSettled } from "../../support/manual_clock.ts";
import { createWatch } from "../../support/watch.ts";
import { AGENT_ID, heldClock, open, run, startServer } from "./fixture.ts";

const EVIDENCE = { format: "none", claims: "e30" };
type Frame = Readonly<Record<string, unknown>>;

Deno.test("evidence comes with the first auth of each connection, and not with the auth after a silence", async () => {
  const auths: [connection: number, attestation: unknown][] = [];
  const watch = createWatch({ report: () => JSON.stringify(auths) });
  await using server = startServer((socket, number) => {
    socket.onmessage = ({ data }) => {
      auths.push([number, JSON.parse(data).attestation]);
      if (auths.length === 1) socket.send('{"type":"auth_success","timestamp":1}');
      watch.changed();
    };
  });
  const { clock, pass } = heldClock();
  const attestation = { evidence: EVIDENCE, challenge: () => Promise.resolve({ evidence: EVIDENCE }) };
  const confirmed = Promise.withResolvers<void>();
  const log: Log = { ...silentLog, info: (message) => message.startsWith("🔐 Authenticated") && confirmed.resolve() };
  await using _running = run(open(server.url, clock, { attestation, log }));
  await confirmed.promise;
  await pass(30_000);
  await watch.until("another auth", () => auths[1]);
  await pass(10_000);
  await pass(5_000);
  await watch.until("a new connection", () => auths[2]);
  assertEquals(auths, [[1, EVIDENCE], [1, undefined], [2, EVIDENCE]]);
});

/** What an agent sends to a server that challenges it with these frames, until `count` frames have come. */
async function challenge(frames: readonly Frame[], attestation: Attestation | undefined, count: number) {
  const sent: Frame[] = [];
  const watch = createWatch({ report: () => JSON.stringify(sent) });
  await using server = startServer((socket) => {
    socket.onmessage = ({ data }) => {
      if (sent.push(JSON.parse(data)) === 1) { for (const frame of frames) socket.send(JSON.stringify(frame)); }
      watch.changed();
    };
  });
  await using _running = run(open(server.url, heldClock().clock, attestation && { attestation }));
  await watch.until(`${count} frames`, () => sent.length >= count || undefined);
  return sent.slice(1);
}

Deno.test("a challenge is answered with evidence, or with its nonce and why there is none", async () => {
  const attestation: Attestation = {
    evidence: EVIDENCE,
    challenge: (nonce) =>
      Promise.resolve(nonce === "nonce-001" ? { evidence: { ...EVIDENCE, claims: nonce } } : { error: "busy" }),
  };
  const challenges = ["nonce-001", "nonce-002"].map((nonce) => ({ type: "challenge", nonce }));
  assertEquals(await challenge(challenges, attestation, 3), [
    { type: "attestation", format: "none", claims: "nonce-001" },
    { type: "attestation", nonce: "nonce-002", error: "busy" },
  ]);
});

Deno.test("an agent without evidence says so; a challenge without a nonce is refused like any malformed frame", async () => {
  const frames = [{ type: "challenge" }, { type: "challenge", nonce: 7 }, { type: "challenge", nonce: "nonce-001" }];
  assertEquals(await challenge(frames, undefined, 2), [
    { type: "attestation", nonce: "nonce-001", error: "this agent has no evidence" },
  ]);
});

Deno.test("a challenge that is answered after the connection has gone disturbs nothing", async () => {
  const answer = Promise.withResolvers<{ evidence: object }>();
  const challenged = Promise.withResolvers<void>(), back = Promise.withResolvers<void>();
  await using server = startServer((socket, number) => {
    socket.onmessage = () => {
      if (number === 2) return back.resolve();
      socket.send('{"type":"challenge","nonce":"nonce-001"}');
    };
    void challenged.promise.then(() => number === 1 && socket.close(1000));
  });
  const { clock, pass } = heldClock();
  const attestation: Attestation = {
    evidence: EVIDENCE,
    challenge() {
      challenged.resolve();
      return answer.promise;
    },
  };
  await using _running = run(open(server.url, clock, { attestation }));
  await pass(5_000);
  await back.promise;
  answer.resolve({ evidence: EVIDENCE });
});

Deno.test("challenges, pings, refused frames and requests to forget of a server that does not read get no answers that pile up", async () => {
  const { clock } = heldClock(), arrivals = createArrivals(clock), stopping = new AbortController();
  const sent: string[] = [];
  let unsentBytes = 0, quotes = 0;
  const connection: Connection = {
    ...arrivals,
    protocol: "",
    send(frame) {
      const { type, eventId } = JSON.parse(frame);
      sent.push(eventId === undefined ? type : `${type} ${eventId}`);
    },
    isOpen: () => true,
    unsentBytes: () => unsentBytes,
    close: () => Promise.resolve({ code: 1000, reason: "" }),
    giveUp: () => Promise.resolve({ code: 1006, reason: "" }),
  };
  const attestation: Attestation = {
    evidence: EVIDENCE,
    challenge: () => Promise.resolve({ evidence: { ...EVIDENCE, number: ++quotes } }),
  };
  const log = silentLog, refusals = watchRefusals(() => 0);
  const link = createLink(connection, { agentId: AGENT_ID, attestation, maxBytes: 1_000, log, clock, refusals });
  const running = link.next(stopping.signal);
  const ask = async () => {
    arrivals.add({ kind: "frame", data: JSON.stringify({ type: "challenge", nonce: "nonce-001" }) });
    arrivals.add({ kind: "frame", data: JSON.stringify({ type: "ping", timestamp: 1 }) });
    arrivals.add({ kind: "frame", data: JSON.stringify({ id: "no-query", timestamp: 1 }) });
    link.forgot({ id: "forget-1", userId: "alice" }, { exchanges: 0, messages: 0, outcomes: 0, events: 0 });
    await allSettled();
  };
  const isAck = (type: string) => type.startsWith("ack ");
  const answers = () => sent.filter((type) => !isAck(type));
  await ask();
  unsentBytes = MAX_UNSENT_BYTES + 1;
  await ask();
  assertEquals([answers(), quotes], [["auth", "pong", "attestation"], 1]);
  unsentBytes = 0;
  await ask();
  assertEquals([answers().slice(3), quotes], [["pong", "attestation"], 2]);
  stopping.abort();
  await running;
  // Sends the acks that are still held.
  await link.close();
  assertEquals(sent.filter(isAck).toSorted(), ["ack forget-1", "ack forget-1", "ack no-query", "ack no-query"]);
});
