/** What the real program sends to a collector: the spans of an event as one tree, metrics, and no text of anybody. @module */

import { assert, assertEquals, assertMatch } from "@std/assert";
import { METRICS } from "../../src/status/definitions.ts";
import { startAgent } from "../support/agent.ts";
import {
  type CollectorUnderTest,
  decoded,
  type SentSpan,
  startCollector,
  whyNoDefinitions,
} from "../support/collector.ts";
import { testInEnclave } from "../support/enclave.ts";
import { event } from "../support/events.ts";
import { makeFolder } from "../support/folder.ts";
import { type ModelServer, startModelServer } from "../support/model_server.ts";
import { testUnless } from "../support/optional.ts";
import { startServer } from "../support/server.ts";

const TRACE = "0af7651916cd43dd8448eb211c80319c", SPAN = "b7ad6b7169203331";
const STAGES = ["accept", "wait", "recall and search", "chat test-model", "commit", "deliver", "process event"];

/** Settings for an agent that is asked over `server`, asks `model`, and tells `collector` at once. */
function envFor(server: { url: string }, model: ModelServer, collector: Pick<CollectorUnderTest, "url">) {
  return {
    EVENT_TRANSPORT: "websocket",
    WEBSOCKET_URL: server.url,
    MODEL_PROVIDER: "openai",
    OPENAI_BASE_URL: model.url,
    OPENAI_MODEL: "test-model",
    OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
    OTEL_BSP_SCHEDULE_DELAY: "20",
    OTEL_METRIC_EXPORT_INTERVAL: "20",
  };
}

/** Check that spans are one tree below `parent`; returns the names of the root's children. */
function childrenInTree(spans: readonly SentSpan[], parent: string | undefined): string[] {
  const [root, ...others] = spans.filter(({ name }) => name === "process event");
  assertEquals(others, []);
  assertEquals(root!.parentSpanId, parent);
  for (const { traceId, spanId, parentSpanId, startTimeUnixNano: start, endTimeUnixNano: end } of spans) {
    assertEquals(traceId, root!.traceId);
    if (spanId !== root!.spanId) assertEquals(parentSpanId, root!.spanId);
    assert(BigInt(start) <= BigInt(end));
  }
  return spans.filter((span) => span !== root).map(({ name }) => name);
}

testUnless(
  whyNoDefinitions(),
  "OpenTelemetry's own definitions read spans and metrics: one tree for an event, from its sender to the model's server",
  async () => {
    await using collector = startCollector();
    await using model = await startModelServer("openai");
    await using server = await startServer({ events: [] });
    await using agent = await startAgent({ env: envFor(server, model, collector) });
    await server.authenticated(1);
    const metadata = { traceparent: `00-${TRACE}-${SPAN}-01`, tracestate: "vendor=1" };
    server.send(event("q1", "What is iExec?", metadata));
    await collector.spansNamed(...STAGES);
    await collector.asked("/v1/metrics");
    await agent.stop();
    const all = await decoded(collector.requests);
    const spans = all.flatMap(({ spans }) => spans);
    assertEquals(spans.map(([, , , name]) => name).sort(), [...STAGES].sort());
    const [, root] = spans.find(([, , , name]) => name === "process event")!;
    for (const [trace, id, parent] of spans) assertEquals([trace, parent], [TRACE, id === root ? SPAN : root]);
    const [, call] = spans.find(([, , , name]) => name === "chat test-model")!;
    const { headers } = model.requests.at(-1)!;
    assertEquals(headers.get("traceparent"), `00-${TRACE}-${call}-01`);
    assertEquals(headers.get("tracestate"), "vendor=1");
    const kinds = { counter: "sum", gauge: "gauge", histogram: "histogram" };
    const expected = Object.values(METRICS).map(({ name, kind }) => [name, kinds[kind]]);
    assertEquals(all.find(({ metrics }) => metrics.length > 0)!.metrics, expected as [string, string][]);
  },
);

Deno.test("an event whose agent is killed, and that another process answers, has one tree below its sender's span", async () => {
  await using folder = makeFolder();
  await using collector = startCollector();
  await using model = await startModelServer("openai");
  await using server = await startServer({ events: [] });
  model.script("held");
  const env = envFor(server, model, collector);
  await using first = await startAgent({ folder: folder.path, env });
  await server.authenticated(1);
  server.send(event("q1", "What is iExec?", { traceparent: `00-${TRACE}-${SPAN}-01` }));
  await model.askedFor(1);
  first.kill("SIGKILL");
  await first.ended;
  await using _second = await startAgent({ folder: folder.path, env });
  await server.authenticated(2);
  // Over WebSocket the sender asks again for what was not acked.
  server.send(event("q1", "What is iExec?", { traceparent: `00-${TRACE}-${SPAN}-01` }));
  await server.acks(1);
  const spans = await collector.spansNamed("process event");
  const children = childrenInTree(spans, SPAN);
  assert(children.includes("deliver") && children.includes("chat test-model"), String(children));
  assertEquals(new Set(spans.map(({ traceId }) => traceId)), new Set([TRACE]));
});

Deno.test("an event without a trace begins one, and a failed call is an error in it", async () => {
  await using collector = startCollector();
  await using model = await startModelServer("openai");
  await using server = await startServer({ events: [] });
  model.otherwise({ status: 401 });
  await using _agent = await startAgent({ env: envFor(server, model, collector) });
  await server.authenticated(1);
  server.send(event("q1"));
  const spans = await collector.spansNamed("process event");
  childrenInTree(spans, undefined);
  const call = spans.find(({ name }) => name === "chat test-model")!;
  const attributes = Object.fromEntries(call.attributes.map(({ key, value }) => [key, Object.values(value)[0]]));
  assertEquals(attributes, {
    "gen_ai.operation.name": "chat",
    "gen_ai.provider.name": "openai",
    "gen_ai.request.model": "test-model",
    "server.address": "127.0.0.1",
    "server.port": String(model.port),
    "error.type": "refused",
  });
  assertEquals(spans.filter(({ status }) => status.code === 2).map(({ name }) => name), [
    "chat test-model",
    "process event",
  ]);
});

Deno.test("what its sender does not sample is not sent, and the model's server is told so", async () => {
  await using collector = startCollector();
  await using model = await startModelServer("openai");
  await using server = await startServer({ events: [] });
  await using agent = await startAgent({ env: envFor(server, model, collector) });
  await server.authenticated(1);
  server.send(event("q1", "What is iExec?", { traceparent: `00-${TRACE}-${SPAN}-00` }));
  await server.acks(1);
  assertMatch(model.requests.at(-1)!.headers.get("traceparent")!, new RegExp(`^00-${TRACE}-[0-9a-f]{16}-00$`));
  await agent.stop();
  assertEquals(collector.spans(), []);
});

Deno.test("nothing of a query, an answer, a token, a user, a conversation or an id is sent", async () => {
  const canary = "canary7f3a";
  await using collector = startCollector();
  await using model = await startModelServer("openai", { key: `key-${canary}` });
  model.otherwise({ text: `The answer is ${canary}.` });
  await using server = await startServer({ events: [], token: `token-${canary}` });
  const secrets = { WEBSOCKET_AUTH_TOKEN: `token-${canary}`, OPENAI_API_KEY: `key-${canary}` };
  const header = { OTEL_EXPORTER_OTLP_HEADERS: "authorization=Bearer%20collector-secret" };
  await using agent = await startAgent({ env: { ...envFor(server, model, collector), ...secrets, ...header } });
  await server.authenticated(1);
  const trace = { traceparent: `00-${TRACE}-${SPAN}-01`, tracestate: `vendor=${canary}` };
  const metadata = { userId: `user-${canary}`, conversationId: `conversation-${canary}`, ...trace };
  server.send(event(`id-${canary}`, `What is ${canary}?`, metadata));
  await server.acks(1);
  await agent.stop();
  assert(collector.spans().length > 5);
  for (const { body, headers } of collector.requests) {
    assert(!body.includes(canary) && !body.includes("collector-secret"));
    assertEquals(headers.get("authorization"), "Bearer collector-secret");
  }
  assert(!agent.lines.some((line) => line.includes("collector-secret")));
});

Deno.test("a collector that is busy is asked again, and one that is away holds up no answer and no end", async () => {
  await using collector = startCollector({ statuses: [503, 503] });
  await using model = await startModelServer("openai");
  await using server = await startServer({ events: [] });
  await using agent = await startAgent({ env: envFor(server, model, collector) });
  await server.authenticated(1);
  server.send(event("q1"));
  await collector.spansNamed("process event");
  await agent.stop();
  await using other = await startAgent({ env: envFor(server, model, { url: "http://127.0.0.1:1" }) });
  await server.authenticated(2);
  server.send(event("q2"));
  await server.acks(2);
  assertEquals((await other.stop()).code, 0);
});

Deno.test("a sampler that records nothing has the model's server told so, and only metrics sent", async () => {
  await using collector = startCollector();
  await using model = await startModelServer("openai");
  await using server = await startServer({ events: [] });
  const env = { ...envFor(server, model, collector), OTEL_TRACES_SAMPLER: "always_off" };
  await using agent = await startAgent({ env });
  await server.authenticated(1);
  server.send(event("q1", "What is iExec?", { traceparent: `00-${TRACE}-${SPAN}-01` }));
  await server.acks(1);
  assertMatch(model.requests.at(-1)!.headers.get("traceparent")!, new RegExp(`^00-${TRACE}-[0-9a-f]{16}-00$`));
  await agent.stop();
  assertEquals([collector.spans().length, collector.requests.length > 0], [0, true]);
});

Deno.test("OTEL_SDK_DISABLED=true has nothing sent, and a variable that is not obeyed is warned of", async () => {
  await using collector = startCollector();
  await using model = await startModelServer("openai");
  await using server = await startServer({ events: [event("q1")] });
  const env = { OTEL_SDK_DISABLED: "true", OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: `${collector.url}/v1/traces` };
  await using agent = await startAgent({ env: { ...envFor(server, model, collector), ...env } });
  await server.acks(1);
  const { text } = await agent.logged("a variable is not obeyed: {text}");
  assertMatch(String(text), /^OTEL_EXPORTER_OTLP_TRACES_ENDPOINT has no effect: .*use OTEL_EXPORTER_OTLP_…$/);
  assertEquals((await agent.stop()).code, 0);
  assertEquals(collector.requests, []);
  assertEquals(model.requests.at(-1)!.headers.get("traceparent"), null);
});

for (
  const [name, value] of [["OTEL_EXPORTER_OTLP_PROTOCOL", "grpc"], ["OTEL_TRACES_SAMPLER", "jaeger_remote"]] as const
) {
  Deno.test(`${name}=${value} is refused, with what there is`, async () => {
    await using agent = await startAgent({ env: { [name]: value } });
    assertEquals((await agent.ended).code, 78);
    assertMatch(agent.lines.join("\n"), new RegExp(`${name}: expected .*(http/json|always_on).*, got "${value}"`));
  });
}

testInEnclave("in a TEE nothing is sent to a collector in plaintext", async (under) => {
  const env = { OTEL_EXPORTER_OTLP_ENDPOINT: "http://collector.example.org:4318" };
  await using agent = await startAgent({ under, env });
  assertEquals((await agent.ended).code, 78);
  assertMatch(agent.lines.join("\n"), /OTEL_EXPORTER_OTLP_ENDPOINT: in a TEE nothing goes over http:\/\//);
});
