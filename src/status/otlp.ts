/**
 * Spans and metrics as OTLP's JSON has them.
 *
 * OpenTelemetry's own packages do the same, with nine more packages of 22 MB for everybody who runs from sources.
 *
 * @see https://opentelemetry.io/docs/specs/otlp/#json-protobuf-encoding
 * @module
 */

import type { Family } from "./registry.ts";
import type { Span } from "./traces.ts";

/** Who sends. */
export interface Resource {
  readonly attributes: Readonly<Record<string, string>>;
  readonly version: string;
}

/** Sums count from the start of the process on. */
const CUMULATIVE = 2;
/** Status of a span that failed. */
const ERROR = 2;

/** The body of a request to `/v1/traces`. */
export function tracesBody(spans: readonly Span[], resource: Resource): string {
  const scopeSpans = [{ scope: scopeOf(resource), spans: spans.map(spanOf) }];
  return JSON.stringify({ resourceSpans: [{ resource: resourceOf(resource), scopeSpans }] });
}

/** The body of a request to `/v1/metrics`. `startedMs`: since when is counted. */
export function metricsBody(
  families: Iterable<Family>,
  resource: Resource,
  { startedMs, nowMs }: { startedMs: number; nowMs: number },
): string {
  const times = { startTimeUnixNano: nanos(startedMs), timeUnixNano: nanos(nowMs) };
  const metrics = Array.from(families, (family) => metricOf(family, times));
  const scopeMetrics = [{ scope: scopeOf(resource), metrics }];
  return JSON.stringify({ resourceMetrics: [{ resource: resourceOf(resource), scopeMetrics }] });
}

function spanOf({ startMs, endMs, attributes, isError, parentSpanId, ...span }: Span) {
  return {
    ...span,
    ...(parentSpanId !== undefined && { parentSpanId }),
    startTimeUnixNano: nanos(startMs),
    endTimeUnixNano: nanos(endMs),
    attributes: attributesOf(attributes),
    status: isError ? { code: ERROR } : {},
  };
}

function metricOf({ definition, series }: Family, times: { startTimeUnixNano: string; timeUnixNano: string }) {
  const { name, unit, kind, help, labels: names = [], buckets = [] } = definition;
  const dataPoints = Array.from(series(), ({ labels, value, counts }) => ({
    attributes: attributesOf(Object.fromEntries(names.map((name, at) => [name, labels[at] ?? ""]))),
    ...times,
    ...(kind === "histogram"
      ? {
        count: String(counts.reduce((sum, count) => sum + count, 0)),
        sum: value,
        bucketCounts: counts.map(String),
        explicitBounds: buckets,
      }
      : { asDouble: value }),
  }));
  const about = { name, unit, description: help };
  switch (kind) {
    case "counter":
      return { ...about, sum: { aggregationTemporality: CUMULATIVE, isMonotonic: true, dataPoints } };
    case "gauge":
      return { ...about, gauge: { dataPoints } };
    case "histogram":
      return { ...about, histogram: { aggregationTemporality: CUMULATIVE, dataPoints } };
  }
}

function resourceOf({ attributes }: Resource) {
  return { attributes: attributesOf(attributes) };
}

function scopeOf({ version }: Resource) {
  return { name: "iexec-agent", version };
}

function attributesOf(attributes: Readonly<Record<string, string | number>>) {
  return Object.entries(attributes).map(([key, value]) => ({
    key,
    value: typeof value === "number" ? { intValue: String(value) } : { stringValue: value },
  }));
}

/** Nanoseconds since the epoch, as 64 bits need it; of milliseconds, microseconds are all that a double holds. */
function nanos(ms: number): string {
  return `${Math.round(ms * 1_000)}000`;
}
