/** The rules in deploy/monitoring: each alert fires for its cause and for nothing else, and each reads metrics that there are. @module */

import { assert, assertEquals } from "@std/assert";
import { parse } from "yaml";
import { METRICS, prometheusName } from "../../src/status/definitions.ts";
import { makeFolder } from "../support/folder.ts";
import { testUnless } from "../support/optional.ts";
import { promtool, whyNoPrometheus } from "../support/prometheus.ts";

const RULES = new URL("../../deploy/monitoring/rules.yml", import.meta.url).pathname;

interface Rule {
  readonly alert?: string;
  readonly record?: string;
  readonly expr: string;
  readonly labels?: { readonly severity: string };
  readonly annotations?: { readonly summary: string; readonly description: string };
}
const { groups } = parse(Deno.readTextFileSync(RULES)) as { groups: { rules: Rule[] }[] };
const ALL = groups.flatMap(({ rules }) => rules);
const ALERTS = ALL.flatMap(({ alert }) => alert ?? []);

const AGENT = 'job="iexec-agent", instance="a:9464"';
const named = (name: string, labels = "") => `${name}{${AGENT}${labels && `, ${labels}`}}`;

/** Numbers of an agent that is well, a minute apart, for an hour. */
const WELL: Readonly<Record<string, string>> = {
  [named("up")]: "1x60",
  [named("process_start_time_seconds")]: "1000x60",
  [named("agent_condition", 'condition="answering"')]: "1x60",
  [named("agent_condition", 'condition="state_writable"')]: "1x60",
  [named("agent_source_connected", 'transport="websocket"')]: "1x60",
  [named("agent_model_up")]: "1x60",
  [named("agent_events_answered_total")]: "0+60x60",
  [named("agent_events_failed_total")]: "0+1x60",
  [named("agent_events_oldest_age_seconds")]: "5x60",
  [named("agent_outcomes_undelivered")]: "0x50 5 5 0x8",
  [named("agent_events_dead_lettered_total")]: "0x60",
  [named("agent_events_refused_total", 'reason="invalid"')]: "0x30 1x30",
  [named("agent_event_duration_seconds_bucket", 'le="1"')]: "0+60x60",
  [named("agent_event_duration_seconds_bucket", 'le="300"')]: "0+60x60",
  [named("agent_event_duration_seconds_bucket", 'le="+Inf"')]: "0+60x60",
};

/** What has to be otherwise for each alert. */
const CAUSES: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  AgentDown: { [named("up")]: "1x30 0x30" },
  AgentHangs: { [named("agent_condition", 'condition="answering"')]: "1x30 0x30" },
  AgentStateNotWritable: { [named("agent_condition", 'condition="state_writable"')]: "1x30 0x30" },
  AgentDisconnected: { [named("agent_source_connected", 'transport="websocket"')]: "1x30 0x30" },
  AgentModelDown: { [named("agent_model_up")]: "1x30 0x30" },
  AgentEventsFail: { [named("agent_events_failed_total")]: "0+10x60" },
  AgentBacklogOld: { [named("agent_events_oldest_age_seconds")]: "0+60x60" },
  AgentOutcomesUndelivered: { [named("agent_outcomes_undelivered")]: "0x30 7x30" },
  AgentDeadLetters: { [named("agent_events_dead_lettered_total")]: "0x50 1x10" },
  AgentRefuses: { [named("agent_events_refused_total", 'reason="invalid"')]: "0x50 20x10" },
  AgentSlow: { [named("agent_event_duration_seconds_bucket", 'le="1"')]: "0x60" },
  AgentRestarts: { [named("process_start_time_seconds")]: "1000x50 1001 1002 1003x8" },
};

/** The alerts that fire after an hour, by promtool. */
function firing(series: Readonly<Record<string, string>>, expected: readonly string[]): void {
  using folder = makeTestFolder();
  const test = {
    rule_files: [RULES],
    evaluation_interval: "1m",
    tests: [{
      interval: "1m",
      input_series: Object.entries(series).map(([name, values]) => ({ series: name, values })),
      promql_expr_test: [{
        expr: 'count by (alertname) (ALERTS{alertstate="firing"})',
        eval_time: "1h",
        exp_samples: expected.map((alert) => ({ labels: `{alertname="${alert}"}`, value: 1 })),
      }],
    }],
  };
  Deno.writeTextFileSync(`${folder.path}/test.yml`, JSON.stringify(test));
  promtool(["test", "rules", `${folder.path}/test.yml`]);
}

function makeTestFolder(): Disposable & { readonly path: string } {
  const { path } = makeFolder();
  return { path, [Symbol.dispose]: () => Deno.removeSync(path, { recursive: true }) };
}

testUnless(whyNoPrometheus(), "promtool finds nothing to complain of in the rules and the configuration", () => {
  assertEquals(promtool(["check", "rules", RULES]), "");
  assertEquals(promtool(["check", "config", RULES.replace("rules.yml", "prometheus.yml")]), "");
});

testUnless(whyNoPrometheus(), "no alert fires for an agent that is well, and each fires for its cause alone", () => {
  assertEquals(Object.keys(CAUSES), ALERTS);
  firing(WELL, []);
  for (const [alert, cause] of Object.entries(CAUSES)) firing({ ...WELL, ...cause }, [alert]);
});

testUnless(whyNoPrometheus(), "AgentDown fires too where the last agent is no target any more", () => {
  firing({ ...WELL, [named("up")]: "1x30 stale" }, ["AgentDown"]);
});

Deno.test("rules and dashboard read only metrics that the agent has, or that the rules make", () => {
  const own = Object.values(METRICS).flatMap((definition) => {
    const name = prometheusName(definition);
    return definition.kind === "histogram" ? ["_bucket", "_sum", "_count"].map((suffix) => name + suffix) : [name];
  });
  const known = new Set([...own, ...ALL.flatMap(({ record }) => record ?? []), "up"]);
  const dashboard = Deno.readTextFileSync(RULES.replace("rules.yml", "grafana/agent.json"));
  const expressions = [
    ...ALL.map(({ expr }) => expr),
    ...dashboard.matchAll(/"expr": "(.*)"/g).map(([, expr]) => expr!),
  ];
  assert(expressions.length > 50);
  const read = expressions.flatMap((
    expr,
  ) => [...expr.matchAll(/\b(?:instance:)?(?:agent|gen_ai|process)_[\w:]+(?=[[{\s)*/]|$)/g)])
    .map(([name]) => name).filter((name) => !/^(gen_ai_(request_model|token_type|provider_name))$/.test(name));
  assertEquals(read.filter((name) => !known.has(name)), []);
});

Deno.test("each alert says how grave it is, what has happened, and what to do; the document names each", () => {
  const document = Deno.readTextFileSync(new URL("../../docs/monitoring.md", import.meta.url));
  for (const { alert, labels, annotations } of ALL.filter(({ alert }) => alert !== undefined)) {
    assert(["critical", "warning"].includes(labels?.severity ?? ""), alert);
    assert((annotations?.summary.length ?? 0) > 20 && (annotations?.description.length ?? 0) > 20, alert);
    assert(document.includes(`\`${alert}\``), `docs/monitoring.md: ${alert}`);
  }
});
