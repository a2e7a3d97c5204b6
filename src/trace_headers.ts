/**
 * The headers in which W3C trace context travels: read from a message or from an event's metadata, checked, and sent on.
 *
 * @see https://www.w3.org/TR/trace-context/
 * @module
 */

/** Headers of a trace, as they are sent. */
export interface TraceHeaders {
  readonly traceparent: string;
  readonly tracestate?: string;
}

/** The place in a trace that a `traceparent` names. */
export interface Traceparent {
  /** 32 hexadecimal digits. */
  readonly traceId: string;
  /** 16 hexadecimal digits. */
  readonly spanId: string;
  readonly isSampled: boolean;
}

/** @see https://www.w3.org/TR/trace-context/#traceparent-header-field-values */
const TRACEPARENT = /^([\da-f]{2})-([\da-f]{32})-([\da-f]{16})-([\da-f]{2})(-.*)?$/;
/** One member of a `tracestate`. @see https://www.w3.org/TR/trace-context/#list */
const MEMBER = /^[a-z\d][\w\-*/@]{0,255}=[\x20-\x2b\x2d-\x3c\x3e-\x7e]{0,255}[\x21-\x2b\x2d-\x3c\x3e-\x7e]$/;
const MOST_MEMBERS = 32;
/** Longest `tracestate` that is sent on, in characters, and the longest member of one that has to be shortened. */
const MOST_STATE = 512, MOST_SHORTENED = 128;
/** Longest `traceparent` that is read: a later version may have more than the 55 characters of this one. */
const MOST_PARENT = 512;

/** The place that a text names; undefined where it is no `traceparent`. */
export function parseTraceparent(text: string): Traceparent | undefined {
  const [, version, traceId, spanId, flags, more] = text.length > MOST_PARENT ? [] : TRACEPARENT.exec(text) ?? [];
  if (traceId === undefined || spanId === undefined || flags === undefined || version === "ff") return undefined;
  if (/^0+$/.test(traceId) || /^0+$/.test(spanId) || (version === "00" && more !== undefined)) return undefined;
  return { traceId, spanId, isSampled: (parseInt(flags, 16) & 1) === 1 };
}

/**
 * The trace headers of a message, or of what stands in for headers; undefined where there is no valid `traceparent`.
 *
 * @param read Looks up a header, whatever its type.
 */
export function traceHeaders(read: (name: "traceparent" | "tracestate") => unknown): TraceHeaders | undefined {
  const traceparent = read("traceparent");
  if (typeof traceparent !== "string" || !parseTraceparent(traceparent)) return undefined;
  const given = read("tracestate");
  const tracestate = typeof given === "string" ? stateToSend(given) : undefined;
  return { traceparent, ...(tracestate !== undefined && { tracestate }) };
}

/**
 * A `tracestate` that is fit to be sent on; undefined where it is none, since a wrong one is discarded whole. One that is
 * too long first loses its long members, then its last ones.
 *
 * @see https://www.w3.org/TR/trace-context/#tracestate-limits
 */
function stateToSend(given: string): string | undefined {
  const members = given.split(",").map((member) => member.replace(/^[ \t]+|[ \t]+$/g, "")).filter((one) => one !== "");
  if (members.length === 0 || members.length > MOST_MEMBERS || !members.every((one) => MEMBER.test(one))) {
    return undefined;
  }
  let kept = members;
  if (kept.join(",").length > MOST_STATE) kept = kept.filter((one) => one.length <= MOST_SHORTENED);
  while (kept.join(",").length > MOST_STATE) kept = kept.slice(0, -1);
  return kept.length > 0 ? kept.join(",") : undefined;
}
