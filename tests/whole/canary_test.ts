/**
 * What is said in confidence is found in no metric, span, log line or health text: over every transport, with answers,
 * duplicates, what is no event, and a model's server that repeats the question in its errors.
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import { type AgentUnderTest, startAgent } from "../support/agent.ts";
import type { Broker } from "../support/brokers/broker.ts";
import { NO_NATS, startNats } from "../support/brokers/nats.ts";
import { NO_RABBITMQ, startRabbit } from "../support/brokers/rabbitmq.ts";
import { NO_REDIS, startRedis } from "../support/brokers/redis.ts";
import { type CollectorUnderTest, startCollector } from "../support/collector.ts";
import { makeFolder } from "../support/folder.ts";
import { type ModelServer, startModelServer, type Turn } from "../support/model_server.ts";
import { testUnless } from "../support/optional.ts";
import { startSidecar } from "../support/quote_sidecar.ts";
import { startServer } from "../support/server.ts";
import { metricsText, samplesIn, scrapedUntil, SHOWN, statusOf } from "../support/status.ts";

/** What is looked for, in capitals or not. */
const CANARY = "canary7f3a";
const KEY = `key-${CANARY}`, TOKEN = `token-${CANARY}`;
const QUERY = `What is ${CANARY}?`;
const TRACE = { traceparent: `00-${"a".repeat(32)}-${"b".repeat(16)}-01`, tracestate: `vendor=${CANARY}` };
const METADATA = { userId: `user-${CANARY}`, conversationId: `conversation-${CANARY}`, note: CANARY, ...TRACE };

/** What comes first: answers that can't be used, so that their questions are asked again. */
const FAULTS: readonly Turn[] = [{ garbleAfter: `It is ${CANARY}` }, { endAfter: CANARY }];
/** What becomes of one question after the other: an answer, and then each way in which a server refuses. */
const TURNS: readonly Turn[] = [
  { text: `It is ${CANARY}.` },
  { status: 400, code: CANARY, error: { message: `cannot answer "${QUERY}"`, type: CANARY, code: CANARY } },
  { status: 422, error: { message: QUERY } },
  { status: 401, error: { message: `wrong key ${KEY}` } },
  { failWith: { message: `failed at "${QUERY}"`, code: 400 } },
];

const askedOf = (id: string, query = QUERY) => ({ id, query, timestamp: 1, metadata: METADATA });
const EVENTS = TURNS.map((_, index) => askedOf(`e${index}`));
/** What comes besides: a duplicate that asks something else, and what is no event. */
const ODD = [
  askedOf("e0", `Another ${CANARY}`),
  JSON.stringify({ id: "odd", query: [QUERY], timestamp: CANARY, metadata: METADATA }),
  `{"id":"cut","query":"${QUERY}`,
];

/** Settings with everything on that tells of the agent, and secrets in all that takes them. */
function envFor(model: ModelServer, collector: CollectorUnderTest): Record<string, string> {
  return {
    ...SHOWN,
    LOG_LEVEL: "debug",
    MODEL_PROVIDER: "openai",
    OPENAI_BASE_URL: model.url,
    OPENAI_MODEL: "test-model",
    OPENAI_API_KEY: KEY,
    MODEL_HEADERS: JSON.stringify({ "X-Secret": CANARY }),
    MODEL_QUERY: `secret=${CANARY}`,
    AGENT_CONCURRENCY: "1",
    AGENT_STATE_KEY: new TextEncoder().encode(CANARY.padEnd(32, "!")).toHex(),
    AGENT_SIGNATURES: "jws,eip712",
    OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
    OTEL_EXPORTER_OTLP_HEADERS: `authorization=Bearer%20${CANARY}`,
    OTEL_BSP_SCHEDULE_DELAY: "20",
    OTEL_METRIC_EXPORT_INTERVAL: "20",
  };
}

/** Start what the agent asks and tells, in order. */
async function startOthers() {
  await using stack = new AsyncDisposableStack();
  const collector = stack.use(startCollector());
  const model = stack.use(await startModelServer("openai", { key: KEY }));
  model.script(...FAULTS, ...TURNS);
  const held = stack.move();
  return { model, collector, [Symbol.asyncDispose]: () => held[Symbol.asyncDispose]() };
}

/** Let the agent end, and look for the canary in everything that it has told of itself. */
async function isTold(agent: AgentUnderTest, collector: CollectorUnderTest): Promise<void> {
  const url = await statusOf(agent);
  await scrapedUntil(url, (found) => found.get("agent_events_failed_total") === TURNS.length - 1);
  const shown: [string, string][] = [["metrics", await metricsText(url)]];
  const samples = samplesIn(shown[0]![1]);
  assertEquals(samples.get("agent_events_answered_total"), 1);
  assertEquals(samples.get('agent_model_errors_total{error_type="faulty"}'), FAULTS.length);
  for (const path of ["healthz", "readyz", CANARY]) {
    const response = await fetch(`${url}/${path}`);
    shown.push([path, JSON.stringify([...response.headers]) + await response.text()]);
  }
  await collector.spansNamed("process event");
  assertEquals((await agent.stop()).code, 0);
  assert(collector.spans().filter(({ name }) => name === "process event").length >= TURNS.length);
  shown.push(...collector.requests.map(({ path, body }): [string, string] => [path, body]));
  shown.push(...agent.lines.map((line): [string, string] => ["log", line]));
  assert(agent.lines.length > 30);
  const telling = shown.filter(([, text]) => text.toLowerCase().includes(CANARY));
  assertEquals(telling, []);
}

Deno.test("over WebSocket, with evidence, nothing said in confidence is found in what the agent tells of itself", async () => {
  await using others = await startOthers();
  await using sidecar = await startSidecar();
  await using server = await startServer({ events: [], token: TOKEN });
  const quotes = { AGENT_QUOTE_SOURCE: "http", AGENT_QUOTE_URL: sidecar.url.href };
  const connecting = { EVENT_TRANSPORT: "websocket", WEBSOCKET_URL: server.url, WEBSOCKET_AUTH_TOKEN: TOKEN };
  const { model, collector } = others;
  await using agent = await startAgent({ env: { ...envFor(model, collector), ...connecting, ...quotes } });
  await server.authenticated(1);
  server.send(...EVENTS);
  await server.acks(EVENTS.length);
  server.send(...ODD, { type: QUERY, query: QUERY }, { type: "challenge", nonce: CANARY });
  await scrapedUntil(await statusOf(agent), (found) => (found.get("agent_events_duplicate_total") ?? 0) > 0);
  await isTold(agent, collector);
});

Deno.test("from a file, nothing said in confidence is found in what the agent tells of itself", async () => {
  await using others = await startOthers();
  await using folder = makeFolder({ "iexec_in/events.json": JSON.stringify([...EVENTS, JSON.parse(String(ODD[1]))]) });
  const { model, collector } = others;
  const env = { ...envFor(model, collector), EVENT_POLL_INTERVAL: "20" };
  await using agent = await startAgent({ folder: folder.path, env });
  await agent.responses(EVENTS.length + 1);
  Deno.writeTextFileSync(`${folder.path}/iexec_in/events.json`, `[${JSON.stringify(EVENTS[0])},${ODD[2]}`);
  await agent.logged("events file can't be read: what it held before stands, and it is read again when it changes");
  await isTold(agent, collector);
});

const NATS_LOGIN = { user: "ann", password: TOKEN };
const BROKERS: readonly (readonly [name: string, start: () => Promise<Broker>, whyNot: string | undefined])[] = [
  ["RabbitMQ", () => startRabbit(), NO_RABBITMQ],
  ["Redis", () => startRedis({ password: TOKEN }), NO_REDIS],
  [
    "NATS",
    () => startNats({ config: `authorization { user: "ann", password: "${TOKEN}" }`, ...NATS_LOGIN }),
    NO_NATS,
  ],
];
for (const [name, start, whyNot] of BROKERS) {
  testUnless(
    whyNot,
    `over ${name}, nothing said in confidence is found in what the agent tells of itself`,
    async () => {
      await using others = await startOthers();
      await using broker = await start();
      const { model, collector } = others;
      await using agent = await startAgent({ env: { ...envFor(model, collector), ...broker.env } });
      for (const event of EVENTS) {
        await broker.publishWith({ ...TRACE, correlation_id: CANARY, reply_to: `elsewhere-${CANARY}` }, event);
      }
      await broker.outcomes(EVENTS.length);
      await broker.publish(...ODD);
      const url = await statusOf(agent);
      await scrapedUntil(url, (found) => found.get("agent_events_dead_lettered_total") === 2);
      await isTold(agent, collector);
    },
  );
}
