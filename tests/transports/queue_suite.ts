/** What holds for every queue: tests that run against a real broker, with agents as processes. @module */

import { assert, assertEquals, assertGreaterOrEqual, assertLessOrEqual } from "@std/assert";
import { type Entry, readEntries, startAgent } from "../support/agent.ts";
import { type Broker, distinctOutcomes, poll } from "../support/brokers/broker.ts";
import { event } from "../support/events.ts";
import { makeFolder } from "../support/folder.ts";
import { memoryOf } from "../support/memory.ts";
import { type ModelServer, startModelServer } from "../support/model_server.ts";
import { metricsText, samplesIn, SHOWN, statusOf } from "../support/status.ts";
import { testUnless } from "../support/optional.ts";

/** A broker and what it can promise. */
export interface QueueUnderTest {
  readonly name: string;
  /** Why there is none here. */
  readonly missing: string | undefined;
  start(): Promise<Broker>;
  /** One that takes no message of {@linkcode LARGE} bytes. */
  startStrict(): Promise<Broker>;
  /** Duplicates of outcomes that one crash may cause: 0, or at most the prefetch. */
  readonly duplicatesPerCrash: number;
  /** How many outcomes the reader finds of an event that was published so many times. */
  readonly outcomesOfRepeated: (times: number) => number;
  /** Whether a dead letter is made of a message that kills its agent, after how many deliveries at the earliest. */
  readonly maxDeliveries: number;
}

/** Line of the log that tells of a connection. */
export const CONNECTED = "✅ Connected to {product}: {url}";
const PREFETCH = 16;
/** Bytes of an answer that no strict broker takes; each takes a megabyte less its headers. */
const LARGE = 1_500_000;
/** Whether the tests run in the sizes of an acceptance, which take many minutes: with AGENT_TEST_SIZE=full. */
const IS_FULL = Deno.env.get("AGENT_TEST_SIZE") === "full";

function env(broker: Broker, model?: ModelServer): Record<string, string> {
  return {
    ...broker.env,
    EVENT_RECONNECT_INTERVAL: "50",
    EVENT_MAX_DELIVERIES: "3",
    ...(model && { MODEL_PROVIDER: "openai", OPENAI_BASE_URL: model.url, OPENAI_MODEL: "test-model" }),
  };
}

function ids(count: number, prefix = "q"): string[] {
  return Array.from({ length: count }, (_, index) => `${prefix}${index}`);
}

function sorted(texts: Iterable<string>): string[] {
  return [...texts].sort();
}

function repeated(texts: readonly string[]): number {
  return texts.length - new Set(texts).size;
}

function entriesOf(folder: string): Entry[] {
  return readEntries(`${folder}/iexec_out/responses.json`) ?? [];
}

/** Every test, for one queue. */
export function testQueue(queue: QueueUnderTest): void {
  const test = (name: string, fn: () => Promise<void>) => testUnless(queue.missing, `${queue.name}: ${name}`, fn);
  const agentOf = async (broker: Broker, options: { folder?: string; model?: ModelServer; env?: object } = {}) => {
    const { folder, model } = options;
    const agent = await startAgent({ ...(folder && { folder }), env: { ...env(broker, model), ...options.env } });
    const ended = agent.ended.then(() => Promise.reject(new Error(`The agent has ended:\n${agent.lines.join("\n")}`)));
    await Promise.race([agent.logged(CONNECTED), ended]);
    ended.catch(() => {}); // from here on a test ends it
    return agent;
  };

  test("two agents share the events, each has one outcome, and nothing is left", async () => {
    const count = IS_FULL ? 10_000 : 4_000;
    await using broker = await queue.start();
    // On a machine that is busy for a second, an event would be taken over and answered by both.
    const patient = { env: { REDIS_CLAIM_AFTER: "60000", NATS_ACK_WAIT: "60000" } };
    await using first = await agentOf(broker, patient);
    await using second = await agentOf(broker, patient);
    await broker.publish(...ids(count).map((id) => event(id)));
    const outcomes = await broker.outcomes(count);
    assertEquals(sorted(outcomes.map(({ id }) => id)), sorted(ids(count)));
    const shares = await Promise.all([first, second].map(async (agent) => {
      await agent.stop();
      const entries = entriesOf(agent.folder);
      assertEquals(repeated(entries.map(({ queryId }) => queryId)), 0);
      return entries.length;
    }));
    assertEquals(shares[0]! + shares[1]!, count);
    assertGreaterOrEqual(Math.min(...shares), count * 0.25);
    await untilEmpty(broker);
  });

  if (IS_FULL) {
    test("with 100,000 events waiting, the agent's memory stays what it is after the first 30,000", async () => {
      const count = 100_000, batch = 5_000;
      await using broker = await queue.start();
      for (let at = 0; at < count; at += batch) {
        await broker.publish(...ids(batch, `q${at}-`).map((id) => event(id)));
      }
      await using agent = await agentOf(broker);
      const fewerThan = (left: number) =>
        poll(`fewer than ${left} events`, async () => {
          const { waiting, held } = await broker.depth();
          return waiting + held < left ? true : undefined;
        }, 900_000);
      // Until then V8 lets its heap grow; what is reachable in it is the same from the first event on (measured).
      await fewerThan(0.7 * count);
      const early = memoryOf(agent.pid);
      await fewerThan(1);
      assertLessOrEqual(memoryOf(agent.pid), 1.25 * early);
      // Three quarters of what deploy/ gives it.
      assertLessOrEqual(memoryOf(agent.pid), 384 * 1024 * 1024);
      const outcomes = (await broker.arrived()).map(({ id }) => id);
      assertEquals([outcomes.length, new Set(outcomes).size], [count, count]);
    });
  }

  test("an agent that is told to stop while its broker stands still ends", async () => {
    await using broker = await queue.start();
    await using model = await startModelServer("openai");
    model.otherwise("held");
    await using agent = await agentOf(broker, { model });
    await broker.publish(event("q1"));
    await model.askedFor(1);
    broker.signal("SIGSTOP");
    model.release();
    await agent.responses(1);
    // Far above what any machine needs: it only ends a test that failed.
    const late = setTimeout(() => agent.kill("SIGKILL"), 60_000);
    const { code } = await agent.stop();
    clearTimeout(late);
    broker.signal("SIGCONT");
    assertEquals(code, 0);
  });

  test("what an agent hands back at its end is none of its work after the next start", async () => {
    await using broker = await queue.start();
    await using model = await startModelServer("openai");
    await using folder = makeFolder();
    model.otherwise("held");
    const first = await agentOf(broker, { folder: folder.path, model, env: { AGENT_SHUTDOWN_GRACE: "1" } });
    await broker.publish(...ids(6).map((id) => event(id)));
    await first.logged(({ event }) => event === "q5");
    await first.stop();
    model.release();
    model.otherwise(undefined);
    await using _other = await agentOf(broker, { model });
    await broker.outcomes(6);
    await untilEmpty(broker);
    await using again = await agentOf(broker, { folder: folder.path, model, env: SHOWN });
    const samples = samplesIn(await metricsText(await statusOf(again)));
    const names = ["agent_events_waiting", "agent_events_oldest_age_seconds", "agent_outcomes_undelivered"];
    assertEquals(names.map((name) => samples.get(name)), [0, 0, 0]);
  });

  test("an outcome's message is the entry of responses.json, byte for byte", async () => {
    await using broker = await queue.start();
    await using agent = await agentOf(broker);
    await broker.publish(event("q1", "What is iExec?"));
    const [message] = await broker.outcomes(1);
    const [entry] = await agent.responses(1);
    assertEquals(JSON.parse(message!.text), entry);
    assert(Deno.readTextFileSync(`${agent.folder}/iexec_out/responses.json`).includes(message!.text));
    assertEquals([message!.id, message!.type, message!.correlationId], ["q1", "response", "q1"]);
  });

  test("an agent that is killed again and again loses no event and repeats no answer", async () => {
    const kills = IS_FULL ? 20 : 8, perLife = 60;
    await using broker = await queue.start();
    await using folder = makeFolder();
    await using other = await agentOf(broker);
    const all: string[] = [];
    for (let life = 0; life < kills; life++) {
      await using agent = await agentOf(broker, { folder: folder.path });
      const added = ids(perLife, `life${life}-`);
      all.push(...added);
      await broker.publish(...added.map((id) => event(id)));
      const instant = Math.floor(Math.random() * perLife * 0.8);
      await broker.outcomes(life * perLife + instant);
      agent.kill("SIGKILL");
      await agent.ended;
    }
    await poll("an outcome for each event", async () => {
      const found = new Set((await broker.arrived()).map(({ id }) => id));
      return found.size === all.length ? true : undefined;
    });
    const outcomes = (await broker.arrived()).map(({ id }) => id);
    assertLessOrEqual(repeated(outcomes), kills * queue.duplicatesPerCrash);
    for (const place of [folder.path, other.folder]) {
      assertEquals(repeated(entriesOf(place).map(({ queryId }) => queryId)), 0);
    }
  });

  test("a broker that goes under load, and comes back, has every outcome in the end", async () => {
    await using broker = await queue.start();
    await broker.keepQueues?.();
    await using agent = await agentOf(broker);
    const all: string[] = [];
    const crashes = IS_FULL ? 5 : 3;
    // RabbitMQ's quorum queues take their time to come back from SIGKILL.
    const answered = (count: number) =>
      poll(`outcomes of ${count} events`, async () => {
        return new Set((await broker.arrived()).map(({ id }) => id)).size >= count ? true : undefined;
      }, 180_000);
    for (let crash = 0; crash < crashes; crash++) {
      const added = ids(200, `crash${crash}-`);
      all.push(...added);
      await broker.publish(...added.map((id) => event(id)));
      await answered(all.length - 150);
      await broker.kill();
      await broker.start();
    }
    await answered(all.length);
    assertEquals(repeated(entriesOf(agent.folder).map(({ queryId }) => queryId)), 0);
    assertLessOrEqual(repeated((await broker.arrived()).map(({ id }) => id)), crashes * queue.duplicatesPerCrash);
  });

  test("a connection that is cut is made again, and consuming goes on by itself", async () => {
    await using broker = await queue.start();
    await using agent = await agentOf(broker);
    await broker.publish(event("q1"));
    await broker.outcomes(1);
    await broker.cut();
    await agent.logged(CONNECTED, { count: 2 });
    await broker.publish(event("q2"));
    assertEquals((await broker.outcomes(2)).map(({ id }) => id), ["q1", "q2"]);
  });

  test("a queue that is deleted is made again, and consuming goes on by itself", async () => {
    await using broker = await queue.start();
    await using _agent = await agentOf(broker);
    await broker.publish(event("q1"));
    await broker.outcomes(1);
    await broker.deleteQueue();
    await poll("the queue to be there again", async () => (await broker.depth()) && true);
    await broker.publish(event("q2"));
    assertEquals((await broker.outcomes(2)).map(({ id }) => id), ["q1", "q2"]);
  });

  test("an agent takes no more events than its prefetch, and hands them back when it stops", async () => {
    await using broker = await queue.start();
    await using model = await startModelServer("openai");
    model.otherwise("held");
    await using agent = await agentOf(broker, { model, env: { AGENT_SHUTDOWN_GRACE: "100" } });
    await broker.publish(...ids(3 * PREFETCH).map((id) => event(id)));
    await model.askedFor(4);
    const depth = await poll("a full prefetch", async () => {
      const found = await broker.depth();
      return found.held === PREFETCH ? found : undefined;
    });
    assertEquals(depth, { waiting: 2 * PREFETCH, held: PREFETCH });
    assertEquals((await agent.stop()).code, 0);
    model.otherwise(undefined);
    await using _other = await agentOf(broker, { model });
    assertEquals(sorted((await broker.outcomes(3 * PREFETCH)).map(({ id }) => id)), sorted(ids(3 * PREFETCH)));
  });

  test("a slow answer is not taken over", async () => {
    await using broker = await queue.start();
    await using model = await startModelServer("openai");
    model.otherwise("held");
    await using _first = await agentOf(broker, { model });
    await using _second = await agentOf(broker, { model });
    await broker.publish(event("slow"));
    await model.askedFor(1);
    // Three times as long as others wait for a sign of life. Nothing but time shows that nothing happens.
    await new Promise((resolve) => setTimeout(resolve, 4_000));
    assertEquals(model.asked.length, 1);
    model.release();
    assertEquals((await broker.outcomes(1)).map(({ id }) => id), ["slow"]);
  });

  test("an event that kills its agents becomes a dead letter, and takes no neighbour along", async () => {
    await using broker = await queue.start();
    await using model = await startModelServer("openai");
    // In the first life no neighbour is answered either.
    model.otherwise("held");
    const neighbours = ids(6);
    await broker.publish(event("poison", "poison"), ...neighbours.map((id) => event(id)));
    for (let life = 1;; life++) {
      assertLessOrEqual(life, queue.maxDeliveries + 1);
      const asked = model.asked.length;
      await using agent = await agentOf(broker, { model });
      if (await isDeadOrAskedAbout(broker, model, asked) === "dead") break;
      agent.kill("SIGKILL");
      await agent.ended;
      model.otherwise((question) => question.includes("poison") ? "held" : undefined);
    }
    await using _agent = await agentOf(broker, { model });
    const outcomes = await broker.outcomes(neighbours.length);
    assertEquals(sorted(new Set(outcomes.map(({ id }) => id))), sorted(neighbours));
    assertEquals((await broker.letters()).map((body) => JSON.parse(body).id), ["poison"]);
  });

  test("what is no event ends as error outcome or dead letter, and never comes back", async () => {
    await using broker = await queue.start();
    await using _agent = await agentOf(broker, { env: { EVENT_MAX_BYTES: "1000" } });
    const malformed = [
      "not JSON",
      "[]",
      '{"query":"no id","timestamp":1}',
      '{"id":"no query","timestamp":1}',
      '{"id":"wrong time","query":"?","timestamp":"now"}',
      JSON.stringify(event("too large", "x".repeat(2_000))),
    ];
    await broker.publish(...malformed, event("fine"));
    const outcomes = await broker.outcomes(4);
    const errors = outcomes.filter(({ type }) => type === "error").map(({ id }) => id);
    assertEquals(sorted(errors), ["no query", "too large", "wrong time"]);
    for (const { text } of outcomes) assert(JSON.parse(text).signature, text);
    assertEquals(sorted(await lettersOf(broker, malformed.length)), sorted(malformed));
    await untilEmpty(broker);
  });

  test("an answer that is larger than the broker takes ends as an error for its sender, and the others go on", async () => {
    await using broker = await queue.startStrict();
    await using model = await startModelServer("openai");
    model.otherwise((question) =>
      question.includes("at length") ? { text: "x".repeat(LARGE), whole: true } : undefined
    );
    await using agent = await agentOf(broker, { model });
    const others = ids(8);
    await broker.publish(event("long", "Tell it at length"), ...others.map((id) => event(id)));
    const found = await distinctOutcomes(broker, others.length + 1);
    const { outcome, type, text } = found.get("long")!;
    assertEquals(type, "error");
    assert("error" in outcome && /^the answer has 15\d{5} bytes, and \w+ does not take /.test(outcome.error), text);
    assert(JSON.parse(text).signature, text);
    assertEquals([...found.values()].filter(({ type }) => type === "error").length, 1);
    await untilEmpty(broker);
    const kept = entriesOf(agent.folder).find(({ queryId }) => queryId === "long");
    assertEquals(kept?.response?.length, LARGE);
    await broker.publish(event("after"));
    assertEquals((await distinctOutcomes(broker, others.length + 2)).get("after")?.type, "response");
  });

  test("an event that comes twice is answered once, and its outcome is sent again, byte for byte", async () => {
    await using broker = await queue.start();
    await using model = await startModelServer("openai");
    await using agent = await agentOf(broker, { model });
    await broker.publish(event("q1"), event("q1"));
    await broker.publish(event("q2"));
    await broker.outcomes(2);
    await broker.publish(event("q1"));
    await broker.publish(event("q3"));
    await agent.responses(3);
    await untilEmpty(broker);
    const outcomes = await broker.arrived();
    assertEquals(new Set(outcomes.map(({ text }) => text)).size, 3);
    assertEquals(outcomes.filter(({ id }) => id === "q1").length, queue.outcomesOfRepeated(3));
    assertEquals(model.asked.length, 3);
  });

  test("a broker that stands still for a while is found dead, and used again when it goes on", async () => {
    await using broker = await queue.start();
    await using agent = await agentOf(broker);
    await broker.publish(event("q1"));
    await broker.outcomes(1);
    broker.signal("SIGSTOP");
    await agent.logged(({ message }) => message.startsWith("❌"));
    broker.signal("SIGCONT");
    await broker.publish(event("q2"));
    const outcomes = await poll("both outcomes", async () => {
      const found = new Set((await broker.arrived()).map(({ id }) => id));
      return found.size === 2 ? found : undefined;
    });
    assertEquals(sorted(outcomes), ["q1", "q2"]);
  });

  test("an agent that is gone for good leaves its events to the others", async () => {
    await using broker = await queue.start();
    await using model = await startModelServer("openai");
    model.otherwise("held");
    await using first = await agentOf(broker, { model });
    await broker.publish(...ids(10).map((id) => event(id)));
    await model.askedFor(4);
    first.kill("SIGKILL");
    await first.ended;
    model.otherwise(undefined);
    await using second = await agentOf(broker, { model });
    await second.responses(10);
    assertEquals(sorted((await broker.outcomes(10)).map(({ id }) => id)), sorted(ids(10)));
  });

  test("the first connection fails as often as it may, then the agent ends with 69 and says whom it can't reach", async () => {
    const broker = await queue.start();
    await broker[Symbol.asyncDispose]();
    const attempts = { EVENT_MAX_RECONNECT_ATTEMPTS: "2", EVENT_RECONNECT_INTERVAL: "5" };
    await using agent = await startAgent({ env: { ...env(broker), ...attempts } });
    assertEquals((await agent.ended).code, 69);
    assert(agent.lines.at(-1)!.includes("2 attempts failed in a row"), agent.lines.at(-1));
  });

  test("--check says what it finds, and ends with 69 where there is no broker", async () => {
    const broker = await queue.start();
    await using usable = await startAgent({ env: env(broker), args: ["--check"] });
    const { code, stdout } = await usable.ended;
    assertEquals(code, 0, usable.lines.join("\n"));
    assert(stdout.includes("server: usable ("), stdout);
    await broker[Symbol.asyncDispose]();
    await using unusable = await startAgent({ env: env(broker), args: ["--check"] });
    assertEquals((await unusable.ended).code, 69);
  });

  test("events of one conversation are answered in order", async () => {
    await using broker = await queue.start();
    await using _agent = await agentOf(broker);
    const events = ids(60).map((id, index) => event(id, undefined, { conversationId: `c${index % 3}` }));
    await broker.publish(...events);
    const outcomes = (await broker.outcomes(60)).map(({ id }) => Number(id.slice(1)));
    for (const conversation of [0, 1, 2]) {
      const own = outcomes.filter((index) => index % 3 === conversation);
      assertEquals(own, own.toSorted((a, b) => a - b));
    }
  });
}

/** What became of the poison after the model was asked `asked` times. */
function isDeadOrAskedAbout(broker: Broker, model: ModelServer, asked: number): Promise<"dead" | "asked"> {
  return poll("the poison to be asked about, or dead", async () => {
    const isAsked = model.asked.slice(asked).some(({ messages }) => JSON.stringify(messages.at(-1)).includes("poison"));
    if (isAsked) return "asked";
    return (await broker.letters()).length > 0 ? "dead" : undefined;
  });
}

function untilEmpty(broker: Broker): Promise<true> {
  return poll("an empty queue", async () => {
    const { waiting, held } = await broker.depth();
    return waiting + held === 0 ? true : undefined;
  });
}

function lettersOf(broker: Broker, count: number): Promise<readonly string[]> {
  return poll(`${count} dead letters`, async () => {
    const letters = await broker.letters();
    return letters.length >= count ? letters : undefined;
  });
}
