/** Messages that no well-behaved sender makes: told of as any other, and nothing else is held up. @module */

import { assert, assertEquals, assertFalse, assertStringIncludes } from "@std/assert";
import { type AgentUnderTest, startAgent } from "../support/agent.ts";
import { type Broker, distinctOutcomes, poll } from "../support/brokers/broker.ts";
import { NO_NATS, startNats } from "../support/brokers/nats.ts";
import { NO_RABBITMQ, startRabbit } from "../support/brokers/rabbitmq.ts";
import { DEAD, EVENTS, NO_REDIS, startRedis } from "../support/brokers/redis.ts";
import { event } from "../support/events.ts";
import { testUnless } from "../support/optional.ts";
import { CONNECTED } from "./queue_suite.ts";

/** The longest id that an event can have: in UTF-8 it has three times as many bytes, in a subject nine times. */
const LONG_ID = "界".repeat(512);

/** A text in Latin-1, where "é" is no UTF-8. */
function latin1(text: string): Uint8Array {
  return Uint8Array.from(text, (character) => character.charCodeAt(0));
}

async function startOn(broker: Broker, env: Record<string, string> = {}): Promise<AgentUnderTest> {
  // With one delivery allowed, an event that came again would be a dead letter.
  const agent = await startAgent({
    env: { ...broker.env, EVENT_RECONNECT_INTERVAL: "50", EVENT_MAX_DELIVERIES: "1", ...env },
  });
  await agent.logged(CONNECTED);
  return agent;
}

async function assertNothingBroke(agent: AgentUnderTest, broker: Broker): Promise<void> {
  await poll("an empty queue", async () => {
    const { waiting, held } = await broker.depth();
    return waiting + held === 0 ? true : undefined;
  });
  assertEquals(agent.log.filter(({ message }) => message === CONNECTED).length, 1);
}

const BROKERS = [
  { name: "redis", missing: NO_REDIS, start: startRedis },
  { name: "rabbitmq", missing: NO_RABBITMQ, start: startRabbit },
  { name: "nats", missing: NO_NATS, start: startNats },
] as const;

for (const { name, missing, start } of BROKERS) {
  testUnless(missing, `${name}: messages that no well-behaved sender makes`, async (context) => {
    await using broker: Broker = await start();
    await using agent = await startOn(broker);

    await context.step("the longest id comes back whole, with an answer and with an error", async () => {
      const other = LONG_ID.replace("界", "x");
      await broker.publish(event(LONG_ID), JSON.stringify({ id: other, timestamp: 1 }), event("beside"));
      const found = await distinctOutcomes(broker, 3);
      const about = [LONG_ID, other].map((id) => found.get(id));
      assertEquals(about.map((message) => message?.type), ["response", "error"]);
      assertEquals(about.map((message) => message?.outcome.queryId), [LONG_ID, other]);
      assertEquals(about.map((message) => message?.correlationId), [LONG_ID, other]);
      await assertNothingBroke(agent, broker);
    });

    await context.step("what is no UTF-8 is refused, and an id that is none is no id", async () => {
      const bodies = ['{"id":"é","query":"?","timestamp":1}', '{"id":"l1","query":"café?","timestamp":1}'];
      for (const body of bodies) await broker.publishBytes(latin1(body));
      await broker.publish(event("é"), event("\ufffd"));
      const found = await distinctOutcomes(broker, 6);
      assertEquals(["é", "\ufffd", "l1"].map((id) => found.get(id)?.type), ["response", "response", "error"]);
      assertStringIncludes(found.get("l1")!.text, "not valid UTF-8 at line 1 column 24: send it as UTF-8");
      const letters = await poll("three dead letters", async () => {
        const letters = await broker.letters();
        return letters.length === 3 ? letters : undefined;
      });
      assertEquals(letters.slice(1), bodies.map((body) => body.replaceAll("é", "\ufffd")));
      await assertNothingBroke(agent, broker);
    });
  });
}

testUnless(NO_REDIS, "redis: the dead letter of an entry that is no UTF-8 has its bytes", async () => {
  await using broker = await startRedis();
  await using _agent = await startOn(broker);
  const body = latin1('{"id":"é"');
  await broker.publishBytes(body);
  await poll("a dead letter", async () => (await broker.letters()).length === 1 || undefined);
  assertEquals(
    await broker.command(
      "EVAL",
      `return redis.call('XRANGE', KEYS[1], '-', '+')[1][2][2] == ARGV[1] .. '\\233' .. ARGV[2] and 1 or 0`,
      "1",
      DEAD,
      '{"id":"',
      '"',
    ),
    1,
  );
});

testUnless(NO_REDIS, "redis: an entry that can't become a dead letter holds up none of those beside it", async () => {
  await using broker = await startRedis();
  await broker.command("SET", DEAD, "no stream");
  await broker.publish("no JSON", event("q1"), event("q2"));
  await using agent = await startOn(broker, { EVENT_MAX_DELIVERIES: "1000" });
  assertEquals((await broker.outcomes(2)).map(({ id }) => id).toSorted(), ["q1", "q2"]);
  const { error } = await agent.logged("entry put off");
  assertStringIncludes(String(error), "WRONGTYPE");
  await broker.command("DEL", DEAD);
  await poll("a dead letter", async () => (await broker.letters()).length === 1 || undefined);
  await assertNothingBroke(agent, broker);
});

testUnless(NO_REDIS, "redis: more streams than EVENT_PREFETCH are all read", async () => {
  await using broker = await startRedis();
  const streams = [EVENTS, "{agent}:more", "{agent}:most"];
  await using _agent = await startOn(broker, { REDIS_STREAM: streams.join(","), EVENT_PREFETCH: "1" });
  for (const [index, stream] of [...streams, ...streams].entries()) {
    await broker.command("XADD", stream, "*", "body", JSON.stringify(event(`q${index}`)));
  }
  assertEquals((await broker.outcomes(6)).map(({ id }) => id).toSorted(), ["q0", "q1", "q2", "q3", "q4", "q5"]);
});

testUnless(NO_NATS, "nats: messages with odd headers", async (context) => {
  await using broker = await startNats();
  await using agent = await startOn(broker);

  await context.step("headers that can't be read hold up nothing, beside an event or none", async () => {
    await publishRaw(broker.url, {
      head: "NATS/1.0\r\nbad name: x\r\n: y\r\n\r\n",
      body: JSON.stringify(event("odd")),
    });
    await publishRaw(broker.url, { head: "no header\r\n\r\n", body: JSON.stringify(event("none")) });
    await publishRaw(broker.url, { head: "NATS/1.0\r\nbad name: x\r\n\r\n", body: "no JSON" });
    await broker.publish(event("fine"));
    assertEquals([...(await distinctOutcomes(broker, 3)).keys()].toSorted(), ["fine", "none", "odd"]);
    await assertNothingBroke(agent, broker);
    assertEquals(await broker.letters(), ["no JSON"]);
  });

  await context.step("a reply_to that is no inbox, or longer than a subject may be, gets no copy", async () => {
    const inboxes = [`_INBOX.${"x".repeat(5_000)}`, "_INBOX.a..b", "agent.events.new"];
    for (const [index, reply_to] of inboxes.entries()) {
      await broker.publishWith({ reply_to }, event(`reply${index}`));
      await broker.publishWith({ reply_to }, `{"id":"refused${index}"}`);
    }
    const found = await distinctOutcomes(broker, 9);
    for (const index of inboxes.keys()) {
      assertEquals([`reply${index}`, `refused${index}`].map((id) => found.get(id)?.type), ["response", "error"]);
    }
    await assertNothingBroke(agent, broker);
  });

  await context.step("headers for which a dead letter has no room are left out", async () => {
    await broker.publishWith({ correlation_id: "c".repeat(65_000) }, "no JSON at length");
    await broker.publishWith({ correlation_id: "é".repeat(30_000) }, event("correlated"));
    assertEquals((await distinctOutcomes(broker, 10)).get("correlated")?.correlationId, "correlated");
    await assertNothingBroke(agent, broker);
  });

  await context.step("a reader of outcomes who replies is not taken for the stream", async () => {
    await broker.use(async ({ connection }) => {
      const reader = connection.subscribe("agent.outcomes.>", {
        callback: (_, message) => void message.respond("thanks"),
      });
      await connection.flush();
      await broker.publish(event("thanked"));
      assert((await distinctOutcomes(broker, 11)).has("thanked"));
      await assertNothingBroke(agent, broker);
      reader.unsubscribe();
    });
    assertEquals(agent.log.filter(({ message }) => message === "outcome refused"), []);
  });
});

testUnless(
  NO_NATS,
  "nats: what was refused and comes again mended is answered, and its sender gets the answer",
  async () => {
    await using broker = await startNats();
    await using agent = await startOn(broker);
    await broker.publish('{"id":"q1","timestamp":1}');
    await broker.outcomes(1);
    await broker.publish(event("q1"));
    const outcomes = await broker.outcomes(2);
    assertEquals(outcomes.map(({ id, type }) => [id, type]), [["q1", "error"], ["q1", "response"]]);
    await assertNothingBroke(agent, broker);
  },
);

testUnless(NO_NATS, "nats: a stream that is made anew has dead letters of its own", async () => {
  await using broker = await startNats();
  await using agent = await startOn(broker);
  await broker.publish("first");
  await poll("a dead letter", async () => (await broker.letters()).length === 1 || undefined);
  await broker.deleteQueue();
  await agent.logged("consumer lost: looking for it again");
  await broker.publish("second");
  const letters = await poll("two dead letters", async () => {
    const letters = await broker.letters();
    return letters.length === 2 ? letters : undefined;
  });
  assertEquals(letters, ["first", "second"]);
  assertFalse(agent.log.some(({ level }) => level === "error"));
});

/** Publish an event with headers as they are. */
async function publishRaw(url: URL, { head, body }: { head: string; body: string }): Promise<void> {
  using connection = await Deno.connect({ hostname: url.hostname, port: Number(url.port) });
  const text = 'CONNECT {"verbose":false,"headers":true}\r\n' +
    `HPUB agent.events.new ${head.length} ${head.length + body.length}\r\n${head}${body}\r\nPING\r\n`;
  await connection.write(new TextEncoder().encode(text));
  let heard = "";
  for await (const part of connection.readable.pipeThrough(new TextDecoderStream())) {
    heard += part;
    if (heard.includes("PONG")) return;
  }
}
