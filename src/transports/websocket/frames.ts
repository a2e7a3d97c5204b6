/** What the server's frames mean: each is checked, logged, and turned into an event or an answer to it. @module */

import { Buffer } from "node:buffer";
import type { Log } from "../../log.ts";
import { checkForgetRequest, type ForgetRequest } from "../../forget_request.ts";
import type { RefusalReason, SourceObserver } from "../../observer.ts";
import { type AgentEvent, parseFrame } from "../../wire.ts";

/** How to answer what is no event. */
export interface FrameAnswers {
  /** The server says that it has taken in who the agent is. */
  confirmed(): void;
  /** The server asks for a sign of life. */
  pinged(): void;
  /** The server asks for evidence with its nonce. */
  challenged(nonce: string): void;
  /** A frame with a usable id is refused. */
  refused(id: string, reason: string): void;
}

/** A binary frame is read too if it holds text: some frameworks send every message that way. */
const decoder = new TextDecoder("utf-8", { fatal: true });

/** What the agent is to do for a frame, in the order in which frames came. */
export type Asked = { readonly event: AgentEvent } | { readonly forget: ForgetRequest };

/** What a reader of frames is made with. */
interface FrameReading {
  readonly agentId: string;
  /** Largest frame that is taken. */
  readonly maxBytes: number;
  readonly log: Log;
  readonly observer?: Pick<SourceObserver, "refused"> | undefined;
}

/** Makes the function that turns a frame into what it asks for; undefined for a frame that asks for nothing. */
export function frameReader(
  { agentId, maxBytes, log, observer }: FrameReading,
  answers: FrameAnswers,
): (data: string | ArrayBuffer) => Asked | undefined {
  const refuse = (
    reason: string,
    { bytes, id, kind = "invalid" }: { bytes: number; id?: string | undefined; kind?: RefusalReason },
  ) => {
    observer?.refused(kind);
    log.warn("frame refused", { reason, bytes, ...(id !== undefined && { event: id }) });
    if (id !== undefined) answers.refused(id, reason);
  };

  const forgetting = (value: unknown, bytes: number): Asked | undefined => {
    const request = checkForgetRequest(value);
    if (request.ok) return { forget: request.value };
    refuse(request.reason, { bytes, id: request.id });
    return undefined;
  };

  return (data) => {
    const bytes = typeof data === "string" ? Buffer.byteLength(data) : data.byteLength;
    const text = textOf(data);
    if (text === undefined) {
      refuse("binary and not UTF-8; expected JSON text", { bytes });
      return undefined;
    }
    const frame = parseFrame(text);
    if (bytes > maxBytes) {
      const id = frame.ok ? (frame.value.kind === "event" ? frame.value.event.id : undefined) : frame.id;
      refuse(`${bytes} bytes, which is more than EVENT_MAX_BYTES=${maxBytes}`, { bytes, id, kind: "too_large" });
      return undefined;
    }
    if (!frame.ok) {
      refuse(frame.reason, { bytes, id: frame.id });
      return undefined;
    }
    log.debug("📨 WebSocket message received", { bytes }, { frame: text });
    switch (frame.value.kind) {
      case "event":
        return { event: frame.value.event };
      case "forget":
        return forgetting(frame.value.request, bytes);
      case "auth_success":
        log.info("🔐 Authenticated with agentId {agent}", { agent: agentId });
        answers.confirmed();
        return undefined;
      case "ping":
        answers.pinged();
        return undefined;
      case "challenge":
        log.info("🪪 Challenge received", { bytes });
        answers.challenged(frame.value.nonce);
        return undefined;
      case "unknown":
        tellUnknown(frame.value, { bytes, log });
        return undefined;
    }
  };
}

/** A server that gives its events a type waits for answers that never come. */
function tellUnknown(
  { type, isEvent }: { type: string; isEvent: boolean },
  { bytes, log }: { bytes: number; log: Log },
): void {
  if (isEvent) log.warn("event ignored, since it has a type: an event must have none", { type, bytes });
  else log.info("frame of unknown type ignored", { type, bytes });
}

/** Without a byte order mark, which some writers of UTF-8 begin with, .NET's for one; undefined if it is no text. */
function textOf(data: string | ArrayBuffer): string | undefined {
  if (typeof data === "string") return data.replace(/^\ufeff/, "");
  try {
    return decoder.decode(data);
  } catch {
    // Not text at all. The decoder's message says nothing more.
    return undefined;
  }
}
