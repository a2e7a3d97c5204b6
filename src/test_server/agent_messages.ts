/** What agents send to the test server, checked once. @module */

import { z } from "zod";
import { type Checked, MAX_ID_LENGTH } from "../wire.ts";

const id = z.string().min(1).max(MAX_ID_LENGTH);
// guid, not uuid: the ids that ElizaOS derives from a name carry version 0, which RFC 9562 does not know.
const agentId = z.guid("expected a UUID");
const timestamp = z.number();

const messageSchema = z.discriminatedUnion("type", [
  z.object({ type: z.literal("auth"), agentId, token: z.string().optional(), timestamp }),
  z.object({
    type: z.literal("ack"),
    eventId: id,
    status: z.enum(["processed", "error"]),
    error: z.string().optional(),
    timestamp,
  }),
  z.object({
    type: z.literal("response"),
    queryId: id,
    response: z.string(),
    timestamp,
    agentId,
    metadata: z.object({ sources: z.array(z.string()) }).exactOptional(),
  }),
], "expected an auth, ack or response message");

/** A message from an agent; `type` tells them apart. */
export type AgentMessage = z.infer<typeof messageSchema>;

/** Check one text frame from an agent. Fields the protocol does not name are dropped. */
export function parseAgentMessage(text: string): Checked<AgentMessage> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    // The parser's own message quotes the text, and with it perhaps a token.
    return { ok: false, reason: "not valid JSON" };
  }
  const parsed = messageSchema.safeParse(value);
  return parsed.success ? { ok: true, value: parsed.data } : { ok: false, reason: describe(parsed.error) };
}

/** `eventId: expected string, received number; …`: where and what, never the value. */
function describe({ issues }: z.ZodError): string {
  return issues
    .map(({ path, message }) => [...path, message.replace(/^Invalid (input|option): /, "")].join(": "))
    .join("; ");
}
