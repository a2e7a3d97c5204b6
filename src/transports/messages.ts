/** Messages of queues: each body is the JSON of one event, each outcome the JSON of its entry. @module */

import { Buffer } from "node:buffer";
import type { Clock } from "../clock.ts";
import { idIn } from "../event_fields.ts";
import type { SourceObserver } from "../observer.ts";
import { decodeUtf8 } from "../utf8.ts";
import { type AgentEvent, type Checked, checkEvent, type Entry, entryOf, isFailure } from "../wire.ts";
import type { TransportHooks } from "./transport.ts";

/**
 * The event in the body of a message.
 *
 * @param body Its bytes; or a text, where these are known to be UTF-8.
 * @param options `maxBytes`: EVENT_MAX_BYTES; `observer`: told where there is none.
 */
export function readMessage(
  body: Uint8Array | string,
  { maxBytes, observer }: { maxBytes: number; observer?: Pick<SourceObserver, "refused"> | undefined },
): Checked<AgentEvent> {
  const { text, invalidAt } = typeof body === "string" ? { text: body } : decodeUtf8(body);
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    observer?.refused("invalid");
    // The parser's own message quotes the text, which must not reach a log.
    return { ok: false, reason: "not valid JSON" };
  }
  const bytes = Buffer.byteLength(body);
  if (bytes > maxBytes) {
    observer?.refused("too_large");
    const reason = `${bytes} bytes, which is more than EVENT_MAX_BYTES=${maxBytes}`;
    return { ok: false, reason, ...idIn(value, { isUtf8: !invalidAt }) };
  }
  if (invalidAt) {
    observer?.refused("invalid");
    const { line, column } = invalidAt;
    const reason = `not valid UTF-8 at line ${line} column ${column}: send it as UTF-8`;
    return { ok: false, reason, ...idIn(value, { isUtf8: false }) };
  }
  const checked = checkEvent(value);
  if (!checked.ok) observer?.refused("invalid");
  return checked;
}

/** What an error of the transport's own is made with. */
export interface FailureParts extends Pick<TransportHooks, "signed"> {
  readonly agentId: string;
  readonly clock: Pick<Clock, "now">;
}

/** The outcome of a message that is no event, for its sender: it stands in no journal and in no `responses.json`. */
export function refusalOf(id: string, { reason, ...parts }: FailureParts & { reason: string }): Entry {
  return failureOf(id, { error: `refused: ${reason}`.toWellFormed(), ...parts });
}

/** The error that goes to the sender in place of an outcome that the broker does not take. */
export function tooLargeFailureOf(
  { outcome }: Entry,
  { problem, product, ...parts }: FailureParts & { problem: OutcomeTooLargeError; product: string },
): Entry {
  const { bytes, maxBytes } = problem;
  const most = maxBytes === undefined ? "as large a message" : `more than ${maxBytes}`;
  const error = `the answer has ${bytes} bytes, and ${product} does not take ${most}`;
  return failureOf(outcome.queryId, { error, ...parts });
}

function failureOf(queryId: string, { error, agentId, clock, signed }: FailureParts & { error: string }): Entry {
  return entryOf(signed({ queryId, error, timestamp: clock.now(), agentId }));
}

/** The broker takes no message as large as an outcome, and never will: `maxBytes` is its limit, if it tells. */
export class OutcomeTooLargeError extends Error {
  override name = "OutcomeTooLargeError";
  readonly bytes: number;
  readonly maxBytes: number | undefined;

  constructor({ text }: Pick<Entry, "text">, maxBytes?: number) {
    const bytes = Buffer.byteLength(text);
    super(`${bytes} bytes are more than the broker takes`);
    this.bytes = bytes;
    this.maxBytes = maxBytes;
  }
}

/** What the `type` of an outcome's message says. */
export function typeOf({ outcome }: Entry): "response" | "error" {
  return isFailure(outcome) ? "error" : "response";
}
