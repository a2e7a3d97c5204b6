/** What the transports of all brokers have in common: connections that follow one another, settling, an orderly end. @module */

import { type Clock, untilAborted } from "../clock.ts";
import { EXIT, FatalError, messageOf } from "../errors.ts";
import type { Log } from "../log.ts";
import type { SourceObserver } from "../observer.ts";
import type { TraceHeaders } from "../trace_headers.ts";
import type { Chunk, Entry } from "../wire.ts";
import { type ConnectionEnd, createReconnection } from "./reconnection.ts";
import { OutcomeTooLargeError, tooLargeFailureOf } from "./messages.ts";
import type { Delivery, Transport, TransportHooks } from "./transport.ts";

/** What is done with a broker while one connection lasts. `Handle`: what it needs to settle an event. */
export interface QueueSession<Handle> {
  /**
   * Events as they can be had, until `signal` aborts.
   *
   * @throws {Error} When the connection ends, saying why.
   */
  deliveries(signal: AbortSignal): AsyncIterable<readonly Delivery[]>;
  /**
   * Settle an event: hand its outcome over, with the headers of its trace, and only then have the broker forget it.
   *
   * @returns Whether it is settled; false where the delivery is void, since the broker makes it again.
   * @throws {OutcomeTooLargeError} If the broker takes no message as large as the outcome.
   * @throws {Error} If it can't be settled now.
   */
  settle(handle: Handle, entry: Entry, trace: TraceHeaders | undefined): Promise<boolean>;
  /**
   * Pass on a piece of an answer to where the event's sender wants to be replied to.
   *
   * @returns False if there is no such place, or nothing can be sent there now.
   */
  chunk(handle: Handle, chunk: Chunk): boolean;
  /** Hand back what is not settled, so that others can take it at once. */
  handBack(): Promise<void>;
  close(): void;
}

/** What every queue is told. */
export interface QueueOptions extends TransportHooks {
  readonly agentId: string;
  /** Most events that this agent holds without having settled them. */
  readonly prefetch: number;
  /** Largest event that is taken, in bytes of JSON. */
  readonly maxBytes: number;
  /** Milliseconds before the first attempt to reconnect. */
  readonly reconnectMs: number;
  /** Failed attempts to make the first connection after which the transport gives up. */
  readonly maxAttempts: number;
  readonly log: Log;
  readonly clock: Clock;
  readonly observer?: SourceObserver | undefined;
}

/** A kind of broker, for what is said of it. */
export interface BrokerKind {
  /** As EVENT_TRANSPORT names it. */
  readonly name: string;
  /** As its makers write it. */
  readonly product: string;
  /** What the user can check when the broker is out of reach, and when it refuses the login; whole sentences. */
  readonly advice: { readonly reach: string; readonly login: string };
  /** Name of the setting that names the authority to trust. */
  readonly authority: string;
  isLoginError(error: unknown): boolean;
  /** Whether the broker refuses a part of the work to the user who is logged in. */
  isPermissionError(error: unknown): boolean;
}

/** One kind of queue. */
export interface Queue<Handle> extends BrokerKind {
  /** URL without secrets. */
  readonly peer: string;
  /** Connect. `onBeat` is to be called after each sign of life. */
  open(hooks: { onBeat: () => void }): Promise<QueueSession<Handle>>;
  /** Connect, look what is there, disconnect: returns it as a phrase. */
  look(): Promise<string>;
}

/** Milliseconds that a look at the broker may take. */
const LOOK_MS = 20_000;
/** Milliseconds that settling and handing back may take when the agent stops. */
const CLOSE_MS = 5_000;

/** The transport of a queue. It dials when it is asked for events. */
// deno-lint-ignore house/function-length -- one connection's life: dial, deliver, settle, leave; its parts share where it stands
export function openQueue<Handle>(queue: Queue<Handle>, options: QueueOptions): Transport {
  const { log, clock } = options;
  const settling = new Set<Promise<unknown>>();
  let session: QueueSession<Handle> | undefined;
  let wasRefused = false;
  const onBeat = () => {
    if (wasRefused) options.onReachable();
    wasRefused = false;
  };

  async function* events(signal: AbortSignal): AsyncIterable<readonly Delivery[]> {
    const { name, product, peer: url } = queue;
    const reconnection = reconnectionOf(queue, options);
    let hasWorked = false;
    while (!signal.aborted) {
      log.info("🔌 Connecting to {product}: {url}", { product, url });
      let openedMs: number | undefined;
      let end: ConnectionEnd;
      try {
        session = await openUnlessAborted(queue, { onBeat }, signal);
        if (!session) return;
        openedMs = clock.now();
        hasWorked = true;
        log.info("✅ Connected to {product}: {url}", { product, url });
        options.observer?.connected();
        options.onReachable();
        yield* session.deliveries(signal);
        return;
      } catch (error) {
        session?.close();
        session = undefined;
        if (error instanceof FatalError) throw error;
        if (signal.aborted) return;
        end = {
          problem: problemOf(error, queue),
          ...(openedMs !== undefined && { openMs: clock.now() - openedMs, heard: true, progressed: true }),
          advice: adviceOn(error, queue),
          // The first connection: more attempts would be refused as well.
          ...(isRefusal(error, queue) && !hasWorked && { maxAttempts: 1 }),
        };
        log.warn("❌ No connection to {product}: {url}", { product, url, transport: name, error: end.problem });
      }
      await reconnection.ended(end, signal);
    }
  }

  async function settle(
    entry: Entry,
    delivery: Delivery | undefined,
    trace?: TraceHeaders,
  ): Promise<boolean | undefined> {
    if (!session || !delivery) return false;
    try {
      return await settleOrTell(session, { entry, delivery, trace: trace ?? delivery.trace }) || undefined;
    } catch (error) {
      // It is offered again after the next sign of life.
      wasRefused = true;
      log.warn("outcome refused", { event: entry.outcome.queryId, error: messageOf(error) });
      return false;
    }
  }

  /** Settle with the outcome; or, where the broker takes no message as large, with an error that says so. */
  async function settleOrTell(
    session: QueueSession<Handle>,
    { entry, delivery, trace }: { entry: Entry; delivery: Delivery; trace: TraceHeaders | undefined },
  ): Promise<boolean> {
    const handle = delivery.handle as Handle, { product } = queue;
    try {
      return await session.settle(handle, entry, trace);
    } catch (problem) {
      if (!(problem instanceof OutcomeTooLargeError)) throw problem;
      const { bytes, maxBytes } = problem;
      const event = entry.outcome.queryId;
      log.warn("the answer of event {event} is too large for {product}: its sender is told", {
        event,
        product,
        bytes,
        most: maxBytes,
      });
      return await session.settle(handle, tooLargeFailureOf(entry, { problem, product, ...options }), trace);
    }
  }

  return {
    name: queue.name,
    redelivers: true,
    events,
    settle(entry, delivery, trace) {
      const settled = settle(entry, delivery, trace);
      settling.add(settled);
      void settled.then(() => settling.delete(settled));
      return settled;
    },
    chunk: (chunk, delivery) =>
      session !== undefined && delivery !== undefined && session.chunk(delivery.handle as Handle, chunk),
    check: () => check(queue, clock),
    async close() {
      const current = session;
      session = undefined;
      if (current) await leave(current, settling, options);
    },
  };
}

/** Open a session; undefined as soon as `signal` aborts: a server that does not answer holds up no end. */
async function openUnlessAborted<Handle>(
  queue: Queue<Handle>,
  hooks: { onBeat: () => void },
  signal: AbortSignal,
): Promise<QueueSession<Handle> | undefined> {
  const enough = new AbortController(), opening = queue.open(hooks);
  try {
    const session = await Promise.race([opening, untilAborted(AbortSignal.any([signal, enough.signal]))]);
    if (session) return session;
  } finally {
    // Nothing of an attempt stays with a signal that outlives thousands of them.
    enough.abort();
  }
  opening.then((late) => late.close()).catch(() => {}); // nobody waits for it
  return undefined;
}

function reconnectionOf<Handle>({ peer, advice }: Queue<Handle>, options: QueueOptions) {
  const { reconnectMs: baseMs, maxAttempts, log, clock, observer } = options;
  const often = { baseMs, maxAttempts, isEndlessOnceWorked: true };
  return createReconnection({ peer, advice: advice.reach, ...often, log, clock, observer });
}

/** Let what is being settled come to its end, hand back the rest, disconnect. */
async function leave<Handle>(
  session: QueueSession<Handle>,
  settling: Iterable<Promise<unknown>>,
  { log, clock }: QueueOptions,
): Promise<void> {
  const enough = new AbortController();
  try {
    const left = Promise.all(settling).then(() => session.handBack());
    await Promise.race([left, clock.sleep(CLOSE_MS, enough.signal)]);
  } catch (error) {
    const message = messageOf(error);
    log.warn("what is not settled could not be handed back: the broker delivers it again later", { error: message });
  } finally {
    enough.abort();
    session.close();
  }
}

async function check<Handle>(queue: Queue<Handle>, clock: Pick<Clock, "sleep">): Promise<string> {
  const enough = new AbortController();
  try {
    const late = clock.sleep(LOOK_MS, enough.signal).then(() => {
      throw new Error("the server does not answer");
    });
    late.catch(() => {}); // where it is not waited for
    return `server: usable (${queue.peer}; ${await Promise.race([queue.look(), late])})`;
  } catch (error) {
    throw cannotUse(queue, queue.peer, error);
  } finally {
    enough.abort();
  }
}

/** The error that ends the program where a broker can't be used: what is wrong, and what to check. */
export function cannotUse(kind: BrokerKind, peer: string, error: unknown): FatalError {
  if (error instanceof FatalError) return error;
  const problem = `Cannot use ${peer}: ${problemOf(error, kind)}. ${adviceOn(error, kind)}`;
  return new FatalError(problem, EXIT.unavailable, { cause: error });
}

/** Whether the broker was reached, and refuses the user. */
function isRefusal(error: unknown, kind: BrokerKind): boolean {
  return kind.isLoginError(error) || kind.isPermissionError(error);
}

function adviceOn(error: unknown, kind: BrokerKind): string {
  if (kind.isPermissionError(error)) return "This user lacks a permission; `--check` tells all that an agent needs.";
  return kind.isLoginError(error) ? kind.advice.login : kind.advice.reach;
}

/** What went wrong, as a clause. An older runtime says of a certificate that it does not accept only `UNKNOWN`. */
function problemOf(error: unknown, { authority }: BrokerKind): string {
  const message = messageOf(error);
  // RabbitMQ and Redis name the user whom they refuse something.
  if (!/certificate|self.signed|UnknownIssuer|\bUNKNOWN\b/i.test(message)) {
    return message.replace(/ for user '[^']*'|(?<=NOPERM )User \S+/, "").replace(/\.$/, "");
  }
  return `the broker's certificate is not accepted (${message}): ${authority} names the authority to trust`;
}
