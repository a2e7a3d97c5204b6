/** Every metric: its names for OpenTelemetry and for Prometheus, its unit, its labels, and all values that a label can have. @module */

import { MODEL_ERRORS, REFUSAL_REASONS } from "../observer.ts";

export type MetricKind = "counter" | "gauge" | "histogram";

/** One metric. */
export interface MetricDefinition<Kind extends MetricKind = MetricKind> {
  /** As OpenTelemetry writes it. */
  readonly name: string;
  /** After UCUM, as OpenTelemetry wants it; what stands in braces is no unit for Prometheus. */
  readonly unit: string;
  readonly kind: Kind;
  /** One sentence, without its full stop. */
  readonly help: string;
  /** As OpenTelemetry writes them. */
  readonly labels?: readonly string[];
  /** Upper bounds of a histogram. */
  readonly buckets?: readonly number[];
  /** Prometheus' own name, where it does not follow from the other one. */
  readonly prometheusName?: string;
}

/** From a millisecond to ten minutes: an answer of the embedded model, and one of a large model that thinks. */
const SECONDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600];
/** @see https://opentelemetry.io/docs/specs/semconv/gen-ai/gen-ai-metrics/ for both */
const OPERATION_SECONDS = [0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 2.56, 5.12, 10.24, 20.48, 40.96, 81.92];
const TOKENS = Array.from({ length: 14 }, (_, power) => 4 ** power);

/** The labels of what a model did. */
export const MODEL_LABELS = ["gen_ai.provider.name", "gen_ai.request.model"] as const;
const CALL_LABELS = ["gen_ai.operation.name", ...MODEL_LABELS] as const;

function counter(
  name: string,
  unit: string,
  help: string,
  labels: readonly string[] = [],
): MetricDefinition<"counter"> {
  return { name, unit, kind: "counter", help, labels };
}

function gauge(
  name: string,
  unit: string,
  help: string,
  labels: readonly string[] = [],
): MetricDefinition<"gauge"> {
  return { name, unit, kind: "gauge", help, labels };
}

function histogram(
  name: string,
  unit: string,
  help: string,
  { labels = [], buckets = SECONDS }: { labels?: readonly string[]; buckets?: readonly number[] } = {},
): MetricDefinition<"histogram"> {
  return { name, unit, kind: "histogram", help, labels, buckets };
}

/** The metrics, by the name that the code has for them. */
export const METRICS = {
  received: counter("agent.events.received", "{event}", "Events that came and were not known"),
  answered: counter("agent.events.answered", "{event}", "Events that have an answer, those that are declined included"),
  declined: counter("agent.events.declined", "{event}", "Events whose answer says that the agent does not know"),
  failed: counter("agent.events.failed", "{event}", "Events that ended in an error"),
  refused: counter("agent.events.refused", "{event}", "What came and was not taken for an event, by reason", [
    "reason",
  ]),
  duplicates: counter("agent.events.duplicate", "{event}", "Events that came again"),
  deadLettered: counter("agent.events.dead_lettered", "{event}", "What the agent put among a queue's dead letters"),
  waiting: gauge("agent.events.waiting", "{event}", "Accepted events whose turn has not come"),
  inFlight: gauge("agent.events.in_flight", "{event}", "Events that are being answered"),
  oldestWaiting: gauge(
    "agent.events.oldest_age",
    "s",
    "Age of the oldest accepted event that has no outcome; 0 if there is none",
  ),
  waitingTime: histogram("agent.event.waiting", "s", "Time from an event's acceptance until its turn"),
  answeringTime: histogram("agent.event.answering", "s", "Time from an event's turn until its outcome", {
    labels: MODEL_LABELS,
  }),
  committingTime: histogram(
    "agent.event.committing",
    "s",
    "Time from an outcome until it is on disk and in the responses file",
  ),
  deliveringTime: histogram(
    "agent.event.delivering",
    "s",
    "Time from handing an outcome to the transport until it is settled",
  ),
  wholeTime: histogram("agent.event.duration", "s", "Time from an event's acceptance until its outcome is settled"),
  undelivered: gauge("agent.outcomes.undelivered", "{outcome}", "Outcomes that are not delivered"),
  modelErrors: counter("agent.model.errors", "{error}", "Failed tries to get an answer, by kind", ["error.type"]),
  modelRetries: counter("agent.model.retries", "{retry}", "Further tries to get an answer"),
  modelUp: gauge("agent.model.up", "1", "1 while the model answers, 0 while it counts as down"),
  tokens: histogram(
    "gen_ai.client.token.usage",
    "{token}",
    "Tokens of prompts and answers, by the count of the model's server",
    { labels: [...CALL_LABELS, "gen_ai.token.type"], buckets: TOKENS },
  ),
  calls: histogram(
    "gen_ai.client.operation.duration",
    "s",
    "Time of a request to the model's server; error_type is empty where it succeeded",
    { labels: [...CALL_LABELS, "error.type"], buckets: OPERATION_SECONDS },
  ),
  connected: gauge("agent.source.connected", "1", "1 while events can be had from their source", ["transport"]),
  reconnects: counter("agent.source.reconnects", "{connection}", "Connections that ended, and attempts that failed", [
    "transport",
  ]),
  prefetch: gauge("agent.source.prefetch", "{event}", "Most events that are held without being settled; 0: no limit"),
  concurrency: gauge("agent.concurrency", "{event}", "Most events that are answered at the same time"),
  stateSize: gauge("agent.state.size", "By", "Bytes of the state's database on disk: journal, memories and knowledge"),
  passages: gauge("agent.knowledge.passages", "{passage}", "Passages that the agent knows"),
  memory: {
    ...gauge("process.memory.usage", "By", "Bytes of memory that the process has"),
    prometheusName: "process_resident_memory_bytes",
  },
  startTime: {
    ...gauge("agent.start_time", "s", "When the process started, in seconds since the epoch"),
    prometheusName: "process_start_time_seconds",
  },
  build: gauge("agent.build.info", "1", "Always 1; the labels tell the version and the commit", ["version", "commit"]),
  condition: gauge("agent.condition", "1", "1 while a condition of /readyz holds", ["condition"]),
};

/** Values of labels that are fixed lists: with them every series is there from the start. */
export const LABEL_VALUES = {
  refused: REFUSAL_REASONS,
  modelErrors: MODEL_ERRORS,
  tokenTypes: ["input", "output"],
  conditions: {
    connected: "connected",
    stateWritable: "state_writable",
    modelUp: "model_up",
    knowledgeIndexed: "knowledge_indexed",
    answering: "answering",
  },
} as const;

/** What Prometheus adds to a name for a unit. */
const SUFFIXES: Readonly<Record<string, string>> = { s: "_seconds", By: "_bytes" };

/** The name for Prometheus. @see https://prometheus.io/docs/practices/naming/ */
export function prometheusName({ name, unit, kind, prometheusName }: MetricDefinition): string {
  return prometheusName ?? `${labelName(name)}${SUFFIXES[unit] ?? ""}${kind === "counter" ? "_total" : ""}`;
}

/** A label's name for Prometheus. */
export function labelName(label: string): string {
  return label.replaceAll(".", "_");
}
