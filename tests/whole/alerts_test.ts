/**
 * Each alert of deploy/ fires for what a real agent's metrics say once it is brought into that state. Debian's Prometheus
 * scrapes the agent and evaluates the rules; of these, only the minutes are made seconds.
 * @module
 */

import { assertEquals } from "@std/assert";
import { systemClock } from "../../src/clock.ts";
import { silentLog } from "../../src/log.ts";
import { answerEvents } from "../../src/program/program.ts";
import { readSettings } from "../../src/program/settings.ts";
import { openState } from "../../src/program/state.ts";
import { loadTransport } from "../../src/transports/open.ts";
import { type AgentUnderTest, startAgent } from "../support/agent.ts";
import { freePort } from "../support/ports.ts";
import { NO_REDIS, startRedis } from "../support/brokers/redis.ts";
import { event } from "../support/events.ts";
import { makeFolder } from "../support/folder.ts";
import { type ModelServer, startModelServer } from "../support/model_server.ts";
import { testUnless } from "../support/optional.ts";
import { type PrometheusUnderTest, startPrometheus, whyNoPrometheus } from "../support/prometheus.ts";
import { startServer } from "../support/server.ts";
import { testOnSmallDisk } from "../support/small_disk.ts";
import { SHOWN, statusOf } from "../support/status.ts";

/** The rules, with a second for each of their minutes; the names of recorded series keep theirs. */
const RULES = Deno.readTextFileSync(new URL("../../deploy/monitoring/rules.yml", import.meta.url))
  .replace(/\[(\d+)m\]/g, "[$1s]").replace(/( for: \d+)m$/gm, "$1s");

const NO_PROMETHEUS = whyNoPrometheus();
const MINUTE_MS = 60_000;

/** A Prometheus that has scraped an agent, and finds nothing wrong with it. */
async function watching(agent: AgentUnderTest | { url: string }): Promise<PrometheusUnderTest> {
  const target = new URL("url" in agent ? agent.url : await statusOf(agent)).host;
  await using stack = new AsyncDisposableStack();
  const prometheus = stack.use(await startPrometheus({ target, rules: RULES }));
  await prometheus.finds('agent_build_info{job="iexec-agent"}');
  // Before its first look at the agent there was none.
  await prometheus.firesOnly();
  const held = stack.move();
  return { ...prometheus, [Symbol.asyncDispose]: () => held[Symbol.asyncDispose]() };
}

/** Settings for an agent that is asked over `server` and asks `model`. */
function envFor(server: { url: string }, model: Pick<ModelServer, "url">): Record<string, string> {
  return {
    ...SHOWN,
    EVENT_TRANSPORT: "websocket",
    WEBSOCKET_URL: server.url,
    WEBSOCKET_RECONNECT_INTERVAL: "50",
    WEBSOCKET_MAX_RECONNECT_ATTEMPTS: "1000000",
    MODEL_PROVIDER: "openai",
    OPENAI_BASE_URL: model.url,
    OPENAI_MODEL: "test-model",
  };
}

/** A folder with a state that has events in it, accepted some time ago by an agent that was killed. */
function folderWithEvents({ count, agoMs }: { count: number; agoMs: number }) {
  const folder = makeFolder();
  using state = openState(`${folder.path}/.agent`, { key: undefined, now: () => Date.now() - agoMs });
  for (let index = 0; index < count; index++) state.journal.accept(event(`old${index}`));
  state.database.commit();
  return folder;
}

Deno.test("each alert has a test here that causes it", () => {
  const own = Deno.readTextFileSync(new URL(import.meta.url));
  const alerts = Array.from(RULES.matchAll(/- alert: (\w+)/g), ([, alert]) => alert!);
  assertEquals(alerts.filter((alert) => !own.includes(`"${alert}: `)), []);
  assertEquals(alerts.length, 12);
});

testUnless(NO_PROMETHEUS, "AgentDown: an agent was killed", async () => {
  await using agent = await startAgent({ env: SHOWN });
  await using prometheus = await watching(agent);
  agent.kill("SIGKILL");
  await prometheus.firesOnly("AgentDown");
});

testUnless(NO_PROMETHEUS, "AgentRestarts: an agent was killed and started again, three times", async () => {
  const STATUS_ADDRESS = `127.0.0.1:${freePort()}`;
  await using folder = makeFolder();
  const start = () => startAgent({ folder: folder.path, env: { STATUS_ADDRESS } });
  let agent = await start();
  await using prometheus = await watching(agent);
  for (let restarts = 1; restarts <= 3; restarts++) {
    agent.kill("SIGKILL");
    await agent[Symbol.asyncDispose]();
    agent = await start();
    await prometheus.finds(`changes(process_start_time_seconds[1m]) >= ${restarts}`);
  }
  await using _last = agent;
  await prometheus.firesOnly("AgentRestarts");
});

testUnless(NO_PROMETHEUS, "AgentHangs: an answer is under way for longer than every limit", async () => {
  await using folder = makeFolder({ "events.json": JSON.stringify([event("q1")]) });
  const given: Record<string, string> = {
    ...SHOWN,
    AGENT_STATE_DIR: `${folder.path}/state`,
    EVENT_INPUT_PATH: `${folder.path}/events.json`,
    EVENT_OUTPUT_PATH: `${folder.path}/responses.json`,
  };
  const settings = readSettings((name) => given[name]);
  const stop = new AbortController(), asked = Promise.withResolvers<void>(), shown = Promise.withResolvers<string>();
  const answer = Promise.withResolvers<string>();
  let aheadMs = 0;
  const running = answerEvents({
    settings,
    // It takes no notice of any limit.
    model: {
      name: "hanging",
      description: "Never answers",
      models: { TEXT_LARGE: () => (asked.resolve(), answer.promise) },
    },
    clock: { ...systemClock, monotonic: () => performance.now() + aheadMs },
    log: { ...silentLog, info: (_, fields) => typeof fields?.url === "string" && shown.resolve(fields.url) },
    stop: stop.signal,
    open: await loadTransport(settings),
    inTee: false,
  });
  try {
    await using prometheus = await watching({ url: await shown.promise });
    await asked.promise;
    aheadMs = settings.MODEL_ANSWER_TIMEOUT + 2 * MINUTE_MS;
    await prometheus.firesOnly("AgentHangs");
  } finally {
    answer.resolve("An answer.");
    stop.abort();
    await running;
  }
});

if (NO_PROMETHEUS === undefined) {
  testOnSmallDisk("AgentStateNotWritable: the disk of the state is full", { kibibytes: 16_384 }, async (disk) => {
    await using server = await startServer({ events: [] });
    const env = { ...SHOWN, AGENT_STATE_DIR: `${disk.path}/state` };
    await using agent = await startAgent({ env: { ...env, EVENT_TRANSPORT: "websocket", WEBSOCKET_URL: server.url } });
    await server.authenticated(1);
    await using prometheus = await watching(agent);
    disk.fill();
    await prometheus.firesOnly("AgentStateNotWritable");
    disk.free();
    await prometheus.finds('agent_condition{condition="state_writable"} == 1');
  });
}

testUnless(NO_PROMETHEUS, "AgentDisconnected: the server went away", async () => {
  await using model = await startModelServer("openai");
  const server = await startServer({ events: [] });
  await using agent = await startAgent({ env: envFor(server, model) });
  await server.authenticated(1);
  await using prometheus = await watching(agent);
  await server.close();
  await prometheus.firesOnly("AgentDisconnected");
});

testUnless(NO_PROMETHEUS, "AgentModelDown: the model's server is dead", async () => {
  await using model = await startModelServer("openai");
  await using server = await startServer({ events: [] });
  await using agent = await startAgent({ env: envFor(server, model) });
  await server.authenticated(1);
  await using prometheus = await watching(agent);
  await model.close();
  server.send(...Array.from({ length: 8 }, (_, index) => event(`q${index}`)));
  await prometheus.firesOnly("AgentModelDown");
});

testUnless(NO_PROMETHEUS, "AgentEventsFail: the model refuses what it is asked", async () => {
  await using model = await startModelServer("openai");
  await using server = await startServer({ events: [] });
  await using agent = await startAgent({ env: envFor(server, model) });
  await server.authenticated(1);
  await using prometheus = await watching(agent);
  model.otherwise({ status: 400 });
  for (let count = 1; !(await prometheus.firing()).includes("AgentEventsFail"); count++) {
    server.send(event(`q${count}`));
    await prometheus.finds(`agent_events_failed_total >= ${count}`);
  }
  assertEquals(await prometheus.firing(), ["AgentEventsFail"]);
});

testUnless(
  NO_PROMETHEUS,
  "AgentBacklogOld: an event waits since before the last start, and the model is slow",
  async () => {
    await using folder = folderWithEvents({ count: 1, agoMs: 11 * MINUTE_MS });
    await using model = await startModelServer("openai");
    await using server = await startServer({ events: [] });
    model.otherwise("held");
    await using agent = await startAgent({ folder: folder.path, env: envFor(server, model) });
    await server.authenticated(1);
    await using prometheus = await watching(agent);
    await prometheus.firesOnly("AgentBacklogOld");
  },
);

testUnless(NO_PROMETHEUS, "AgentSlow: events have waited for minutes when they are answered, for a while", async () => {
  await using folder = folderWithEvents({ count: 400, agoMs: 3 * MINUTE_MS });
  await using model = await startModelServer("openai");
  await using server = await startServer({ events: [] });
  model.otherwise({ text: "One two three.", everyMs: 50 });
  const env = { ...envFor(server, model), AGENT_CONCURRENCY: "1" };
  await using agent = await startAgent({ folder: folder.path, env });
  await server.authenticated(1);
  await using prometheus = await watching(agent);
  await prometheus.firesOnly("AgentSlow");
});

testUnless(NO_PROMETHEUS, "AgentRefuses: a server sends what is no event", async () => {
  await using server = await startServer({ events: [] });
  const env = { ...SHOWN, EVENT_TRANSPORT: "websocket", WEBSOCKET_URL: server.url, EVENT_MAX_BYTES: "500" };
  await using agent = await startAgent({ env });
  await server.authenticated(1);
  await using prometheus = await watching(agent);
  server.send(...Array.from({ length: 8 }, (_, index) => ({ id: `bad${index}` })));
  server.send(...Array.from({ length: 8 }, (_, index) => event(`large${index}`, "x".repeat(1_000))));
  await prometheus.firesOnly("AgentRefuses");
});

testUnless(NO_PROMETHEUS ?? NO_REDIS, "AgentDeadLetters: a queue's message is no event", async () => {
  await using broker = await startRedis();
  await using agent = await startAgent({ env: { ...broker.env, ...SHOWN } });
  await agent.logged("✅ Connected to {product}: {url}");
  await using prometheus = await watching(agent);
  await broker.publish("no JSON");
  await prometheus.firesOnly("AgentDeadLetters");
  assertEquals(await broker.letters(), ["no JSON"]);
});

testUnless(NO_PROMETHEUS ?? NO_REDIS, "AgentOutcomesUndelivered: a broker takes no outcome", async () => {
  await using broker = await startRedis();
  await using model = await startModelServer("openai");
  model.otherwise("held");
  await using agent = await startAgent({ env: { ...envFor({ url: "" }, model), ...broker.env } });
  await broker.publish(event("q1"));
  await model.askedFor(1);
  await using prometheus = await watching(agent);
  await broker.command("CONFIG", "SET", "maxmemory", "1");
  model.release();
  await prometheus.firesOnly("AgentOutcomesUndelivered");
});
