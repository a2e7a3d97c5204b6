/** Settings of queues that would have an agent take what it sends for events. @module */

import { assertEquals } from "@std/assert";
import { problems, read, type SettingsEnvironment } from "../support/settings.ts";

const RABBITMQ: SettingsEnvironment = { EVENT_TRANSPORT: "rabbitmq", RABBITMQ_URL: "amqp://127.0.0.1" };
const REDIS: SettingsEnvironment = { EVENT_TRANSPORT: "redis", REDIS_URL: "redis://127.0.0.1" };
const NATS: SettingsEnvironment = { EVENT_TRANSPORT: "nats", NATS_URL: "nats://127.0.0.1" };

Deno.test("events can't come from where outcomes or dead letters go", () => {
  const found = [
    { ...RABBITMQ, RABBITMQ_QUEUE: "a,agent.outcomes" },
    { ...RABBITMQ, RABBITMQ_QUEUE: "a,a.dead" },
    { ...RABBITMQ, RABBITMQ_OUTCOME_QUEUE: "agent.events.dead" },
    { ...REDIS, REDIS_STREAM: "a,{agent}:outcomes" },
    { ...REDIS, REDIS_DEAD_STREAM: "{agent}:events" },
    { ...NATS, NATS_OUTCOME_SUBJECT: "agent.events.outcomes" },
    { ...NATS, NATS_SUBJECT: "*.dead.>" },
  ].map((environment) => problems(environment));
  assertEquals(found, [
    ["RABBITMQ_QUEUE: agent.outcomes is where outcomes or dead letters go: take events from another queue"],
    ["RABBITMQ_QUEUE: a.dead is where outcomes or dead letters go: take events from another queue"],
    ["RABBITMQ_OUTCOME_QUEUE: agent.events.dead is where dead letters go: name another queue"],
    ["REDIS_STREAM: {agent}:outcomes is where outcomes or dead letters go: take events from another stream"],
    ["REDIS_STREAM: {agent}:events is where outcomes or dead letters go: take events from another stream"],
    [
      "NATS_SUBJECT: agent.events.> takes in agent.events.outcomes.>, where outcomes or dead letters go: take events " +
      "from another subject",
    ],
    [
      "NATS_SUBJECT: *.dead.> takes in agent.dead.>, where outcomes or dead letters go: take events from another subject",
    ],
  ]);
});

Deno.test("names that are apart are fine, and those of a broker that is not used count nothing", () => {
  read({ ...RABBITMQ, RABBITMQ_QUEUE: "agent.events.dead", REDIS_STREAM: "{agent}:dead" });
  read({ ...REDIS, REDIS_STREAM: "a,b", NATS_SUBJECT: "agent.>" });
  for (const subject of ["agent.*", "agent.events", "*.events.>", "agent.outcomes"]) {
    read({ ...NATS, NATS_SUBJECT: subject });
  }
});
