/** W3C trace context: which trace an event belongs to, and what those are told who are asked within it. @module */

import { parseTraceparent, type TraceHeaders } from "../trace_headers.ts";
import type { Sampler } from "./sampling.ts";

/** A place in a trace. */
export interface TraceContext {
  /** 32 hexadecimal digits. */
  readonly traceId: string;
  /** 16 hexadecimal digits; absent where the trace begins here. */
  readonly parentSpanId?: string;
  /** Whether spans are recorded. */
  readonly isSampled: boolean;
  /** What other systems noted in the trace: passed on as it came. */
  readonly tracestate?: string;
}

/** The place that headers name, or a new trace where there are none. */
export function traceContextOf(headers: TraceHeaders | undefined, sampler: Sampler): TraceContext {
  const parent = headers && parseTraceparent(headers.traceparent);
  const traceId = parent?.traceId ?? newId(16), isSampled = sampler(traceId, parent?.isSampled);
  if (!parent) return { traceId, isSampled };
  const { tracestate } = headers;
  return { traceId, parentSpanId: parent.spanId, isSampled, ...(tracestate !== undefined && { tracestate }) };
}

/** The headers for those who are asked within a span. */
export function headersWithin({ traceId, isSampled, tracestate }: TraceContext, spanId: string): TraceHeaders {
  const traceparent = `00-${traceId}-${spanId}-${isSampled ? "01" : "00"}`;
  return { traceparent, ...(tracestate !== undefined && { tracestate }) };
}

/** An id of that many random bytes. */
export function newId(bytes: 8 | 16): string {
  return crypto.getRandomValues(new Uint8Array(bytes)).toHex();
}
