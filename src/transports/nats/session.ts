/** What an agent does with a JetStream consumer while one connection lasts. @module */

import { setImmediate } from "node:timers/promises";
import { type Consumer, jetstream, JetStreamApiError, type JetStreamClient, type JsMsg } from "@nats-io/jetstream";
import { errors, headers, type MsgHdrs, type NatsConnection } from "@nats-io/transport-node";
import { messageOf } from "../../errors.ts";
import { type TraceHeaders, traceHeaders } from "../../trace_headers.ts";
import { type Chunk, encodeChunk, type Entry } from "../../wire.ts";
import { createHolds, type Holds } from "../holds.ts";
import { OutcomeTooLargeError, readMessage, refusalOf, typeOf } from "../messages.ts";
import { beatMsOf, startPulse } from "../pulse.ts";
import type { QueueOptions, QueueSession } from "../queue.ts";
import type { Delivery } from "../transport.ts";
import { makeStreams, type NatsNames } from "./streams.ts";

/** How the agent takes part. */
export interface NatsSessionOptions extends QueueOptions, NatsNames {
  /** Deliveries after which a message is a dead letter. */
  readonly maxDeliveries: number;
  readonly onBeat: () => void;
}

/** Milliseconds that one request for a message stays with the server. */
const PULL_MS = 2_000;
/** Milliseconds that the server may take to note that a message is settled. */
const SETTLE_MS = 5_000;
/** Milliseconds before streams that vanished are looked for again. */
const MISSING_MS = 500;

/** Take part over an open connection; streams that are missing are made. */
export async function openNatsSession(
  connection: NatsConnection,
  options: NatsSessionOptions,
): Promise<QueueSession<JsMsg>> {
  await makeStreams(connection, options);
  const client = jetstream(connection, { timeout: SETTLE_MS });
  const consumer = await client.consumers.get(options.stream, options.consumer);
  const holds = createHolds<JsMsg>();
  const over = new AbortController();
  const end = (problem: string) => {
    if (over.signal.aborted) return;
    over.abort(new Error(problem));
    void connection.close();
  };
  void connection.closed().then((error) => end(error ? messageOf(error) : "the connection was closed"));
  startPulse({
    ...options,
    everyMs: beatMsOf(options.ackWaitMs),
    async beat() {
      for (const message of holds) message.working();
      await connection.flush();
    },
    over: over.signal,
    end,
  });
  const flush = createFlush(connection);
  const session = { connection, client, consumer, holds, flush, over: over.signal, options };
  let late: Promise<JsMsg | null> | undefined;
  return {
    deliveries: (signal) => readEvents(session, { signal, onLate: (message) => late = message }),
    settle: (message, entry, trace) => settle(session, message, entry, trace),
    chunk: (message, chunk) => sendChunk(session, message, chunk),
    async handBack() {
      for (const message of holds) message.nak();
      (await late)?.nak();
      await connection.flush();
    },
    close: () => end("the agent has closed it"),
  };
}

/** What the functions of a session share. */
interface Session {
  readonly connection: NatsConnection;
  readonly client: JetStreamClient;
  readonly consumer: Consumer;
  readonly holds: Holds<JsMsg>;
  /** Resolves when the server has got what was sent up to this call. */
  readonly flush: () => Promise<void>;
  readonly over: AbortSignal;
  readonly options: NatsSessionOptions;
}

/** One question whether the server has got everything, for all that ask in one turn of the event loop. */
function createFlush(connection: NatsConnection): () => Promise<void> {
  let next: Promise<void> | undefined;
  return () =>
    next ??= setImmediate().then(() => {
      next = undefined;
      return connection.flush();
    });
}

/** Names a message among those of its stream. */
function keyOf({ seq }: JsMsg): string {
  return String(seq);
}

/**
 * One message at a time is asked for, and when it is no suspect, as many as the server says are waiting: a request that
 * stays with the server for many would be given many suspects at once when an agent dies, and each delivery counts.
 *
 * @param options `onLate`: told of a request that was under way when `signal` aborted.
 */
async function* readEvents(
  session: Session,
  { signal, onLate }: { signal: AbortSignal; onLate: (message: Promise<JsMsg | null>) => void },
): AsyncIterable<readonly Delivery[]> {
  const { consumer, holds, over, options } = session;
  const stopped = Promise.withResolvers<null>();
  const stopping = new AbortController();
  const stop = () => {
    stopping.abort();
    stopped.resolve(null);
  };
  signal.addEventListener("abort", stop, { once: true });
  over.addEventListener("abort", stop, { once: true });
  if (signal.aborted || over.aborted) stop();
  while (!stopping.signal.aborted) {
    if (holds.hasSuspect || holds.size >= options.prefetch) {
      await holds.changed(stopping.signal);
      continue;
    }
    try {
      const next = consumer.next({ expires: PULL_MS });
      next.catch(() => {}); // who awaits it still learns of it
      const first = await Promise.race([next, stopped.promise]);
      if (stopping.signal.aborted) onLate(next.catch(() => null));
      if (!first) continue;
      yield await receive(session, first);
      const count = Math.min(options.prefetch - holds.size, first.info.pending);
      if (holds.hasSuspect || count <= 0) continue;
      for await (const message of await consumer.fetch({ max_messages: count, expires: PULL_MS })) {
        yield await receive(session, message);
        if (stopping.signal.aborted) break;
      }
    } catch (error) {
      if (stopping.signal.aborted) break;
      // Stream or consumer were deleted, or the server has none of them yet.
      options.log.warn("consumer lost: looking for it again", { error: messageOf(error) });
      await options.clock.sleep(MISSING_MS, stopping.signal);
      if (!stopping.signal.aborted) await makeStreams(session.connection, options);
    }
  }
  if (!signal.aborted) throw over.reason;
}

/** What becomes of a message: an event is held from now on, anything else ends as a dead letter. */
async function receive(session: Session, message: JsMsg): Promise<Delivery[]> {
  const { holds, options } = session;
  const attempt = message.info.deliveryCount;
  const checked = readMessage(message.string(), options);
  if (!checked.ok) {
    await refuse(session, message, { reason: checked.reason, ...(checked.id !== undefined && { id: checked.id }) });
    return [];
  }
  if (attempt > options.maxDeliveries) {
    options.observer?.refused("delivered_too_often");
    await refuse(session, message, { reason: `delivered ${attempt - 1} times, and no agent has settled it` });
    return [];
  }
  holds.add(keyOf(message), message, { attempt });
  return [{ event: checked.value, handle: message, attempt, trace: traceIn(message) }];
}

/** An error outcome, if the message has an id to send it for, and a dead letter. */
async function refuse(session: Session, message: JsMsg, { reason, id }: { reason: string; id?: string }) {
  const { client, options } = session;
  const { deadSubject, stream, log } = options;
  log.warn("message refused", { stream, seq: message.seq, reason, ...(id !== undefined && { event: id }) });
  if (id !== undefined) {
    await publish(session, message, refusalOf(id, { reason, ...options }), traceIn(message));
  }
  const letter = copyOf(message.headers);
  letter.set("dead_stream", stream);
  letter.set("dead_sequence", String(message.seq));
  letter.set("dead_deliveries", String(message.info.deliveryCount));
  letter.set("dead_reason", reason.replace(/[\r\n]+/g, " "));
  const msgID = `${stream} ${message.seq}`, subject = `${deadSubject}.${token(id ?? String(message.seq))}`;
  try {
    await client.publish(subject, message.data, { headers: letter, msgID });
  } catch (error) {
    if (!isTooLarge(error)) throw error;
    // The message was as large as the server takes, and its dead letter has more headers.
    letter.set("dead_body", "left out: no room for it beside these headers");
    await client.publish(subject, new Uint8Array(), { headers: letter, msgID });
  }
  options.observer?.deadLettered();
  // Without a reason: a server before 2.10.4 takes no notice of one that has it, and delivers the message again.
  message.term();
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

/** Publish an outcome; the server drops it if it has one for the event already. */
async function publish(
  session: Session,
  message: JsMsg,
  entry: Entry,
  trace: TraceHeaders | undefined,
): Promise<void> {
  const { connection, client, options } = session;
  const id = entry.outcome.queryId;
  const fields = headers();
  fields.set("content_type", "application/json");
  fields.set("type", typeOf(entry));
  fields.set("app_id", options.agentId);
  fields.set("correlation_id", encodeURI(message.headers?.get("correlation_id") || id));
  for (const [name, value] of Object.entries(trace ?? {})) fields.set(name, value);
  try {
    const subject = `${options.outcomeSubject}.${token(id)}`;
    await client.publish(subject, entry.text, { msgID: encodeURI(id), headers: fields });
  } catch (error) {
    throw isTooLarge(error) ? new OutcomeTooLargeError(entry, connection.info?.max_payload) : error;
  }
  const inbox = inboxOf(message);
  if (inbox !== undefined) connection.publish(inbox, entry.text, { headers: fields });
}

/** The trace that the headers of a message name; a name that stands there more than once is one list. */
function traceIn({ headers }: JsMsg): TraceHeaders | undefined {
  return traceHeaders((name) => headers?.values(name).join(","));
}

/** Code of the server's error where a stream takes no message as large (`max_msg_size`). */
const MESSAGE_EXCEEDS_MAXIMUM = 10054;

/** Whether a message is larger than the server takes, or its stream: more than `max_payload` the client does not send. */
function isTooLarge(error: unknown): boolean {
  return (error instanceof errors.InvalidArgumentError && error.message.includes("max_payload")) ||
    (error instanceof JetStreamApiError && error.code === MESSAGE_EXCEEDS_MAXIMUM);
}

/** Where a copy goes. Nowhere but to who asked: the sender of an event may not have the agent publish elsewhere. */
function inboxOf({ headers }: JsMsg): string | undefined {
  const replyTo = headers?.get("reply_to") ?? "";
  return /^_INBOX\.[\w.-]+$/.test(replyTo) ? replyTo : undefined;
}

function sendChunk({ connection, holds, options }: Session, message: JsMsg, chunk: Chunk): boolean {
  const inbox = inboxOf(message);
  if (inbox === undefined || connection.isClosed() || !holds.has(keyOf(message))) return false;
  const fields = headers();
  fields.set("content_type", "application/json");
  fields.set("type", "chunk");
  fields.set("app_id", options.agentId);
  connection.publish(inbox, encodeChunk(chunk), { headers: fields });
  return true;
}

async function settle(
  session: Session,
  message: JsMsg,
  entry: Entry,
  trace: TraceHeaders | undefined,
): Promise<boolean> {
  const { holds } = session;
  // A message of an earlier connection: the server delivers it again.
  if (!holds.has(keyOf(message))) return false;
  await publish(session, message, entry, trace);
  // Not confirmed one by one. If it is lost, the event comes again, and the server drops the outcome that it has already.
  message.ack();
  await session.flush();
  holds.remove(keyOf(message));
  return true;
}

/** An id as one part of a subject: what has a meaning there, and what is no letter, is written as `%` and hexadecimal digits. */
export function token(id: string): string {
  return encodeURIComponent(id).replace(/[.*!'()~]/g, (sign) => `%${sign.charCodeAt(0).toString(16).toUpperCase()}`);
}
