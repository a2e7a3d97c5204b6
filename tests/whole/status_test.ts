/** What the real program shows of its state: metrics, health, and nothing of what it is asked. @module */

import { assert, assertEquals, assertMatch } from "@std/assert";
import { event } from "../support/events.ts";
import { startAgent } from "../support/agent.ts";
import { testInEnclave } from "../support/enclave.ts";
import { makeFolder } from "../support/folder.ts";
import { startModelServer } from "../support/model_server.ts";
import { startServer } from "../support/server.ts";
import { testOnSmallDisk } from "../support/small_disk.ts";
import { healthAt, metricsText, type Samples, samplesIn, scrapedUntil, SHOWN, statusOf } from "../support/status.ts";

const CANARY = "canary7f3a";

function connectTo(url: string, more: Record<string, string> = {}): Record<string, string> {
  return { EVENT_TRANSPORT: "websocket", WEBSOCKET_URL: url, WEBSOCKET_RECONNECT_INTERVAL: "20", ...SHOWN, ...more };
}

Deno.test("events over WebSocket are counted: received, answered, declined, again, refused", async () => {
  await using server = await startServer({ events: [] });
  await using agent = await startAgent({ env: connectTo(server.url, { EVENT_MAX_BYTES: "500" }) });
  await server.authenticated(1);
  const url = await statusOf(agent);
  server.send(event("q1"), event("q2", "How tall is the tower of Pisa?"));
  await server.acks(2);
  server.send(event("q1"), event("q3", "x".repeat(1_000)), { id: "q4", query: 7, timestamp: 1 }, "no JSON");
  const samples = await scrapedUntil(
    url,
    (found) =>
      found.get('agent_events_refused_total{reason="invalid"}') === 2 &&
      found.get("agent_events_duplicate_total") === 1,
  );
  const value = (name: string) => samples.get(name);
  assertEquals(value("agent_events_received_total"), 2);
  assertEquals(value("agent_events_answered_total"), 2);
  assertEquals(value("agent_events_declined_total"), 1);
  assertEquals(value('agent_events_refused_total{reason="too_large"}'), 1);
  assertEquals(value("agent_event_duration_seconds_count"), 2);
  assertEquals(value("agent_events_waiting"), 0);
  assertEquals(value("agent_events_in_flight"), 0);
  assertEquals(value("agent_outcomes_undelivered"), 0);
  assertEquals(value('agent_source_connected{transport="websocket"}'), 1);
  assert(value("agent_knowledge_passages")! > 50);
  assert(value("agent_state_size_bytes")! > 4_096);
  assertEquals((await agent.stop()).code, 0);
});

Deno.test("/readyz names the connection while the server is away, and /healthz says that the agent lives", async () => {
  const server = await startServer({ events: [] });
  await using agent = await startAgent({ env: connectTo(server.url, { WEBSOCKET_MAX_RECONNECT_ATTEMPTS: "1000000" }) });
  await server.authenticated(1);
  const url = await statusOf(agent);
  const well = { connected: true, state_writable: true, model_up: true, knowledge_indexed: true, answering: true };
  await scrapedUntil(url, (found) => found.get('agent_condition{condition="knowledge_indexed"}') === 1);
  assertEquals(await healthAt(`${url}/readyz`), { status: 200, body: { ok: true, conditions: well } });
  await server.close();
  await scrapedUntil(url, (found) => (found.get('agent_source_reconnects_total{transport="websocket"}') ?? 0) > 1);
  const conditions = { ...well, connected: false };
  assertEquals(await healthAt(`${url}/readyz`), { status: 503, body: { ok: false, conditions } });
  assertEquals(await healthAt(`${url}/healthz`), { status: 200, body: { ok: true, conditions } });
});

Deno.test("an agent that was told to stop is not ready while it finishes its last answer, and lives", async () => {
  await using model = await startModelServer("openai");
  model.otherwise("held");
  const asked = { MODEL_PROVIDER: "openai", OPENAI_BASE_URL: model.url, OPENAI_MODEL: "test-model" };
  await using server = await startServer({ events: [event("q1")] });
  await using agent = await startAgent({ env: connectTo(server.url, { ...asked, AGENT_SHUTDOWN_GRACE: "60000" }) });
  await model.askedFor(1);
  const url = await statusOf(agent);
  const stopped = agent.stop();
  const samples = await scrapedUntil(url, (found) => found.get('agent_condition{condition="connected"}') === 0);
  assertEquals(samples.get('agent_source_connected{transport="websocket"}'), 0);
  assertEquals(samples.get("agent_events_in_flight"), 1);
  const statuses = ["readyz", "healthz"].map(async (path) => (await healthAt(`${url}/${path}`)).status);
  assertEquals(await Promise.all(statuses), [503, 200]);
  model.release();
  assertEquals((await stopped).code, 0);
});

testOnSmallDisk("/readyz names the state while its disk is full", { kibibytes: 16_384 }, async (disk) => {
  await using server = await startServer({ events: [] });
  await using agent = await startAgent({ env: connectTo(server.url, { AGENT_STATE_DIR: `${disk.path}/state` }) });
  await server.authenticated(1);
  const url = await statusOf(agent);
  const isWritable = (found: Samples) => found.get('agent_condition{condition="state_writable"}') === 1;
  assertEquals(isWritable(await scrapedUntil(url, isWritable)), true);
  disk.fill();
  await agent.logged("nothing can be written to AGENT_STATE_DIR");
  const { status, body } = await healthAt(`${url}/readyz`);
  assertEquals([status, body.conditions.state_writable, body.conditions.connected], [503, false, true]);
  assertEquals((await healthAt(`${url}/healthz`)).status, 200);
  disk.free();
  await scrapedUntil(url, isWritable);
});

Deno.test("a model that is down, its failures and further tries are shown, and that it is back", async () => {
  await using model = await startModelServer("openai");
  await using server = await startServer({ events: [] });
  const asked = { MODEL_PROVIDER: "openai", OPENAI_BASE_URL: model.url, OPENAI_MODEL: "test-model" };
  await using agent = await startAgent({ env: connectTo(server.url, asked) });
  await server.authenticated(1);
  const url = await statusOf(agent);
  model.otherwise({ status: 503, headers: { "retry-after": "1" } });
  server.send(event("q1"));
  const down = await scrapedUntil(url, (found) => found.get("agent_model_up") === 0);
  assert(down.get('agent_model_errors_total{error_type="unavailable"}')! > 0);
  assertEquals(down.get('agent_condition{condition="model_up"}'), 0);
  assertEquals((await healthAt(`${url}/readyz`)).status, 503);
  model.otherwise({ text: "An answer.", tokens: 3 });
  await server.acks(1);
  const up = samplesIn(await metricsText(url));
  assertEquals(up.get("agent_model_up"), 1);
  assert(up.get("agent_model_retries_total")! > 0);
  const labels = 'gen_ai_operation_name="chat",gen_ai_provider_name="openai",gen_ai_request_model="test-model"';
  assertEquals(up.get(`gen_ai_client_operation_duration_seconds_count{${labels},error_type=""}`), 1);
  assert(up.get(`gen_ai_client_operation_duration_seconds_count{${labels},error_type="unavailable"}`)! > 0);
  assertEquals(up.get(`gen_ai_client_token_usage_sum{${labels},gen_ai_token_type="output"}`), 3);
  assertEquals((await healthAt(`${url}/readyz`)).status, 200);
});

Deno.test("nothing of a query, an answer, a token, a user, a conversation or an id is shown", async () => {
  await using model = await startModelServer("openai", { key: `key-${CANARY}` });
  model.otherwise({ text: `The answer is ${CANARY}.` });
  await using server = await startServer({ events: [], token: `token-${CANARY}` });
  const secrets = {
    WEBSOCKET_AUTH_TOKEN: `token-${CANARY}`,
    MODEL_PROVIDER: "openai",
    OPENAI_BASE_URL: model.url,
    OPENAI_MODEL: "test-model",
    OPENAI_API_KEY: `key-${CANARY}`,
  };
  await using agent = await startAgent({ env: connectTo(server.url, secrets) });
  await server.authenticated(1);
  const metadata = { userId: `user-${CANARY}`, conversationId: `conversation-${CANARY}`, traceparent: CANARY };
  server.send(event(`id-${CANARY}`, `What is ${CANARY}?`, metadata), { id: CANARY, query: 7, timestamp: 1 });
  await server.acks(2);
  const url = await statusOf(agent);
  for (const path of ["metrics", "healthz", "readyz", "elsewhere"]) {
    const response = await fetch(`${url}/${path}`);
    const text = await response.text() + JSON.stringify([...response.headers]);
    assert(!text.includes(CANARY), path);
    assert(text.length > 20, path);
  }
});

Deno.test("only GET is answered, and only what there is", async () => {
  await using agent = await startAgent({ env: SHOWN });
  const url = await statusOf(agent);
  const post = await fetch(`${url}/metrics`, { method: "POST", body: "x" });
  assertEquals([post.status, await post.text()], [405, "only GET\n"]);
  const other = await fetch(`${url}/../etc/passwd`);
  assertEquals([other.status, await other.text()], [404, "there is /metrics, /healthz and /readyz\n"]);
  const head = await fetch(`${url}/metrics`, { method: "HEAD" });
  assertEquals([head.status, await head.text()], [200, ""]);
});

Deno.test("more connections that ask nothing than the agent may have open neither end it nor keep probes out", async () => {
  const under = ["sh", "-c", 'ulimit -n "$1"; shift; exec "$@"', "sh", "200"];
  await using agent = await startAgent({ env: SHOWN, under });
  const url = await statusOf(agent), { port } = new URL(url);
  const open: Deno.Conn[] = [];
  for (let count = 0; count < 300; count++) {
    const connection = await Deno.connect({ hostname: "127.0.0.1", port: Number(port) });
    open.push(connection);
    await connection.write(new TextEncoder().encode("GET /metrics HTTP/1.1\r\nHo"));
  }
  assertEquals((await healthAt(`${url}/healthz`)).status, 200);
  for (const connection of open) connection.close();
  assertEquals((await agent.stop()).code, 0);
});

Deno.test("web pages are refused: with an Origin, and under a name that may point at any machine", async () => {
  await using agent = await startAgent({ env: SHOWN });
  const { port } = new URL(await statusOf(agent));
  const ask = async (headers: string) => {
    using connection = await Deno.connect({ hostname: "127.0.0.1", port: Number(port) });
    await connection.write(new TextEncoder().encode(`GET /metrics HTTP/1.1\r\n${headers}\r\n\r\n`));
    const answer = new Uint8Array(12);
    await connection.read(answer);
    return new TextDecoder().decode(answer);
  };
  assertEquals(await ask(`Host: localhost:${port}`), "HTTP/1.1 200");
  assertEquals(await ask(`Host: 127.0.0.1:${port}`), "HTTP/1.1 200");
  assertEquals(await ask(`Host: 127.0.0.1:${port}\r\nOrigin: https://pages.example`), "HTTP/1.1 403");
  assertEquals(await ask(`Host: rebound.example:${port}`), "HTTP/1.1 403");
});

Deno.test("without STATUS_ADDRESS the agent listens nowhere", async () => {
  await using agent = await startAgent();
  await agent.logged("🚀 Agent started");
  assertEquals(agent.log.filter(({ message }) => message.includes("Metrics and health")), []);
});

Deno.test("an address that is taken ends the start with what to do, and DENO_SERVE_ADDRESS moves nothing", async () => {
  using taken = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const STATUS_ADDRESS = `127.0.0.1:${(taken.addr as Deno.NetAddr).port}`;
  await using agent = await startAgent({ env: { STATUS_ADDRESS, DENO_SERVE_ADDRESS: "tcp:127.0.0.1:0" } });
  const { code } = await agent.ended;
  assertEquals(code, 78);
  assertMatch(
    agent.lines.at(-1)!,
    /^agent: STATUS_ADDRESS: cannot listen at 127\.0\.0\.1:\d+: another program listens there/,
  );
});

testInEnclave("in a TEE, an address that others reach has to be allowed by name", async (under) => {
  await using folder = makeFolder();
  const env = { STATUS_ADDRESS: "0.0.0.0:0" };
  await using refused = await startAgent({ folder: folder.path, under, env });
  assertEquals((await refused.ended).code, 78);
  assertMatch(refused.lines.join("\n"), /STATUS_ADDRESS: in a TEE others than 127\.0\.0\.1 reach 0\.0\.0\.0:0/);
  await using allowed = await startAgent({ folder: folder.path, under, env: { ...env, STATUS_EXPOSE: "true" } });
  await statusOf(allowed);
});
