/** Brokers that take no outcome, or have taken the agent's consumer away: told of, and gone on from by itself. @module */

import { assert, assertEquals, assertMatch } from "@std/assert";
import { type AgentUnderTest, startAgent } from "../support/agent.ts";
import { type Broker, poll } from "../support/brokers/broker.ts";
import { CONSUMER, NO_NATS, OUTCOME_STREAM, startNats, STREAM } from "../support/brokers/nats.ts";
import { NO_RABBITMQ, OUTCOMES, startRabbit } from "../support/brokers/rabbitmq.ts";
import { EVENTS, GROUP, NO_REDIS, startRedis } from "../support/brokers/redis.ts";
import { event } from "../support/events.ts";
import { type ModelServer, startModelServer } from "../support/model_server.ts";
import { testUnless } from "../support/optional.ts";
import { CONNECTED } from "./queue_suite.ts";

async function startOn(broker: Broker, model: ModelServer, settings = {}): Promise<AgentUnderTest> {
  const asked = { MODEL_PROVIDER: "openai", OPENAI_BASE_URL: model.url, OPENAI_MODEL: "test-model" };
  // With one delivery allowed, an event that came again would be a dead letter.
  const env = { ...broker.env, ...asked, EVENT_RECONNECT_INTERVAL: "50", EVENT_MAX_DELIVERIES: "1", ...settings };
  const agent = await startAgent({ env });
  await agent.logged(CONNECTED);
  return agent;
}

function untilEmpty(broker: Broker): Promise<true> {
  return poll("an empty queue", async () => {
    const { waiting, held } = await broker.depth();
    return waiting + held === 0 ? true : undefined;
  });
}

const FULL = [
  ["messages", { max_msgs: 1 }, { max_msgs: -1 }],
  ["bytes", { max_bytes: 1_000 }, { max_bytes: -1 }],
] as const;

for (const [what, limit, none] of FULL) {
  testUnless(
    NO_NATS,
    `nats: a stream that has no room for more ${what} has every outcome once there is room`,
    async () => {
      await using broker = await startNats();
      await using model = await startModelServer("openai");
      const subjects = ["agent.outcomes.>", "agent.dead.>"];
      await broker.use(({ manager }) =>
        manager.streams.add({ name: OUTCOME_STREAM, subjects, discard: "new", ...limit })
      );
      await using agent = await startOn(broker, model);
      await broker.publish(event("q1"), event("q2"), event("q3"));
      const { error } = await agent.logged("outcome refused");
      assertMatch(String(error), new RegExp(`maximum ${what} exceeded`));
      // Longer than NATS_ACK_WAIT: nothing but time shows that nothing is delivered again.
      await new Promise((resolve) => setTimeout(resolve, 2_500));
      const { waiting, held } = await broker.depth();
      assert(waiting === 0 && held >= 2, `${waiting} events wait, ${held} are held`);
      await broker.use(({ manager }) => manager.streams.update(OUTCOME_STREAM, none));
      const ids = (await broker.outcomes(3)).map(({ id }) => id);
      assertEquals(ids.sort(), ["q1", "q2", "q3"]);
      await untilEmpty(broker);
      assertEquals([model.asked.length, (await broker.letters()).length], [3, 0]);
    },
  );
}

testUnless(
  NO_RABBITMQ,
  "rabbitmq: a queue that rejects what it has no room for has every outcome once there is room",
  async () => {
    await using broker = await startRabbit();
    await using model = await startModelServer("openai");
    await broker.use(async (channel) => {
      const full = { "x-queue-type": "quorum", "x-max-length": 1, "x-overflow": "reject-publish" };
      await channel.queueDeclare(OUTCOMES, { durable: true }, full);
    });
    await using agent = await startOn(broker, model);
    const all = Array.from({ length: 6 }, (_, index) => `q${index}`);
    for (const id of all) {
      await broker.publish(event(id));
      // One by one: such a queue refuses nothing before it has told the agent that it is full, once it holds too much.
      await poll("an outcome that is taken, or one that is refused", async () => {
        if (agent.log.some(({ message }) => message === "outcome refused")) return true;
        const { waiting, held } = await broker.depth();
        return waiting + held === 0 ? true : undefined;
      });
    }
    await agent.logged("outcome refused");
    // What is no event has an error outcome, for which there is no room either.
    for (const id of all) await broker.publish(`{"id":"refused ${id}"}`);
    await agent.logged("the error outcome of a refused message was not taken");
    await agent.responses(all.length);
    // Reading makes room, one or two outcomes at a time: the agent offers the others at each sign of life.
    const found = await poll("an outcome for each event", async () => {
      const ids = (await broker.arrived()).map(({ id }) => id);
      return new Set(ids).size === 2 * all.length ? ids : undefined;
    }, 180_000);
    assertEquals(found.toSorted(), all.flatMap((id) => [id, `refused ${id}`]).toSorted());
    await untilEmpty(broker);
    assertEquals([model.asked.length, (await broker.letters()).length], [all.length, all.length]);
    assertEquals(agent.log.filter(({ message }) => message === CONNECTED).length, 1);
  },
);

testUnless(
  NO_NATS,
  "nats: a consumer that is deleted is told of and made again, and what was held is answered",
  async () => {
    await using broker = await startNats();
    await using model = await startModelServer("openai");
    model.otherwise("held");
    await using agent = await startOn(broker, model);
    await broker.publish(event("q1"));
    await model.askedFor(1);
    await broker.use(({ manager }) => manager.consumers.delete(STREAM, CONSUMER));
    await agent.logged("consumer lost: looking for it again");
    model.release();
    model.otherwise(undefined);
    await broker.publish(event("q2"));
    assertEquals((await broker.outcomes(2)).map(({ id }) => id).sort(), ["q1", "q2"]);
    await untilEmpty(broker);
    assertEquals(model.asked.length, 2);
  },
);

testUnless(
  NO_NATS,
  "nats: what was held of a stream that is made anew does not settle the new stream's messages",
  async () => {
    await using broker = await startNats();
    await using model = await startModelServer("openai");
    model.otherwise("held");
    await using agent = await startOn(broker, model, { AGENT_CONCURRENCY: "1" });
    await broker.publish(event("old"));
    await model.askedFor(1);
    await broker.deleteQueue();
    await agent.logged("consumer lost: looking for it again");
    await poll("a new consumer", () => broker.use(({ manager }) => manager.consumers.info(STREAM, CONSUMER)));
    // Both are the first of their stream.
    await broker.publish(event("new"));
    await agent.logged(({ event }) => event === "new");
    model.release();
    await model.askedFor(2);
    await broker.outcomes(1);
    assertEquals(await broker.depth(), { waiting: 0, held: 1 });
    model.release();
    assertEquals((await broker.outcomes(2)).map(({ id }) => id), ["old", "new"]);
    await untilEmpty(broker);
  },
);

testUnless(NO_REDIS, "redis: a group that is destroyed is made again, and what was held is answered", async () => {
  await using broker = await startRedis();
  await using model = await startModelServer("openai");
  model.otherwise("held");
  await using agent = await startOn(broker, model);
  await broker.publish(event("q1"));
  await model.askedFor(1);
  await broker.command("XGROUP", "DESTROY", EVENTS, GROUP);
  await agent.logged("stream or group lost: making it again");
  model.release();
  model.otherwise(undefined);
  await broker.publish(event("q2"));
  const found = await poll("both outcomes", async () => {
    const ids = (await broker.arrived()).map(({ id }) => id);
    return new Set(ids).size === 2 ? ids : undefined;
  });
  assertEquals(found.toSorted(), ["q1", "q2"]);
  await untilEmpty(broker);
  assertEquals(model.asked.length, 2);
  assertEquals(agent.log.filter(({ level }) => level === "error"), []);
});
