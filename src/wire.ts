/** The messages of the protocol: what arrives is checked here once, what leaves is encoded here. @module */

import { isId, isMetadata, isQuery, isTime, mistakesOfEvent, withNames, wrongKind } from "./event_fields.ts";
import { isObject } from "./json_object.ts";

export { MAX_ID_LENGTH, NOT_EMPTY, WELL_FORMED } from "./event_fields.ts";

/** An event: a question for the agent. */
export interface AgentEvent {
  /** Names the event; the same id is the same event, answered once. */
  readonly id: string;
  readonly query: string;
  /** Milliseconds since the epoch, as the sender set it. */
  readonly timestamp: number;
  /** `userId`, `conversationId`, `priority`, `source` and whatever else the sender adds; a signature repeats `nonce`. */
  readonly metadata?: Readonly<Record<string, unknown>>;
}

/** What a response tells about itself. */
export interface AnswerMetadata {
  /** Where the passages come from that the answer could draw on: files, or `knowledge` for the character's own lines. */
  readonly sources?: readonly string[];
  /** The model that answered, and its provider as MODEL_PROVIDER names it; absent for the model built in. */
  readonly model?: string;
  readonly provider?: string;
  /** Tokens of the prompt and of the answer, by the count of the model's server, where it tells. */
  readonly tokensIn?: number;
  readonly tokensOut?: number;
  /** Milliseconds that the model took, of the try that succeeded. */
  readonly ms?: number;
  /** True where the answer says that the agent does not know. */
  readonly declined?: boolean;
  /** True where the answer ended at a limit of tokens. */
  readonly cutOff?: boolean;
}

/** What proves who made an outcome: made once, when it is recorded, and part of every copy. Absent with AGENT_SIGN=false. */
export interface Signatures {
  /** A compact JWS. @see AnswerClaims for what it covers */
  readonly signature?: string;
  /** For contracts: `0x` and the 65 bytes r, s, v in hexadecimal digits, over EIP-712 typed data. */
  readonly eip712Signature?: string;
}

/** An event that was answered. */
export interface Answer extends Signatures {
  readonly queryId: string;
  readonly response: string;
  /** Milliseconds since the epoch, when the answer was made. */
  readonly timestamp: number;
  /** UUID of the agent that answered. */
  readonly agentId: string;
  /** Absent where there is nothing to tell. */
  readonly metadata?: AnswerMetadata;
}

/** An event that could not be answered after all retries. */
export interface Failure extends Signatures {
  readonly queryId: string;
  readonly error: string;
  readonly timestamp: number;
  readonly agentId: string;
}

/** A piece of an answer that grows, for an event that asked for it: {@linkcode wantsStream}. */
export interface Chunk {
  readonly queryId: string;
  /** Its place among the pieces since the answer began, or began anew: 0 for the first. */
  readonly index: number;
  readonly delta: string;
  /** Milliseconds since the epoch, when it was sent. */
  readonly timestamp: number;
  /** Set where what was sent before is void: the answer begins anew with this piece. */
  readonly restart?: true;
}

/** What became of an event, as it stands in `responses.json`. */
export type Outcome = Answer | Failure;

/** An entry of `responses.json`: an outcome and its text, which is made once, then stored, written and sent as it is. */
export interface Entry {
  readonly outcome: Outcome;
  readonly text: string;
}

/** Whether an outcome is a failure. */
export function isFailure(outcome: Outcome): outcome is Failure {
  return "error" in outcome;
}

/** What a check of unknown data found. `id` is set where a wrong event still has a usable one, to say so to its sender. */
export type Checked<T> = { readonly ok: true; readonly value: T } | {
  readonly ok: false;
  readonly reason: string;
  readonly id?: string;
};

/** A frame from the server. */
export type Frame =
  | { readonly kind: "event"; readonly event: AgentEvent }
  /** `request` is not checked yet: see `checkForgetRequest`. */
  | { readonly kind: "forget"; readonly request: unknown }
  | { readonly kind: "auth_success"; readonly message?: string }
  | { readonly kind: "ping" }
  | { readonly kind: "challenge"; readonly nonce: string }
  /** `isEvent`: but for its type it would be one. */
  | { readonly kind: "unknown"; readonly type: string; readonly isEvent: boolean };

/**
 * Levels of objects and arrays that an event may have, itself the first. JSON.parse takes any number of them, but
 * JSON.stringify, which stores the event, fails from some thousands on: a frame of 100 kB was enough (ran it).
 */
export const MAX_DEPTH = 64;

/**
 * Check that `value` is an event. Fields the protocol does not name are dropped; a `null` metadata counts as none; a
 * `conversationId` or `userId` that is a number becomes its text.
 */
export function checkEvent(value: unknown): Checked<AgentEvent> {
  if (isDeeperThan(MAX_DEPTH, value)) return refuse(value, [`nested more than ${MAX_DEPTH} levels deep`]);
  if (!isObject(value)) return refuse(value, [wrongKind("object", value)]);
  const { id, query, timestamp } = value, metadata = withNames(value.metadata);
  if (!isId(id) || !isQuery(query) || !isTime(timestamp) || !isMetadata(metadata)) {
    return refuse(value, mistakesOfEvent({ id, query, timestamp, metadata }));
  }
  return { ok: true, value: metadata ? { id, query, timestamp, metadata } : { id, query, timestamp } };
}

function refuse(value: unknown, mistakes: readonly string[]): Checked<AgentEvent> {
  const id = (value as { id?: unknown } | null)?.id;
  return { ok: false, reason: mistakes.join("; "), ...(isId(id) && { id }) };
}

/** Check one text frame from the server. What has no `type` is an event; a `null` type counts as none. */
export function parseFrame(text: string): Checked<Frame> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    // The parser's own message quotes the text, which must not reach a log.
    return { ok: false, reason: "not valid JSON" };
  }
  const type = (value as { type?: unknown } | null)?.type;
  if (type === undefined || type === null) {
    const event = checkEvent(value);
    return event.ok ? { ok: true, value: { kind: "event", event: event.value } } : event;
  }
  if (type === "auth_success") {
    const { message } = value as { message?: unknown };
    return { ok: true, value: { kind: "auth_success", ...(typeof message === "string" && { message }) } };
  }
  if (type === "ping") return { ok: true, value: { kind: "ping" } };
  if (type === "challenge") {
    const { nonce } = value as { nonce?: unknown };
    return typeof nonce === "string"
      ? { ok: true, value: { kind: "challenge", nonce } }
      : { ok: false, reason: "challenge: expected a nonce that is a text" };
  }
  if (type === "forget") return { ok: true, value: { kind: "forget", request: value } };
  const name = typeof type === "string" ? nameOf(type) : typeof type;
  return { ok: true, value: { kind: "unknown", type: name, isEvent: checkEvent(value).ok } };
}

/** A frame's type, which is logged. One that is no name may be a question that stands in the wrong field. */
function nameOf(type: string): string {
  return /^[\w.:/-]{1,64}$/.test(type) ? type : "no name";
}

/** Name of the metadata field that holds the conversation of a terminal's chat: JSON has no such names, so no event has it. */
export const CHAT: unique symbol = Symbol("chat");

/**
 * What must be answered in order: the events of one `metadata.conversationId`, else of one `metadata.userId`; an event
 * with neither stands alone, and its conversation is undefined. So does one with empty ids: they name nobody, and two
 * nobodies share no memory. The prefix keeps a user's id from meeting a conversation's, and either from a chat's.
 */
export function conversationOf(event: AgentEvent): string | undefined {
  const { conversationId, [CHAT]: chat } = (event.metadata ?? {}) as Record<string | symbol, unknown>;
  if (typeof chat === "string") return chatName(chat);
  if (typeof conversationId === "string" && conversationId !== "") return conversationName(conversationId);
  return userOf(event);
}

const CHAT_PREFIX = "chat:";

/** Name of a terminal's chat, as {@linkcode conversationOf} makes it. */
export function chatName(chat: string): string {
  return `conversation:${CHAT_PREFIX}${chat}`;
}

/** Name of the conversation of events with this `conversationId`, as {@linkcode conversationOf} makes it. */
export function conversationName(conversationId: string): string {
  // A chat's name stood in this field once: what it had said stays its own.
  return conversationId.startsWith(CHAT_PREFIX)
    ? `event-conversation:${conversationId}`
    : `conversation:${conversationId}`;
}

/** Whom an event is from: its `metadata.userId`, with a prefix that keeps it apart from a conversation's. */
export function userOf({ metadata }: AgentEvent): string | undefined {
  const { userId } = metadata ?? {};
  return typeof userId === "string" && userId !== "" ? userName(userId) : undefined;
}

/** Name of a user, as {@linkcode userOf} makes it. */
export function userName(userId: string): string {
  return `user:${userId}`;
}

/** What an object, a text or a number takes in memory besides its characters, roughly: counted in UTF-16 code units. */
const VALUE_SIZE = 8;

/**
 * How much memory an event takes, in UTF-16 code units: all its texts, names of fields included, and a little for each
 * value. A bound on the memory of events counts this, since metadata may be as large as a query.
 */
export function sizeOf({ id, query, metadata }: AgentEvent): number {
  return id.length + query.length + (metadata ? sizeOfValue(metadata) : 0);
}

/** Recursion ends: an event has {@linkcode MAX_DEPTH} levels at most. */
function sizeOfValue(value: unknown): number {
  if (typeof value === "string") return value.length + VALUE_SIZE;
  if (typeof value !== "object" || value === null) return VALUE_SIZE;
  let size = VALUE_SIZE;
  for (const name in value) size += name.length + sizeOfValue((value as Record<string, unknown>)[name]);
  return size;
}

/** Whether the sender wants an event answered before others: `metadata.priority` is "high". */
export function isUrgent({ metadata }: AgentEvent): boolean {
  return metadata?.priority === "high";
}

/** Whether the sender wants to see the answer grow: `metadata.stream` is true. */
export function wantsStream({ metadata }: AgentEvent): boolean {
  return metadata?.stream === true;
}

/** The first frame after a connection opens. `attestation`: evidence of the agent's enclave. */
export function encodeAuth(
  auth: { agentId: string; token?: string; attestation?: object; timestamp: number },
): string {
  const { agentId, token, attestation, timestamp } = auth;
  return JSON.stringify({ type: "auth", agentId, token, attestation, timestamp });
}

/** The answer to a `challenge` frame: evidence with its nonce, or why there is none. */
export function encodeAttestation(answer: { evidence: object } | { nonce: string; error: string }): string {
  return JSON.stringify({ type: "attestation", ...("evidence" in answer ? answer.evidence : answer) });
}

/** The answer to a `ping` frame: for servers that look for life in messages, since Deno answers WebSocket pings itself. */
export function encodePong({ timestamp }: { timestamp: number }): string {
  return JSON.stringify({ type: "pong", timestamp });
}

/** The frame that carries an answer: its entry, with a type before it. */
export function encodeResponse({ text }: Entry): string {
  return `{"type":"response",${text.slice(1)}`;
}

/** The frame that carries a piece of an answer. */
export function encodeChunk(chunk: Chunk): string {
  const { queryId, index, delta, timestamp, restart } = chunk;
  return JSON.stringify({ type: "chunk", queryId, index, delta, timestamp, restart });
}

/**
 * The frame that ends an event for its sender: `error` is set when it could not be processed, with the signatures of the
 * failure where there is one.
 */
export function encodeAck(ack: { eventId: string; error?: string; timestamp: number } & Signatures): string {
  const { eventId, error, timestamp, signature, eip712Signature } = ack;
  return JSON.stringify({
    type: "ack",
    eventId,
    status: error === undefined ? "processed" : "error",
    error,
    timestamp,
    signature,
    eip712Signature,
  });
}

/** The entry of an outcome: what the protocol does not name is left out. */
export function entryOf(outcome: Outcome): Entry {
  const { queryId, timestamp, agentId, signature, eip712Signature } = outcome;
  const text = JSON.stringify(
    isFailure(outcome) ? { queryId, error: outcome.error, timestamp, agentId, signature, eip712Signature } : {
      queryId,
      response: outcome.response,
      timestamp,
      agentId,
      metadata: outcome.metadata,
      signature,
      eip712Signature,
    },
  );
  return { outcome, text };
}

/** Whether a value of JSON has more than `levels` levels of lists and objects in one another. */
export function isDeeperThan(levels: number, value: unknown): boolean {
  if (typeof value !== "object" || value === null) return false;
  if (levels === 0) return true;
  // Not by the loop below: once that had seen a list, V8 compiled it anew some hundred times for 20,000 events (measured).
  if (Array.isArray(value)) return value.some((inner) => isDeeperThan(levels - 1, inner));
  // A list of the values for each level took a third of the whole check (measured).
  for (const name in value) {
    const inner = (value as Record<string, unknown>)[name];
    // Looked at here too: a call for each text and number took two thirds of the time (measured).
    if (typeof inner === "object" && inner !== null && isDeeperThan(levels - 1, inner)) return true;
  }
  return false;
}
