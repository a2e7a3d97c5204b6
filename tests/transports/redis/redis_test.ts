/** Redis Streams, with a real server: what holds for every queue, and what Redis alone does. @module */

import { assert, assertEquals, assertFalse } from "@std/assert";
import { startAgent } from "../../support/agent.ts";
import { poll } from "../../support/brokers/broker.ts";
import { EVENTS, GROUP, NO_REDIS, type RedisBroker, startRedis } from "../../support/brokers/redis.ts";
import { CLIENT_CERTIFICATE } from "../../support/client_certificate.ts";
import { event } from "../../support/events.ts";
import { makeFolder } from "../../support/folder.ts";
import { AUTHORITY, OTHER_AUTHORITY } from "../../support/localhost_certificate.ts";
import { startModelServer } from "../../support/model_server.ts";
import { testUnless } from "../../support/optional.ts";
import { CONNECTED, testQueue } from "../queue_suite.ts";

testQueue({
  name: "redis",
  missing: NO_REDIS,
  start: startRedis,
  async startStrict() {
    const broker = await startRedis();
    await broker.command("CONFIG", "SET", "proto-max-bulk-len", "1048576");
    return broker;
  },
  duplicatesPerCrash: 0,
  outcomesOfRepeated: (times) => times,
  maxDeliveries: 3,
});

function test(name: string, fn: () => Promise<void>): void {
  testUnless(NO_REDIS, `redis: ${name}`, fn);
}

async function agentOf(broker: RedisBroker, env: Record<string, string> = {}) {
  const agent = await startAgent({ env: { ...broker.env, EVENT_RECONNECT_INTERVAL: "50", ...env } });
  await agent.logged(CONNECTED);
  return agent;
}

test("the authority of REDIS_CA_FILE is trusted, the agent shows its own certificate, and a wrong one is told of", async () => {
  await using broker = await startRedis({ tls: true, asksForCertificate: true });
  await using folder = makeFolder({
    "ca.pem": AUTHORITY,
    "other.pem": OTHER_AUTHORITY,
    "cert.pem": CLIENT_CERTIFICATE.cert,
    "key.pem": CLIENT_CERTIFICATE.key,
  });
  // In the working directory: an executable reads nowhere else.
  const own = { REDIS_CERT_FILE: "cert.pem", REDIS_KEY_FILE: "key.pem" },
    trusting = { REDIS_CA_FILE: "ca.pem", ...own };
  await using agent = await startAgent({ folder: folder.path, env: { ...broker.env, ...trusting } });
  await agent.logged(CONNECTED);
  await broker.publish(event("q1"));
  await broker.outcomes(1);
  await agent.stop();
  await using bare = await startAgent({
    folder: folder.path,
    env: { ...broker.env, REDIS_CA_FILE: "ca.pem", EVENT_MAX_RECONNECT_ATTEMPTS: "1" },
  });
  assertEquals((await bare.ended).code, 69, bare.lines.join("\n"));
  const refusals = [own, { ...own, REDIS_CA_FILE: "other.pem" }, {
    ...trusting,
    // Leads to 127.0.0.1 as well, and the certificate is not for it.
    REDIS_URL: `rediss://0.0.0.0:${broker.url.port}`,
  }];
  for (const env of refusals) {
    const options = { ...broker.env, ...env, EVENT_MAX_RECONNECT_ATTEMPTS: "1" };
    await using refused = await startAgent({ folder: folder.path, env: options });
    assertEquals((await refused.ended).code, 69);
    assert(refused.lines.at(-1)!.includes("the broker's certificate is not accepted"), refused.lines.at(-1));
  }
});

test("a password is used; a wrong one ends the agent with 69 at once, and is printed nowhere", async () => {
  await using broker = await startRedis({ password: "correct horse" });
  await using agent = await agentOf(broker);
  await broker.publish(event("q1"));
  await broker.outcomes(1);
  await agent.stop();
  for (const url of [broker.url.href.replace("correct", "wrong"), broker.url.href.replace(/:correct.*@/, "")]) {
    await using refused = await startAgent({ env: { ...broker.env, REDIS_URL: url } });
    assertEquals((await refused.ended).code, 69);
    assert(refused.lines.at(-1)!.includes("1 attempt failed"), refused.lines.at(-1));
    assertFalse(refused.lines.some((line) => line.includes("horse")));
  }
});

test("a server without memory refuses an outcome, and has it once there is memory again", async () => {
  await using broker = await startRedis();
  await using model = await startModelServer("openai");
  model.otherwise("held");
  const { url } = model;
  await using agent = await agentOf(broker, {
    MODEL_PROVIDER: "openai",
    OPENAI_BASE_URL: url,
    OPENAI_MODEL: "test-model",
  });
  await broker.publish(event("q1"));
  await model.askedFor(1);
  await broker.command("CONFIG", "SET", "maxmemory", "1");
  model.release();
  await agent.logged("outcome refused");
  assertEquals(await broker.depth(), { waiting: 0, held: 1 });
  await broker.command("CONFIG", "SET", "maxmemory", "0");
  assertEquals((await broker.outcomes(1)).map(({ id }) => id), ["q1"]);
});

test("several streams are read in the order of their priority", async () => {
  await using broker = await startRedis();
  const streams = ["{agent}:urgent", EVENTS];
  for (const [index, stream] of [EVENTS, EVENTS, EVENTS, ...Array(3).fill(streams[0]!)].entries()) {
    await broker.command("XADD", stream, "*", "body", JSON.stringify(event(`q${index}`)));
  }
  await using _agent = await agentOf(broker, {
    REDIS_STREAM: streams.join(","),
    EVENT_PREFETCH: "2",
    AGENT_CONCURRENCY: "1",
  });
  assertEquals((await broker.outcomes(6)).map(({ id }) => id), ["q3", "q4", "q5", "q0", "q1", "q2"]);
});

test("consumers that left nothing behind are removed, and those with entries stay until these are taken over", async () => {
  await using broker = await startRedis();
  await using agent = await agentOf(broker);
  await broker.publish(event("q1"));
  await broker.outcomes(1);
  assertEquals((await consumers(broker)).length, 1);
  await agent.stop();
  assertEquals(await consumers(broker), []);
});

test("a sender finds its correlation id in the outcome", async () => {
  await using broker = await startRedis();
  await using _agent = await agentOf(broker);
  await broker.command("XADD", EVENTS, "*", "body", JSON.stringify(event("q1")), "correlation_id", "order 7");
  assertEquals((await broker.outcomes(1)).map(({ correlationId }) => correlationId), ["order 7"]);
});

test("an entry that is trimmed while it is being answered has its outcome, once", async () => {
  await using broker = await startRedis();
  await using model = await startModelServer("openai");
  model.otherwise("held");
  const asked = { MODEL_PROVIDER: "openai", OPENAI_BASE_URL: model.url, OPENAI_MODEL: "test-model" };
  await using agent = await agentOf(broker, asked);
  await using _other = await agentOf(broker, asked);
  await broker.publish(event("q1"));
  await model.askedFor(1);
  await broker.command("XTRIM", EVENTS, "MAXLEN", "0");
  // The other agent looks at what seems to have been left behind, and the server no longer holds it for anybody.
  await poll("nothing pending", async () => (await broker.depth()).held === 0 || undefined);
  model.release();
  assertEquals((await broker.outcomes(1)).map(({ id }) => id), ["q1"]);
  model.otherwise(undefined);
  await broker.publish(event("q2"));
  assertEquals((await broker.outcomes(2)).map(({ id }) => id), ["q1", "q2"]);
  assertEquals(model.asked.length, 2);
  assertEquals(agent.log.filter(({ level }) => level === "error"), []);
});

test("a key of the wrong kind is named, and used once it is mended", async () => {
  await using broker = await startRedis();
  await broker.command("SET", EVENTS, "no stream");
  await using agent = await startAgent({ env: { ...broker.env, EVENT_RECONNECT_INTERVAL: "50" } });
  const { error } = await agent.logged("❌ No connection to {product}: {url}");
  assert(String(error).includes("WRONGTYPE"), String(error));
  await broker.command("DEL", EVENTS);
  await broker.publish(event("q1"));
  assertEquals((await broker.outcomes(1)).map(({ id }) => id), ["q1"]);
});

async function consumers(broker: RedisBroker): Promise<string[]> {
  const found = await broker.command("XINFO", "CONSUMERS", EVENTS, GROUP) as readonly (readonly string[])[];
  return found.map((fields) => fields[1]!);
}
