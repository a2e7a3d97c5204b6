/** Users of brokers who may not do all that an agent does: `--check` says what is missing, and leaves nothing behind. @module */

import { assert, assertEquals, assertFalse, assertStringIncludes } from "@std/assert";
import { startAgent } from "../support/agent.ts";
import { type Broker, poll } from "../support/brokers/broker.ts";
import { NO_NATS, startNats } from "../support/brokers/nats.ts";
import { NO_RABBITMQ, startRabbit } from "../support/brokers/rabbitmq.ts";
import { DEAD, EVENTS, NO_REDIS, OUTCOMES, startRedis } from "../support/brokers/redis.ts";
import { event } from "../support/events.ts";
import { testUnless } from "../support/optional.ts";
import { CONNECTED } from "./queue_suite.ts";

/** What `--check` says with these settings, and its exit code. */
async function check(env: Record<string, string>): Promise<{ code: number; said: string }> {
  await using agent = await startAgent({ env, args: ["--check"] });
  const { code, stdout } = await agent.ended;
  return { code, said: `${stdout}\n${agent.lines.join("\n")}` };
}

/** `--check` ends with 69 and names all of `missing`, and neither user nor password. */
async function isLacking(env: Record<string, string>, missing: readonly string[]): Promise<void> {
  const { code, said } = await check(env);
  assertEquals(code, 69, said);
  assertStringIncludes(said, "this user is not allowed to");
  for (const one of missing) assertStringIncludes(said, one);
  assertFalse(/bob|s3cret/.test(said), said);
}

async function isUsable(env: Record<string, string>): Promise<void> {
  const { code, said } = await check(env);
  assertEquals(code, 0, said);
  assertStringIncludes(said, "server: usable (");
}

/** The one event that was published is still there, as new as it was: an agent with these settings answers it. */
async function isUntouched(broker: Broker, env: Record<string, string>): Promise<void> {
  // RabbitMQ counts what is in a quorum queue every few seconds.
  await poll("an event that waits", async () => (await broker.depth()).waiting === 1 ? true : undefined);
  assertEquals(await broker.letters(), []);
  await using agent = await startAgent({ env });
  assertEquals((await broker.outcomes(1)).map(({ id }) => id), ["q1"]);
  // An event that was delivered before would be told of as a suspect.
  assertEquals(agent.log.filter(({ level }) => level === "warn"), []);
}

testUnless(
  NO_RABBITMQ,
  "rabbitmq: --check names each permission that is missing, and touches nothing",
  async (context) => {
    await using broker = await startRabbit();
    await broker.control("add_user", "bob", "s3cret");
    const env = { ...broker.env, RABBITMQ_URL: broker.url.href.replace("guest:guest", "bob:s3cret") };
    const grant = (configure: string, write: string, read: string) =>
      broker.control("set_permissions", "-p", "/", "bob", configure, write, read);

    await context.step("where queues have to be made, that is a permission too, and none is made", async () => {
      await grant("^$", "^amq\\.default$", "^agent\\.events$");
      const queues = ["agent.events", "agent.events.dead", "agent.outcomes"];
      await isLacking(env, queues.map((queue) => `configure the queue ${queue}, which has to be made`));
      await grant("^agent\\.", "^amq\\.default$", "^agent\\.events$");
      await isUsable(env);
      assertEquals(await broker.control("list_queues", "name", "--no-table-headers"), "");
    });

    await context.step("a user who may only read lacks what outcomes need, and an agent ends at once", async () => {
      await broker.publish(event("q1"));
      await grant("^$", "^$", "^agent\\.events$");
      await isLacking(env, ["write to the exchange amq.default"]);
      await using refused = await startAgent({ env });
      assertEquals((await refused.ended).code, 69, refused.lines.join("\n"));
      assertStringIncludes(refused.lines.at(-1)!, "1 attempt failed");
      assertStringIncludes(refused.lines.at(-1)!, "`--check` tells all");
    });

    await context.step("a user who may only write can't take events", async () => {
      await grant("^$", "^amq\\.default$", "^$");
      await isLacking(env, ["read from the queue agent.events"]);
    });

    await context.step("with both, existing queues can be used", async () => {
      await grant("^$", "^amq\\.default$", "^agent\\.events$");
      await isUsable(env);
      await isUntouched(broker, env);
    });

    await context.step("a broker without memory takes nothing, and --check says so", async () => {
      await broker.control("set_vm_memory_high_watermark", "0");
      const { code, said } = await check(env);
      assertEquals(code, 69, said);
      assertStringIncludes(said, "RabbitMQ takes nothing for now (low on memory)");
    });
  },
);

testUnless(NO_REDIS, "redis: --check names each permission that is missing, and touches nothing", async (context) => {
  await using broker = await startRedis();
  const env = { ...broker.env, REDIS_URL: broker.url.href.replace("redis://", "redis://bob:s3cret@") };
  const grant = (...rules: readonly string[]) =>
    broker.command("ACL", "SETUSER", "bob", "reset", "on", ">s3cret", "+select", ...rules);
  const keys = [`~${EVENTS}`, `~${OUTCOMES}`, `~${DEAD}`];

  await context.step("each command and each stream", async () => {
    await grant(...keys, "+@stream", "-xgroup", "-xadd", "-xreadgroup");
    await isLacking(env, [
      `call XREADGROUP on ${EVENTS}`,
      `call XGROUP CREATE on ${EVENTS}`,
      `call XADD on ${OUTCOMES}`,
      `call XADD on ${DEAD}`,
      "call EVAL",
      "call EVALSHA",
    ]);
    await grant(`~${EVENTS}`, "+@stream", "+eval", "+evalsha");
    await isLacking(env, [`call XADD on ${OUTCOMES}`, `call XADD on ${DEAD}`]);
    await using refused = await startAgent({ env });
    await refused.logged(CONNECTED);
  });

  await context.step("what --check says to grant is enough, and nothing was made or taken", async () => {
    await broker.command("DEL", EVENTS);
    await grant(...keys, `&${OUTCOMES}:*`, "+@stream", "+eval", "+evalsha", "+publish");
    await isUsable(env);
    assertEquals(await broker.command("KEYS", "*"), []);
    await using agent = await startAgent({ env });
    await agent.logged(CONNECTED);
    await broker.publish(event("q0"));
    await broker.outcomes(1);
    assertEquals((await agent.stop()).code, 0);
    await broker.command("DEL", OUTCOMES);
    await broker.publish(event("q1"));
    await isUsable(env);
    await isUntouched(broker, env);
  });

  await context.step("without the streams' commands an agent ends at once", async () => {
    await grant(...keys);
    await using refused = await startAgent({ env });
    assertEquals((await refused.ended).code, 69, refused.lines.join("\n"));
    assertStringIncludes(refused.lines.at(-1)!, "1 attempt failed");
    assertFalse(refused.lines.some((line) => line.includes("bob")), refused.lines.at(-1));
  });

  await context.step("a server without memory takes nothing, and --check says so", async () => {
    await broker.command("CONFIG", "SET", "maxmemory", "1");
    const { code, said } = await check({ ...broker.env });
    assertEquals(code, 69, said);
    assertStringIncludes(said, "it has no memory left (`maxmemory`)");
  });
});

const INFO = ["STREAM.INFO.AGENT_EVENTS", "STREAM.INFO.AGENT_OUTCOMES", "CONSUMER.INFO.AGENT_EVENTS.agents"];
const NEXT = "$JS.API.CONSUMER.MSG.NEXT.AGENT_EVENTS.agents", ACK = "$JS.ACK.AGENT_EVENTS.agents.>";
const LOOK = INFO.map((subject) => `$JS.API.${subject}`);
const WORK = [...LOOK, NEXT, ACK, "agent.outcomes.>", "agent.dead.>"];

/** A user of a NATS server: what it may publish and subscribe to. */
function user(name: string, publish: readonly string[], subscribe: readonly string[]): string {
  const listed = (subjects: readonly string[]) => subjects.map((subject) => JSON.stringify(subject)).join(", ");
  return `{ user: ${name}, password: s3cret, permissions: { publish: { allow: [${listed(publish)}] }, ` +
    `subscribe: { allow: [${listed(subscribe)}] } } }`;
}

testUnless(NO_NATS, "nats: --check names each permission that is missing, and touches nothing", async (context) => {
  const users = [
    "{ user: admin, password: admin }",
    user("bob-looks", LOOK, ["_INBOX.>"]),
    user("bob-deaf", WORK, ["none"]),
    user("bob-works", WORK, ["_INBOX.>"]),
    user("bob-keeps", WORK.filter((subject) => subject !== ACK), ["_INBOX.>"]),
    user("bob-makes", [...WORK, "$JS.API.STREAM.CREATE.*", "$JS.API.CONSUMER.CREATE.>", "_INBOX.>"], ["_INBOX.>"]),
  ];
  const config = `authorization { users: [ ${users.join("\n")} ] }`;
  await using broker = await startNats({ config, user: "admin", password: "admin" });
  const as = (name: string) => ({ ...broker.env, NATS_URL: broker.url.href.replace("admin:admin", `${name}:s3cret`) });
  const streams = () => broker.use(async ({ manager }) => (await manager.streams.list().next()).length);

  await context.step("where streams have to be made, that is a permission too, and none is made", async () => {
    await isLacking(as("bob-works"), [
      "publish to $JS.API.STREAM.CREATE.AGENT_EVENTS",
      "publish to $JS.API.STREAM.CREATE.AGENT_OUTCOMES",
      "publish to $JS.API.CONSUMER.CREATE.AGENT_EVENTS.agents.",
    ]);
    await isUsable(as("bob-makes"));
    assertEquals(await streams(), 0);
    await using agent = await startAgent({ env: as("bob-makes") });
    await agent.logged(CONNECTED);
    assertEquals((await agent.stop()).code, 0);
  });

  await context.step("a user who may only look can neither take events nor settle them", async () => {
    await broker.publish(event("q1"));
    await isLacking(
      as("bob-looks"),
      [NEXT, ACK, "agent.outcomes.>", "agent.dead.>"].map((what) => `publish to ${what}`),
    );
  });

  await context.step("a user who hears no answers is told so, and an agent ends at once", async () => {
    await isLacking(as("bob-deaf"), ["subscribe to _INBOX.>"]);
    await using refused = await startAgent({ env: as("bob-deaf") });
    assertEquals((await refused.ended).code, 69, refused.lines.join("\n"));
    assertStringIncludes(refused.lines.at(-1)!, "1 attempt failed");
  });

  await context.step("an agent whose user may not acknowledge ends before it takes an event", async () => {
    await using refused = await startAgent({ env: as("bob-keeps") });
    assertEquals((await refused.ended).code, 69, refused.lines.join("\n"));
    assertStringIncludes(refused.lines.at(-1)!, "$JS.ACK.AGENT_EVENTS.agents.");
  });

  await context.step("a user who may work is fine, and is told what it can't have", async () => {
    const { code, said } = await check(as("bob-works"));
    assertEquals(code, 0, said);
    assertStringIncludes(said, "AGENT_EVENTS has 1 events, of which agents hold 0");
    assertStringIncludes(said, "has to publish to _INBOX.>");
    await isUntouched(broker, as("bob-works"));
  });

  await context.step("subjects of outcomes that no stream takes are told of", async () => {
    const { code, said } = await check({ ...broker.env, NATS_DEAD_SUBJECT: "agent.lost" });
    assertEquals(code, 69, said);
    assertStringIncludes(said, "no stream takes agent.lost.>. Add it to the subjects of AGENT_OUTCOMES");
  });

  await context.step("what is missing and may not be made is named", async () => {
    await broker.deleteQueue();
    const { code, said } = await check({ ...broker.env, NATS_DECLARE: "false" });
    assertEquals(code, 69, said);
    assert(said.includes("there is no AGENT_EVENTS, no agents, and NATS_DECLARE=false"), said);
  });
});
