/** Asking over RabbitMQ: questions into the queue of events, answers from a queue of one's own. @module */

import type { AMQPClient } from "@cloudamqp/amqp-client";
import { connectRabbit, makeQueues, RABBITMQ } from "../../../transports/rabbitmq/connection.ts";
import type { rabbitOptions } from "../../../transports/options.ts";
import { cannotUse } from "../../../transports/queue.ts";
import { publicUrl } from "../../../urls.ts";
import { atLeastOne, hear, placeOf, type Way, type WayHooks } from "../way.ts";

/** Connect; queues of events that are missing are made as an agent would make them. */
export async function openRabbitWay(options: ReturnType<typeof rabbitOptions>, hooks: WayHooks): Promise<Way> {
  const peer = publicUrl(options.url);
  let client: AMQPClient | undefined;
  try {
    const connected = client = await connectRabbit(options);
    await makeQueues(connected, options);
    const channel = await connected.channel();
    // It goes with this connection: an answer that comes later goes to the queue of outcomes.
    const { name: replyTo } = await channel.queueDeclare("", { exclusive: true, autoDelete: true, durable: false });
    await channel.basicConsume(replyTo, { noAck: true }, (message) => hear(message.bodyString() ?? "", hooks));
    const publishing = await connected.channel();
    await publishing.confirmSelect();
    let isClosing = false;
    connected.ondisconnect = (error) => {
      if (!isClosing) hooks.lost(cannotUse(RABBITMQ, peer, error ?? new Error("the connection was closed")));
    };
    const queues = atLeastOne(options.queues);
    return {
      place: `${peer}, queue ${options.queues.join(", ")}`,
      async send(events) {
        try {
          await Promise.all(
            events.map((event) =>
              publishing.basicPublish("", placeOf(event, queues), JSON.stringify(event), {
                contentType: "application/json",
                deliveryMode: 2,
                messageId: event.id,
                replyTo,
              })
            ),
          );
        } catch (error) {
          throw cannotUse(RABBITMQ, peer, error);
        }
      },
      async close() {
        isClosing = true;
        await connected.close().catch(() => {}); // it may be what has failed
      },
    };
  } catch (error) {
    await client?.close().catch(() => {}); // it may be what has failed
    throw cannotUse(RABBITMQ, peer, error);
  }
}
