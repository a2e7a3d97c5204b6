/** A model beside the agent, in the same enclave: the forms in deploy/ that put it there. */

import { assert, assertEquals, assertMatch } from "@std/assert";
import { parse } from "yaml";
import { readSettings } from "../../src/program/settings.ts";
import { environmentOf, kubernetesPatched, SECRETS } from "../support/kubernetes.ts";
import { testWith } from "../support/deploy_tools.ts";

const read = (name: string) => Deno.readTextFileSync(new URL(`../../deploy/${name}`, import.meta.url));
const COMPOSE = read("compose.model.yaml"), DSTACK = read("dstack.model.yaml"), PATCH = read("kubernetes.model.yaml");
const LOOPBACK = "http://127.0.0.1:8081/v1";

interface Service {
  readonly network_mode?: string;
  readonly environment: Record<string, string>;
  readonly command: readonly string[];
  readonly volumes: readonly string[];
  readonly mem_limit: string;
  readonly memswap_limit: string;
}
/** kubernetes.yaml with the patch. */
const patched = () => kubernetesPatched(PATCH);

const settingsFrom = (environment: Record<string, string>, options = { inTee: true }) =>
  readSettings((name) => environment[name], undefined, options);

Deno.test("compose.model.yaml: the agent asks a model on the loopback that both share", () => {
  const { services }: { services: Record<string, Service> } = parse(COMPOSE);
  const agent = parse(read("compose.yaml")).services["iexec-agent"].environment;
  const settings = settingsFrom({ ...agent, ...services["iexec-agent"]!.environment }, { inTee: false });
  assertEquals([settings.MODEL_PROVIDER, settings.OPENAI_BASE_URL.href], ["openai", LOOPBACK]);
  assertEquals(services["model"]!.network_mode, "service:iexec-agent");
});

Deno.test("dstack.model.yaml: the agent accepts its settings in a TEE, and asks a model on the loopback", () => {
  const { services }: { services: Record<string, Service> } = parse(DSTACK);
  const settings = settingsFrom({ ...services["agent"]!.environment, ...SECRETS });
  assertEquals([settings.TEE, settings.OPENAI_BASE_URL.href], ["required", LOOPBACK]);
  assertEquals(services["model"]!.network_mode, "service:agent");
  for (const [, image] of DSTACK.matchAll(/image: (\S+)/g)) assertMatch(image!, /@sha256:[0-9a-f]{64}$/);
});

Deno.test("kubernetes.model.yaml: the agent accepts its settings in a TEE, and the model is in its pod", () => {
  const [agent, model] = patched().containers;
  assertEquals([agent.name, model.name], ["agent", "model"]);
  const settings = settingsFrom(environmentOf(agent));
  assertEquals([settings.OPENAI_BASE_URL.href, settings.WEBSOCKET_URL.protocol], [LOOPBACK, "wss:"]);
  assertEquals(model.resources.limits, model.resources.requests);
});

Deno.test("in all forms only weights of the hash are loaded, for the loopback alone, with room for the agent's answers", () => {
  const compose: Record<string, Service> = parse(COMPOSE).services,
    dstack: Record<string, Service> = parse(DSTACK).services;
  const [, kubernetes] = patched().containers;
  for (const command of [compose["model"]!.command[0]!, dstack["model"]!.command[0]!, kubernetes.args[0]]) {
    assertMatch(command, /^echo "\$\$?MODEL_SHA256 {2}\S+" \| sha256sum -c - && exec \S*llama-server --model /);
    assertMatch(command, /--host 127\.0\.0\.1 --port 8081/);
    const [, window, slots] = /--ctx-size (\d+) --parallel (\d+)/.exec(command)!;
    const environment = dstack["agent"]!.environment;
    assertEquals(slots, environment.AGENT_CONCURRENCY);
    assert(Number(window) >= Number(slots) * Number(environment.MODEL_CONTEXT_WINDOW), command);
  }
  for (const { mem_limit, memswap_limit } of [compose["model"]!, dstack["model"]!]) {
    assertEquals(mem_limit, memswap_limit);
  }
});

testWith(
  "dclint",
  "compose.model.yaml and dstack.model.yaml are what the Compose specification says",
  async (check) => {
    for (const text of [COMPOSE, DSTACK]) assertEquals(await check(text), "");
  },
);

testWith("kubernetes-validate", "kubernetes.yaml with the model is what Kubernetes' schemas say", async (check) => {
  assertEquals(await check(patched().text), "");
});
