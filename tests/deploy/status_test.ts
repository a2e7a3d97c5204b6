/** The forms in deploy/ that show and watch the agent's state: port, probes, scraper, Prometheus and Grafana. */

import { assertEquals } from "@std/assert";
import { parse, parseAllDocuments } from "yaml";
import { readSettings } from "../../src/program/settings.ts";
import { listenAddress } from "../../src/status/settings.ts";
import { testWith } from "../support/deploy_tools.ts";
import { environmentOf, kubernetesPatched } from "../support/kubernetes.ts";

const read = (name: string) => Deno.readTextFileSync(new URL(`../../deploy/${name}`, import.meta.url));
const COMPOSE = read("compose.monitoring.yaml"), PATCH = read("kubernetes.status.yaml");
const PORT = 9464;

Deno.test("kubernetes.status.yaml: the agent accepts the port in a TEE too, and every probe asks there", () => {
  const [agent] = kubernetesPatched(PATCH).containers;
  const settings = readSettings((name) => environmentOf(agent)[name], undefined, { inTee: true });
  assertEquals(listenAddress(settings.STATUS_ADDRESS!), { hostname: "0.0.0.0", port: PORT });
  assertEquals(agent.ports, [{ name: "status", containerPort: PORT, protocol: "TCP" }]);
  const asked = [agent.startupProbe, agent.livenessProbe, agent.readinessProbe].map((
    { exec, httpGet },
  ) => [exec, httpGet]);
  assertEquals(asked, [
    [undefined, { path: "/healthz", port: "status" }],
    [undefined, { path: "/healthz", port: "status" }],
    [undefined, { path: "/readyz", port: "status" }],
  ]);
});

Deno.test("the ServiceMonitor finds the agent's port, under the job that rules and dashboard look for", () => {
  const [service, monitor] = parseAllDocuments(read("monitoring/servicemonitor.yaml")).map((one) => one.toJS());
  const [agent] = kubernetesPatched(PATCH).containers;
  assertEquals(service.spec.ports[0].targetPort, agent.ports[0].name);
  assertEquals(monitor.spec.endpoints[0].port, service.spec.ports[0].name);
  assertEquals(service.metadata.labels[monitor.spec.jobLabel], "iexec-agent");
  assertEquals(parse(read("monitoring/prometheus.yml")).scrape_configs[0].job_name, "iexec-agent");
});

Deno.test("compose.monitoring.yaml: Prometheus scrapes the agent, every file that it mounts is there, ports are loopback's", () => {
  const { services } = parse(COMPOSE);
  const { environment } = parse(read("compose.yaml")).services["iexec-agent"];
  const all = { ...environment, ...services["iexec-agent"].environment };
  assertEquals(listenAddress(readSettings((name) => all[name]).STATUS_ADDRESS!).port, PORT);
  const [{ targets }] = parse(read("monitoring/prometheus.yml")).scrape_configs[0].static_configs;
  assertEquals(targets, [`iexec-agent:${PORT}`]);
  const mounts: string[] = [...services.prometheus.volumes, ...services.grafana.volumes];
  for (const path of mounts.filter((mount) => mount.startsWith("./"))) read(path.split(":")[0]!);
  for (const port of [...services.prometheus.ports, ...services.grafana.ports]) {
    assertEquals(port.startsWith("127.0.0.1:"), true, port);
  }
});

testWith("dclint", "compose.monitoring.yaml is what the Compose specification says", async (check) => {
  assertEquals(await check(COMPOSE), "");
});

testWith("kubernetes-validate", "kubernetes.yaml with the port is what Kubernetes' schemas say", async (check) => {
  assertEquals(await check(kubernetesPatched(PATCH).text), "");
});
