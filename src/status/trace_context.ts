/** W3C trace context: which trace an event belongs to, and what its server is told. @module */

/** A place in a trace. */
export interface TraceContext {
  /** 32 hexadecimal digits. */
  readonly traceId: string;
  /** 16 hexadecimal digits; absent where the trace begins here. */
  readonly parentSpanId?: string;
  /** Whether spans are recorded: whoever began the trace decides. */
  readonly isSampled: boolean;
}

/** @see https://www.w3.org/TR/trace-context/#traceparent-header-field-values */
const TRACEPARENT = /^([\da-f]{2})-([\da-f]{32})-([\da-f]{16})-([\da-f]{2})(-.*)?$/;

/** The place that a `traceparent` names, or a new trace where there is none, or a wrong one. */
export function traceContextOf(traceparent: string | undefined): TraceContext {
  const [, version, traceId, parentSpanId, flags, more] = TRACEPARENT.exec(traceparent ?? "") ?? [];
  const isWrong = traceId === undefined || parentSpanId === undefined || version === "ff" || /^0+$/.test(traceId) ||
    /^0+$/.test(parentSpanId) || (version === "00" && more !== undefined);
  if (isWrong) return { traceId: newId(16), isSampled: true };
  return { traceId, parentSpanId, isSampled: (parseInt(flags!, 16) & 1) === 1 };
}

/** The `traceparent` of a span, for whoever is asked within it. */
export function traceparentOf({ traceId, isSampled }: TraceContext, spanId: string): string {
  return `00-${traceId}-${spanId}-${isSampled ? "01" : "00"}`;
}

/** An id of that many random bytes. */
export function newId(bytes: 8 | 16): string {
  return crypto.getRandomValues(new Uint8Array(bytes)).toHex();
}
