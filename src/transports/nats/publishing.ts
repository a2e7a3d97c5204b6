/** What is published to streams and inboxes: outcomes, pieces of answers, dead letters. @module */

import { JetStreamApiError } from "@nats-io/jetstream";
import { errors, headers, type Msg, type MsgHdrs, type NatsConnection } from "@nats-io/transport-node";
import type { TraceHeaders } from "../../trace_headers.ts";
import { type Chunk, encodeChunk, type Entry } from "../../wire.ts";
import { OutcomeTooLargeError, refusalOf, typeOf } from "../messages.ts";
import type { QueueOptions } from "../queue.ts";
import type { Confirms } from "./confirms.ts";
import { type HeldMessage, heldMessage, positionIn, ReadyHeaders, tell } from "./deliveries.ts";
import type { NatsNames } from "./streams.ts";

/** What publishing takes. */
export interface PublishingParts {
  readonly connection: NatsConnection;
  readonly confirms: Confirms;
  readonly options: QueueOptions & NatsNames;
}

/** An error outcome, if the message has an id to send it for, and a dead letter. */
export async function refuse(
  parts: PublishingParts,
  message: Msg,
  { reason, id }: { reason: string; id?: string },
) {
  const { connection, confirms, options } = parts;
  const { seq, deliveries } = positionIn(message);
  const { deadSubject, stream, log } = options;
  log.warn("message refused", { stream, seq, reason, ...(id !== undefined && { event: id }) });
  const { held, trace } = heldMessage(message);
  if (id !== undefined) {
    const copy = await publishOutcome(parts, held, refusalOf(id, { reason, ...options }), trace);
    if (copy) sendCopy(connection, copy);
  }
  const letter = copyOf(message.headers);
  letter.set("Nats-Msg-Id", `${stream} ${seq}`);
  letter.set("dead_stream", stream);
  letter.set("dead_sequence", String(seq));
  letter.set("dead_deliveries", String(deliveries));
  letter.set("dead_reason", reason.replace(/[\r\n]+/g, " "));
  const subject = `${deadSubject}.${token(id ?? String(seq))}`;
  try {
    await confirms.publish(subject, message.data, letter);
  } catch (error) {
    if (!isTooLarge(error)) throw error;
    // The message was as large as the server takes, and its dead letter has more headers.
    letter.set("dead_body", "left out: no room for it beside these headers");
    await confirms.publish(subject, new Uint8Array(), letter);
  }
  options.observer?.deadLettered();
  // Without a reason: a server before 2.10.4 takes no notice of one that has it, and delivers the message again.
  tell(connection, held, "term");
}

function copyOf(from: MsgHdrs | undefined): MsgHdrs {
  const copy = headers();
  for (const name of from?.keys() ?? []) {
    // The server's own, such as the id by which it knew this message for no duplicate.
    if (/^nats-/i.test(name)) continue;
    for (const value of from?.values(name) ?? []) copy.append(name, value);
  }
  return copy;
}

const encoder = new TextEncoder();

/** A copy of an outcome, for the inbox that the event's sender named. */
export interface Copy {
  readonly inbox: string;
  readonly body: Uint8Array;
  readonly headers: MsgHdrs;
}

/** Send a copy; nobody confirms it. */
export function sendCopy(connection: Pick<NatsConnection, "publish">, { inbox, body, headers }: Copy): void {
  connection.publish(inbox, body, { headers });
}

/**
 * Publish an outcome; the server drops it if it has one for the event already. Resolves once the stream has it, to the
 * copy that is still to be sent, if the sender asked for one.
 *
 * @throws {OutcomeTooLargeError} If the server takes no message as large.
 */
export async function publishOutcome(
  parts: PublishingParts,
  { correlationId, inbox }: HeldMessage,
  entry: Entry,
  trace: TraceHeaders | undefined,
): Promise<Copy | undefined> {
  const { connection, confirms, options } = parts;
  const id = entry.outcome.queryId;
  const headers = new ReadyHeaders({
    "content_type": "application/json",
    "type": typeOf(entry),
    "app_id": options.agentId,
    "correlation_id": encodeURI(correlationId || id),
    ...trace,
    "Nats-Msg-Id": encodeURI(id),
  });
  const body = encoder.encode(entry.text);
  try {
    await confirms.publish(`${options.outcomeSubject}.${token(id)}`, body, headers);
  } catch (error) {
    throw isTooLarge(error) ? new OutcomeTooLargeError(entry, connection.info?.max_payload) : error;
  }
  return inbox === undefined ? undefined : { inbox, body, headers };
}

/** Code of the server's error where a stream takes no message as large (`max_msg_size`). */
const MESSAGE_EXCEEDS_MAXIMUM = 10054;

/** Whether a message is larger than the server takes, or its stream: more than `max_payload` the client does not send. */
function isTooLarge(error: unknown): boolean {
  return (error instanceof errors.InvalidArgumentError && error.message.includes("max_payload")) ||
    (error instanceof JetStreamApiError && error.code === MESSAGE_EXCEEDS_MAXIMUM);
}

/** Send a piece of an answer to the inbox of the event's sender. @returns False if there is none, or no connection. */
export function sendChunk(
  { connection, options }: Pick<PublishingParts, "connection" | "options">,
  { inbox }: HeldMessage,
  chunk: Chunk,
): boolean {
  if (inbox === undefined || connection.isClosed()) return false;
  const fields = headers();
  fields.set("content_type", "application/json");
  fields.set("type", "chunk");
  fields.set("app_id", options.agentId);
  connection.publish(inbox, encodeChunk(chunk), { headers: fields });
  return true;
}

/** An id as one part of a subject: what has a meaning there, and what is no letter, is written as `%` and hexadecimal digits. */
export function token(id: string): string {
  return encodeURIComponent(id).replace(/[.*!'()~]/g, (sign) => `%${sign.charCodeAt(0).toString(16).toUpperCase()}`);
}
