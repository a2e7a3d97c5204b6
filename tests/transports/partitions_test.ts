/** Order over several agents: events split by conversation into parts, each of which one agent answers at a time. @module */

import { assertEquals, assertLessOrEqual } from "@std/assert";
import { jetstream } from "@nats-io/jetstream";
import { type AgentUnderTest, startAgent } from "../support/agent.ts";
import { type Broker, poll } from "../support/brokers/broker.ts";
import { NO_NATS, startNats } from "../support/brokers/nats.ts";
import { NO_RABBITMQ, startRabbit } from "../support/brokers/rabbitmq.ts";
import { NO_REDIS, startRedis } from "../support/brokers/redis.ts";
import { event } from "../support/events.ts";
import { testUnless } from "../support/optional.ts";
import type { AgentEvent } from "../../src/wire.ts";
import { fingerprintOf } from "../../src/fingerprint.ts";
import { CONNECTED } from "./queue_suite.ts";

const CONVERSATIONS = 8, EACH = 30;

/** Events of some conversations in turn, each with its place in its conversation. */
function events(): AgentEvent[] {
  return Array.from(
    { length: CONVERSATIONS * EACH },
    (_, index) =>
      event(`c${index % CONVERSATIONS}-${Math.floor(index / CONVERSATIONS)}`, undefined, {
        conversationId: `c${index % CONVERSATIONS}`,
      }),
  );
}

/** Outcomes of each conversation in the order of their first arrival: repeated ones are what a crash may cause. */
async function firstArrivals(broker: Broker): Promise<Map<string, number[]>> {
  const arrived = await poll("an outcome for each event", async () => {
    const ids = [...new Set((await broker.arrived()).map(({ id }) => id))];
    return ids.length === CONVERSATIONS * EACH ? ids : undefined;
  });
  const found = new Map<string, number[]>();
  for (const id of arrived) {
    const [conversation = "", place] = id.split("-");
    found.set(conversation, [...found.get(conversation) ?? [], Number(place)]);
  }
  return found;
}

function inOrder(): Map<string, number[]> {
  const places = Array.from({ length: EACH }, (_, place) => place);
  return new Map(Array.from({ length: CONVERSATIONS }, (_, index) => [`c${index}`, places]));
}

function sorted(found: Map<string, number[]>): Map<string, number[]> {
  return new Map([...found].sort(([one], [other]) => one.localeCompare(other)));
}

/** Two agents, of which the first is killed once both have answered something. */
async function killOneOfTwo(
  broker: Broker,
  { first, second, publish }: {
    first: Record<string, string>;
    second: Record<string, string>;
    publish: (events: readonly AgentEvent[]) => Promise<void>;
  },
): Promise<{ killed: AgentUnderTest; other: AgentUnderTest } & AsyncDisposable> {
  await using agents = new AsyncDisposableStack();
  const start = async (env: Record<string, string>) => {
    const agent = await startAgent({ env: { ...broker.env, EVENT_RECONNECT_INTERVAL: "50", ...env } });
    agents.use(agent);
    await agent.logged(CONNECTED);
    return agent;
  };
  const killed = await start(first), other = await start(second);
  const all = events();
  await publish(all.slice(0, all.length / 2));
  await Promise.all([killed.responses(1), other.responses(1)]);
  killed.kill("SIGKILL");
  await killed.ended;
  await publish(all.slice(all.length / 2));
  const owned = agents.move();
  return { killed, other, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}

testUnless(
  NO_RABBITMQ,
  "RabbitMQ: queues with a single active consumer behind a consistent hash keep order, also when an agent dies",
  async () => {
    await using broker = await startRabbit({ plugins: ["rabbitmq_consistent_hash_exchange"] });
    const queues = ["events.0", "events.1", "events.2", "events.3"], exchange = "events";
    await broker.use(async (channel) => {
      await channel.exchangeDeclare(exchange, "x-consistent-hash", { durable: true });
      for (const queue of queues) {
        await channel.queueDeclare(queue, { durable: true }, {
          "x-queue-type": "quorum",
          "x-single-active-consumer": true,
        });
        await channel.queueBind(queue, exchange, "10");
      }
    });
    const publish = (batch: readonly AgentEvent[]) =>
      broker.use(async (channel) => {
        await channel.confirmSelect();
        await Promise.all(batch.map((event) =>
          channel.basicPublish(exchange, String(event.metadata?.conversationId), JSON.stringify(event), {
            deliveryMode: 2,
          })
        ));
      });
    // One event of each queue at a time: of several, one that was delivered before would wait for its turn alone.
    const list = (names: readonly string[]) => ({
      RABBITMQ_QUEUE: names.join(","),
      EVENT_PREFETCH: String(names.length),
    });
    // The first consumer of a queue is the active one, so each agent has two until one dies.
    await using agents = await killOneOfTwo(broker, {
      first: list(queues.slice(0, 2)),
      second: list(queues),
      publish,
    });
    await using _replacement = await startAgent({ env: { ...broker.env, ...list(queues) } });
    assertEquals(sorted(await firstArrivals(broker)), inOrder());
    assertEquals(agents.killed.log.filter(({ level }) => level === "error"), []);
  },
);

testUnless(
  NO_REDIS,
  "Redis: a stream for each agent keeps order, but for the one event that a dead agent held",
  async () => {
    await using broker = await startRedis();
    const streams = ["{agent}:events:0", "{agent}:events:1"];
    const publish = async (batch: readonly AgentEvent[]) => {
      for (const event of batch) {
        const stream = streams[(fingerprintOf(String(event.metadata?.conversationId)) >>> 0) % 2]!;
        await broker.command("XADD", stream, "*", "body", JSON.stringify(event));
      }
    };
    await using _agents = await killOneOfTwo(broker, {
      first: { REDIS_STREAM: streams[0]!, EVENT_PREFETCH: "1" },
      second: { REDIS_STREAM: streams[1]!, EVENT_PREFETCH: "1" },
      publish,
    });
    await using _replacement = await startAgent({
      env: { ...broker.env, REDIS_STREAM: streams[0]!, EVENT_PREFETCH: "1" },
    });
    const found = [...(await firstArrivals(broker)).values()];
    // It is taken over after REDIS_CLAIM_AFTER, and others may have been answered by then.
    const late = found.map((places) =>
      places.filter((place, index) => places.slice(0, index).some((one) => one > place))
    );
    assertLessOrEqual(late.flat().length, 1, JSON.stringify(found));
  },
);

testUnless(
  NO_NATS,
  "NATS: a partition of the subjects for each agent keeps order, and a new agent goes on",
  async () => {
    const mapping = '"agent.events.*": "agent.parts.{{partition(2,1)}}.{{wildcard(1)}}"';
    await using broker = await startNats({ config: `mappings = { ${mapping} }` });
    const part = (index: number) => ({
      NATS_STREAM: "AGENT_PARTS",
      NATS_SUBJECT: `agent.parts.${index}.*`,
      NATS_CONSUMER: `part-${index}`,
    });
    await broker.use(async ({ manager }) => {
      await manager.streams.add({ name: "AGENT_PARTS", subjects: ["agent.parts.>"], retention: "workqueue" });
      // One event at a time: what a dead agent held comes again before anything behind it.
      for (const index of [0, 1]) {
        await manager.consumers.add("AGENT_PARTS", {
          durable_name: `part-${index}`,
          filter_subject: `agent.parts.${index}.*`,
          ack_policy: "explicit",
          ack_wait: 1_000_000_000,
          max_ack_pending: 1,
        });
      }
    });
    const publish = (batch: readonly AgentEvent[]) =>
      broker.use(async ({ connection }) => {
        const client = jetstream(connection);
        for (const event of batch) {
          await client.publish(`agent.events.${event.metadata?.conversationId}`, JSON.stringify(event));
        }
      });
    await using _agents = await killOneOfTwo(broker, { first: part(0), second: part(1), publish });
    await using _replacement = await startAgent({ env: { ...broker.env, ...part(0) } });
    assertEquals(sorted(await firstArrivals(broker)), inOrder());
  },
);
