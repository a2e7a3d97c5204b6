/** What the NATS transport asks a real server for, request by request: messages, and confirmations of its own. @module */

import { assert, assertEquals, assertRejects } from "@std/assert";
import { jetstream, JetStreamApiError, type JetStreamManager } from "@nats-io/jetstream";
import { connect, headers, type Msg, type NatsConnection } from "@nats-io/transport-node";
import { systemClock as clock } from "../../../src/clock.ts";
import { openConfirms } from "../../../src/transports/nats/confirms.ts";
import { positionIn, tell } from "../../../src/transports/nats/deliveries.ts";
import { openPulls, type Pull, type Pulls } from "../../../src/transports/nats/pulls.ts";
import { poll } from "../../support/brokers/broker.ts";
import { CONSUMER, type NatsBroker, NO_NATS, startNats, STREAM } from "../../support/brokers/nats.ts";
import { testUnless } from "../../support/optional.ts";

/** A consumer of the stream of events that gives a message again after a minute. */
const AGENTS = { durable_name: CONSUMER, ack_policy: "explicit", ack_wait: 60_000_000_000 } as const;
const WAIT_MS = 20_000;

function test(name: string, use: (tools: Tools) => Promise<void>): void {
  testUnless(NO_NATS, `nats: ${name}`, async () => {
    await using broker = await startNats();
    await broker.use(async ({ manager }) => {
      await manager.streams.add({ name: STREAM, subjects: ["agent.events.>"], retention: "workqueue" });
      const connection = await connect({ servers: broker.url.host, reconnect: false });
      try {
        const over = new AbortController();
        await use({ broker, manager, connection, over });
        over.abort();
      } finally {
        await connection.close();
      }
    });
  });
}

interface Tools {
  readonly broker: NatsBroker;
  readonly manager: JetStreamManager;
  readonly connection: NatsConnection;
  readonly over: AbortController;
}

function pullsOver({ connection, over }: Tools): Pulls {
  return openPulls(connection, {
    subject: `$JS.API.CONSUMER.MSG.NEXT.${STREAM}.${CONSUMER}`,
    clock,
    over: over.signal,
  });
}

async function publish(connection: NatsConnection, ...bodies: readonly string[]): Promise<void> {
  const client = jetstream(connection);
  await Promise.all(bodies.map((body) => client.publish("agent.events.new", body)));
}

async function pulled(
  pulls: Pulls,
  pull: Partial<Pull> & Pick<Pull, "count">,
  signal = new AbortController().signal,
): Promise<Msg[]> {
  return (await Array.fromAsync(pulls.pull({ waitMs: WAIT_MS, ...pull }, signal))).flat();
}

/** Resolves once the server has the request of {@linkcode pulled}. */
async function asked(manager: JetStreamManager): Promise<void> {
  await poll(
    "the request",
    async () => (await manager.consumers.info(STREAM, CONSUMER)).num_waiting === 1 || undefined,
  );
}

test("a request brings as many messages as it asks for, one that ends when empty those that wait", async (tools) => {
  const { connection, manager } = tools;
  await manager.consumers.add(STREAM, AGENTS);
  const pulls = pullsOver(tools);
  const first = pulled(pulls, { count: 1 });
  await publish(connection, "a", "b", "c", "d");
  const [a] = await first;
  assertEquals(a?.string(), "a");
  const rest = await pulled(pulls, { count: 10, endsWhenEmpty: true });
  assertEquals(rest.map((message) => message.string()), ["b", "c", "d"]);
  const { seq, deliveries, pending } = positionIn(rest[1]!);
  assertEquals({ seq, deliveries, pending }, { seq: 3, deliveries: 1, pending: 1 });
});

test("who leaves hands back what was sent to it meanwhile", async (tools) => {
  const { connection, manager } = tools;
  await manager.consumers.add(STREAM, AGENTS);
  const pulls = pullsOver(tools), others = pullsOver(tools);
  const stop = new AbortController();
  const first = pulled(pulls, { count: 3, waitMs: 500 }, stop.signal);
  await asked(manager);
  stop.abort();
  assertEquals(await first, []);
  const left = pulls.leave();
  // The server still has the request, and sends them for it.
  await publish(connection, "a", "b");
  await left;
  const taken = await pulled(others, { count: 2 });
  assertEquals(taken.map((message) => message.string()), ["a", "b"]);
  assertEquals(taken.map((message) => positionIn(message).deliveries), [2, 2]);
});

test("a request to a consumer that is not there, or goes, ends with the reason", async (tools) => {
  const { manager } = tools;
  const pulls = pullsOver(tools);
  await assertRejects(() => pulled(pulls, { count: 1, waitMs: 1 }), Error, "has not answered");
  await manager.consumers.add(STREAM, AGENTS);
  const failed = assertRejects(() => pulled(pulls, { count: 1 }), Error, "consumer deleted");
  await asked(manager);
  await manager.consumers.delete(STREAM, CONSUMER);
  await failed;
});

test("what a stream takes is confirmed in order, and its duplicates as well", async ({ connection, manager, over }) => {
  const confirms = openConfirms(connection, { clock, over: over.signal });
  const body = new TextEncoder().encode("body"), named = headers();
  named.set("Nats-Msg-Id", "one");
  const done: number[] = [];
  await Promise.all([1, 2, 3].map(async (n) => {
    await confirms.publish(`agent.events.${n}`, body, n === 1 ? headers() : named);
    done.push(n);
  }));
  assertEquals(done, [1, 2, 3]);
  assertEquals((await manager.streams.info(STREAM)).state.messages, 2);
});

test("what no stream takes, or a stream refuses, fails at once and holds up nothing else", async (tools) => {
  const { connection, manager, over } = tools;
  await manager.streams.update(STREAM, { max_msg_size: 100 });
  const confirms = openConfirms(connection, { clock, over: over.signal });
  const none = confirms.publish("nobody.listens", new Uint8Array(1), headers());
  const large = confirms.publish("agent.events.large", new Uint8Array(1_000), headers());
  const small = confirms.publish("agent.events.small", new Uint8Array(1), headers());
  await assertRejects(() => none, Error, "no stream takes nobody.listens");
  assertEquals((await assertRejects(() => large, JetStreamApiError)).code, 10054);
  await small;
});

test("what is not confirmed when the connection ends fails with its reason", async ({ connection, over }) => {
  const confirms = openConfirms(connection, { clock, over: over.signal });
  connection.subscribe("deaf", { callback() {} });
  const failed = assertRejects(() => confirms.publish("deaf", new Uint8Array(1), headers()), Error, "over");
  over.abort(new Error("over"));
  await failed;
  await assertRejects(() => confirms.publish("deaf", new Uint8Array(1), headers()), Error, "over");
});

test("what the server never confirms fails after a while", async ({ connection, over }) => {
  const wakes: (() => void)[] = [];
  const { promise: late, resolve: second } = Promise.withResolvers<void>();
  const sleep = () => {
    const { promise, resolve } = Promise.withResolvers<void>();
    if (wakes.push(resolve) === 2) second();
    return promise;
  };
  const confirms = openConfirms(connection, { clock: { sleep }, over: over.signal });
  connection.subscribe("deaf", { callback() {} });
  const failed = assertRejects(() => confirms.publish("deaf", new Uint8Array(1), headers()), Error, "not confirmed");
  wakes[0]!();
  await late;
  await confirms.publish("agent.events.new", new Uint8Array(1), headers());
  wakes[1]!();
  await failed;
  over.abort(new Error("over"));
  wakes.at(-1)!();
});

test("a message that is told of as settled is gone", async (tools) => {
  const { connection, manager } = tools;
  await manager.consumers.add(STREAM, AGENTS);
  const pulls = pullsOver(tools);
  await publish(connection, "a", "b", "c");
  const [a, b, c] = await pulled(pulls, { count: 3 });
  tell(connection, { replySubject: a!.reply! }, "ack");
  tell(connection, { replySubject: b!.reply! }, "term");
  tell(connection, { replySubject: c!.reply! }, "nak");
  const [again] = await pulled(pulls, { count: 1 });
  assertEquals(again?.string(), "c");
  assertEquals(positionIn(again!).deliveries, 2);
  tell(connection, { replySubject: again!.reply! }, "ack");
  await connection.flush();
  assert((await manager.consumers.info(STREAM, CONSUMER)).num_pending === 0);
});

Deno.test("nats: the position of a message is read from the reply subjects of older and newer servers", () => {
  const position = { seq: 7, time: "1700000000000000000", deliveries: 2, pending: 5 };
  assertEquals(positionIn({ reply: "$JS.ACK.S.c.2.7.9.1700000000000000000.5" }), position);
  assertEquals(positionIn({ reply: "$JS.ACK._.hash.S.c.2.7.9.1700000000000000000.5.random" }), position);
  assertEquals(positionIn({ reply: "$JS.ACK.domain.hash.S.c.2.7.9.1700000000000000000.5" }), position);
});
