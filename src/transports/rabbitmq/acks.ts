/** Acknowledgements of one channel: those of one turn of the event loop together, with as few frames as can be. @module */

import { nextTick } from "node:process";
import type { AMQPChannel } from "@cloudamqp/amqp-client";

/** Acknowledges deliveries by their tags, which grow in the order of delivery. */
export interface Acks {
  /** A delivery has come. */
  delivered(tag: number): void;
  /** Resolves when the acknowledgement is with the socket. @throws {Error} If the channel is closed. */
  ack(tag: number): Promise<void>;
  /** Refuse a delivery, so that the broker makes it a dead letter. @throws {Error} If the channel is closed. */
  reject(tag: number): Promise<void>;
}

/**
 * An acknowledgement may stand for all deliveries before it as well. A quorum queue writes each one that comes to its
 * log, so that one frame for many spares the broker more than the agent.
 */
export function createAcks(channel: Pick<AMQPChannel, "basicAck" | "basicReject">): Acks {
  /** Deliveries that the broker still counts, oldest first. */
  const open = new Set<number>();
  let batch: { readonly tags: Set<number>; readonly sent: PromiseWithResolvers<void> } | undefined;

  function flush(): void {
    const { tags, sent } = batch!;
    batch = undefined;
    let last: number | undefined, count = 0;
    for (const tag of open) {
      if (!tags.delete(tag)) break;
      open.delete(tag);
      last = tag;
      count++;
    }
    const acks: Promise<void>[] = [];
    if (last !== undefined) acks.push(channel.basicAck(last, count > 1));
    // Behind one that is still being answered, each goes by itself.
    for (const tag of tags) {
      open.delete(tag);
      acks.push(channel.basicAck(tag, false));
    }
    Promise.all(acks).then(() => sent.resolve(), sent.reject);
  }

  return {
    delivered: (tag) => void open.add(tag),
    ack(tag) {
      if (!batch) {
        batch = { tags: new Set(), sent: Promise.withResolvers() };
        // After the promises that are settled by now, which may acknowledge as well.
        nextTick(flush);
      }
      batch.tags.add(tag);
      return batch.sent.promise;
    },
    reject(tag) {
      open.delete(tag);
      return channel.basicReject(tag, false);
    },
  };
}
