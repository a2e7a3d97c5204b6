/** Queues, streams and consumers that were there before the agent: used as they are, or refused with the reason. @module */

import { assertEquals, assertStringIncludes } from "@std/assert";
import { startAgent } from "../support/agent.ts";
import { poll } from "../support/brokers/broker.ts";
import { CONSUMER, NO_NATS, OUTCOME_STREAM, startNats, STREAM } from "../support/brokers/nats.ts";
import { EVENTS, NO_RABBITMQ, startRabbit } from "../support/brokers/rabbitmq.ts";
import { NO_REDIS, OUTCOMES, startRedis } from "../support/brokers/redis.ts";
import { event } from "../support/events.ts";
import { startModelServer } from "../support/model_server.ts";
import { testUnless } from "../support/optional.ts";
import { CONNECTED } from "./queue_suite.ts";

/** An agent and `--check` end with 69, and say so. */
async function areRefused(env: Readonly<Record<string, string>>, saying: string): Promise<void> {
  for (const args of [[], ["--check"]]) {
    await using agent = await startAgent({ env, args });
    assertEquals((await agent.ended).code, 69, agent.lines.join("\n"));
    assertStringIncludes(agent.lines.at(-1)!, saying);
  }
}

testUnless(NO_RABBITMQ, "rabbitmq: queues that are no use for events", async (context) => {
  await using broker = await startRabbit();

  await context.step("a stream is refused: what came while no agent was there would never be answered", async () => {
    await broker.use(async (channel) => {
      await channel.queueDeclare(EVENTS, { durable: true }, { "x-queue-type": "stream" });
    });
    await areRefused(broker.env, `Cannot take events from ${EVENTS}: it is a stream`);
    await broker.deleteQueue();
  });

  await context.step("limits of connections, and an exclusive consumer, are waited for", async () => {
    // A quorum queue of 3.10 has no exclusive consumers.
    await broker.use((channel) => channel.queueDeclare(EVENTS, { durable: true }));
    await broker.publish(event("q1"));
    await broker.control("set_user_limits", "guest", '{"max-connections":1}');
    const over = Promise.withResolvers<void>();
    const { promise: consuming, resolve } = Promise.withResolvers<void>();
    const alone = broker.use(async (channel) => {
      await channel.basicConsume(EVENTS, { noAck: false, exclusive: true }, () => {});
      resolve();
      await over.promise;
    });
    await consuming;
    await using agent = await startAgent({ env: { ...broker.env, EVENT_RECONNECT_INTERVAL: "50" } });
    const { error } = await agent.logged("❌ No connection to {product}: {url}");
    assertStringIncludes(String(error), "connection limit (1) is reached");
    await broker.control("clear_user_limits", "guest", "all");
    await agent.logged(({ error }) => String(error).includes("in exclusive use"));
    over.resolve();
    await alone;
    assertEquals((await broker.outcomes(1)).map(({ id }) => id), ["q1"]);
  });
});

testUnless(NO_REDIS, "redis: --check names the key of outcomes that is no stream", async () => {
  await using broker = await startRedis();
  await broker.command("SET", OUTCOMES, "no stream");
  await using agent = await startAgent({ env: broker.env, args: ["--check"] });
  assertEquals((await agent.ended).code, 69, agent.lines.join("\n"));
  assertStringIncludes(agent.lines.at(-1)!, `${OUTCOMES} holds something that is no stream`);
});

testUnless(NO_NATS, "nats: consumers that were there before", async (context) => {
  await using broker = await startNats();
  const subjects = ["agent.events.>"];
  await broker.use(({ manager }) => manager.streams.add({ name: STREAM, subjects }));
  const make = (config: object) =>
    broker.use(async ({ manager }) => {
      await manager.consumers.delete(STREAM, CONSUMER).catch(() => {}); // there is none at first
      await manager.consumers.add(STREAM, { durable_name: CONSUMER, ack_policy: "explicit", ...config });
    });

  await context.step("one that would lose events is refused", async () => {
    for (
      const [config, saying] of [
        [{ ack_policy: "none" }, "has the acknowledgement policy none"],
        [{ ack_policy: "all" }, "has the acknowledgement policy all"],
        [{ deliver_subject: "agent.pushed" }, "pushes its messages"],
        [{ max_deliver: 5 }, "delivers a message 5 times at most"],
      ] as const
    ) {
      await make(config);
      await areRefused(broker.env, `The consumer ${CONSUMER} of ${STREAM} ${saying}`);
    }
  });

  await context.step("a stream that has the subjects of one that has to be made is told of", async () => {
    await make({});
    await broker.use(({ manager }) => manager.streams.delete(OUTCOME_STREAM));
    await broker.use(({ manager }) => manager.streams.add({ name: "OTHER", subjects: ["agent.outcomes.*"] }));
    await areRefused(broker.env, `Cannot make the stream ${OUTCOME_STREAM}: another stream takes some of its subjects`);
    await broker.use(({ manager }) => manager.streams.delete("OTHER"));
  });

  await broker.deleteQueue();
  await broker.use(({ manager }) => manager.streams.add({ name: STREAM, subjects, retention: "workqueue" }));

  await context.step("one that limits requests is asked for no more messages, and for no longer", async () => {
    await make({ max_batch: 2, max_expires: 1_000_000_000 });
    await using agent = await startAgent({ env: broker.env });
    await agent.logged(CONNECTED);
    const ids = Array.from({ length: 20 }, (_, index) => `limited ${index}`);
    await broker.publish(...ids.map((id) => event(id)));
    assertEquals((await broker.outcomes(20)).map(({ id }) => id).sort(), ids.toSorted());
    assertEquals(agent.log.filter(({ level }) => level === "warn"), []);
    await broker.use(({ manager }) => manager.streams.purge(OUTCOME_STREAM));
  });

  await context.step("one that waits for less than NATS_ACK_WAIT gets its signs of life in time", async () => {
    await make({ ack_wait: 1_000_000_000 });
    await using model = await startModelServer("openai");
    model.otherwise("held");
    const env = { ...broker.env, NATS_ACK_WAIT: "30000", EVENT_MAX_DELIVERIES: "1" };
    const asked = { MODEL_PROVIDER: "openai", OPENAI_BASE_URL: model.url, OPENAI_MODEL: "test-model" };
    await using agent = await startAgent({ env: { ...env, ...asked } });
    await agent.logged(CONNECTED);
    await broker.publish(event("slow"));
    await model.askedFor(1);
    // Nothing but time shows that nothing is delivered again.
    await new Promise((resolve) => setTimeout(resolve, 3_000));
    model.release();
    assertEquals((await broker.outcomes(1)).map(({ id, type }) => [id, type]), [["slow", "response"]]);
    await poll("an empty queue", async () => (await broker.depth()).held === 0 || undefined);
    assertEquals([model.asked.length, await broker.letters()], [1, []]);
  });
});
