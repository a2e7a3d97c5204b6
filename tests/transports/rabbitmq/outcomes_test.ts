/** RabbitMQ: where outcomes go, and what becomes of them while the broker takes none. @module */

import { assertEquals } from "@std/assert";
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
    "a broker without memory takes no outcome; the connection lives, and it is sent once after that",
    async () => {
      model.otherwise("held");
      await broker.publish(event("q4"), event("q5"));
      const asked = model.asked.length;
      await model.askedFor(Math.max(asked, 6));
      await broker.control("set_vm_memory_high_watermark", "0");
      model.release();
      await agent.logged("RabbitMQ takes nothing for now: outcomes wait");
      // Nothing but time shows that nothing happens.
      await new Promise((resolve) => setTimeout(resolve, BLOCKED_MS));
      assertEquals(agent.log.filter(({ message }) => message.startsWith("❌")), []);
      await broker.control("set_vm_memory_high_watermark", "0.4");
      const outcomes = await broker.outcomes(5);
      assertEquals(outcomes.slice(3).map(({ id }) => id).sort(), ["q4", "q5"]);
      assertEquals(agent.log.filter(({ message }) => message === CONNECTED).length, 1);
      await poll("an empty queue", async () => {
        const { waiting, held } = await broker.depth();
        return waiting + held === 0 ? true : undefined;
      });
    },
  );
});

function publishTo(broker: RabbitBroker, { id, replyTo }: { id: string; replyTo: string }): Promise<void> {
  return broker.use(async (channel) => {
    await channel.confirmSelect();
    await channel.basicPublish("", EVENTS, JSON.stringify(event(id)), { deliveryMode: 2, replyTo });
  });
}
