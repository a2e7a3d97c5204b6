/** The messages that agents and asking clients send to the test server, checked once. @module */

import { z } from "zod";
import {
  type AgentEvent,
  type Checked,
  checkEvent,
  isDeeperThan,
  MAX_DEPTH,
  MAX_ID_LENGTH,
  NOT_EMPTY,
} from "../wire.ts";
import { describeIssues } from "../zod_issues.ts";

const id = z.string().min(1, NOT_EMPTY).max(MAX_ID_LENGTH);
// guid, not uuid: the ids that ElizaOS derives from a name carry version 0, which RFC 9562 does not know.
const agentId = z.guid("expected a UUID");
const timestamp = z.number();
/** What proves an outcome: checked by whoever wants the proof. */
const signatures = { signature: z.string().exactOptional(), eip712Signature: z.string().exactOptional() };

const messageSchema = z.discriminatedUnion("type", [
  // Evidence is checked by whoever verifies it: here it may be anything.
  z.object({
    type: z.literal("auth"),
    agentId,
    token: z.string().optional(),
    timestamp,
    attestation: z.unknown().optional(),
  }),
  z.looseObject({ type: z.literal("attestation") }),
  z.object({
    type: z.literal("ack"),
    eventId: id,
    status: z.enum(["processed", "error"]),
    error: z.string().optional(),
    timestamp,
    deleted: z.record(z.string(), z.number()).exactOptional(),
    ...signatures,
  }),
  z.object({
    type: z.literal("response"),
    queryId: id,
    response: z.string(),
    timestamp,
    agentId,
    metadata: z.looseObject({
      sources: z.array(z.string()).exactOptional(),
      declined: z.boolean().exactOptional(),
      cutOff: z.boolean().exactOptional(),
    }).exactOptional(),
    ...signatures,
  }),
  z.object({
    type: z.literal("chunk"),
    queryId: id,
    index: z.number().int().min(0),
    delta: z.string(),
    timestamp,
    restart: z.boolean().exactOptional(),
  }),
], "expected an auth, ack, response, chunk or attestation message");
const AGENT_TYPES = new Set<unknown>(
  ["auth", "ack", "response", "chunk", "attestation"] satisfies AgentMessage["type"][],
);
const clientAuthSchema = z.object({ type: z.literal("auth"), token: z.string().optional() });

/** A message from an agent; `type` tells them apart. */
export type AgentMessage = z.infer<typeof messageSchema>;

/** A message from a client that is no agent, or not yet: an event to be answered, or an auth without `agentId`. */
export type ClientMessage =
  | AgentMessage
  | { readonly type: "client_auth"; readonly token?: string | undefined }
  | { readonly type: "event"; readonly event: AgentEvent };

/** Check one text frame from an agent. Fields that the protocol does not name are dropped. */
export function parseAgentMessage(text: string): Checked<AgentMessage> {
  return checkJson(messageSchema, text);
}

/** Check one text frame from a client that has not authenticated as an agent. A frame without a `type` is an event. */
export function parseClientMessage(text: string): Checked<ClientMessage> {
  const parsed = parseJson(text);
  if (!parsed.ok) return parsed;
  const { type, agentId } = Object(parsed.value) as { type?: unknown; agentId?: unknown };
  if (type === undefined || type === null) {
    const event = checkEvent(parsed.value);
    return event.ok ? { ok: true, value: { type: "event", event: event.value } } : event;
  }
  if (type === "auth" && agentId === undefined) {
    const auth = checkValue(clientAuthSchema, parsed.value);
    return auth.ok ? { ok: true, value: { ...auth.value, type: "client_auth" } } : auth;
  }
  if (AGENT_TYPES.has(type)) return checkValue(messageSchema, parsed.value);
  return { ok: false, reason: "type: expected auth, or none in an event" };
}

/** Check that a text is JSON of this shape, nested no deeper than an event may be. */
export function checkJson<T>(schema: z.ZodType<T>, text: string): Checked<T> {
  const parsed = parseJson(text);
  return parsed.ok ? checkValue(schema, parsed.value) : parsed;
}

/** Parse JSON of any shape. Whatever is taken from the value needs {@linkcode checkValue} first. */
export function parseJson(text: string): Checked<unknown> {
  try {
    return { ok: true, value: JSON.parse(text) };
  } catch {
    // The parser's own message quotes the text, and with it perhaps a token.
    return { ok: false, reason: "not valid JSON" };
  }
}

/**
 * Check that a parsed value has this shape, and is nested no deeper than an event may be: fields that hold anything are
 * written as JSON again, and JSON.stringify overflows the stack at some thousand levels.
 */
export function checkValue<T>(schema: z.ZodType<T>, value: unknown): Checked<T> {
  if (isDeeperThan(MAX_DEPTH, value)) return { ok: false, reason: `nested more than ${MAX_DEPTH} levels deep` };
  const parsed = schema.safeParse(value);
  return parsed.success ? { ok: true, value: parsed.data } : { ok: false, reason: describeIssues(parsed.error) };
}
