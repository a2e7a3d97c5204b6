/** What is handed to operators in deploy/: by the tools' own schemas, and by the agent's own check of its settings. @module */

import { assert, assertEquals, assertMatch } from "@std/assert";
import { parse } from "yaml";
import config from "../../deno.json" with { type: "json" };
import { readSettings, SETTINGS } from "../../src/program/settings.ts";
import type { Setting } from "../../src/settings/definition.ts";
import { environmentOf, kubernetesContainer, kubernetesText, SECRETS } from "../support/kubernetes.ts";
import { testWith } from "../support/deploy_tools.ts";

const read = (name: string) => Deno.readTextFileSync(new URL(`../../deploy/${name}`, import.meta.url));
const COMPOSE = read("compose.yaml"), KUBERNETES = kubernetesText();

testWith(
  "kubernetes-validate",
  "kubernetes.yaml is what Kubernetes' schemas say, with no property they do not know",
  async (check) => {
    assertEquals(await check(KUBERNETES), "");
    assertMatch(
      await check(KUBERNETES.replace("readOnlyRootFilesystem", "readOnlyRootFileSystem")),
      /readOnlyRootFileSystem/,
    );
    assertMatch(await check(KUBERNETES.replace("replicas: 1", "replicas: one")), /replicas|one/);
  },
);

testWith("dclint", "compose.yaml is what the Compose specification says", async (check) => {
  assertEquals(await check(COMPOSE), "");
  assertMatch(await check(COMPOSE.replace("read_only: true", "readonly: true")), /readonly|additional/i);
});

Deno.test("the image of the test server is built by running what it starts with", async () => {
  const stage = read("Dockerfile").split(/^FROM /m).find((text) => text.startsWith("sources AS test-server\n"))!;
  const [deno, ...words] = /^RUN (.+)$/m.exec(stage)![1]!.split(" ");
  const started: string[] = JSON.parse(/^ENTRYPOINT (.+)$/m.exec(stage)![1]!);
  assertEquals([deno, ...words.slice(0, 2)], started.slice(0, 3));
  const cwd = new URL("../..", import.meta.url);
  const { success, stderr } = await new Deno.Command(Deno.execPath(), { args: words, cwd, stdin: "null" }).output();
  assert(success, new TextDecoder().decode(stderr));
});

const from = (environment: Record<string, string>) => (name: string) => environment[name];

Deno.test("the agent accepts the settings in compose.yaml", () => {
  const { environment } = parse(COMPOSE).services["iexec-agent"];
  const settings = readSettings(from(environment));
  assertEquals([settings.EVENT_TRANSPORT, settings.WEBSOCKET_URL.href], ["websocket", "ws://websocket-server:8080/"]);
});

Deno.test("the agent accepts the settings in kubernetes.yaml, in a TEE too, and its secrets come from a Secret", () => {
  const container = kubernetesContainer();
  const fromSecret = container.env.filter(({ valueFrom }) => valueFrom).map(({ name }) => name);
  assertEquals(fromSecret, Object.keys(SECRETS));
  const settings = readSettings(from(environmentOf(container)), undefined, { inTee: true });
  assertEquals([settings.EVENT_TRANSPORT, settings.WEBSOCKET_URL.protocol], ["websocket", "wss:"]);
});

Deno.test("the agent accepts the settings in dstack.yaml, and only the variables that come encrypted are not measured", () => {
  const text = read("dstack.yaml"), { services } = parse(text);
  const settings = readSettings(
    from({ ...services.agent.environment, ...SECRETS, AGENT_STATE_KEY: "dstack" }),
    undefined,
    {
      inTee: true,
    },
  );
  assertEquals([settings.TEE, settings.AGENT_QUOTE_SOURCE, settings.AGENT_STATE_KEY], ["required", "dstack", "dstack"]);
  const encrypted = Array.from(text.matchAll(/\$\{(\w+)\}/g), ([, name]) => name);
  assertEquals(JSON.parse(read("dstack.app.json")).allowed_envs, encrypted);
  assertMatch(services.agent.image, /@sha256:[0-9a-f]{64}$/);
});

for (const name of ["compose.yaml", "compose.queue.yaml", "dstack.yaml", "dstack.model.yaml"]) {
  Deno.test(`${name} gives the agent the time that its end takes, and no rights, swap or core dumps`, () => {
    const { services } = parse(read(name));
    const agent = services.agent ?? services["iexec-agent"];
    assertEquals(agent.stop_grace_period, "20s");
    for (const one of services.model ? [agent, services.model] : [agent]) {
      assertEquals([one.cap_drop, one.read_only, one.ulimits.core], [["ALL"], true, 0]);
      assertEquals([one.security_opt, one.memswap_limit], [["no-new-privileges:true"], one.mem_limit]);
    }
  });
}

testWith("dclint", "dstack.yaml is what the Compose specification says", async (check) => {
  assertEquals(await check(read("dstack.yaml")), "");
});

Deno.test("in kubernetes.yaml the probes ask for health, and no memory can be swapped", () => {
  const { startupProbe, livenessProbe, resources, image } = kubernetesContainer();
  for (const probe of [startupProbe, livenessProbe]) assertEquals(probe.exec.command, ["/agent", "--health"]);
  assertEquals(resources.limits, resources.requests);
  assert(image.endsWith(`:${config.version}`), image);
});

Deno.test("iExec's declarations name one image, by a version", () => {
  const { app } = JSON.parse(read("iexec/iexec.json"));
  assertEquals([app.type, app.multiaddr], ["DOCKER", `docker.io/example/agent-iexec:${config.version}`]);
  assert(read("iexec/Dockerfile").includes(`=${app.multiaddr}\n`));
});

Deno.test("docs/iexec.md names every secret that a requester can pass, under its number", () => {
  const guide = read("../docs/iexec.md");
  const secrets = Object.entries<Setting>(SETTINGS).filter(([, { requesterSecret }]) => requesterSecret !== undefined);
  assertEquals(secrets.length, 5);
  for (const [name, { requesterSecret }] of secrets) {
    assertMatch(guide, new RegExp(`^\\| \`${name}\` +\\| \`IEXEC_REQUESTER_SECRET_${requesterSecret}\` `, "m"));
  }
});
