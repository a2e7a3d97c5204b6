/**
 * Settings of traces and metrics that the agent sends to a collector, under the names that OpenTelemetry gives them.
 *
 * @see https://opentelemetry.io/docs/specs/otel/protocol/exporter/
 * @module
 */

import type { Environment } from "../environment.ts";
import { type Check, decimal, duration, flag, httpUrl, text, word } from "../settings/checks.ts";
import { FLAG, milliseconds, optional, setting, type ValuesOf } from "../settings/definition.ts";
import { SAMPLERS } from "./sampling.ts";

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

/** The same, of headers. */
const headers: typeof pairs = (given) => {
  const found = pairs(given);
  try {
    new Headers(found);
    return found;
  } catch {
    // A value that HTTP does not allow, such as base64 with line breaks. A request with it would fail, and the error quote it.
    return undefined;
  }
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
    // Its user name and password: a wrong one can't be taken apart to show the rest.
    secret: true,
    connects: {
      when: ({ OTEL_EXPORTER_OTLP_ENDPOINT: endpoint, OTEL_SDK_DISABLED: isOff }) => endpoint !== undefined && !isOff,
      secrets: ["OTEL_EXPORTER_OTLP_HEADERS"],
    },
  }),
  OTEL_SDK_DISABLED: setting({
    meaning: "Whether nothing is sent, whatever the other settings of the collector say",
    expected: FLAG,
    check: flag,
    default: "false",
  }),
  OTEL_EXPORTER_OTLP_HEADERS: optional({
    meaning: "Headers for the collector, such as `authorization=Bearer%20…`",
    expected: "name=value, several separated by commas, values percent-encoded and without line breaks",
    check: headers,
    secret: true,
  }),
  OTEL_EXPORTER_OTLP_PROTOCOL: optional({
    meaning: "How traces and metrics are encoded: no other protocol is spoken",
    expected: "http/json, which collectors take at port 4318",
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
  OTEL_TRACES_SAMPLER: setting({
    meaning: "Which traces are sent; `parentbased_`: whoever sends the event decides, if it names a trace",
    expected: `one of ${SAMPLERS.join(", ")}`,
    check: word(SAMPLERS),
    default: "parentbased_always_on",
  }),
  OTEL_TRACES_SAMPLER_ARG: setting({
    meaning: "Share of traces that a sampler by ratio sends",
    expected: "a number from 0 to 1",
    check: decimal(0, 1),
    default: "1",
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

/** The beginning of every name that OpenTelemetry gives to a variable. */
export const OTEL_PREFIX = "OTEL_";

/** What to do in place of setting a variable that is not obeyed, by the pattern of its name; the first that fits counts. */
const INSTEAD: readonly (readonly [name: RegExp, instead: string])[] = [
  [/^OTEL_(EXPORTER_OTLP_LOGS|LOGS|BLRP)_/, "no logs are sent: collect what the agent writes to stderr"],
  [/^OTEL_EXPORTER_OTLP_(TRACES|METRICS)_/, "traces and metrics go to one collector: use OTEL_EXPORTER_OTLP_…"],
  [/^OTEL_EXPORTER_OTLP_INSECURE$/, "http:// or https:// in OTEL_EXPORTER_OTLP_ENDPOINT decides"],
  [/^OTEL_EXPORTER_PROMETHEUS_/, "STATUS_ADDRESS is where Prometheus finds the metrics"],
  [/^OTEL_PROPAGATORS$/, "traces come in and go on as W3C trace context alone (tracecontext)"],
];
/** Values that ask for nothing but what is done anyway. */
const FULFILLED: Readonly<Record<string, string>> = { OTEL_LOGS_EXPORTER: "none", OTEL_PROPAGATORS: "tracecontext" };

/**
 * Variables of OpenTelemetry's that are set and that nothing here obeys, each as a sentence that begins with its name.
 * Deno's own, which begin with `OTEL_DENO`, are not among them.
 *
 * @param names Of the variables that are set.
 */
export function unobeyedVariables(names: readonly string[], environment: Environment): string[] {
  const unobeyed = names.filter((name) =>
    name.startsWith(OTEL_PREFIX) && !name.startsWith("OTEL_DENO") && !(name in OTLP_SETTINGS) &&
    ![undefined, "", FULFILLED[name]].includes(environment(name))
  );
  return unobeyed.sort().map((name) => {
    const [, instead] = INSTEAD.find(([pattern]) => pattern.test(name)) ?? [];
    return `${name} has no effect${instead === undefined ? "" : `: ${instead}`}`;
  });
}

/** The checked values of {@linkcode OTLP_SETTINGS}. */
export type OtlpSettings = ValuesOf<typeof OTLP_SETTINGS>;
