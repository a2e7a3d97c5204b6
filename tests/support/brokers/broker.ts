/** What the tests of all queues ask of a broker. @module */

import type { TraceHeaders } from "../../../src/trace_headers.ts";
import type { AgentEvent, Outcome } from "../../../src/wire.ts";

/** An outcome as a reader of the queue gets it. */
export interface OutcomeMessage {
  readonly outcome: Outcome;
  /** Its body, byte for byte. */
  readonly text: string;
  readonly id: string;
  readonly type: string;
  readonly correlationId: string | undefined;
  /** The trace in its headers. */
  readonly trace: TraceHeaders | undefined;
}

/** A real broker with the queues of one test. */
export interface Broker extends AsyncDisposable {
  /** Settings of the agents that are to use it. */
  readonly env: Readonly<Record<string, string>>;
  /** Put messages into the queue of events; a text goes as it is. */
  publish(...events: readonly (AgentEvent | string)[]): Promise<void>;
  /** Put one message with headers into the queue of events. */
  publishWith(headers: Readonly<Record<string, string>>, event: AgentEvent | string): Promise<void>;
  /** Put a message with these bytes into the queue of events, which is there. */
  publishBytes(body: Uint8Array): Promise<void>;
  /** The first `count` outcomes, in the order of their arrival. */
  outcomes(count: number): Promise<readonly OutcomeMessage[]>;
  /** Outcomes that are there now. */
  arrived(): Promise<readonly OutcomeMessage[]>;
  /** The bodies of the dead letters that are there now. */
  letters(): Promise<readonly string[]>;
  /** Messages that no agent has, and messages that agents hold. */
  depth(): Promise<{ waiting: number; held: number }>;
  /** Where new queues do not outlive SIGKILL at once: make them, and see that they do. */
  keepQueues?(): Promise<void>;
  /** SIGKILL. */
  kill(): Promise<void>;
  /** Start again with what is on disk. */
  start(): Promise<void>;
  signal(signal: "SIGSTOP" | "SIGCONT"): void;
  /** Cut every agent's connection. */
  cut(): Promise<void>;
  /** Delete the queue of events. */
  deleteQueue(): Promise<void>;
}

/** The body of a message; a text goes as it is. */
export function bodyOf(event: AgentEvent | string): string {
  return typeof event === "string" ? event : JSON.stringify(event);
}

/** Look until `find` finds something: a broker tells nobody of a change. */
export async function poll<T>(what: string, find: () => Promise<T | undefined>, patienceMs = 60_000): Promise<T> {
  const untilMs = Date.now() + patienceMs;
  let last: unknown;
  while (Date.now() < untilMs) {
    try {
      const found = await find();
      if (found !== undefined) return found;
    } catch (error) {
      // The broker may be gone for now.
      last = error;
    }
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  throw new Error(`Gave up waiting for ${what}`, { cause: last });
}

/** The first outcome of each event, once there are `count` events with one. */
export function distinctOutcomes(broker: Broker, count: number): Promise<ReadonlyMap<string, OutcomeMessage>> {
  return poll(`outcomes of ${count} events`, async () => {
    const found = new Map((await broker.arrived()).toReversed().map((message) => [message.id, message]));
    return found.size >= count ? found : undefined;
  });
}
