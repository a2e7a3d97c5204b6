/** Events from RabbitMQ: queues share them out among their consumers, outcomes are confirmed before the event is. @module */

import type { AMQPMessage } from "@cloudamqp/amqp-client";
import { publicUrl } from "../../urls.ts";
import { openQueue, type QueueOptions } from "../queue.ts";
import type { Transport } from "../transport.ts";
import { connectRabbit, disconnect, RABBITMQ, type RabbitQueues, type RabbitServer } from "./connection.ts";
import { lookAtRabbit } from "./look.ts";
import { openRabbitSession } from "./session.ts";

/** Where the queues are, and how the agent takes part. */
export interface RabbitTransportOptions extends QueueOptions, RabbitServer, RabbitQueues {}

/** Consume the queues of `options` when {@linkcode Transport.events} is asked for events. */
export function openRabbitTransport(options: RabbitTransportOptions): Transport {
  return openQueue<AMQPMessage>({
    ...RABBITMQ,
    peer: publicUrl(options.url),
    async open({ onBeat }) {
      const client = await connectRabbit(options);
      try {
        return await openRabbitSession(client, { ...options, onBeat });
      } catch (error) {
        void disconnect(client).catch(() => {}); // it may be what has failed, and then never answers
        throw error;
      }
    },
    async look() {
      const client = await connectRabbit(options);
      try {
        return await lookAtRabbit(client, publicUrl(options.url), options);
      } finally {
        await disconnect(client);
      }
    },
  }, options);
}
