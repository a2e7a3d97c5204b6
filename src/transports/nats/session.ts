/** What an agent does with a JetStream consumer while one connection lasts. @module */

import { setImmediate } from "node:timers/promises";
import type { Msg, NatsConnection } from "@nats-io/transport-node";
import { messageOf } from "../../errors.ts";
import type { TraceHeaders } from "../../trace_headers.ts";
import type { Entry } from "../../wire.ts";
import { createHolds, type Holds } from "../holds.ts";
import { readMessage } from "../messages.ts";
import { beatMsOf, startPulse } from "../pulse.ts";
import type { QueueOptions, QueueSession } from "../queue.ts";
import type { Delivery } from "../transport.ts";
import { type Confirms, openConfirms } from "./confirms.ts";
import { hearRefusals } from "./connection.ts";
import { type HeldMessage, heldMessage, positionIn, tell } from "./deliveries.ts";
import { type Copy, publishOutcome, refuse, sendChunk, sendCopy } from "./publishing.ts";
import { openPulls, type Pulls } from "./pulls.ts";
import { makeStreams, type NatsNames, type NatsTerms } from "./streams.ts";

/** How the agent takes part. */
export interface NatsSessionOptions extends QueueOptions, NatsNames {
  /** Deliveries after which a message is a dead letter. */
  readonly maxDeliveries: number;
  readonly onBeat: () => void;
}

/** Milliseconds that a request for one message stays with the server. */
const PULL_MS = 2_000;
/** The same for many messages, which only waits where another agent was given those that were waiting. */
const BATCH_MS = 250;
/** Milliseconds before streams that vanished are looked for again. */
const MISSING_MS = 500;

/** Take part over an open connection; streams that are missing are made. */
export async function openNatsSession(
  connection: NatsConnection,
  options: NatsSessionOptions,
): Promise<QueueSession<HeldMessage>> {
  const { stream, consumer, clock } = options;
  const holds = createHolds<HeldMessage>();
  const found = await findStreams(connection, holds, options);
  const over = new AbortController();
  const end = (problem: string) => {
    if (over.signal.aborted) return;
    over.abort(new Error(problem));
    void connection.close();
  };
  void connection.closed().then((error) => end(error ? messageOf(error) : "the connection was closed"));
  startPulse({
    ...options,
    everyMs: () => beatMsOf(found.terms.ackWaitMs),
    async beat() {
      for (const held of holds) tell(connection, held, "working");
      await connection.flush();
    },
    over: over.signal,
    end,
  });
  const ackSubject = `$JS.ACK.${stream}.${consumer}.`;
  const pullSubject = `$JS.API.CONSUMER.MSG.NEXT.${stream}.${consumer}`;
  const pulls = openPulls(connection, { subject: pullSubject, clock, over: over.signal });
  const confirms = openConfirms(connection, { clock, over: over.signal });
  void hearRefusals(connection, (subject, error) => {
    if (subject === pullSubject) pulls.refused(error);
    else if (subject.startsWith(ackSubject)) end(messageOf(error));
    else confirms.refused(subject, error);
  });
  // A sign of life for no message. Refused acknowledgements would otherwise show only in events that come again and again.
  tell(connection, { replySubject: `${ackSubject}1.0.0.0.0` }, "working");
  await Promise.race([connection.flush(), aborted(over.signal)]);
  await setImmediate();
  over.signal.throwIfAborted();
  const finish = createFinishing(connection, over.signal);
  const session = { connection, holds, pulls, confirms, finish, found, over: over.signal, options };
  return {
    deliveries: (signal) => readEvents(session, signal),
    settle: (held, entry, trace) => settle(session, held, entry, trace),
    chunk: (held, chunk) => holds.has(held.key) && sendChunk(session, held, chunk),
    async handBack() {
      await pulls.leave();
      for (const held of holds) tell(connection, held, "nak");
      await connection.flush();
    },
    close: () => end("the agent has closed it"),
  };
}

/** What the functions of a session share. */
interface Session {
  readonly connection: NatsConnection;
  readonly holds: Holds<HeldMessage>;
  readonly pulls: Pulls;
  readonly confirms: Confirms;
  /** Send the copy of an outcome, and acknowledge its message. Resolves when the server has got both. */
  readonly finish: (held: HeldMessage, copy: Copy | undefined) => Promise<void>;
  readonly over: AbortSignal;
  readonly options: NatsSessionOptions;
  readonly found: FoundStreams;
}

/** Stream and consumer as they were when they were looked for last. */
interface FoundStreams {
  readonly terms: NatsTerms;
  /** Look once more; what is missing is made. */
  lookAgain(): Promise<void>;
}

async function findStreams(
  connection: NatsConnection,
  holds: Holds<HeldMessage>,
  options: NatsSessionOptions,
): Promise<FoundStreams> {
  let terms = await makeStreams(connection, options);
  return {
    get terms() {
      return terms;
    },
    async lookAgain() {
      const last = terms;
      terms = await makeStreams(connection, options);
      if (terms.created !== last.created) { for (const held of holds) held.isGone = true; }
    },
  };
}

/** Rejects with the reason once `signal` aborts: the package never answers a flush whose connection ends. */
function aborted(signal: AbortSignal): Promise<never> {
  const { promise, reject } = Promise.withResolvers<never>();
  promise.catch(() => {}); // whoever waits has it
  signal.addEventListener("abort", () => reject(signal.reason), { once: true });
  if (signal.aborted) reject(signal.reason);
  return promise;
}

/** Finishes all messages of one turn of the event loop together: one write, and one question whether the server has it. */
function createFinishing(
  connection: Pick<NatsConnection, "publish" | "flush">,
  over: AbortSignal,
): Session["finish"] {
  let waiting: { readonly held: HeldMessage; readonly copy: Copy | undefined }[] = [];
  let next: Promise<void> | undefined;
  // The package never answers a flush whose connection ends.
  const sent = new Set<PromiseWithResolvers<void>>();
  over.addEventListener("abort", () => sent.forEach(({ reject }) => reject(over.reason)), { once: true });
  async function send() {
    await setImmediate();
    next = undefined;
    const all = waiting, flushed = Promise.withResolvers<void>();
    waiting = [];
    sent.add(flushed);
    try {
      for (const { held, copy } of all) {
        if (copy) sendCopy(connection, copy);
        tell(connection, held, "ack");
      }
      connection.flush().then(flushed.resolve, flushed.reject);
      await flushed.promise;
    } finally {
      sent.delete(flushed);
    }
  }
  return (held, copy) => {
    waiting.push({ held, copy });
    return next ??= send();
  };
}

/**
 * One message at a time is asked for, and when it is no suspect, as many as the server says are waiting: a request that
 * stays with the server for many would be given many suspects at once when an agent dies, and each delivery counts.
 */
async function* readEvents(session: Session, signal: AbortSignal): AsyncIterable<readonly Delivery[]> {
  const { pulls, holds, over, options } = session;
  const stopping = AbortSignal.any([signal, over]);
  while (!stopping.aborted) {
    if (holds.hasSuspect || holds.size >= options.prefetch) {
      await holds.changed(stopping);
      // What is settled in one turn makes room together: one request for all of it.
      await setImmediate();
      continue;
    }
    try {
      const { maxBatch, maxWaitMs } = session.found.terms;
      let pending = 0;
      for await (const messages of pulls.pull({ count: 1, waitMs: Math.min(PULL_MS, maxWaitMs) }, stopping)) {
        pending = positionIn(messages.at(-1)!).pending;
        yield* receive(session, messages);
      }
      const count = Math.min(options.prefetch - holds.size, pending, maxBatch), waitMs = Math.min(BATCH_MS, maxWaitMs);
      if (holds.hasSuspect || count <= 0) continue;
      for await (const messages of pulls.pull({ count, waitMs, endsWhenEmpty: true }, stopping)) {
        yield* receive(session, messages);
      }
    } catch (error) {
      if (stopping.aborted) break;
      // Stream or consumer were deleted, or the server has none of them yet.
      options.log.warn("consumer lost: looking for it again", { error: messageOf(error) });
      await options.clock.sleep(MISSING_MS, stopping);
      if (!stopping.aborted) await session.found.lookAgain();
    }
  }
  if (!signal.aborted) throw over.reason;
}

/** What becomes of messages: an event is held from now on, anything else ends as a dead letter. */
async function* receive(session: Session, messages: readonly Msg[]): AsyncIterable<readonly Delivery[]> {
  const { holds, options } = session;
  let deliveries: Delivery[] = [];
  for (const message of messages) {
    const checked = readMessage(message.data, options);
    const { held, trace } = heldMessage(message), attempt = held.deliveries;
    if (checked.ok && attempt <= options.maxDeliveries) {
      holds.add(held.key, held, { attempt });
      deliveries.push({ event: checked.value, handle: held, attempt, trace });
      continue;
    }
    if (deliveries.length > 0) yield deliveries;
    deliveries = [];
    if (checked.ok) options.observer?.refused("delivered_too_often");
    try {
      await refuse(session, message, {
        reason: checked.ok ? `delivered ${attempt - 1} times, and no agent has settled it` : checked.reason,
        ...(!checked.ok && checked.id !== undefined && { id: checked.id }),
      });
    } catch (error) {
      // The server delivers it again once its time for an acknowledgement is over. If the connection has ended, the next
      // request for messages tells of it.
      options.log.warn("a dead letter was not taken", { error: messageOf(error) });
    }
  }
  if (deliveries.length > 0) yield deliveries;
}

async function settle(
  session: Session,
  held: HeldMessage,
  entry: Entry,
  trace: TraceHeaders | undefined,
): Promise<boolean> {
  const { holds, finish } = session;
  // A message of an earlier connection: the server delivers it again.
  if (!holds.has(held.key)) return false;
  const copy = await publishOutcome(session, held, entry, { trace });
  // An acknowledgement is not confirmed. If it is lost, the event comes again, and the server drops its second outcome.
  await finish(held, copy);
  holds.remove(held.key);
  return true;
}
