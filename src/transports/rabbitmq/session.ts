/** What an agent does with queues while one connection to RabbitMQ lasts. @module */

import type { AMQPChannel, AMQPClient, AMQPMessage } from "@cloudamqp/amqp-client";
import { messageOf } from "../../errors.ts";
import { type TraceHeaders, traceHeaders } from "../../trace_headers.ts";
import type { Entry } from "../../wire.ts";
import { createHolds, type Holds } from "../holds.ts";
import { readMessage, refusalOf } from "../messages.ts";
import { startPulse } from "../pulse.ts";
import type { QueueOptions, QueueSession } from "../queue.ts";
import type { Delivery } from "../transport.ts";
import { type Acks, createAcks } from "./acks.ts";
import {
  abandon,
  connectRabbit,
  deadQueueOf,
  depthOf,
  makeQueues,
  type RabbitQueues,
  type RabbitServer,
  tryPublishing,
} from "./connection.ts";
import { createDirectReplies } from "./direct_replies.ts";
import { openPublishing, type Publishing } from "./publishing.ts";

/** How the agent takes part. */
export interface RabbitSessionOptions extends QueueOptions, RabbitServer, RabbitQueues {
  readonly onBeat: () => void;
  /** From 0 to below 1; default Math.random. */
  readonly random?: () => number;
}

/** Milliseconds between two questions whether the broker is there, and has its queue of outcomes. */
const BEAT_MS = 5_000;

const NOTHING = new Uint8Array();

/** What the functions of a session share. */
interface Session {
  readonly channel: AMQPChannel;
  readonly acks: Acks;
  readonly publishing: Publishing;
  readonly holds: Holds<AMQPMessage>;
  /** Messages that have come and were not looked at. */
  readonly arrived: AMQPMessage[];
  /** Messages that may have killed an agent, and wait for their turn. */
  readonly suspects: Delivery[];
  /** Messages without an event whose error outcome the broker has not taken yet. */
  readonly refused: Refused[];
  readonly options: RabbitSessionOptions;
  wake(): void;
}

/** A message without an event: its error outcome goes first, then it becomes a dead letter. */
interface Refused {
  readonly message: AMQPMessage;
  /** Absent where the message has no id to answer. */
  readonly outcome: Entry | undefined;
}

/** Take part over an open connection; queues that are missing are made. */
export async function openRabbitSession(
  client: AMQPClient,
  options: RabbitSessionOptions,
): Promise<QueueSession<AMQPMessage>> {
  const { agentId, queues, outcomeQueue, prefetch } = options;
  const blocking = watchBlocking(client, options);
  // Found out at the first outcome, it would cost each event that is here one of its deliveries, again and again.
  await blocking.unlessBlocked(() => tryPublishing(client));
  await makeQueues(client, options);
  const own = [...queues, ...queues.map(deadQueueOf)];
  const over = new AbortController();
  const woken = { change: Promise.withResolvers<void>() };
  const wake = () => {
    woken.change.resolve();
    woken.change = Promise.withResolvers();
  };
  const direct = createDirectReplies(() => connectRabbit(options));
  const end = (problem: string) => {
    if (over.signal.aborted) return;
    over.abort(new Error(problem));
    wake();
    direct.close();
    abandon(client, problem);
  };
  const publishing = await openPublishing(client, { agentId, outcomeQueue, own, direct, onLost: end });
  const channel = await client.channel();
  client.ondisconnect = (error) => end(error ? messageOf(error) : "the connection was closed");
  const acks = createAcks(channel);
  const none = { holds: createHolds<AMQPMessage>(), arrived: [], suspects: [], refused: [] };
  const session: Session = { channel, acks, publishing, ...none, options, wake };
  // Without a queue, the limit is for each consumer.
  await channel.basicQos(Math.max(1, Math.floor(prefetch / queues.length)));
  for (const queue of queues) {
    const consumer = await channel.basicConsume(queue, { noAck: false }, (message) => {
      acks.delivered(message.deliveryTag);
      session.arrived.push(message);
      wake();
    });
    // It ends with its queue, its channel or its connection.
    void consumer.wait().catch((error) => end(messageOf(error)));
  }
  const look = async () => {
    if (await depthOf(client, outcomeQueue) === undefined) end(`the queue ${outcomeQueue} is gone`);
  };
  const beat = () => blocking.unlessBlocked(look);
  const onBeat = () => {
    if (client.blocked !== undefined) return;
    options.onBeat();
    void refuseAgain(session);
  };
  startPulse({ ...options, everyMs: () => BEAT_MS, beat, onBeat, over: over.signal, end });
  return {
    deliveries: (signal) => readEvents(session, { signal, over: over.signal, changed: () => woken.change.promise }),
    settle: (message, entry, trace) => settle(session, message, entry, trace),
    chunk: (message, chunk) => isHeld(session, message) && publishing.chunk(chunk, message),
    // The broker gives what is not acknowledged to others.
    handBack: () => channel.close(),
    close: () => end("the agent has closed it"),
  };
}

/**
 * A broker that has no memory or disk left reads nothing from those who publish: it says so, and when it reads on. It is
 * no dead connection, and to make another one would only count as one more delivery of each event.
 */
function watchBlocking(client: AMQPClient, { log, onBeat }: Pick<RabbitSessionOptions, "log" | "onBeat">) {
  let blocked = Promise.withResolvers<void>();
  client.onblocked = (reason) => {
    log.warn("RabbitMQ takes nothing for now: outcomes wait", { reason });
    blocked.resolve();
  };
  client.onunblocked = () => {
    log.info("RabbitMQ takes outcomes again");
    blocked = Promise.withResolvers();
    onBeat();
  };
  return {
    /** Resolves with `ask`, or as soon as there can be no reply. */
    async unlessBlocked(ask: () => Promise<void>): Promise<void> {
      if (client.blocked !== undefined) return;
      const asked = ask();
      asked.catch(() => {}); // where it is not awaited, the connection has ended, which is told of
      await Promise.race([asked, blocked.promise]);
    },
  };
}

async function* readEvents(
  session: Session,
  { signal, over, changed }: { signal: AbortSignal; over: AbortSignal; changed: () => Promise<void> },
): AsyncIterable<readonly Delivery[]> {
  const { arrived, suspects, holds, wake, options: { random = Math.random } } = session;
  signal.addEventListener("abort", wake, { once: true });
  while (!signal.aborted && !over.aborted) {
    const change = changed();
    const deliveries: Delivery[] = [];
    for (const message of arrived.splice(0)) {
      const delivery = receive(session, message);
      if (delivery === undefined) continue;
      if (delivery.attempt > 1) suspects.push(delivery);
      else {
        holds.add(keyOf(message), message, { attempt: 1 });
        deliveries.push(delivery);
      }
    }
    if (suspects.length > 0 && !holds.hasSuspect) {
      // One after the other, in any order: in a fixed one, the killer among them would always come before the same others.
      const [next] = suspects.splice(Math.floor(random() * suspects.length), 1);
      const message = next!.handle as AMQPMessage;
      holds.add(keyOf(message), message, { attempt: next!.attempt ?? 1 });
      deliveries.push(next!);
    }
    if (deliveries.length > 0) yield deliveries;
    else await change;
  }
  if (!signal.aborted) throw over.reason;
}

/** Names a message among those of its channel. */
function keyOf({ deliveryTag }: AMQPMessage): string {
  return String(deliveryTag);
}

/** The event in a message; undefined where it has none, and ends as a dead letter. */
function receive(session: Session, message: AMQPMessage): (Delivery & { attempt: number }) | undefined {
  const { options } = session;
  const { log } = options;
  const checked = readMessage(message.body ?? NOTHING, options);
  if (checked.ok) {
    // A quorum queue counts the deliveries before this one; a classic one says only whether there was any.
    const count = message.properties.headers?.["x-delivery-count"];
    const before = typeof count === "number" ? count : message.redelivered ? 1 : 0;
    return { event: checked.value, handle: message, attempt: before + 1, trace: traceIn(message) };
  }
  const { reason, id } = checked;
  log.warn("message refused", { queue: message.routingKey, reason, ...(id !== undefined && { event: id }) });
  void refuse(session, { message, outcome: id === undefined ? undefined : refusalOf(id, { reason, ...options }) });
  return undefined;
}

/**
 * Make a dead letter of a message. An error outcome that the broker does not take, as a full queue does not, is sent
 * again later: another connection would not help, and would count as one more delivery of all that is held.
 */
async function refuse(session: Session, refused: Refused): Promise<void> {
  const { channel, publishing, acks, options } = session, { message, outcome } = refused;
  try {
    if (outcome) await publishing.publish(outcome, message, traceIn(message));
    await acks.reject(message.deliveryTag);
    options.observer?.deadLettered();
  } catch (error) {
    if (channel.closed) return; // the broker delivers it again
    session.refused.push(refused);
    options.log.warn("the error outcome of a refused message was not taken", { error: messageOf(error) });
  }
}

/** Try once more what {@linkcode refuse} could not do. */
async function refuseAgain(session: Session): Promise<void> {
  for (const refused of session.refused.splice(0)) await refuse(session, refused);
}

/** The trace that the headers of a message name. */
function traceIn({ properties: { headers } }: AMQPMessage): TraceHeaders | undefined {
  return traceHeaders((name) => headers?.[name]);
}

/** Whether a message can be settled over this session: one of an earlier connection is delivered again by the broker. */
function isHeld({ channel, holds }: Session, message: AMQPMessage): boolean {
  return message.channel === channel && !channel.closed && holds.has(keyOf(message));
}

async function settle(
  session: Session,
  message: AMQPMessage,
  entry: Entry,
  trace: TraceHeaders | undefined,
): Promise<boolean> {
  const { acks, publishing, holds, wake } = session;
  if (!isHeld(session, message)) return false;
  await publishing.publish(entry, message, trace);
  await acks.ack(message.deliveryTag);
  holds.remove(keyOf(message));
  wake();
  return true;
}
