/** Outcomes published so that none is lost: confirmed by the broker, and to a queue that is there. @module */

import type { AMQPChannel, AMQPMessage } from "@cloudamqp/amqp-client";
import type { TraceHeaders } from "../../trace_headers.ts";
import { type Chunk, encodeChunk, type Entry } from "../../wire.ts";
import { typeOf } from "../messages.ts";

/** Publishes outcomes. */
export interface Publishing {
  /**
   * Publish the outcome of an event, with the headers of its trace.
   *
   * @throws {Error} If the broker does not take it, or has no queue for it.
   */
  publish(entry: Entry, message: AMQPMessage, trace: TraceHeaders | undefined): Promise<void>;
  /** A piece of an answer for who asked. @returns False if nobody can be replied to, or too much is under way. */
  chunk(chunk: Chunk, message: AMQPMessage): boolean;
}

/** Pieces of answers that the broker has not confirmed yet, at most. */
const MAX_CHUNKS = 100;

/**
 * Publish over a channel of its own. An outcome goes to the queue that its event's `reply_to` names; if there is none, or
 * it is gone, to `outcomeQueue`. A confirmation says nothing of the way: what found no queue comes back before it.
 *
 * @param options `own`: queues that no outcome may go to, whatever an event asks for.
 */
export async function openPublishing(
  channel: AMQPChannel,
  { agentId, outcomeQueue, own }: { agentId: string; outcomeQueue: string; own: readonly string[] },
): Promise<Publishing> {
  /** Names of publications that came back. */
  const returned = new Set<string>();
  let count = 0, chunksUnderWay = 0;
  await channel.confirmSelect();
  channel.onReturn = ({ properties }) => void returned.add(String(properties.headers?.["publication"]));

  async function reaches(
    queue: string,
    entry: Entry,
    { properties }: AMQPMessage,
    trace: TraceHeaders | undefined,
  ): Promise<boolean> {
    const id = entry.outcome.queryId;
    const publication = String(++count);
    await channel.basicPublish("", queue, entry.text, {
      contentType: "application/json",
      deliveryMode: 2,
      messageId: id,
      correlationId: properties.correlationId ?? id,
      type: typeOf(entry),
      appId: agentId,
      headers: { publication, ...trace },
      ...(properties.priority !== undefined && { priority: properties.priority }),
    }, true);
    return !returned.delete(publication);
  }

  const replyQueueOf = ({ properties: { replyTo } }: AMQPMessage) =>
    replyTo && !own.includes(replyTo) ? replyTo : undefined;

  return {
    chunk(chunk, message) {
      const replyTo = replyQueueOf(message);
      if (replyTo === undefined || channel.closed || chunksUnderWay >= MAX_CHUNKS) return false;
      chunksUnderWay++;
      // Over the channel of the outcome, so that it comes before that; lost where its queue is gone.
      void channel.basicPublish("", replyTo, encodeChunk(chunk), {
        contentType: "application/json",
        correlationId: message.properties.correlationId ?? chunk.queryId,
        type: "chunk",
        appId: agentId,
      }).catch(() => {}).finally(() => chunksUnderWay--); // whoever settles learns of a broken channel
      return true;
    },
    async publish(entry, message, trace) {
      const replyTo = replyQueueOf(message);
      if (replyTo !== undefined && await reaches(replyTo, entry, message, trace)) return;
      if (await reaches(outcomeQueue, entry, message, trace)) return;
      throw new Error(`there is no queue ${outcomeQueue}`);
    },
  };
}
