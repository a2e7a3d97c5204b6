/** Messages of queues: each body is the JSON of one event, each outcome the JSON of its entry. @module */

import { Buffer } from "node:buffer";
import type { Clock } from "../clock.ts";
import type { SourceObserver } from "../observer.ts";
import { type AgentEvent, type Checked, checkEvent, type Entry, entryOf, isFailure } from "../wire.ts";
import type { TransportHooks } from "./transport.ts";

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
