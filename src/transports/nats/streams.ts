/** The streams and the consumer of the NATS transport, made where they are missing. @module */

import { AckPolicy, JetStreamApiCodes, JetStreamApiError, jetstreamManager, RetentionPolicy } from "@nats-io/jetstream";
import { nanos, type NatsConnection } from "@nats-io/transport-node";
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

/** Make what is missing. @throws {FatalError} 69, if something is missing that may not be made. */
export async function makeStreams(connection: NatsConnection, names: NatsNames): Promise<void> {
  const manager = await jetstreamManager(connection, { checkAPI: false });
  const { stream, subject, consumer, outcomeStream, outcomeSubject, deadSubject, ackWaitMs } = names;
  await ensure(
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
  await ensure(
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
}

async function ensure(
  { declare }: NatsNames,
  what: string,
  look: () => Promise<unknown>,
  make: () => Promise<unknown>,
): Promise<void> {
  try {
    await look();
  } catch (error) {
    if (!isMissing(error)) throw error;
    if (!declare) throw missingAndNotMade(what, { setting: "NATS_DECLARE" });
    await make();
  }
}

/** Whether an error says that a stream or a consumer is not there. */
function isMissing(error: unknown): boolean {
  const codes: readonly number[] = [JetStreamApiCodes.StreamNotFound, JetStreamApiCodes.ConsumerNotFound];
  return error instanceof JetStreamApiError && codes.includes(error.code);
}
