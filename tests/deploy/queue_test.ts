/** What deploy/ has for queues: by the tools' own schemas, by the agent's check of its settings, and by one another. @module */

import { assertEquals, assertMatch } from "@std/assert";
import { parse, parseAllDocuments } from "yaml";
import config from "../../deno.json" with { type: "json" };
import { readSettings } from "../../src/program/settings.ts";
import { testWith } from "../support/deploy_tools.ts";
import type { Container } from "../support/kubernetes.ts";

const read = (name: string) => Deno.readTextFileSync(new URL(`../../deploy/${name}`, import.meta.url));
const COMPOSE = read("compose.queue.yaml"), AGENTS = read("kubernetes.queue.yaml"), KEDA = read("kubernetes.keda.yaml");

const STATEFUL_SET = documentsIn(AGENTS).find(({ kind }) => kind === "StatefulSet")!;
const CONTAINER: Container = STATEFUL_SET.spec.template.spec.containers[0];

// deno-lint-ignore no-explicit-any -- a test looks into it as it likes, and fails where that is not there
function documentsIn(text: string): any[] {
  return parseAllDocuments(text).map((document) => document.toJS());
}

testWith("kubernetes-validate", "kubernetes.queue.yaml is what Kubernetes' schemas say", async (check) => {
  assertEquals(await check(AGENTS), "");
  assertMatch(await check(AGENTS.replace("volumeClaimTemplates", "volumeClaimTemplate")), /volumeClaimTemplate/);
});

testWith("dclint", "compose.queue.yaml is what the Compose specification says", async (check) => {
  assertEquals(await check(COMPOSE), "");
  assertMatch(await check(COMPOSE.replace("content:", "text:")), /configs/);
});

Deno.test("the agent accepts the settings in compose.queue.yaml, and each agent's volumes are its own", () => {
  const { agent, rabbitmq } = parse(COMPOSE).services;
  const settings = readSettings((name) => agent.environment[name]);
  assertEquals([settings.EVENT_TRANSPORT, settings.RABBITMQ_URL?.href], ["rabbitmq", "amqp://rabbitmq:5672"]);
  // A name would be one volume for all, and a port or a name of the container one for the first.
  assertEquals(agent.volumes, ["/app/iexec_out", "/app/.agent"]);
  assertEquals([agent.ports, agent.container_name], [undefined, undefined]);
  assertEquals(rabbitmq.ports, ["127.0.0.1:5672:5672"]);
});

Deno.test("the agent accepts the settings in kubernetes.queue.yaml, in a TEE too, and each agent has its own volume", () => {
  const secrets: Record<string, string> = {
    RABBITMQ_URL: "amqps://ann:s3cret@rabbitmq:5671",
    AGENT_STATE_KEY: "0".repeat(64),
  };
  const fromSecret = CONTAINER.env.filter(({ valueFrom }) => valueFrom).map(({ name }) => name);
  assertEquals(fromSecret, Object.keys(secrets));
  const environment = Object.fromEntries(CONTAINER.env.map(({ name, value }) => [name, value ?? secrets[name]]));
  const settings = readSettings((name) => environment[name], undefined, { inTee: true });
  assertEquals([settings.EVENT_TRANSPORT, settings.RABBITMQ_URL?.protocol], ["rabbitmq", "amqps:"]);
  const [{ metadata: { name: volume } }] = STATEFUL_SET.spec.volumeClaimTemplates;
  assertEquals(
    [volume, STATEFUL_SET.spec.template.spec.volumes.some(({ name }: { name: string }) => name === volume)],
    [
      "state",
      false,
    ],
  );
  assertEquals(CONTAINER.resources.limits, CONTAINER.resources.requests);
  assertMatch(CONTAINER.image, new RegExp(`:${config.version}$`));
});

/** @see https://keda.sh/docs/latest/scalers/: the metadata of each trigger that the file may use. */
const TRIGGERS: Readonly<Record<string, readonly string[]>> = {
  rabbitmq: ["protocol", "queueName", "mode", "value"],
  "redis-streams": ["address", "stream", "streamLength", "enableTLS"],
  "nats-jetstream": ["natsServerMonitoringEndpoint", "account", "stream", "consumer", "lagThreshold"],
};

Deno.test("kubernetes.keda.yaml scales the agents of kubernetes.queue.yaml by the queues that agents have by default", () => {
  const documents = documentsIn(KEDA);
  const objects = documents.filter(({ kind }) => kind === "ScaledObject");
  const settings = readSettings(() => undefined);
  const triggers = objects.map(({ apiVersion, spec }) => {
    const { scaleTargetRef, triggers: [trigger] } = spec;
    assertEquals(apiVersion, "keda.sh/v1alpha1");
    assertEquals(scaleTargetRef, { apiVersion: "apps/v1", kind: "StatefulSet", name: STATEFUL_SET.metadata.name });
    assertEquals(Object.keys(trigger.metadata).filter((name) => !TRIGGERS[trigger.type]?.includes(name)), []);
    // KEDA reads texts only.
    assertEquals(Object.values(trigger.metadata).filter((value) => typeof value !== "string"), []);
    return trigger;
  });
  assertEquals(triggers.map(({ type }) => type), Object.keys(TRIGGERS));
  const [rabbitmq, redis, nats] = triggers.map(({ metadata }) => metadata);
  assertEquals(rabbitmq.queueName, settings.RABBITMQ_QUEUE);
  assertEquals(redis.stream, settings.REDIS_STREAM);
  assertEquals([nats.stream, nats.consumer], [settings.NATS_STREAM, settings.NATS_CONSUMER]);
  const login = documents.find(({ kind }) => kind === "TriggerAuthentication");
  assertEquals(triggers[0].authenticationRef.name, login.metadata.name);
});
