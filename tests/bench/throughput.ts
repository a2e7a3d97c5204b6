/** Events a second when many come at once: ours against the guide's design, taking turns. @module */

import { guideClient, ourAgent, startClient } from "./peer.ts";
import { median } from "../../src/test_server/statistics.ts";

/** Events a second, the median of all rounds. */
export interface Throughput {
  readonly ours: number;
  /** Missing where there is no `node`. */
  readonly baseline?: number;
  /** Of others that took turns with them, by their names. */
  readonly others: Readonly<Record<string, number>>;
}

/** Where the baseline is sampled, as shares of the way, and how many events each time. */
const SAMPLED_AT = [0, 0.25, 0.5, 0.75, 1], SAMPLE = 100;

/**
 * Send `count` events at once to a fresh process of each design, `rounds` times, in alternating order.
 *
 * @param options `users`: spread ours over so many conversations; `agent`: ours; `baseline`: sent all events too, or sampled along the
 * way, because its time grows with the square of `count`; `others`: the milliseconds that others take for them, by their names.
 */
export async function throughput(
  options: {
    count: number;
    rounds: number;
    users?: number;
    baseline: "whole" | "sampled" | "none";
    agent?: typeof ourAgent;
    others?: Readonly<Record<string, (count: number) => Promise<number>>>;
  },
): Promise<Throughput> {
  const { count, rounds, users, baseline, agent = ourAgent, others = {} } = options;
  const ours: number[] = [], theirs: number[] = [];
  const othersMs = Object.keys(others).map((): number[] => []);
  const sides = [async () => ours.push(await ourMs(agent, count, users))];
  if (baseline === "whole") sides.push(async () => theirs.push(await guideMs(count, 0)));
  if (baseline === "sampled") sides.push(async () => theirs.push(await sampledGuideMs(count)));
  for (const [index, burst] of Object.values(others).entries()) {
    sides.push(async () => othersMs[index]!.push(await burst(count)));
  }
  for (let round = 0; round < rounds; round++) {
    for (const measure of round % 2 === 0 ? sides : sides.toReversed()) await measure();
  }
  const rate = (times: readonly number[]) => count / median(times) * 1000;
  return {
    ours: rate(ours),
    ...baseline !== "none" && { baseline: rate(theirs) },
    others: Object.fromEntries(Object.keys(others).map((name, index) => [name, rate(othersMs[index]!)])),
  };
}

/** Milliseconds of one burst to a fresh process of ours. */
export async function ourMs(agent: typeof ourAgent, count: number, users?: number): Promise<number> {
  await using client = await startClient(agent);
  const ms = await client.burst({ count, ...users !== undefined && { users } });
  await client.stop();
  return ms;
}

async function guideMs(count: number, before: number): Promise<number> {
  await using client = await startClient(guideClient(before));
  return await client.burst({ count });
}

/** The cost of an answer grows with those before it in a straight line, so the trapezoids under the samples are it. */
async function sampledGuideMs(count: number): Promise<number> {
  const costs: number[] = [];
  for (const share of SAMPLED_AT) costs.push(await guideMs(SAMPLE, share * count) / SAMPLE);
  const between = costs.slice(1).map((cost, index) => (cost + costs[index]!) / 2);
  return count * between.reduce((sum, cost) => sum + cost, 0) / between.length;
}

/** Whether the baseline can run here; if so, what it needs is there from now on. */
export async function prepareBaseline(): Promise<boolean> {
  try {
    if (!new Deno.Command("node", { args: ["--version"], stdout: "null" }).outputSync().success) return false;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
  await import("ws"); // brings it into Deno's npm cache, where Node is told to look for it
  return true;
}
