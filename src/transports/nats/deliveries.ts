/** Messages of a JetStream consumer: what their reply subjects and headers say, and what the server is told of them. @module */

import { type Msg, type MsgHdrs, MsgHdrsImpl, type NatsConnection } from "@nats-io/transport-node";
import { type TraceHeaders, traceHeaders } from "../../trace_headers.ts";

/** A message that this agent holds. */
export interface HeldMessage {
  /** Names it among those of all streams with this name. */
  readonly key: string;
  /** How often the server has delivered it, this time included. */
  readonly deliveries: number;
  /** The subject at which the server is told what becomes of it. */
  readonly replySubject: string;
  /** What the sender wants to find again in the outcome; empty where it named nothing. */
  readonly correlationId: string;
  /** Where a copy of the outcome goes. */
  readonly inbox?: string;
  /** Set once its stream was found made anew: the server would take what it is told for a message of the new one. */
  isGone?: true;
}

/** Which message it is, and how often the server has delivered it. */
export interface Position {
  readonly seq: number;
  /** When the stream took it, in nanoseconds since the epoch. A stream that is made anew counts from 1 again. */
  readonly time: string;
  /** This time included. */
  readonly deliveries: number;
  /** Messages that were waiting behind it. */
  readonly pending: number;
}

/** What the server can be told of a message. */
export const SIGNALS = { ack: encode("+ACK"), nak: encode("-NAK"), term: encode("+TERM"), working: encode("+WPI") };

/**
 * The position that the reply subject of a message names.
 *
 * @throws {Error} If the message is none of a consumer.
 * @see https://docs.nats.io/reference/reference-protocols/nats_api_reference: `$JS.ACK`, in newer servers the domain and
 * the account's hash, then stream, consumer, deliveries, sequence in the stream, sequence of the consumer, time, pending.
 */
export function positionIn({ reply = "" }: Pick<Msg, "reply">): Position {
  const parts = reply.split(".");
  const [deliveries, seq, , , pending] = parts.slice(parts.length === 9 ? 4 : 6).map(Number);
  const time = parts[parts.length === 9 ? 7 : 9] ?? "";
  if (parts[1] !== "ACK" || !isCount(deliveries) || !isCount(seq) || !isCount(pending)) {
    throw new Error(`a message with an unexpected reply subject: ${reply}`);
  }
  return { seq, time, deliveries, pending };
}

function isCount(value: number | undefined): value is number {
  return Number.isInteger(value);
}

/** The headers of a message; undefined where there are none, or the client can't read them, such as a name with a blank. */
export function headersOf(message: Pick<Msg, "headers">): MsgHdrs | undefined {
  try {
    return message.headers;
  } catch {
    return undefined;
  }
}

/** Characters of an inbox or a correlation id that are used, at most: the server ends a connection for a long subject. */
const MAX_NAME = 1_000;
/** An inbox as clients make them. */
const INBOX = /^_INBOX(\.[\w-]+)+$/;

/** The message as it is held, and the trace that its headers name. */
export function heldMessage(message: Msg): { held: HeldMessage; trace: TraceHeaders | undefined } {
  const { seq, time, deliveries } = positionIn(message);
  // The package goes through all names, several times, for each that it is asked for.
  const fields = new Map(headersOf(message) ?? []);
  const named = (name: string) => {
    const value = fields.get(name)?.[0] ?? "";
    return value.length <= MAX_NAME ? value : "";
  };
  const replyTo = named("reply_to");
  const held = {
    key: `${seq} ${time}`,
    deliveries,
    replySubject: message.reply ?? "",
    correlationId: named("correlation_id"),
    // Only to who asked: the sender of an event may not have the agent publish to any other subject.
    ...(INBOX.test(replyTo) && { inbox: replyTo }),
  };
  // A name that stands there more than once is one list.
  return { held, trace: traceHeaders((name) => fields.get(name)?.join(",")) };
}

/**
 * Headers of checked values that are encoded once for all messages they go with: the package looks each name up three
 * times to set it, and encodes the headers anew for each message.
 */
export class ReadyHeaders extends MsgHdrsImpl {
  #bytes: Uint8Array | undefined;

  /** @param fields Values without line breaks. */
  constructor(fields: Readonly<Record<string, string>>) {
    super();
    for (const [name, value] of Object.entries(fields)) this.headers.set(name, [value]);
  }

  override encode(): Uint8Array {
    return this.#bytes ??= super.encode();
  }
}

/** Tell the server of a message; whether it has heard is not known before a flush. */
export function tell(
  connection: Pick<NatsConnection, "publish">,
  { replySubject, isGone }: Pick<HeldMessage, "replySubject" | "isGone">,
  signal: keyof typeof SIGNALS,
): void {
  if (!isGone) connection.publish(replySubject, SIGNALS[signal]);
}

function encode(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}
