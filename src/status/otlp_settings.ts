/**
 * Settings of traces and metrics that the agent sends to a collector, under the names that OpenTelemetry gives them.
 *
 * @see https://opentelemetry.io/docs/specs/otel/protocol/exporter/
 * @module
 */

import { type Check, duration, httpUrl, text, word } from "../settings/checks.ts";
import { milliseconds, optional, setting, type ValuesOf } from "../settings/definition.ts";

/** Names and values as `name=value,name=value`, with percent encoding in the values. */
const pairs: Check<Readonly<Record<string, string>>> = (given) => {
  const found: Record<string, string> = {};
  for (const pair of given.split(",")) {
    const [, name, value] = /^\s*([\w.!#$%&'*+^`|~-]+)\s*=\s*(.*?)\s*$/.exec(pair) ?? [];
    if (name === undefined || value === undefined || /%(?![\da-f]{2})/i.test(value)) return undefined;
    try {
      found[name] = decodeURIComponent(value);
    } catch {
      // Not UTF-8. The caller says what is expected, and shows nothing of the value.
      return undefined;
    }
  }
  return found;
};

/** Whether something is sent, as OpenTelemetry writes it. */
const exporter: Check<"otlp" | "none"> = word(["otlp", "none"]);

/** Where traces and metrics are sent. */
export const OTLP_SETTINGS = {
  OTEL_EXPORTER_OTLP_ENDPOINT: optional({
    meaning:
      "Collector that traces and metrics are sent to, by OTLP over HTTP; `/v1/traces` and `/v1/metrics` are added",
    expected: "an http:// or https:// URL without a query",
    check: httpUrl,
    connects: {
      when: ({ OTEL_EXPORTER_OTLP_ENDPOINT: endpoint }) => endpoint !== undefined,
      secrets: ["OTEL_EXPORTER_OTLP_HEADERS"],
    },
  }),
  OTEL_EXPORTER_OTLP_HEADERS: optional({
    meaning: "Headers for the collector, such as `authorization=Bearer%20…`",
    expected: "name=value, several separated by commas, values percent-encoded",
    check: pairs,
    secret: true,
  }),
  OTEL_EXPORTER_OTLP_PROTOCOL: optional({
    meaning: "How traces and metrics are encoded: no other protocol is spoken",
    expected: "http/json",
    check: word(["http/json"]),
  }),
  OTEL_EXPORTER_OTLP_TIMEOUT: setting({
    meaning: "Milliseconds that the collector has to answer",
    expected: milliseconds(1),
    check: duration(1),
    default: "10000",
  }),
  OTEL_EXPORTER_OTLP_CERTIFICATE: optional({
    meaning: "PEM file of the certificate authority to trust for the collector",
    expected: "a path",
    access: "read",
    check: text,
  }),
  OTEL_TRACES_EXPORTER: setting({
    meaning: "Whether traces are sent",
    expected: "otlp or none",
    check: exporter,
    default: "otlp",
  }),
  OTEL_METRICS_EXPORTER: setting({
    meaning: "Whether metrics are sent",
    expected: "otlp or none",
    check: exporter,
    default: "otlp",
  }),
  OTEL_BSP_SCHEDULE_DELAY: setting({
    meaning: "Milliseconds in which spans are gathered before they are sent",
    expected: milliseconds(1),
    check: duration(1),
    default: "5000",
  }),
  OTEL_METRIC_EXPORT_INTERVAL: setting({
    meaning: "Milliseconds between two sendings of metrics",
    expected: milliseconds(1),
    check: duration(1),
    default: "60000",
  }),
  OTEL_SERVICE_NAME: setting({
    meaning: "The agent's name for the collector",
    expected: "a text",
    check: text,
    default: "iexec-agent",
  }),
  OTEL_RESOURCE_ATTRIBUTES: optional({
    meaning: "What else the collector is told of the agent, such as `deployment.environment.name=test`",
    expected: "name=value, several separated by commas, values percent-encoded",
    check: pairs,
  }),
};

/** The checked values of {@linkcode OTLP_SETTINGS}. */
export type OtlpSettings = ValuesOf<typeof OTLP_SETTINGS>;
