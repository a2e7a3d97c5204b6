/**
 * Counters, gauges and histograms of one agent, and the text in which Prometheus reads them.
 *
 * The usual library would bring three more packages and 5 MB to everybody who runs from sources, for summaries and
 * exemplars that nobody here uses.
 *
 * @see https://prometheus.io/docs/instrumenting/exposition_formats/
 * @module
 */

import { labelName, type MetricDefinition, type MetricKind, prometheusName } from "./definitions.ts";

/** One series: a metric with a value for each of its labels. */
export interface Series {
  /** In the order of the definition. */
  readonly labels: readonly string[];
  /** Of a counter or a gauge; the sum of what a histogram has seen. */
  value: number;
  /** How often a histogram has seen a value up to each of its bounds and above the one before, and above all of them. */
  readonly counts: number[];
}

/** One metric with all of its series. */
export interface Family<Kind extends MetricKind = MetricKind> {
  readonly definition: MetricDefinition<Kind>;
  series(): Iterable<Series>;
  /** Have a series there, with 0 if it is new. */
  show(...labels: string[]): void;
  /** Add to a counter. */
  add(value: number, ...labels: string[]): void;
  /** Set a gauge. */
  set(value: number, ...labels: string[]): void;
  /** Have a histogram see a value. */
  observe(value: number, ...labels: string[]): void;
}

/** A metric without series; one that has no labels is there at once, with 0. */
export function createFamily<Kind extends MetricKind>(definition: MetricDefinition<Kind>): Family<Kind> {
  const { kind, labels: names = [], buckets = [] } = definition;
  const all = new Map<string, Series>();
  const of = (labels: readonly string[]): Series => {
    const key = labels.join("\0");
    let one = all.get(key);
    if (!one) {
      one = { labels, value: 0, counts: kind === "histogram" ? Array<number>(buckets.length + 1).fill(0) : [] };
      all.set(key, one);
    }
    return one;
  };
  if (names.length === 0) of([]);
  return {
    definition,
    series: () => all.values(),
    show: (...labels) => void of(labels),
    add: (value, ...labels) => void (of(labels).value += value),
    set: (value, ...labels) => void (of(labels).value = value),
    observe(value, ...labels) {
      const one = of(labels);
      const bound = buckets.findIndex((bound) => value <= bound);
      one.counts[bound < 0 ? buckets.length : bound]! += 1;
      one.value += value;
    },
  };
}

/** The content type of {@linkcode textOf}. */
export const CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8";

/** Metrics as Prometheus reads them. */
export function textOf(families: Iterable<Family>): string {
  const lines: string[] = [];
  for (const { definition, series } of families) {
    const name = prometheusName(definition);
    lines.push(`# HELP ${name} ${definition.help}`, `# TYPE ${name} ${definition.kind}`);
    for (const one of series()) lines.push(...samplesOf(name, definition, one));
  }
  return lines.join("\n") + "\n";
}

function samplesOf(name: string, definition: MetricDefinition, { labels, value, counts }: Series): string[] {
  const { kind, labels: names = [], buckets = [] } = definition;
  const named = names.map((label, at) => `${labelName(label)}="${escaped(labels[at] ?? "")}"`);
  const sample = (suffix: string, value: number, ...more: string[]) => {
    const all = [...named, ...more];
    return `${name}${suffix}${all.length > 0 ? `{${all.join(",")}}` : ""} ${value}`;
  };
  if (kind !== "histogram") return [sample("", value)];
  let count = 0;
  const upTo = [...buckets.map(String), "+Inf"].map((bound, at) =>
    sample("_bucket", count += counts[at] ?? 0, `le="${bound}"`)
  );
  return [...upTo, sample("_sum", value), sample("_count", count)];
}

function escaped(value: string): string {
  return value.replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("\n", "\\n");
}
