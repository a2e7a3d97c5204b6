/** Outcomes published so that none is lost: confirmed by the broker, and to a queue that is there. @module */

import { Buffer } from "node:buffer";
import type { AMQPChannel, AMQPClient, AMQPMessage } from "@cloudamqp/amqp-client";
import { messageOf } from "../../errors.ts";
import type { TraceHeaders } from "../../trace_headers.ts";
import { type Chunk, encodeChunk, type Entry } from "../../wire.ts";
import { OutcomeTooLargeError, typeOf } from "../messages.ts";
import { type DirectReplies, isDirectReply } from "./direct_replies.ts";

/** Publishes outcomes. */
export interface Publishing {
  /**
   * Publish the outcome of an event, with the headers of its trace.
   *
   * @throws {OutcomeTooLargeError} If the broker takes no message as large.
   * @throws {Error} If the broker does not take it, or has no queue for it.
   */
  publish(entry: Entry, message: AMQPMessage, trace: TraceHeaders | undefined): Promise<void>;
  /** A piece of an answer for who asked. @returns False if nobody can be replied to, or too much is under way. */
  chunk(chunk: Chunk, message: AMQPMessage): boolean;
}

/** An outcome, the message of its event, and the headers of its trace. */
interface Published {
  readonly entry: Entry;
  readonly message: AMQPMessage;
  readonly trace: TraceHeaders | undefined;
}

/** Pieces of answers that the broker has not confirmed yet, at most. */
const MAX_CHUNKS = 100;
/** Bytes that a text among the properties of a message can have: AMQP's short string. */
const MAX_PROPERTY_BYTES = 255;
/** What the client says of a message that the broker has refused, as a full queue may. */
const REJECTED = "Message rejected";

/**
 * Publish over a channel of its own. An outcome goes to the queue that its event's `reply_to` names; if there is none, or
 * it is gone, to `outcomeQueue`. A confirmation says nothing of the way: what found no queue comes back before it.
 *
 * @param options `own`: queues that no outcome may go to, whatever an event asks for; `onLost`: told why there can be no
 * channel any more.
 */
// deno-lint-ignore house/function-length -- one channel after the other, and what was published over them
export async function openPublishing(
  client: AMQPClient,
  options: {
    agentId: string;
    outcomeQueue: string;
    own: readonly string[];
    direct: DirectReplies;
    onLost: (problem: string) => void;
  },
): Promise<Publishing> {
  const { agentId, outcomeQueue, own, direct, onLost } = options;
  /** Names of publications that came back. */
  const returned = new Set<string>();
  let count = 0, chunksUnderWay = 0, maxBytes = Infinity;
  const open = async () => {
    const channel = await client.channel();
    await channel.confirmSelect();
    // Its own answer to an error is to print it; whoever publishes learns of it.
    channel.onerror = () => {};
    channel.onReturn = ({ properties }) => void returned.add(String(properties.headers?.["publication"]));
    return channel;
  };
  let channel = await open(), opening: Promise<AMQPChannel> | undefined;

  /**
   * The broker ends the channel over which too large a message came, and with it all that were not confirmed. Remembers
   * the limit and opens another channel; any other reason is the end of the connection.
   */
  async function reopen(lost: AMQPChannel, problem: string): Promise<void> {
    const limit = /larger than configured max size (\d+)/.exec(problem)?.[1];
    if (limit !== undefined) maxBytes = Number(limit);
    if (channel !== lost) return;
    if (limit === undefined) return onLost(problem);
    opening ??= open();
    channel = await opening;
    opening = undefined;
  }

  /** Publish over the channel there is; over another one, where it ended for the sake of another message. */
  async function reaches(queue: string, published: Published): Promise<boolean> {
    const { entry } = published;
    while (true) {
      if (Buffer.byteLength(entry.text) > maxBytes) throw new OutcomeTooLargeError(entry, maxBytes);
      const current = channel;
      try {
        return await isRouted(current, queue, published);
      } catch (error) {
        if (!current.closed || client.closed) throw error;
        await reopen(current, messageOf(error));
        if (channel === current) throw error;
      }
    }
  }

  async function isRouted(channel: AMQPChannel, queue: string, published: Published): Promise<boolean> {
    const publication = String(++count);
    await channel.basicPublish("", queue, published.entry.text, propertiesOf(published, { publication }), true);
    return !returned.delete(publication);
  }

  function propertiesOf({ entry, message: { properties }, trace }: Published, more?: { readonly publication: string }) {
    const { headers, ...names } = namesOf(entry.outcome.queryId, properties);
    return {
      contentType: "application/json",
      deliveryMode: 2,
      ...names,
      type: typeOf(entry),
      appId: agentId,
      headers: { ...more, ...headers, ...trace },
      ...(properties.priority !== undefined && { priority: properties.priority }),
    };
  }

  /** Whether a queue that an event names has its outcome: one that is full refuses it, and would hold the event for ever. */
  async function replies(queue: string, published: Published): Promise<boolean> {
    if (isDirectReply(queue)) return await direct.send(queue, published.entry.text, propertiesOf(published));
    try {
      return await reaches(queue, published);
    } catch (error) {
      if (messageOf(error) !== REJECTED) throw error;
      return false;
    }
  }

  const replyQueueOf = ({ properties: { replyTo } }: AMQPMessage) =>
    replyTo && !own.includes(replyTo) ? replyTo : undefined;

  return {
    chunk(chunk, message) {
      const replyTo = replyQueueOf(message);
      if (replyTo === undefined || channel.closed || chunksUnderWay >= MAX_CHUNKS) return false;
      chunksUnderWay++;
      const { correlationId, headers } = namesOf(chunk.queryId, message.properties);
      const properties = {
        contentType: "application/json",
        ...(correlationId !== undefined && { correlationId }),
        headers,
        type: "chunk",
        appId: agentId,
      };
      const body = encodeChunk(chunk);
      // The way of the outcome, so that it comes before that; lost where its queue is gone.
      const sent = isDirectReply(replyTo)
        ? direct.send(replyTo, body, properties)
        : channel.basicPublish("", replyTo, body, properties);
      void sent.catch(() => {}).finally(() => chunksUnderWay--); // whoever settles learns of a broken channel
      return true;
    },
    async publish(entry, message, trace) {
      const replyTo = replyQueueOf(message);
      if (replyTo !== undefined && await replies(replyTo, { entry, message, trace })) return;
      if (await reaches(outcomeQueue, { entry, message, trace })) return;
      throw new Error(`there is no queue ${outcomeQueue}`);
    },
  };
}

/** The properties that name an event, and headers with those that are too long for a property. */
function namesOf(id: string, { correlationId }: AMQPMessage["properties"]) {
  const isShort = fits(id);
  const correlation = correlationId !== undefined && fits(correlationId) ? correlationId : undefined;
  const correlated = correlation ?? (isShort ? id : undefined);
  return {
    ...(isShort && { messageId: id }),
    ...(correlated !== undefined && { correlationId: correlated }),
    headers: {
      ...(!isShort && { message_id: id }),
      ...(correlated === undefined && { correlation_id: id }),
    },
  };
}

function fits(text: string): boolean {
  return Buffer.byteLength(text) <= MAX_PROPERTY_BYTES;
}
