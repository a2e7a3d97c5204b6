/** The streams and the consumer of the NATS transport, made where they are missing. @module */

import {
  AckPolicy,
  type ConsumerConfig,
  JetStreamApiCodes,
  JetStreamApiError,
  jetstreamManager,
  RetentionPolicy,
} from "@nats-io/jetstream";
import { EXIT, FatalError } from "../../errors.ts";
import { millis, nanos, type NatsConnection } from "@nats-io/transport-node";
import { missingAndNotMade } from "../permissions.ts";

/** Names, and what is made where they name nothing. */
export interface NatsNames {
  readonly stream: string;
  readonly subject: string;
  readonly consumer: string;
  readonly outcomeStream: string;
  /** Subjects of outcomes and of dead letters, each followed by a point and an id. */
  readonly outcomeSubject: string;
  readonly deadSubject: string;
  /** Milliseconds after which a message that nobody acknowledged is delivered again. */
  readonly ackWaitMs: number;
  /** Whether missing ones are made. */
  readonly declare: boolean;
}

/** For so long the server takes an outcome with a known event id for a duplicate. */
const DUPLICATE_WINDOW_MS = 2 * 60 * 60 * 1000;

/** The settings of a consumer that decide what becomes of events. */
export type ConsumerSettings = Partial<
  Pick<
    ConsumerConfig,
    "ack_policy" | "deliver_subject" | "ack_wait" | "backoff" | "max_deliver" | "max_batch" | "max_expires"
  >
>;

/** What a stream and its consumer were found to be. */
export interface NatsTerms {
  /** When the stream was made: one that is made anew counts its messages from 1 again. */
  readonly created: string;
  /** Milliseconds that the consumer waits for a sign of life; one that was there has a time of its own. */
  readonly ackWaitMs: number;
  /** Messages that one request may ask for, and milliseconds that it may wait. */
  readonly maxBatch: number;
  readonly maxWaitMs: number;
}

/**
 * Why a consumer can't be used; undefined if it can. Without acknowledgements, or with one for all messages before it,
 * events that are still being answered would be lost with their agent. What has reached `max_deliver` is delivered to
 * nobody any more, and no dead letter is made of it.
 */
export function unfitConsumer(
  { consumer, stream, maxDeliveries }: ConsumerNames,
  { ack_policy = "explicit", deliver_subject, max_deliver = -1 }: ConsumerSettings,
): FatalError | undefined {
  const refuse = (why: string, remedy: string) =>
    new FatalError(`The consumer ${consumer} of ${stream} ${why}. ${remedy}`, EXIT.unavailable);
  const anew = "Agents need one to pull from, which wants an acknowledgement of each message: make it anew, or name " +
    "another one in NATS_CONSUMER.";
  if (deliver_subject !== undefined) return refuse("pushes its messages", anew);
  if (ack_policy !== "explicit") return refuse(`has the acknowledgement policy ${ack_policy}`, anew);
  if (max_deliver <= 0 || max_deliver > maxDeliveries) return undefined;
  return refuse(
    `delivers a message ${max_deliver} times at most, but a dead letter is made only after ` +
      `EVENT_MAX_DELIVERIES=${maxDeliveries}: events would be lost`,
    "Set its max_deliver to -1, which is no limit.",
  );
}

type ConsumerNames = Pick<NatsNames, "consumer" | "stream"> & {
  /** Deliveries after which a message is a dead letter. */
  readonly maxDeliveries: number;
};

/**
 * Make what is missing.
 *
 * @throws {FatalError} 69, if something is missing that may not be made, or the consumer can't be used.
 */
export async function makeStreams(
  connection: NatsConnection,
  names: NatsNames & ConsumerNames,
): Promise<NatsTerms> {
  const manager = await jetstreamManager(connection, { checkAPI: false });
  const { stream, subject, consumer, outcomeStream, outcomeSubject, deadSubject, ackWaitMs } = names;
  const { created } = await ensure(
    names,
    `stream ${stream}`,
    () => manager.streams.info(stream),
    () => manager.streams.add({ name: stream, subjects: [subject], retention: RetentionPolicy.Workqueue }),
  );
  await ensure(
    names,
    `stream ${outcomeStream}`,
    () => manager.streams.info(outcomeStream),
    () =>
      manager.streams.add({
        name: outcomeStream,
        subjects: [`${outcomeSubject}.>`, `${deadSubject}.>`],
        duplicate_window: nanos(DUPLICATE_WINDOW_MS),
      }),
  );
  const { config } = await ensure(
    names,
    `consumer ${consumer}`,
    () => manager.consumers.info(stream, consumer),
    () =>
      manager.consumers.add(stream, {
        durable_name: consumer,
        ack_policy: AckPolicy.Explicit,
        ack_wait: nanos(ackWaitMs),
        filter_subject: subject,
        // The agents' own prefetch bounds what is unacknowledged, and they count deliveries themselves.
        max_ack_pending: -1,
        max_deliver: -1,
      }),
  );
  const unfit = unfitConsumer(names, config);
  if (unfit) throw unfit;
  const { ack_wait = 0, backoff = [], max_batch = 0, max_expires = 0 } = config;
  const waits = [ack_wait, ...backoff].filter((wait) => wait > 0);
  return {
    created,
    ackWaitMs: waits.length > 0 ? millis(Math.min(...waits)) : ackWaitMs,
    // 0: no limit.
    maxBatch: max_batch || Infinity,
    maxWaitMs: millis(max_expires) || Infinity,
  };
}

async function ensure<Info>(
  { declare }: NatsNames,
  what: string,
  look: () => Promise<Info>,
  make: () => Promise<Info>,
): Promise<Info> {
  try {
    return await look();
  } catch (error) {
    if (!isMissing(error)) throw error;
    if (!declare) throw missingAndNotMade(what, { setting: "NATS_DECLARE" });
    try {
      return await make();
    } catch (problem) {
      throw problem instanceof JetStreamApiError && problem.code === OVERLAP ? overlapError(what) : problem;
    }
  }
}

/** Code of the server's error where another stream has some of the subjects. */
const OVERLAP = 10065;

/** The error for a stream that can't be made. @param what As in "cannot make …". */
export function overlapError(what: string): FatalError {
  return new FatalError(
    `Cannot make the ${what}: another stream takes some of its subjects. Name that one in NATS_STREAM or ` +
      "NATS_OUTCOME_STREAM, or other subjects in NATS_SUBJECT, NATS_OUTCOME_SUBJECT and NATS_DEAD_SUBJECT.",
    EXIT.unavailable,
  );
}

/** Whether an error says that a stream or a consumer is not there. */
function isMissing(error: unknown): boolean {
  const codes: readonly number[] = [JetStreamApiCodes.StreamNotFound, JetStreamApiCodes.ConsumerNotFound];
  return error instanceof JetStreamApiError && codes.includes(error.code);
}
