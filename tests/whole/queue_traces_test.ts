/** Traces and metrics of an agent on a queue: the trace comes in with the message and goes on with the outcome, dead letters are counted. @module */

import { assertEquals, assertMatch } from "@std/assert";
import { startAgent } from "../support/agent.ts";
import type { Broker } from "../support/brokers/broker.ts";
import { NO_NATS, startNats } from "../support/brokers/nats.ts";
import { NO_RABBITMQ, startRabbit } from "../support/brokers/rabbitmq.ts";
import { NO_REDIS, startRedis } from "../support/brokers/redis.ts";
import { startCollector } from "../support/collector.ts";
import { event } from "../support/events.ts";
import { startModelServer } from "../support/model_server.ts";
import { testUnless } from "../support/optional.ts";
import { scrapedUntil, SHOWN, statusOf } from "../support/status.ts";

const TRACE = "0af7651916cd43dd8448eb211c80319c", SPAN = "b7ad6b7169203331";
const PARENT = `00-${TRACE}-${SPAN}-01`, STATE = "vendor=1,other@x=a b";

const BROKERS: readonly (readonly [name: string, start: () => Promise<Broker>, whyNot: string | undefined])[] = [
  ["rabbitmq", startRabbit, NO_RABBITMQ],
  ["redis", startRedis, NO_REDIS],
  ["nats", startNats, NO_NATS],
];

for (const [name, start, whyNot] of BROKERS) {
  testUnless(
    whyNot,
    `${name}: a trace goes from the message's headers to the model's server and the outcome's headers`,
    async () => {
      await using broker = await start();
      await using collector = startCollector();
      await using model = await startModelServer("openai");
      const env = {
        ...broker.env,
        ...SHOWN,
        MODEL_PROVIDER: "openai",
        OPENAI_BASE_URL: model.url,
        OPENAI_MODEL: "test-model",
        OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
        OTEL_BSP_SCHEDULE_DELAY: "20",
      };
      await using agent = await startAgent({ env });
      const url = await statusOf(agent);
      // The headers go before what the metadata says.
      const asked = event("q1", "What is iExec?", { traceparent: `00-${"1".repeat(32)}-${SPAN}-01` });
      await broker.publishWith({ traceparent: PARENT, tracestate: STATE }, asked);
      const [sent] = await broker.outcomes(1);
      const spans = await collector.spansNamed("process event");
      const spanOf = (name: string) => spans.find((span) => span.name === name)!;
      assertEquals([spanOf("process event").traceId, spanOf("process event").parentSpanId], [TRACE, SPAN]);
      const onward = (name: string) => ({ traceparent: `00-${TRACE}-${spanOf(name).spanId}-01`, tracestate: STATE });
      assertEquals(sent!.trace, onward("deliver"));
      const { headers } = model.requests.at(-1)!;
      const asks = { traceparent: headers.get("traceparent"), tracestate: headers.get("tracestate") };
      assertEquals(asks, onward("chat test-model"));

      await broker.publish("no JSON");
      const samples = await scrapedUntil(url, (found) => found.get("agent_events_dead_lettered_total") === 1);
      assertEquals(samples.get('agent_events_refused_total{reason="invalid"}'), 1);
      assertEquals(samples.get(`agent_source_connected{transport="${name}"}`), 1);
      assertEquals(samples.get("agent_source_prefetch"), 16);
    },
  );

  testUnless(
    whyNot,
    `${name}: an agent that makes no traces passes a message's trace on, and an event without one begins none`,
    async () => {
      await using broker = await start();
      await using _agent = await startAgent({ env: broker.env });
      await broker.publishWith({ traceparent: PARENT, tracestate: STATE }, event("q1"));
      await broker.publishWith({ traceparent: PARENT }, JSON.stringify({ id: "q2", query: 7, timestamp: 1 }));
      await broker.publishWith({ traceparent: "no trace", tracestate: STATE }, event("q3"));
      await broker.publish(event("q4"));
      const sent = await broker.outcomes(4);
      const traces = Object.fromEntries(sent.map(({ outcome, trace }) => [outcome.queryId, trace]));
      assertEquals(traces, {
        q1: { traceparent: PARENT, tracestate: STATE },
        q2: { traceparent: PARENT },
        q3: undefined,
        q4: undefined,
      });
      assertMatch(String(sent.find(({ id }) => id === "q2")!.type), /error/);
    },
  );
}
