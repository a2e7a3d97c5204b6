/** Requests to forget what was said: whose words are meant, and what is said of it when they are gone. @module */

import { isId, mistakesOfId, mistakesOfNames, nameFrom, wrongKind } from "./event_fields.ts";
import { isObject } from "./json_object.ts";
import { type AgentEvent, type Checked, conversationName, conversationOf, userName, userOf } from "./wire.ts";

/** A request to forget what was said: in a conversation, by a user, or by a user in a conversation. */
export interface ForgetRequest {
  /** Comes back as `eventId` of its ack. */
  readonly id?: string;
  readonly conversationId?: string;
  readonly userId?: string;
}

/**
 * Whose words are meant: those of a conversation, of a user, or of one user in one conversation. Names as
 * {@linkcode conversationOf} and {@linkcode userOf} make them; one of them at least.
 */
export interface Whose {
  readonly conversation?: string;
  readonly user?: string;
}

/** How much was forgotten. */
export interface ForgottenCounts {
  /** Questions with their answers, as conversations remember them. */
  readonly exchanges: number;
  /** Messages that an ElizaOS plugin asked for, and that exchanges were turned into. */
  readonly messages: number;
  /** Answers and errors that were kept to be sent again. */
  readonly outcomes: number;
  /** Events that waited for their answer: each ended with an error. */
  readonly events: number;
}

/** Something is being forgotten: what was said is deleted, and nothing recalls it any more. */
export interface Forgotten {
  readonly deleted: ForgottenCounts;
  /** Resolves when no file of the state holds a word of it. */
  readonly gone: Promise<void>;
}

/** What is said of an event that was still to be answered when its conversation or its user was forgotten. */
export const FORGOTTEN = "forgotten, as was asked for, before it was answered";

/** Check that `value` asks to forget somebody's words. Names may be numbers, as those of an event; empty ones count as none. */
export function checkForgetRequest(value: unknown): Checked<ForgetRequest> {
  if (!isObject(value)) return { ok: false, reason: wrongKind("object", value) };
  const { id } = value, conversationId = nameFrom(value.conversationId), userId = nameFrom(value.userId);
  const mistakes = [
    ...(id === undefined ? [] : mistakesOfId(id).map((mistake) => `id: ${mistake}`)),
    ...mistakesOfNames({ conversationId, userId }),
  ];
  if (!conversationId && !userId) mistakes.push("expected a conversationId or a userId");
  if (mistakes.length > 0) return { ok: false, reason: mistakes.join("; "), ...(isId(id) && { id }) };
  return {
    ok: true,
    value: {
      ...(isId(id) && { id }),
      ...(typeof conversationId === "string" && conversationId && { conversationId }),
      ...(typeof userId === "string" && userId && { userId }),
    },
  };
}

/** The names of what a request means. */
export function whoseOf({ conversationId, userId }: ForgetRequest): Whose {
  return {
    ...(conversationId && { conversation: conversationName(conversationId) }),
    ...(userId && { user: userName(userId) }),
  };
}

/** Whether an event is of the conversation and the user that are meant. */
export function isOf(event: AgentEvent, { conversation, user }: Whose): boolean {
  if (conversation === undefined && user === undefined) return false;
  return (conversation === undefined || conversationOf(event) === conversation) &&
    (user === undefined || userOf(event) === user);
}

/** The frame that says what was deleted for a request to forget. */
export function encodeForgotten(
  { request, deleted, timestamp }: { request: ForgetRequest; deleted: ForgottenCounts; timestamp: number },
): string {
  const { id, conversationId, userId } = request;
  return JSON.stringify({
    type: "ack",
    eventId: id,
    status: "processed",
    forgot: { conversationId, userId },
    deleted,
    timestamp,
  });
}
