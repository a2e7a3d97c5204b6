/** Debian's Prometheus scrapes the real program, with the rules and the dashboard's queries as they are in deploy/. @module */

import { assert, assertEquals } from "@std/assert";
import { startAgent } from "../support/agent.ts";
import { event } from "../support/events.ts";
import { startModelServer } from "../support/model_server.ts";
import { testUnless } from "../support/optional.ts";
import { startPrometheus, whyNoPrometheus } from "../support/prometheus.ts";
import { startServer } from "../support/server.ts";
import { SHOWN, statusOf } from "../support/status.ts";

const MONITORING = new URL("../../deploy/monitoring/", import.meta.url);
/** The rules, which fire as soon as their condition holds. */
const RULES = Deno.readTextFileSync(new URL("rules.yml", MONITORING)).replace(/^( +for:) .*/gm, "$1 0s");

/** Every query of the dashboard, as Grafana sends it. */
function dashboardQueries(): string[] {
  const { panels } = JSON.parse(Deno.readTextFileSync(new URL("grafana/agent.json", MONITORING)));
  const targets = panels.flatMap(({ targets = [] }: { targets?: { expr: string }[] }) => targets);
  return targets.map(({ expr }: { expr: string }) =>
    expr.replaceAll("$__rate_interval", "1m").replaceAll("$instance", ".*")
  );
}

testUnless(
  whyNoPrometheus(),
  "every query of the dashboard finds something, and no alert fires for an agent that is well",
  async () => {
    await using model = await startModelServer("openai");
    await using server = await startServer({ events: [] });
    await using agent = await startAgent({
      env: {
        ...SHOWN,
        EVENT_TRANSPORT: "websocket",
        WEBSOCKET_URL: server.url,
        MODEL_PROVIDER: "openai",
        OPENAI_BASE_URL: model.url,
        OPENAI_MODEL: "test-model",
      },
    });
    await server.authenticated(1);
    const target = new URL(await statusOf(agent)).host;
    await using prometheus = await startPrometheus({ target, rules: RULES });
    const agentUp = 'agent_build_info{job="iexec-agent"}';
    await prometheus.finds(agentUp);
    server.send(...Array.from({ length: 20 }, (_, index) => event(`q${index}`)));
    await server.acks(20);
    await prometheus.finds("rate(agent_events_answered_total[1m]) > 0");
    await prometheus.finds("instance:agent_events_failed:ratio_rate5m");
    for (const query of dashboardQueries()) assert((await prometheus.query(query)).length > 0, query);
    assertEquals(await prometheus.firing(), []);
  },
);
