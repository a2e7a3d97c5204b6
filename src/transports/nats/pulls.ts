/** Messages asked for from a JetStream consumer, request by request, over one subscription. @module */

import { createInbox, type Msg, nanos, type NatsConnection } from "@nats-io/transport-node";
import type { Clock } from "../../clock.ts";
import { headersOf, tell } from "./deliveries.ts";

/** A request for messages. */
export interface Pull {
  /** Messages that are wanted, at most. */
  readonly count: number;
  /** Milliseconds that the server keeps the request while it has no message. */
  readonly waitMs: number;
  /** Whether the request ends as soon as no further message is waiting; else it waits until it has all of them. */
  readonly endsWhenEmpty?: boolean;
}

/** Asks for messages. */
export interface Pulls {
  /**
   * Ask once: yields messages as they arrive, those of one read of the socket together, until the request has ended or
   * `signal` aborts. Only after a request has ended there may be another one.
   *
   * @throws {Error} If the server refuses the request, or does not answer, as where there is no such consumer.
   */
  pull(pull: Pull, signal: AbortSignal): AsyncIterable<readonly Msg[]>;
  /** The server has refused the subject of the request. */
  refused(error: Error): void;
  /** After the last request: wait until no message comes for it any more, and hand back those that nobody has taken. */
  leave(): Promise<void>;
}

/** What requests are made with. */
export interface PullOptions {
  /** The subject at which the consumer takes requests. */
  readonly subject: string;
  readonly clock: Pick<Clock, "sleep">;
  /** Aborts when the connection ends. */
  readonly over: AbortSignal;
}

/** A request, and what has become of it. */
interface Request {
  readonly inbox: string;
  /** Messages that have not arrived yet. */
  left: number;
  problem?: Error;
  /** Aborts when no further message comes for it. */
  readonly over: AbortController;
}

/**
 * Milliseconds after the end of its waiting time until a request is given up. The server says nothing at all of one to a
 * consumer that is not there (2.9).
 */
const LATE_MS = 2_000;

/** Statuses that end a request and are no failure: no message was waiting, and the time is over or others wait as well. */
const ENDS: readonly number[] = [404, 408];

/** No request yet. */
export function openPulls(connection: NatsConnection, options: PullOptions): Pulls {
  return new OpenPulls(connection, options);
}

class OpenPulls implements Pulls {
  readonly #connection: NatsConnection;
  readonly #options: PullOptions;
  readonly #inbox = createInbox();
  #arrived: Msg[] = [];
  #request: Request | undefined;
  #requests = 0;
  #changed = Promise.withResolvers<void>();

  constructor(connection: NatsConnection, options: PullOptions) {
    this.#connection = connection;
    this.#options = options;
    connection.subscribe(`${this.#inbox}.*`, {
      callback: (error, message) => error ? this.refused(error) : this.#hear(message),
    });
    options.over.addEventListener("abort", () => this.refused(options.over.reason), { once: true });
  }

  async *pull(pull: Pull, signal: AbortSignal): AsyncIterable<readonly Msg[]> {
    const request = this.#ask(pull);
    const wake = () => this.#wake();
    signal.addEventListener("abort", wake, { once: true });
    try {
      while (!signal.aborted) {
        if (this.#arrived.length > 0) yield this.#take();
        else if (request.over.signal.aborted) break;
        else await this.#changed.promise;
      }
      if (request.problem && !signal.aborted) throw request.problem;
    } finally {
      signal.removeEventListener("abort", wake);
    }
  }

  refused(error: Error): void {
    if (this.#request) this.#end(this.#request, error);
  }

  async leave(): Promise<void> {
    // A message that is handed back before would be sent here again. If the subscription ended before, a server of 2.9
    // would lose sight of the message until its time for an acknowledgement is over.
    while (this.#request?.over.signal.aborted === false) await this.#changed.promise;
    for (const { reply = "" } of this.#take()) tell(this.#connection, { replySubject: reply }, "nak");
  }

  #ask({ count, waitMs, endsWhenEmpty = false }: Pull): Request {
    const request = { inbox: `${this.#inbox}.${++this.#requests}`, left: count, over: new AbortController() };
    const body = JSON.stringify({ batch: count, expires: nanos(waitMs), ...(endsWhenEmpty && { no_wait: true }) });
    this.#connection.publish(this.#options.subject, body, { reply: request.inbox });
    this.#request = request;
    void this.#options.clock.sleep(waitMs + LATE_MS, request.over.signal).then(() => {
      this.#end(request, new Error("the server has not answered a request for messages"));
    });
    return request;
  }

  #take(): readonly Msg[] {
    const arrived = this.#arrived;
    this.#arrived = [];
    return arrived;
  }

  #hear(message: Msg) {
    const request = this.#request;
    // A message has the subject that its sender published it to, a status that of the request.
    if (!message.subject.startsWith(this.#inbox)) {
      this.#arrived.push(message);
      if (request && --request.left === 0) this.#end(request);
      else this.#wake();
    } else if (request && message.subject === request.inbox) {
      const { code = 0, description = "" } = headersOf(message) ?? {};
      if (code < 200) return;
      this.#end(request, ENDS.includes(code) ? undefined : new Error(description.toLowerCase() || `status ${code}`));
    }
  }

  #end(request: Request, problem?: Error) {
    if (request.over.signal.aborted) return;
    if (problem) request.problem = problem;
    request.over.abort();
    this.#wake();
  }

  #wake() {
    this.#changed.resolve();
    this.#changed = Promise.withResolvers();
  }
}
