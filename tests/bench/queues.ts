/** Events a second over real brokers, as a ratio to a bare loop with the same client in the same run. @module */

import config from "../../deno.json" with { type: "json" };
import { systemClock as clock } from "../../src/clock.ts";
import { createLog } from "../../src/log.ts";
import { readSettings } from "../../src/program/settings.ts";
import { median } from "../../src/test_server/statistics.ts";
import { openWay } from "../../src/tools/ask/open.ts";
import { type AgentEvent, entryOf, type Outcome } from "../../src/wire.ts";
import { type AgentUnderTest, startAgent } from "../support/agent.ts";
import type { Broker } from "../support/brokers/broker.ts";
import { NO_NATS, startNats } from "../support/brokers/nats.ts";
import { NO_RABBITMQ, startRabbit } from "../support/brokers/rabbitmq.ts";
import { NO_REDIS, startRedis } from "../support/brokers/redis.ts";
import { makeFolder } from "../support/folder.ts";
import { readLines } from "../support/lines.ts";

/** The brokers that are installed here. */
export const BROKERS = ([
  ["RabbitMQ", NO_RABBITMQ, startRabbit],
  ["Redis", NO_REDIS, startRedis],
  ["NATS", NO_NATS, startNats],
] as const).filter(([, missing]) => missing === undefined).map(([name, , start]) => ({
  name,
  start: start as () => Promise<Broker>,
}));

/** What was measured with one broker. */
export interface QueueFigures {
  /** Events a second, medians. */
  readonly bare: number;
  readonly one: number;
  readonly two: number;
  /** Milliseconds from an event's publication to its outcome, one at a time, with one agent. */
  readonly latenciesMs: readonly number[];
}

/** Knows nothing, so that nothing is looked up. */
const BLANK = { name: "Blank", bio: "Answers at once." };

/** Measure with a fresh broker. `count`: events at once; `rounds`: how often, in turns. */
export async function queueFigures(
  start: () => Promise<Broker>,
  { count, rounds, single }: { count: number; rounds: number; single: number },
): Promise<QueueFigures> {
  await using broker = await start();
  await using folder = makeFolder({ "blank.json": BLANK });
  const env = { ...broker.env, EVENT_PREFETCH: "200", AGENT_CHARACTER: `${folder.path}/blank.json`, LOG_LEVEL: "warn" };
  const rates = { bare: [] as number[], one: [] as number[], two: [] as number[] };
  let latenciesMs: number[] = [], outcome: Outcome | undefined;
  for (let round = 0; round < rounds; round++) {
    {
      await using first = await startOurs(env);
      rates.one.push(await rateOf(env, count));
      if (round === 0) latenciesMs = await oneAtATime(env, single);
      outcome ??= await oneOutcome(env);
      await using second = await startOurs(env);
      rates.two.push(await rateOf(env, count));
      await Promise.all([first.stop(), second.stop()]);
    }
    {
      await using _bare = await startBare(env, outcome);
      rates.bare.push(await rateOf(env, count));
    }
  }
  const { bare, one, two } = rates;
  return { bare: median(bare), one: median(one), two: median(two), latenciesMs };
}

/** An agent that is connected. Its log goes to a pipe that is read, a line for each event. */
async function startOurs(env: Record<string, string>): Promise<AgentUnderTest> {
  const agent = await startAgent({ env: { ...env, LOG_LEVEL: "info" } });
  await agent.logged("✅ Connected to {product}: {url}");
  return agent;
}

async function oneOutcome(env: Record<string, string>): Promise<Outcome> {
  await using asker = await openAsker(env);
  return await asker.ask(1);
}

/** @param outcome One of the agent's, so that the bare loop's are as long. */
async function startBare(env: Record<string, string>, outcome: Outcome): Promise<AsyncDisposable> {
  const words = config.tasks.bench.command.split(" ").slice(2, -1);
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", ...words, new URL("bare_queue_loop.ts", import.meta.url).pathname, entryOf(outcome).text],
    env,
    stdin: "null",
    stdout: "piped",
    stderr: "inherit",
  }).spawn();
  const ready = Promise.withResolvers<void>();
  const reading = readLines(child.stdout, () => ready.resolve());
  await Promise.race([
    ready.promise,
    child.status.then(({ code }) => Promise.reject(new Error(`The bare loop ended with ${code}`))),
  ]);
  return {
    async [Symbol.asyncDispose]() {
      child.kill("SIGTERM");
      await child.status.catch(() => {});
      await reading;
    },
  };
}

/** Events a second from the first one sent to the last outcome heard, after some to warm up. */
async function rateOf(env: Record<string, string>, count: number): Promise<number> {
  await using asker = await openAsker(env);
  await asker.ask(Math.ceil(count / 10));
  const startedMs = performance.now();
  await asker.ask(count);
  return count / (performance.now() - startedMs) * 1_000;
}

async function oneAtATime(env: Record<string, string>, count: number): Promise<number[]> {
  await using asker = await openAsker(env);
  const latencies: number[] = [];
  for (let n = 0; n < count; n++) {
    const sentMs = performance.now();
    await asker.ask(1);
    latencies.push(performance.now() - sentMs);
  }
  return latencies;
}

/** Sends new events at once and waits for all their outcomes. */
async function openAsker(env: Record<string, string>) {
  const waiting = new Set<string>();
  let done = Promise.withResolvers<Outcome>();
  const log = createLog({ level: "warn", format: "text", content: false, write() {}, now: clock.now });
  const way = await openWay(readSettings((name) => env[name]), {
    isMine: (id) => waiting.has(id),
    heard(outcome) {
      if (waiting.delete(outcome.queryId) && waiting.size === 0) done.resolve(outcome);
    },
    grew() {},
    lost: (error) => done.reject(error),
  }, { log, clock });
  return {
    /** @returns The last outcome. */
    async ask(count: number): Promise<Outcome> {
      done = Promise.withResolvers();
      const events = Array.from({ length: count }, (): AgentEvent => {
        return { id: crypto.randomUUID(), query: "What is iExec?", timestamp: clock.now() };
      });
      for (const { id } of events) waiting.add(id);
      await way.send(events);
      return await done.promise;
    },
    [Symbol.asyncDispose]: () => way.close(),
  };
}
