/** Replies to clients that wait without a queue: RabbitMQ's direct reply-to. @module */

import type { AMQPChannel, AMQPClient, AMQPProperties } from "@cloudamqp/amqp-client";

/** What the names of all such places begin with. */
const PREFIX = "amq.rabbitmq.reply-to.";

/** Whether messages to a queue go to direct reply-to. */
export function isDirectReply(queue: string): boolean {
  return queue.startsWith(PREFIX);
}

/** Sends direct replies, over a connection of their own that is made when the first one is sent. */
export interface DirectReplies {
  /**
   * Send a reply. Replies that are handed over one after the other are sent in that order.
   *
   * @returns False if the broker can't read the name. If the client has gone by now, the broker drops the reply.
   */
  send(name: string, body: string, properties: AMQPProperties): Promise<boolean>;
  close(): void;
}

/** A lost connection may have had another cause than the reply. */
const TRIES = 2;

/**
 * At a name that it can't read, such as one that somebody made up, RabbitMQ ends the whole connection (INTERNAL_ERROR, seen
 * with 3.10). Over the session's own connection, that would cost each event that is held one of its deliveries. Replies
 * wait for one another, so that it is known which one it was.
 */
export function createDirectReplies(connect: () => Promise<AMQPClient>): DirectReplies {
  let opened: Promise<{ readonly client: AMQPClient; readonly channel: AMQPChannel }> | undefined;
  let last: Promise<unknown> = Promise.resolve();
  let isClosed = false;

  async function open() {
    const client = await connect();
    const channel = await client.channel();
    await channel.confirmSelect();
    // Its own answer to an error is to print it; whoever sends learns of it.
    channel.onerror = () => {};
    if (isClosed) client.socket?.destroy();
    return { client, channel };
  }

  async function send(name: string, body: string, properties: AMQPProperties): Promise<boolean> {
    for (let left = TRIES; left > 0 && !isClosed; left--) {
      try {
        const { channel } = await (opened ??= open());
        // Not mandatory: such a place is no queue, and every message to it would come back as well.
        await channel.basicPublish("", name, body, properties);
        return true;
      } catch {
        void opened?.then(({ client }) => client.socket?.destroy()).catch(() => {}); // it is what has failed
        opened = undefined;
      }
    }
    return false;
  }

  return {
    send(name, body, properties) {
      const sent = last.then(() => send(name, body, properties));
      last = sent;
      return sent;
    },
    close() {
      isClosed = true;
      void opened?.then(({ client }) => client.close()).catch(() => {}); // it may have ended
    },
  };
}
