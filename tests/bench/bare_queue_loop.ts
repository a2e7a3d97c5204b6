/**
 * What the agent is measured against: the same client of a broker in the shortest loop that does the agent's work with it,
 * as many messages at a time, outcomes of the same length with the same properties, settled with the same promise; without
 * journal, memory, signatures or anything else. The settings of the environment say which broker; arguments: an outcome of the agent's.
 *
 * @module
 */

import { jetstream } from "@nats-io/jetstream";
import { headers } from "@nats-io/transport-node";
import { readSettings, type Settings } from "../../src/program/settings.ts";
import { connectNats } from "../../src/transports/nats/connection.ts";
import { token } from "../../src/transports/nats/publishing.ts";
import { makeStreams } from "../../src/transports/nats/streams.ts";
import { natsOptions, rabbitOptions, redisOptions } from "../../src/transports/options.ts";
import { connectRabbit, makeQueues } from "../../src/transports/rabbitmq/connection.ts";
import { connectRedis } from "../../src/transports/redis/connection.ts";
import { readEntries } from "../../src/transports/redis/entries.ts";
import type { Outcome } from "../../src/wire.ts";

const settings = readSettings((name) => Deno.env.get(name));
const model = JSON.parse(Deno.args[0] ?? "{}") as Outcome;

/** The outcome of the event in a message. */
function answer(body: string): { id: string; text: string } {
  const { id } = JSON.parse(body) as { id: string };
  return { id, text: JSON.stringify({ ...model, queryId: id, timestamp: Date.now() }) };
}

async function overRabbit(settings: Settings): Promise<void> {
  const options = rabbitOptions(settings);
  const client = await connectRabbit(options);
  await makeQueues(client, options);
  const publishing = await client.channel(), channel = await client.channel();
  await publishing.confirmSelect();
  await channel.basicQos(settings.EVENT_PREFETCH);
  const consumer = await channel.basicConsume(options.queues[0]!, { noAck: false }, async (message) => {
    const { id, text } = answer(message.bodyString() ?? "");
    const properties = {
      contentType: "application/json",
      deliveryMode: 2,
      messageId: id,
      correlationId: id,
      type: "response",
      appId: model.agentId,
    };
    // Mandatory: one that finds no queue comes back.
    await publishing.basicPublish("", message.properties.replyTo ?? options.outcomeQueue, text, properties, true);
    await channel.basicAck(message.deliveryTag);
  });
  console.log("ready");
  await consumer.wait();
}

async function overRedis(settings: Settings): Promise<void> {
  const options = redisOptions(settings), [stream = ""] = options.streams;
  const { command } = await connectRedis(options, { silenceMs: 60_000 });
  await command("XGROUP", "CREATE", stream, options.groupName, "0", "MKSTREAM").catch(() => {}); // it may be there
  console.log("ready");
  const count = String(settings.EVENT_PREFETCH);
  for (;;) {
    const group = ["GROUP", options.groupName, "bare", "COUNT", count, "BLOCK", "2000", "STREAMS", stream, ">"];
    await Promise.all(
      readEntries(await command("XREADGROUP", ...group)).flatMap(({ entry, fields }) => {
        const { id, text } = answer(fields?.get("body") ?? "");
        // A crash between them would lose the outcome or repeat it.
        return [
          command("MULTI"),
          command(
            ...["XADD", options.outcomeStream, "*", "body", text, "id", id, "type", "response"],
            ...["app_id", model.agentId, "correlation_id", id],
          ),
          command("XACK", stream, options.groupName, entry),
          command("XDEL", stream, entry),
          command("EXEC"),
        ];
      }),
    );
  }
}

async function overNats(settings: Settings): Promise<void> {
  const options = natsOptions(settings);
  const connection = await connectNats(options);
  await makeStreams(connection, options);
  const client = jetstream(connection);
  const consumer = await client.consumers.get(options.stream, options.consumer);
  console.log("ready");
  for await (const message of await consumer.consume({ max_messages: settings.EVENT_PREFETCH })) {
    const { id, text } = answer(message.string());
    const fields = headers();
    fields.set("content_type", "application/json");
    fields.set("type", "response");
    fields.set("app_id", model.agentId);
    fields.set("correlation_id", id);
    void client.publish(`${options.outcomeSubject}.${token(id)}`, text, { msgID: id, headers: fields }).then(() => {
      connection.publish(message.headers?.get("reply_to") ?? "", text, { headers: fields });
      message.ack();
    });
  }
}

const LOOPS = { rabbitmq: overRabbit, redis: overRedis, nats: overNats };
await LOOPS[settings.EVENT_TRANSPORT as keyof typeof LOOPS](settings);
