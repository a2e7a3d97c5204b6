/** One connection to the server: what arrives on it, whether it still lives, how outcomes go back on it. @module */

import { Buffer } from "node:buffer";
import type { Clock } from "../../clock.ts";
import { encodeForgotten, type ForgetRequest, type ForgottenCounts } from "../../forget_request.ts";
import type { Log } from "../../log.ts";
import type { SourceObserver } from "../../observer.ts";
import {
  type Chunk,
  encodeAck,
  encodeAttestation,
  encodeAuth,
  encodeChunk,
  encodePong,
  encodeResponse,
  type Entry,
  isFailure,
  type Signatures,
} from "../../wire.ts";
import type { Attestation, Delivery } from "../transport.ts";
import type { Arrival, Connection, Ending } from "./connection.ts";
import { frameReader } from "./frames.ts";
import { holdAcks, MAX_UNSENT_BYTES } from "./held_acks.ts";
import type { Refusals } from "./refusals.ts";

/** What a link needs to know of the agent, and what it may take from the server. */
export interface LinkOptions {
  /** UUID of the agent. */
  readonly agentId: string;
  readonly token?: string;
  readonly attestation?: Attestation;
  /** Whether evidence comes with the first auth, or to a challenge alone. Default: with auth. */
  readonly showsEvidence?: boolean;
  /** Largest frame that is taken, in bytes. */
  readonly maxBytes: number;
  readonly log: Log;
  readonly clock: Clock;
  readonly observer?: SourceObserver | undefined;
}

/** A connection on which the agent has said who it is. */
export interface Link {
  /** The next events, one or more, or a request to forget; how the connection ended; nothing once `signal` aborts. */
  next(
    signal: AbortSignal,
  ): Promise<readonly Delivery[] | { readonly forget: ForgetRequest } | { readonly ending: Ending } | undefined>;
  /** Whether the server ever said anything. */
  heardFrom(): boolean;
  /** Whether it took the agent in: it confirmed auth, or sent an event. */
  wasWelcome(): boolean;
  /** Send an outcome; resolves true once it has left this process, false if it never will. */
  settle(entry: Entry): Promise<boolean>;
  /**
   * Send a piece of an answer; false if the connection is gone, its peer reads too slowly to be sent more, or the pieces
   * before it went out on an earlier connection: the answer has to begin anew.
   */
  chunk(chunk: Chunk): boolean;
  /** Say what was deleted for a request, to a peer that reads. */
  forgot(request: ForgetRequest, deleted: ForgottenCounts): void;
  /** The connection is gone: resolves every settle that is under way, with false. */
  ended(): void;
  close(): Promise<void>;
}

/** A server that has said nothing for this long is asked for a sign of life. */
const SILENCE_MS = 30_000;
/** Time to give it in, for a server that has answered that question before. */
const ANSWER_MS = 10_000;
const NO_SIGN_OF_LIFE = `no sign of life for ${SILENCE_MS + ANSWER_MS} ms`;
/** Events that are handed on together, at most. */
const TAKEN_AT_ONCE = 64;
/** A server closes a connection within this after a response that it refuses, the way there and back included. */
const VERDICT_MS = 1_000;

/** Say who the agent is on a fresh connection, and attend to it from then on. `onConfirmed`: the server took it in. */
export function createLink(
  connection: Connection,
  options: LinkOptions & { readonly refusals: Refusals; readonly onConfirmed?: () => void },
): Link {
  const acks = holdAcks(connection);
  const receiver = createReceiver(connection, { ...options, hold: acks.hold });
  const sender = createSender(connection, { ...options, hold: acks.hold });
  /** Ids of the events whose answers have begun to grow on this connection. */
  const growing = new Set<string>();
  return {
    next: receiver.next,
    heardFrom: () => connection.received() > 0,
    wasWelcome: receiver.wasWelcome,
    settle(entry) {
      growing.delete(entry.outcome.queryId);
      return sender.settle(entry);
    },
    chunk(chunk) {
      const { queryId, index } = chunk;
      if (!takesMore(connection) || (index > 0 && !growing.has(queryId))) return false;
      growing.add(queryId);
      connection.send(encodeChunk(chunk));
      return true;
    },
    forgot(request, deleted) {
      if (takesMore(connection)) void acks.hold(encodeForgotten({ request, deleted, timestamp: options.clock.now() }));
    },
    ended() {
      sender.stop();
      acks.end({ delivered: false });
    },
    async close() {
      sender.stop();
      acks.flush();
      const { error } = await connection.close();
      // The peer agrees to close only after what was sent before.
      acks.end({ delivered: error === undefined });
    },
  };
}

/** Authenticates, takes what arrives, and asks a silent server for a sign of life. */
function createReceiver(
  connection: Connection,
  options: LinkOptions & { readonly onConfirmed?: () => void; readonly hold: (ack: string) => Promise<boolean> },
): Pick<Link, "next" | "wasWelcome"> {
  const { attestation, showsEvidence = true, clock } = options;
  /** Whether the server answers auth, and whether it was asked to since it last said something. */
  let confirmsAuth = false, isAsked = false;
  /** Whether it sent an event or a request. */
  let hasAsked = false;

  const authenticate = (shown: { attestation?: object } = {}) => connection.send(authOf(options, shown));
  const read = frameReader(options, {
    confirmed() {
      confirmsAuth = true;
      options.onConfirmed?.();
    },
    pinged: () => void (takesMore(connection) && connection.send(encodePong({ timestamp: clock.now() }))),
    challenged: (nonce) => void showEvidence(connection, { attestation, nonce }),
    refused: (id, reason) =>
      takesMore(connection) && void options.hold(refusalOf(id, { reason, timestamp: clock.now() })),
  });

  /** A request that came behind events, which are handed on first. */
  let request: ForgetRequest | undefined;

  // Evidence has some 7 kB, so that it comes with the first auth of a connection alone.
  authenticate(attestation && showsEvidence ? { attestation: attestation.evidence } : {});
  return {
    async next(signal) {
      while (!signal.aborted) {
        if (request) {
          const forget = request;
          request = undefined;
          return { forget };
        }
        const mustAnswer = isAsked && confirmsAuth;
        const arrived = await connection.wait({ signal, atMostMs: mustAnswer ? ANSWER_MS : SILENCE_MS });
        if (arrived === "aborted") return undefined;
        if (arrived === "silence") {
          if (mustAnswer) return { ending: await connection.giveUp(NO_SIGN_OF_LIFE) };
          // Auth is the one question in the protocol that every server may answer. If the server is gone, sending it
          // makes the system notice.
          isAsked = true;
          authenticate();
          continue;
        }
        if (arrived.kind === "end") return { ending: arrived.ending };
        isAsked = false;
        const taken = takeTogether(arrived, { connection, read });
        request = taken.request;
        if (request || taken.deliveries.length > 0) hasAsked = true;
        if (taken.deliveries.length > 0) return taken.deliveries;
      }
      return undefined;
    },
    wasWelcome: () => confirmsAuth || hasAsked,
  };
}

function refusalOf(eventId: string, { reason, timestamp }: { reason: string; timestamp: number }): string {
  return encodeAck({ eventId, error: `refused: ${reason}`, timestamp });
}

function authOf({ agentId, token, clock }: LinkOptions, shown: { attestation?: object }): string {
  return encodeAuth({ agentId, timestamp: clock.now(), ...(token !== undefined && { token }), ...shown });
}

/** Whether the connection is there, and its peer reads what it was sent. */
function takesMore(connection: Connection): boolean {
  return connection.isOpen() && connection.unsentBytes() <= MAX_UNSENT_BYTES;
}

/** Answer a challenge, unless the connection is gone by then or its peer does not read: answers would pile up. */
async function showEvidence(
  connection: Connection,
  { attestation, nonce }: { attestation: Attestation | undefined; nonce: string },
): Promise<void> {
  if (!takesMore(connection)) return;
  const answer = await attestation?.challenge(nonce) ?? { error: "this agent has no evidence" };
  if (!takesMore(connection)) return;
  connection.send(encodeAttestation("evidence" in answer ? answer : { nonce, ...answer }));
}

/** The events that are here already, with `first`, up to a request to forget what was said in them. */
function takeTogether(
  first: Arrival,
  { connection, read }: { connection: Connection; read: ReturnType<typeof frameReader> },
): { deliveries: Delivery[]; request?: ForgetRequest } {
  const deliveries: Delivery[] = [];
  for (let arrived: Arrival | undefined = first; arrived?.kind === "frame"; arrived = connection.take()) {
    const asked = read(arrived.data);
    if (asked && "forget" in asked) return { deliveries, request: asked.forget };
    // A promise for each would cost as much as its frame.
    if (asked && deliveries.push(asked) === TAKEN_AT_ONCE) break;
  }
  return { deliveries };
}

/** Sends outcomes: response and ack, one after the other; alone, where the server may have refused the response before. */
function createSender(
  connection: Connection,
  options: { refusals: Refusals; clock: Clock; hold: (ack: string) => Promise<boolean> },
) {
  const { refusals, clock, hold } = options;
  const stopped = new AbortController();
  /** While a suspect is sent by itself: resolves when whatever came after it may be sent. */
  let turn: Promise<void> | undefined;
  /** Before the first suspect: a connection that ends within this time ends for another reason, and speaks against none. */
  let trial: Promise<void> | undefined;

  const respond = (entry: Entry) => {
    const frame = encodeResponse(entry);
    refusals.sent(entry.outcome.queryId, Buffer.byteLength(frame));
    connection.send(frame);
  };
  const acknowledge = (eventId: string, failed: { error?: string } & Signatures = {}) =>
    hold(encodeAck({ ...failed, eventId, timestamp: clock.now() }));

  const send = (entry: Entry): Promise<boolean> => {
    const { outcome } = entry;
    if (!connection.isOpen()) return Promise.resolve(false);
    if (isFailure(outcome)) return acknowledge(outcome.queryId, outcome);
    const error = refusals.verdict(outcome.queryId);
    if (error !== undefined) return acknowledge(outcome.queryId, { error });
    // The response first: it is what the peer waits for.
    respond(entry);
    return acknowledge(outcome.queryId);
  };
  const pause = () => clock.sleep(VERDICT_MS, stopped.signal);
  const outlives = async (wait: Promise<void>) => (await wait, connection.isOpen() && !stopped.signal.aborted);
  const sendAlone = async (entry: Entry): Promise<boolean> => {
    if (!await outlives(trial ??= pause())) return false;
    respond(entry);
    if (!await outlives(pause())) return false;
    refusals.cleared(entry.outcome.queryId);
    return await acknowledge(entry.outcome.queryId);
  };

  return {
    settle(entry: Entry): Promise<boolean> {
      const isSuspect = () => !isFailure(entry.outcome) && refusals.isSuspect(entry.outcome.queryId);
      if (!turn && !isSuspect()) return send(entry);
      const over = Promise.withResolvers<void>();
      const before = turn;
      const own = turn = over.promise;
      return (async () => {
        await before;
        try {
          // The turn ends when the response is sent, not when its ack is: acks are held, and all of them together.
          return isSuspect() ? await sendAlone(entry) : send(entry);
        } finally {
          over.resolve();
          if (turn === own) turn = undefined;
        }
      })();
    },
    stop: () => stopped.abort(),
  };
}
