/** Events a second when many come at once: ours against the guide's design, taking turns. @module */

import type { Benthos } from "./benthos.ts";
import { guideClient, ourAgent, startClient } from "./peer.ts";
import { median } from "../../src/test_server/statistics.ts";

/** Events a second, the median of all rounds. */
export interface Throughput {
  readonly ours: number;
  /** Missing where there is no `node`. */
  readonly baseline?: number;
  /** Missing where it was not asked for. */
  readonly benthos?: number;
}

/** Where the baseline is sampled, as shares of the way, and how many events each time. */
const SAMPLED_AT = [0, 0.25, 0.5, 0.75, 1], SAMPLE = 100;

/**
 * Send `count` events at once to a fresh process of each design, `rounds` times, in alternating order.
 *
 * @param options `users`: spread ours over so many conversations; `agent`: ours; `baseline`: sent all events too, or sampled along the
 * way, because its time grows with the square of `count`; `benthos`: sent all events in turns with the others.
 */
export async function throughput(
  options: {
    count: number;
    rounds: number;
    users?: number;
    baseline: "whole" | "sampled" | "none";
    agent?: typeof ourAgent;
    benthos?: Benthos | undefined;
  },
): Promise<Throughput> {
  const { count, rounds, users, baseline, agent = ourAgent, benthos } = options;
  const ours: number[] = [], theirs: number[] = [], benthosMs: number[] = [];
  const sides = [async () => ours.push(await ourMs(agent, count, users))];
  if (baseline === "whole") sides.push(async () => theirs.push(await guideMs(count, 0)));
  if (baseline === "sampled") sides.push(async () => theirs.push(await sampledGuideMs(count)));
  if (benthos) sides.push(async () => benthosMs.push(await benthos.burst(count)));
  for (let round = 0; round < rounds; round++) {
    for (const measure of round % 2 === 0 ? sides : sides.toReversed()) await measure();
  }
  const rate = (times: readonly number[]) => count / median(times) * 1000;
  return {
    ours: rate(ours),
    ...baseline !== "none" && { baseline: rate(theirs) },
    ...benthos && { benthos: rate(benthosMs) },
  };
}

async function ourMs(agent: typeof ourAgent, count: number, users: number | undefined): Promise<number> {
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
