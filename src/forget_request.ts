/** Requests to forget what was said: whose words are meant, and what is said of it when they are gone. @module */

import * as z from "zod";
import { type AgentEvent, type Checked, conversationName, conversationOf, schemas, userName, userOf } from "./wire.ts";
import { describeIssues } from "./zod_issues.ts";

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

function makeSchema() {
  const { id, name } = schemas();
  return z.object({ id: id.optional(), conversationId: name, userId: name })
    .refine(({ conversationId, userId }) => Boolean(conversationId || userId), "expected a conversationId or a userId");
}

/** Check that `value` asks to forget somebody's words. Names may be numbers, as those of an event; empty ones count as none. */
export function checkForgetRequest(value: unknown): Checked<ForgetRequest> {
  const parsed = makeSchema().safeParse(value);
  if (!parsed.success) {
    const id = schemas().id.safeParse((value as { id?: unknown } | null)?.id);
    return { ok: false, reason: describeIssues(parsed.error), ...(id.success && { id: id.data }) };
  }
  const { id, conversationId, userId } = parsed.data;
  return {
    ok: true,
    value: { ...(id !== undefined && { id }), ...(conversationId && { conversationId }), ...(userId && { userId }) },
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
