/** Messages of queues: each body is the JSON of one event, each outcome the JSON of its entry. @module */

import { Buffer } from "node:buffer";
import type { SourceObserver } from "../observer.ts";
import { type AgentEvent, type Checked, checkEvent, type Entry, entryOf, isFailure } from "../wire.ts";

/**
 * The event in the body of a message.
 *
 * @param options `maxBytes`: EVENT_MAX_BYTES; `observer`: told where there is none.
 */
export function readMessage(
  body: string,
  { maxBytes, observer }: { maxBytes: number; observer?: Pick<SourceObserver, "refused"> | undefined },
): Checked<AgentEvent> {
  let value: unknown;
  try {
    value = JSON.parse(body);
  } catch {
    observer?.refused("invalid");
    // The parser's own message quotes the text, which must not reach a log.
    return { ok: false, reason: "not valid JSON" };
  }
  const checked = checkEvent(value);
  const bytes = Buffer.byteLength(body);
  if (bytes <= maxBytes) {
    if (!checked.ok) observer?.refused("invalid");
    return checked;
  }
  observer?.refused("too_large");
  const id = checked.ok ? checked.value.id : checked.id;
  const reason = `${bytes} bytes, which is more than EVENT_MAX_BYTES=${maxBytes}`;
  return { ok: false, reason, ...(id !== undefined && { id }) };
}

/** The outcome of a message that is no event, for its sender: it stands in no journal and in no `responses.json`. */
export function refusalOf(
  id: string,
  { reason, agentId, timestamp }: { reason: string; agentId: string; timestamp: number },
): Entry {
  return entryOf({ queryId: id, error: `refused: ${reason}`, timestamp, agentId });
}

/** What the `type` of an outcome's message says. */
export function typeOf({ outcome }: Entry): "response" | "error" {
  return isFailure(outcome) ? "error" : "response";
}
