/** RabbitMQ: where outcomes go, and what becomes of them while the broker takes none. @module */

import { assertEquals } from "@std/assert";
import type { AMQPMessage } from "@cloudamqp/amqp-client";
import { startAgent } from "../../support/agent.ts";
import { poll } from "../../support/brokers/broker.ts";
import { DEAD, EVENTS, NO_RABBITMQ, type RabbitBroker, startRabbit } from "../../support/brokers/rabbitmq.ts";
import { event } from "../../support/events.ts";
import { startModelServer } from "../../support/model_server.ts";
import { testUnless } from "../../support/optional.ts";
import { CONNECTED } from "../queue_suite.ts";

/** Longer than the agent waits for an answer to its sign of life, twice. */
const BLOCKED_MS = 15_000;

testUnless(NO_RABBITMQ, "rabbitmq: outcomes on their way", async (context) => {
  await using broker = await startRabbit();
  await using model = await startModelServer("openai");
  await using agent = await startAgent({
    env: {
      ...broker.env,
      MODEL_PROVIDER: "openai",
      OPENAI_BASE_URL: model.url,
      OPENAI_MODEL: "test-model",
      EVENT_RECONNECT_INTERVAL: "50",
    },
  });
  await agent.logged(CONNECTED);

  await context.step(
    "an outcome whose reply_to names no queue, or one of events, goes to the default queue",
    async () => {
      for (const [index, replyTo] of ["gone", EVENTS, DEAD].entries()) {
        await publishTo(broker, { id: `q${index}`, replyTo });
      }
      assertEquals((await broker.outcomes(3)).map(({ id }) => id).sort(), ["q0", "q1", "q2"]);
      assertEquals(await broker.letters(), []);
    },
  );

  await context.step("an outcome goes to the queue that reply_to names, and nowhere else", async () => {
    await broker.use(async (channel) => {
      const { name } = await channel.queueDeclare("", { exclusive: true, autoDelete: true, durable: false });
      await publishTo(broker, { id: "q3", replyTo: name });
      const reply = await poll("the outcome", async () => await channel.basicGet(name) ?? undefined);
      const { queryId } = JSON.parse(reply.bodyString() ?? "");
      assertEquals([queryId, reply.properties.messageId, reply.properties.type], ["q3", "q3", "response"]);
    });
    assertEquals((await broker.arrived()).length, 3);
  });

  await context.step(
    "a client that waits at direct reply-to has the outcome, and the default queue has none",
    async () => {
      await broker.use(async (channel) => {
        const replied = Promise.withResolvers<string>();
        const wait = (message: AMQPMessage) => replied.resolve(message.properties.messageId ?? "");
        await channel.basicConsume("amq.rabbitmq.reply-to", { noAck: true }, wait);
        const replyTo = "amq.rabbitmq.reply-to";
        await channel.basicPublish("", EVENTS, JSON.stringify(event("direct")), { deliveryMode: 2, replyTo });
        assertEquals(await replied.promise, "direct");
      });
      await untilEmpty(broker);
      assertEquals((await broker.arrived()).length, 3);
    },
  );

  await context.step(
    "one that the broker can't read, or a queue without room, leaves the outcome to the default queue",
    async () => {
      await broker.use(async (channel) => {
        await channel.queueDeclare("full", { durable: true }, { "x-max-length": 0, "x-overflow": "reject-publish" });
      });
      // A name that no broker has made: RabbitMQ ends a connection over which something is published to it.
      await publishTo(broker, {
        id: "left",
        replyTo: "amq.rabbitmq.reply-to.g1h2AA5yZXBseUAxMTk5NTMyMzQAAAAAAAAAAA==.x",
      });
      await publishTo(broker, { id: "full", replyTo: "full" });
      const found = (await broker.outcomes(5)).slice(3).map(({ id }) => id);
      assertEquals(found.toSorted(), ["full", "left"]);
      await untilEmpty(broker);
    },
  );

  await context.step(
    "a broker without memory takes no outcome; the connection lives, and it is sent once after that",
    async () => {
      model.otherwise("held");
      const asked = model.asked.length;
      await broker.publish(event("q4"), event("q5"));
      await model.askedFor(asked + 2);
      await broker.control("set_vm_memory_high_watermark", "0");
      model.release();
      await agent.logged("RabbitMQ takes nothing for now: outcomes wait");
      // Nothing but time shows that nothing happens.
      await new Promise((resolve) => setTimeout(resolve, BLOCKED_MS));
      assertEquals(agent.log.filter(({ message }) => message.startsWith("❌")), []);
      await broker.control("set_vm_memory_high_watermark", "0.4");
      const outcomes = await broker.outcomes(7);
      assertEquals(outcomes.slice(5).map(({ id }) => id).sort(), ["q4", "q5"]);
      assertEquals(agent.log.filter(({ message }) => message === CONNECTED).length, 1);
      await untilEmpty(broker);
    },
  );
});

function untilEmpty(broker: RabbitBroker): Promise<true> {
  return poll("an empty queue", async () => {
    const { waiting, held } = await broker.depth();
    return waiting + held === 0 ? true : undefined;
  });
}

function publishTo(broker: RabbitBroker, { id, replyTo }: { id: string; replyTo: string }): Promise<void> {
  return broker.use(async (channel) => {
    await channel.confirmSelect();
    await channel.basicPublish("", EVENTS, JSON.stringify(event(id)), { deliveryMode: 2, replyTo });
  });
}
