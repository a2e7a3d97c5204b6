/** What is published to streams and inboxes: outcomes, pieces of answers, dead letters. @module */

import { createHash } from "node:crypto";
import { JetStreamApiError } from "@nats-io/jetstream";
import { errors, headers, type Msg, type MsgHdrs, type NatsConnection } from "@nats-io/transport-node";
import type { TraceHeaders } from "../../trace_headers.ts";
import { type Chunk, encodeChunk, type Entry } from "../../wire.ts";
import { OutcomeTooLargeError, refusalOf, typeOf } from "../messages.ts";
import type { QueueOptions } from "../queue.ts";
import type { Confirms } from "./confirms.ts";
import { headersOf, type HeldMessage, heldMessage, positionIn, ReadyHeaders, tell } from "./deliveries.ts";
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
  const { seq, time, deliveries } = positionIn(message);
  const { deadSubject, stream, log } = options;
  log.warn("message refused", { stream, seq, reason, ...(id !== undefined && { event: id }) });
  const { held, trace } = heldMessage(message), name = `${stream} ${seq} ${time}`;
  if (id !== undefined) {
    // It is this message's, and not that of an event with the same id that comes when the sender has mended it.
    const dedupe = `refused ${name}`;
    const copy = await publishOutcome(parts, held, refusalOf(id, { reason, ...options }), { trace, dedupe });
    if (copy) sendCopy(connection, copy);
  }
  const given = headersOf(message),
    why = {
      "Nats-Msg-Id": name,
      "dead_stream": stream,
      "dead_sequence": String(seq),
      "dead_deliveries": String(deliveries),
      "dead_reason": reason.replace(/[\r\n]+/g, " "),
    };
  const subject = `${deadSubject}.${token(id ?? String(seq))}`;
  try {
    await confirms.publish(subject, message.data, letterHeaders(given, why));
  } catch (error) {
    if (!isTooLarge(error)) throw error;
    // The message was as large as the server takes, and its dead letter has more headers.
    const bare = { ...why, dead_body: "left out: no room for it beside these headers" };
    const isLong = [...given ?? []].flat(2).join("").length > MAX_LETTER_HEADERS;
    await confirms.publish(subject, new Uint8Array(), letterHeaders(isLong ? undefined : given, bare));
  }
  options.observer?.deadLettered();
  // Without a reason: a server before 2.10.4 takes no notice of one that has it, and delivers the message again.
  tell(connection, held, "term");
}

/** Characters of the headers that a dead letter without its body repeats, at most. */
const MAX_LETTER_HEADERS = 32 * 1024;

/** What a message had, and why it is a dead letter. */
function letterHeaders(given: MsgHdrs | undefined, why: Readonly<Record<string, string>>): MsgHdrs {
  const letter = headers();
  for (const [name, values] of given ?? []) {
    // Not the server's own, such as the id by which it knew this message for no duplicate.
    if (!/^nats-/i.test(name)) { for (const value of values) letter.append(name, value); }
  }
  for (const [name, value] of Object.entries(why)) letter.set(name, value);
  return letter;
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
 * @param options `dedupe`: by which the server tells a second one, in ASCII without line breaks; default: the event's id.
 * @throws {OutcomeTooLargeError} If the server takes no message as large.
 */
export async function publishOutcome(
  parts: PublishingParts,
  { correlationId, inbox }: HeldMessage,
  entry: Entry,
  { trace, dedupe = encodeURI(entry.outcome.queryId) }: { trace: TraceHeaders | undefined; dedupe?: string },
): Promise<Copy | undefined> {
  const { connection, confirms, options } = parts;
  const id = entry.outcome.queryId;
  const headers = new ReadyHeaders({
    "content_type": "application/json",
    "type": typeOf(entry),
    "app_id": options.agentId,
    "correlation_id": encodeURI(correlationId || id),
    ...trace,
    "Nats-Msg-Id": dedupe,
  });
  const body = encoder.encode(entry.text);
  try {
    await confirms.publish(`${options.outcomeSubject}.${token(id)}`, body, headers);
  } catch (error) {
    throw isTooLarge(error) ? new OutcomeTooLargeError(entry, connection.info?.max_payload) : error;
  }
  return inbox === undefined ? undefined : { inbox, body, headers };
}

/** Codes of the server's errors where a stream takes no message as large (`max_msg_size`), or no headers of more than 64 kB. */
const EXCEEDS_MAXIMUM: readonly number[] = [10054, 10097];

/** Whether a message is larger than the server takes, or its stream: more than `max_payload` the client does not send. */
function isTooLarge(error: unknown): boolean {
  return (error instanceof errors.InvalidArgumentError && error.message.includes("max_payload")) ||
    (error instanceof JetStreamApiError && EXCEEDS_MAXIMUM.includes(error.code));
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

/**
 * Characters of a part of a subject, at most. A server ends the connection for a line of more than 4,096 (its
 * `max_control_line`), which an id of 512 characters can reach when each of them becomes nine.
 */
const MAX_TOKEN = 2_048;

/**
 * An id as one part of a subject: what has a meaning there, and what is no letter, is written as `%` and hexadecimal
 * digits. In place of a longer one than a server takes stands its hash.
 */
export function token(id: string): string {
  const text = encodeURIComponent(id)
    .replace(/[.*!'()~]/g, (sign) => `%${sign.charCodeAt(0).toString(16).toUpperCase()}`);
  return text.length <= MAX_TOKEN ? text : `sha256-${createHash("sha256").update(id).digest("hex")}`;
}
