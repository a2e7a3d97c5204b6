/** Traces and metrics of an agent on a queue: the trace comes in with the message, dead letters are counted. @module */

import { assertEquals } from "@std/assert";
import { startAgent } from "../support/agent.ts";
import { EVENTS, NO_REDIS, startRedis } from "../support/brokers/redis.ts";
import { startCollector } from "../support/collector.ts";
import { event } from "../support/events.ts";
import { testUnless } from "../support/optional.ts";
import { scrapedUntil, SHOWN, statusOf } from "../support/status.ts";

const TRACE = "0af7651916cd43dd8448eb211c80319c", SPAN = "b7ad6b7169203331";

testUnless(NO_REDIS, "redis: the trace that an entry's field names goes before one in the metadata", async () => {
  await using broker = await startRedis();
  await using collector = startCollector();
  const sent = { OTEL_EXPORTER_OTLP_ENDPOINT: collector.url, OTEL_BSP_SCHEDULE_DELAY: "20" };
  await using agent = await startAgent({ env: { ...broker.env, ...sent, ...SHOWN } });
  const url = await statusOf(agent);
  const body = JSON.stringify(event("q1", "What is iExec?", { traceparent: `00-${"1".repeat(32)}-${SPAN}-01` }));
  await broker.command("XADD", EVENTS, "*", "body", body, "traceparent", `00-${TRACE}-${SPAN}-01`);
  await broker.command("XADD", EVENTS, "*", "body", "no JSON");
  const spans = await collector.spansNamed("process event");
  const root = spans.find(({ name }) => name === "process event")!;
  assertEquals([root.traceId, root.parentSpanId], [TRACE, SPAN]);
  const samples = await scrapedUntil(url, (found) => found.get("agent_events_dead_lettered_total") === 1);
  assertEquals(samples.get('agent_events_refused_total{reason="invalid"}'), 1);
  assertEquals(samples.get('agent_source_connected{transport="redis"}'), 1);
  assertEquals(samples.get("agent_source_prefetch"), 16);
});
