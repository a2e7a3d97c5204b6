/** Metrics of an agent: which there are from the start, and what counts and times them. @module */

import { assert, assertEquals } from "@std/assert";
import { METRICS, prometheusName } from "../../src/status/definitions.ts";
import type { Figures, StatusFacts } from "../../src/status/figures.ts";
import { createMetrics } from "../../src/status/metrics.ts";
import { testUnless } from "../support/optional.ts";
import { type Samples, samplesIn } from "../support/status.ts";
import { promtool, whyNoPrometheus } from "../support/prometheus.ts";

const FACTS: StatusFacts = {
  version: "1.2.3",
  commit: "abc",
  startedMs: 1_700_000_000_000,
  transport: "redis",
  prefetch: 16,
  concurrency: 4,
  provider: "openai",
  model: "test-model",
};
const WELL = { connected: true, stateWritable: true, modelUp: true, knowledgeIndexed: true, answering: true };
const IDLE: Figures = {
  pending: 0,
  oldestPendingMs: undefined,
  undelivered: 0,
  stateBytes: 4096,
  memoryBytes: 1e8,
  isModelUp: true,
};

function metricsWith(options: { facts?: Partial<StatusFacts>; figures?: Partial<Figures> } = {}) {
  const time = { nowMs: 1_700_000_100_000 };
  const metrics = createMetrics({
    facts: { ...FACTS, ...options.facts },
    figures: () => ({ ...IDLE, ...options.figures }),
    conditions: () => WELL,
    now: () => time.nowMs,
  });
  const samples = (): Samples => samplesIn(metrics.text());
  return { metrics, observer: metrics.observer, time, samples };
}

const MODEL = 'gen_ai_provider_name="openai",gen_ai_request_model="test-model"';

Deno.test("every series is there from the start", () => {
  const { samples } = metricsWith();
  const before = samples();
  for (const definition of Object.values(METRICS)) {
    const name = prometheusName(definition);
    assert([...before.keys()].some((key) => key.startsWith(name)), name);
  }
  const { observer, samples: after, time } = metricsWith();
  observer.connected();
  observer.disconnected();
  observer.refused("invalid");
  observer.deadLettered();
  observer.received();
  observer.duplicate();
  observer.modelFailed("faulty");
  observer.retried();
  for (const result of ["answered", "declined", "failed"] as const) {
    const one = observer.follow({ acceptedMs: time.nowMs });
    one.started();
    one.recalling()();
    one.calling().ended({ error: "unavailable" });
    one.calling().ended({ tokensIn: 5, tokensOut: 7 });
    one.ended(result);
    one.committed();
    one.delivering();
    one.delivered();
  }
  assertEquals([...after().keys()].sort(), [...before.keys()].sort());
});

Deno.test("the built-in model makes no requests, so there are no series of them", () => {
  const { samples } = metricsWith({ facts: { provider: "embedded", model: "embedded" } });
  assertEquals([...(samples()).keys()].filter((key) => key.startsWith("gen_ai")), []);
});

Deno.test("each stage of an event is timed, and the whole of its way", () => {
  const { observer, samples, time } = metricsWith();
  const one = observer.follow({ acceptedMs: time.nowMs });
  time.nowMs += 1_000;
  one.started();
  const call = one.calling();
  time.nowMs += 2_000;
  call.ended({ tokensIn: 100, tokensOut: 20 });
  time.nowMs += 500;
  one.ended("declined");
  time.nowMs += 30;
  one.committed();
  // The peer was out of reach, and then there again.
  one.delivering();
  time.nowMs += 60_000;
  one.delivering();
  time.nowMs += 10;
  one.delivered();
  const found = samples();
  const sum = (name: string, labels = "") => found.get(`${name}_sum${labels}`);
  assertEquals(sum("agent_event_waiting_seconds"), 1);
  assertEquals(sum("agent_event_answering_seconds", `{${MODEL}}`), 2.5);
  assertEquals(sum("agent_event_committing_seconds"), 0.03);
  assertEquals(sum("agent_event_delivering_seconds"), 0.01);
  assertEquals(sum("agent_event_duration_seconds"), 63.54);
  const chat = `gen_ai_operation_name="chat",${MODEL}`;
  assertEquals(sum("gen_ai_client_operation_duration_seconds", `{${chat},error_type=""}`), 2);
  assertEquals(sum("gen_ai_client_token_usage", `{${chat},gen_ai_token_type="input"}`), 100);
  assertEquals(sum("gen_ai_client_token_usage", `{${chat},gen_ai_token_type="output"}`), 20);
  assertEquals(found.get("agent_events_answered_total"), 1);
  assertEquals(found.get("agent_events_declined_total"), 1);
  assertEquals(found.get("agent_events_failed_total"), 0);
});

Deno.test("what waits and what is being answered are told apart, and a clock that was set back takes nothing off", () => {
  const figures = { pending: 5, oldestPendingMs: 1_700_000_000_000 };
  const { observer, samples, time } = metricsWith({ figures });
  const one = observer.follow({ acceptedMs: time.nowMs + 5_000 }), other = observer.follow({ acceptedMs: time.nowMs });
  one.started();
  other.started();
  const during = samples();
  assertEquals([during.get("agent_events_waiting"), during.get("agent_events_in_flight")], [3, 2]);
  assertEquals(during.get("agent_events_oldest_age_seconds"), 100);
  assertEquals(during.get("agent_event_waiting_seconds_sum"), 0);
  one.ended("failed");
  one.committed();
  other.dropped();
  const after = samples();
  assertEquals([after.get("agent_events_waiting"), after.get("agent_events_in_flight")], [5, 0]);
});

testUnless(whyNoPrometheus(), "promtool finds nothing to complain of in the metrics", () => {
  const { metrics } = metricsWith();
  assertEquals(promtool(["check", "metrics"], { input: metrics.text() }), "");
});
