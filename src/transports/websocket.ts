/** Events from a WebSocket server, over Deno's native WebSocket: one connection at a time, dialled again when it ends. @module */

import { backoffDelayMs, type Clock } from "../clock.ts";
import { EXIT, FatalError, messageOf } from "../errors.ts";
import type { Log } from "../log.ts";
import { publicUrl } from "../settings.ts";
import { encodeAck, encodeAuth, encodeResponse, isFailure, type Outcome, parseFrame } from "../wire.ts";
import { type Connection, dial, type Ending } from "./connection.ts";
import type { Delivery, Transport, TransportHooks } from "./transport.ts";

/** How to reach the server, and who asks. */
export interface WebSocketTransportOptions extends TransportHooks {
  readonly url: URL;
  /** UUID of the agent. */
  readonly agentId: string;
  readonly token?: string;
  /** PEM certificates of authorities to trust besides the public ones. */
  readonly caCerts?: readonly string[];
  /** Milliseconds before the first attempt to reconnect. */
  readonly reconnectMs: number;
  /** Failed attempts in a row after which the transport gives up. */
  readonly maxAttempts: number;
  /** Largest frame that is taken, in bytes. */
  readonly maxBytes: number;
  readonly log: Log;
  readonly clock: Clock;
  /** From 0 to below 1; default Math.random. */
  readonly random?: () => number;
}

/** A connection that lasted this long worked, even if the server had nothing to say. */
const WORKING_MS = 10_000;
/** A server that has said nothing for this long is asked for a sign of life. */
const SILENCE_MS = 30_000;
/** What it has to give it in, if it answered that question before. */
const ANSWER_MS = 10_000;
/**
 * Acks wait until the line has been quiet this long, or so many have gathered: with Nagle's algorithm on, as Deno's
 * WebSocket leaves it, a frame behind an ack waits for the peer's delayed TCP ack. In a tight loop of one event at a
 * time the median from event to response was 41 ms with an ack right after each response, 4 ms with held ones (measured).
 */
const ACK_QUIET_MS = 20, ACK_BATCH = 100;
/** What a peer that reads slowly may leave in this process. */
const MAX_UNSENT_BYTES = 1024 * 1024;

/** Dial the server of `options` when {@linkcode Transport.events} is asked for events. */
export function openWebSocketTransport(options: WebSocketTransportOptions): Transport {
  const { agentId, maxBytes, log, clock, random = Math.random } = options;
  const url = publicUrl(options.url);
  let link: Link | undefined;

  async function* events(signal: AbortSignal): AsyncIterable<Delivery> {
    let failures = 0;
    let problem = "";
    while (!signal.aborted) {
      log.info("🔌 Connecting to WebSocket: {url}", { url });
      let worked = false;
      try {
        const connection = await dial(options, signal);
        const openedMs = clock.now();
        link = createLink(connection, options);
        log.info("✅ WebSocket connected to {url}", { url });
        options.onReachable();
        const ending = yield* deliveries(link, signal);
        if (!ending) return;
        worked = link.heardFrom() || clock.now() - openedMs >= WORKING_MS;
        problem = describe(ending);
        log.warn("❌ WebSocket connection closed. Code: {code}, Reason: {reason}", {
          code: ending.code,
          reason: ending.reason,
          ...(ending.error && { error: ending.error }),
        });
      } catch (error) {
        if (signal.aborted) return;
        problem = messageOf(error);
        log.warn("❌ WebSocket connection failed", { url, error: problem });
      }
      link?.ended();
      link = undefined;
      failures = worked ? 0 : failures + 1;
      if (failures >= options.maxAttempts) {
        throw new FatalError(
          `Cannot reach ${url}: ${failures} attempts failed in a row, the last one with: ${problem}. ` +
            "Check that the server runs, WEBSOCKET_URL and WEBSOCKET_AUTH_TOKEN; what was answered is kept and sent after the next start.",
          EXIT.unavailable,
        );
      }
      const ms = backoffDelayMs(failures, { baseMs: options.reconnectMs, random });
      log.info("🔄 Reconnecting in {ms}ms (attempt {attempt}/{attempts})...", {
        ms,
        attempt: failures + 1,
        attempts: options.maxAttempts,
      });
      await clock.sleep(ms, signal);
    }
  }

  /** Events from one connection; returns how it ended, or nothing if `signal` aborted. */
  async function* deliveries(current: Link, signal: AbortSignal): AsyncGenerator<Delivery, Ending | undefined> {
    let probedMs: number | undefined;
    while (!signal.aborted) {
      const waitMs = probedMs !== undefined && current.confirmsAuth() ? ANSWER_MS : SILENCE_MS;
      const arrived = await current.connection.next({ signal, atMostMs: waitMs, clock });
      if (arrived === "aborted") return undefined;
      if (arrived === "silence") {
        if (probedMs !== undefined && current.confirmsAuth()) {
          return current.connection.giveUp(`no sign of life for ${SILENCE_MS + ANSWER_MS} ms`);
        }
        probedMs = clock.now();
        // The one question in the protocol that a server may answer; to one that is gone, the attempt itself tells.
        current.authenticate();
        continue;
      }
      probedMs = undefined;
      if (arrived.kind === "end") return arrived.ending;
      const delivery = receive(current, arrived.data);
      if (delivery) yield delivery;
    }
    return undefined;
  }

  function receive(current: Link, data: string | ArrayBuffer): Delivery | undefined {
    if (typeof data !== "string") {
      log.warn("frame refused", { reason: "binary; expected a text frame", bytes: data.byteLength });
      return undefined;
    }
    const bytes = byteLength(data);
    const frame = parseFrame(data);
    if (bytes > maxBytes || !frame.ok) {
      const reason = bytes > maxBytes
        ? `${bytes} bytes, which is more than EVENT_MAX_BYTES=${maxBytes}`
        : frame.ok
        ? ""
        : frame.reason;
      const id = frame.ok ? (frame.value.kind === "event" ? frame.value.event.id : undefined) : frame.id;
      log.warn("frame refused", { reason, bytes, ...(id !== undefined && { event: id }) });
      if (id !== undefined) current.acknowledge(id, `refused: ${reason}`);
      return undefined;
    }
    log.info("📨 WebSocket message received", { bytes }, { frame: data });
    switch (frame.value.kind) {
      case "event":
        return { event: frame.value.event };
      case "auth_success":
        current.confirmAuth();
        log.info("🔐 Authenticated with agentId {agent}", { agent: agentId });
        return undefined;
      case "unknown":
        log.info("frame of unknown type ignored", { type: frame.value.type, bytes });
        return undefined;
    }
  }

  return {
    name: "websocket",
    events,
    settle: (outcome) => link?.settle(outcome) ?? Promise.resolve(false),
    async close() {
      await link?.close();
      link = undefined;
    },
  };
}

type Link = ReturnType<typeof createLink>;

/** What is under way on one connection: who has been heard, which acks are held. */
function createLink(connection: Connection, options: WebSocketTransportOptions) {
  const { agentId, token, clock } = options;
  /** Acks that wait for a quiet moment, and whoever waits for them to be sent. */
  let held: { frame: string; sent?: (done: boolean) => void }[] = [];
  /** Whoever waits for what was sent to leave this process. */
  let leaving: ((done: boolean) => void)[] = [];
  let timer: ReturnType<typeof setTimeout> | undefined;
  let leavingTimer: ReturnType<typeof setTimeout> | undefined;
  let confirmsAuth = false;

  const resolveLeaving = (done: boolean) => {
    clearTimeout(leavingTimer);
    for (const sent of leaving) sent(done);
    leaving = [];
  };
  /** Whether the peer got it, only a sender that asks again can tell; but a slow one is not sent more and more. */
  const letLeave = () => {
    clearTimeout(leavingTimer);
    if (!connection.isOpen()) resolveLeaving(false);
    else if (connection.unsentBytes() <= MAX_UNSENT_BYTES) resolveLeaving(true);
    else leavingTimer = setTimeout(letLeave, ACK_QUIET_MS);
  };
  const flush = () => {
    clearTimeout(timer);
    for (const { frame, sent } of held) {
      connection.send(frame);
      if (sent) leaving.push(sent);
    }
    held = [];
    letLeave();
  };
  const hold = (ack: typeof held[number]) => {
    clearTimeout(timer);
    if (held.push(ack) >= ACK_BATCH) flush();
    else timer = setTimeout(flush, ACK_QUIET_MS);
  };
  const authenticate = () =>
    connection.send(encodeAuth({ agentId, timestamp: clock.now(), ...(token !== undefined && { token }) }));

  authenticate();
  return {
    connection,
    authenticate,
    confirmsAuth: () => confirmsAuth,
    confirmAuth() {
      confirmsAuth = true;
    },
    heardFrom: () => connection.received() > 0,
    acknowledge: (eventId: string, error: string) =>
      hold({ frame: encodeAck({ eventId, error, timestamp: clock.now() }) }),
    /** Response first: it is what the peer waits for. */
    settle(outcome: Outcome): Promise<boolean> {
      if (!connection.isOpen()) return Promise.resolve(false);
      if (!isFailure(outcome)) connection.send(encodeResponse(outcome));
      const { promise, resolve } = Promise.withResolvers<boolean>();
      const frame = encodeAck({
        eventId: outcome.queryId,
        timestamp: clock.now(),
        ...(isFailure(outcome) && { error: outcome.error }),
      });
      hold({ frame, sent: resolve });
      return promise;
    },
    /** The connection is gone: nobody got what is still held. */
    ended() {
      clearTimeout(timer);
      resolveLeaving(false);
      for (const { sent } of held) sent?.(false);
      held = [];
    },
    async close() {
      flush();
      const { error } = await connection.close();
      // The peer agrees to close behind what was sent before.
      resolveLeaving(error === undefined);
    },
  };
}

function describe({ code, reason, error }: Ending): string {
  return error ?? `the server closed the connection with code ${code}${reason && `, reason ${JSON.stringify(reason)}`}`;
}

function byteLength(text: string): number {
  return new TextEncoder().encode(text).length;
}
