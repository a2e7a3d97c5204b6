/** Prometheus and its tool, as Debian's package `prometheus` has them. @module */

import { setTimeout as delay } from "node:timers/promises";
import { makeFolder } from "./folder.ts";
import { readLines } from "./lines.ts";
import { createWatch } from "./watch.ts";

/** Why there is none here; undefined where there is. */
export function whyNoPrometheus(): string | undefined {
  try {
    const { success } = new Deno.Command("promtool", { args: ["--version"], stdout: "null", stderr: "null" })
      .outputSync();
    return success ? undefined : "promtool does not run";
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return "Prometheus is not installed";
    throw error;
  }
}

/**
 * Run promtool; returns what it complained of.
 *
 * @throws {Error} If it ended with another code than 0, with all that it said.
 */
export function promtool(args: readonly string[], { input }: { input?: string } = {}): string {
  const path = Deno.makeTempFileSync({ prefix: "agent-test-promtool-" });
  try {
    Deno.writeTextFileSync(path, input ?? "");
    const { code, stdout, stderr } = new Deno.Command("sh", {
      args: ["-c", 'exec promtool "$@" <"$0"', path, ...args],
    }).outputSync();
    const said = new TextDecoder().decode(stderr);
    if (code !== 0) {
      throw new Error(`promtool ${args.join(" ")} ended with ${code}:\n${said}${new TextDecoder().decode(stdout)}`);
    }
    return said;
  } finally {
    Deno.removeSync(path);
  }
}

/** A Prometheus that runs. */
export interface PrometheusUnderTest extends AsyncDisposable {
  readonly url: string;
  /** What a query finds now. */
  query(
    expression: string,
  ): Promise<readonly { readonly metric: Record<string, string>; readonly value: [number, string] }[]>;
  /** The alerts that fire now, in the order of their names. */
  firing(): Promise<readonly string[]>;
  /** Resolves once these alerts fire, in the order of their names, and no other one does. */
  firesOnly(...alerts: readonly string[]): Promise<void>;
  /** Resolves once a query finds something. */
  finds(expression: string): Promise<void>;
}

/** Longest wait for something that should happen: it only ends a test that failed. */
const PATIENCE_MS = 60_000;

/**
 * Start one, which scrapes `target` as the job of the rules twice a second.
 *
 * @param options `rules`: the text of its rules, evaluated as often.
 */
export async function startPrometheus(options: { target: string; rules: string }): Promise<PrometheusUnderTest> {
  const folder = makeFolder();
  const config = {
    global: { scrape_interval: "500ms", scrape_timeout: "500ms", evaluation_interval: "500ms" },
    rule_files: ["rules.yml"],
    scrape_configs: [{ job_name: "iexec-agent", static_configs: [{ targets: [options.target] }] }],
  };
  Deno.writeTextFileSync(`${folder.path}/prometheus.yml`, JSON.stringify(config));
  Deno.writeTextFileSync(`${folder.path}/rules.yml`, options.rules);
  const child = new Deno.Command("prometheus", {
    args: [
      `--config.file=${folder.path}/prometheus.yml`,
      `--storage.tsdb.path=${folder.path}/data`,
      "--web.listen-address=127.0.0.1:0",
      "--log.format=json",
    ],
    stdout: "null",
    stderr: "piped",
  }).spawn();
  const lines: string[] = [];
  const watch = createWatch({ report: () => lines.join("\n"), patienceMs: PATIENCE_MS });
  const reading = readLines(child.stderr, (line) => {
    lines.push(line);
    watch.changed();
  });
  const url = `http://${await watch.until("its address", () => {
    const line = lines.find((line) => line.includes('"Listening on"'));
    return line && String(JSON.parse(line).address);
  })}`;
  await watch.until("its readiness", () => lines.find((line) => line.includes("ready to receive")));
  const ask = async (path: string) => {
    const response = await fetch(`${url}/api/v1/${path}`);
    const { status, data, error } = await response.json();
    if (status !== "success") throw new Error(`Prometheus refuses ${path}: ${error}`);
    return data;
  };
  const query = async (expression: string) => (await ask(`query?query=${encodeURIComponent(expression)}`)).result;
  const until = async (what: string, isThere: () => Promise<boolean>) => {
    const giveUp = AbortSignal.timeout(PATIENCE_MS);
    while (!await isThere()) {
      if (giveUp.aborted) throw new Error(`Waited in vain until ${what}`);
      // It tells nobody of a change, and scrapes twice a second.
      await delay(100);
    }
  };
  const firing = async () => {
    const { alerts }: { alerts: { labels: { alertname: string }; state: string }[] } = await ask("alerts");
    return alerts.filter(({ state }) => state === "firing").map(({ labels }) => labels.alertname).sort();
  };
  return {
    url,
    query,
    firing,
    finds: (expression) => until(`${expression} finds something`, async () => (await query(expression)).length > 0),
    firesOnly: (...alerts) =>
      until(`${alerts.join() || "nothing"} fires alone`, async () => String(await firing()) === alerts.join()),
    async [Symbol.asyncDispose]() {
      child.kill("SIGKILL");
      await child.status;
      await reading;
      watch[Symbol.dispose]();
      await folder[Symbol.asyncDispose]();
    },
  };
}
