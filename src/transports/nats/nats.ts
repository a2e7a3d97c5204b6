/** Events from NATS JetStream: a durable pull consumer shares them out, the event's id tells the server of duplicates. @module */

import { publicUrl } from "../../urls.ts";
import { openQueue, type QueueOptions } from "../queue.ts";
import type { Transport } from "../transport.ts";
import { connectNats, NATS, type NatsServer } from "./connection.ts";
import type { HeldMessage } from "./deliveries.ts";
import { lookAtNats } from "./look.ts";
import { type NatsSessionOptions, openNatsSession } from "./session.ts";

/** Where the streams are, and how the agent takes part. */
export interface NatsTransportOptions extends QueueOptions, NatsServer, Omit<NatsSessionOptions, "onBeat"> {}

/** Consume the stream of `options` when {@linkcode Transport.events} is asked for events. */
export function openNatsTransport(options: NatsTransportOptions): Transport {
  return openQueue<HeldMessage>({
    ...NATS,
    peer: options.urls.map(publicUrl).join(","),
    async open({ onBeat }) {
      const connection = await connectNats(options);
      try {
        return await openNatsSession(connection, { ...options, onBeat });
      } catch (error) {
        await connection.close();
        throw error;
      }
    },
    async look() {
      const connection = await connectNats(options);
      try {
        return await lookAtNats(connection, options.urls.map(publicUrl).join(","), options);
      } finally {
        await connection.close();
      }
    },
  }, options);
}
