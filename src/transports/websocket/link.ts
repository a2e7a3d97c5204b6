/** One connection to the server: what its frames mean, whether it still lives, which acks are held. @module */

import { Buffer } from "node:buffer";
import type { Clock } from "../../clock.ts";
import type { Log } from "../../log.ts";
import {
  type Chunk,
  encodeAck,
  encodeAuth,
  encodeChunk,
  encodeResponse,
  type Entry,
  isFailure,
  parseFrame,
} from "../../wire.ts";
import type { Arrival, Connection, Ending } from "./connection.ts";
import type { Delivery } from "../transport.ts";

/** What a link needs to know of the agent, and what it may take from the server. */
export interface LinkOptions {
  /** UUID of the agent. */
  readonly agentId: string;
  readonly token?: string;
  /** Largest frame that is taken, in bytes. */
  readonly maxBytes: number;
  readonly log: Log;
  readonly clock: Clock;
}

/** A connection on which the agent has said who it is. */
export interface Link {
  /** The next events, one or more; how the connection ended; nothing once `signal` aborts. */
  next(signal: AbortSignal): Promise<readonly Delivery[] | { readonly ending: Ending } | undefined>;
  /** Whether the server ever said anything. */
  heardFrom(): boolean;
  /** Send an outcome; resolves once it has left this process, or never will. */
  settle(entry: Entry): Promise<boolean>;
  /** Send a piece of an answer; false if the connection is gone, or its peer reads too slowly to be sent more. */
  chunk(chunk: Chunk): boolean;
  /** The connection is gone: nobody got what is still held. */
  ended(): void;
  close(): Promise<void>;
}

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
/** Those of so many responses that go out together follow them at once: one such wait is nothing for so many. */
const ACK_BURST = 32;
/** Events that are handed on together, at most. */
const TAKEN_AT_ONCE = 64;
/** What a peer that reads slowly may leave in this process. */
const MAX_UNSENT_BYTES = 1024 * 1024;

/** Say who the agent is on a fresh connection, and attend to it from then on. */
export function createLink(connection: Connection, options: LinkOptions): Link {
  const { agentId, token, maxBytes, log, clock } = options;
  /** Acks that wait for a quiet moment, and the promise of all that wait for them to be sent. */
  let held: string[] = [], sent = Promise.withResolvers<boolean>();
  /** When the last of them came, and how many have come in this turn. */
  let heldMs = 0, inTurn = 0;
  /** Whoever waits for what was sent to leave this process. */
  let leaving: typeof sent[] = [];
  let timer: ReturnType<typeof setTimeout> | undefined;
  let leavingTimer: ReturnType<typeof setTimeout> | undefined;
  /** Whether the server answers auth, and whether it was asked to since it last said something. */
  let confirmsAuth = false, isAsked = false;

  const resolveLeaving = (done: boolean) => {
    clearTimeout(leavingTimer);
    for (const { resolve } of leaving) resolve(done);
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
    timer = undefined;
    for (const frame of held) connection.send(frame);
    leaving.push(sent);
    [held, sent] = [[], Promise.withResolvers()];
    letLeave();
  };
  /** One timer for many acks: to set it anew for each would cost as much as the ack. */
  const flushWhenQuiet = () => {
    const leftMs = heldMs + ACK_QUIET_MS - performance.now();
    if (leftMs <= 0) flush();
    else timer = setTimeout(flushWhenQuiet, leftMs);
  };
  const endTurn = () => {
    if (inTurn >= ACK_BURST) flush();
    inTurn = 0;
  };
  const hold = (ack: string): Promise<boolean> => {
    const { promise } = sent;
    if (inTurn++ === 0) queueMicrotask(endTurn);
    heldMs = performance.now();
    if (held.push(ack) >= ACK_BATCH) flush();
    else timer ??= setTimeout(flushWhenQuiet, ACK_QUIET_MS);
    return promise;
  };
  const authenticate = () =>
    connection.send(encodeAuth({ agentId, timestamp: clock.now(), ...(token !== undefined && { token }) }));

  const refuse = (reason: string, { bytes, id }: { bytes: number; id?: string | undefined }) => {
    log.warn("frame refused", { reason, bytes, ...(id !== undefined && { event: id }) });
    if (id !== undefined) {
      void hold(encodeAck({ eventId: id, error: `refused: ${reason}`, timestamp: clock.now() }));
    }
  };
  const receive = (data: string | ArrayBuffer): Delivery | undefined => {
    if (typeof data !== "string") {
      refuse("binary; expected a text frame", { bytes: data.byteLength });
      return undefined;
    }
    const bytes = Buffer.byteLength(data);
    const frame = parseFrame(data);
    if (bytes > maxBytes) {
      const id = frame.ok ? (frame.value.kind === "event" ? frame.value.event.id : undefined) : frame.id;
      refuse(`${bytes} bytes, which is more than EVENT_MAX_BYTES=${maxBytes}`, { bytes, id });
      return undefined;
    }
    if (!frame.ok) {
      refuse(frame.reason, { bytes, id: frame.id });
      return undefined;
    }
    log.debug("📨 WebSocket message received", { bytes }, { frame: data });
    switch (frame.value.kind) {
      case "event":
        return { event: frame.value.event };
      case "auth_success":
        confirmsAuth = true;
        log.info("🔐 Authenticated with agentId {agent}", { agent: agentId });
        return undefined;
      case "unknown":
        log.info("frame of unknown type ignored", { type: frame.value.type, bytes });
        return undefined;
    }
  };

  /** The events that are here already, with `first`. */
  const takeWith = (first: Arrival): Delivery[] => {
    const deliveries: Delivery[] = [];
    for (let arrived: Arrival | undefined = first; arrived?.kind === "frame"; arrived = connection.take()) {
      isAsked = false;
      const delivery = receive(arrived.data);
      // A promise for each would cost as much as its frame.
      if (delivery && deliveries.push(delivery) === TAKEN_AT_ONCE) break;
    }
    return deliveries;
  };

  authenticate();
  return {
    async next(signal) {
      while (!signal.aborted) {
        const mustAnswer = isAsked && confirmsAuth;
        const atMostMs = mustAnswer ? ANSWER_MS : SILENCE_MS;
        const arrived = await connection.wait({ signal, atMostMs });
        if (arrived === "aborted") return undefined;
        if (arrived === "silence") {
          if (mustAnswer) {
            return { ending: await connection.giveUp(`no sign of life for ${SILENCE_MS + ANSWER_MS} ms`) };
          }
          // The one question in the protocol that a server may answer; to one that is gone, the attempt itself tells.
          isAsked = true;
          authenticate();
          continue;
        }
        if (arrived.kind === "end") return { ending: arrived.ending };
        const deliveries = takeWith(arrived);
        if (deliveries.length > 0) return deliveries;
      }
      return undefined;
    },
    heardFrom: () => connection.received() > 0,
    settle(entry) {
      const { outcome } = entry;
      if (!connection.isOpen()) return Promise.resolve(false);
      // Response first: it is what the peer waits for.
      if (!isFailure(outcome)) connection.send(encodeResponse(entry));
      return hold(encodeAck({
        eventId: outcome.queryId,
        timestamp: clock.now(),
        ...(isFailure(outcome) && { error: outcome.error }),
      }));
    },
    chunk(chunk) {
      if (!connection.isOpen() || connection.unsentBytes() > MAX_UNSENT_BYTES) return false;
      connection.send(encodeChunk(chunk));
      return true;
    },
    ended() {
      clearTimeout(timer);
      leaving.push(sent);
      resolveLeaving(false);
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
