/** The metrics and the health of an agent under test, as a scraper sees them. @module */

import type { AgentUnderTest } from "./agent.ts";

/** Samples of one scrape, by their names with labels, as they stand in the text. */
export type Samples = ReadonlyMap<string, number>;

/** Settings that have an agent show its state at a port that the system picks. */
export const SHOWN = { STATUS_ADDRESS: "127.0.0.1:0" };

/** Where an agent that was started with {@linkcode SHOWN} shows its state. */
export async function statusOf(agent: AgentUnderTest): Promise<string> {
  return String((await agent.logged("📈 Metrics and health at {url}")).url);
}

/** The metrics as text. */
export async function metricsText(url: string): Promise<string> {
  const response = await fetch(`${url}/metrics`);
  if (!response.ok) throw new Error(`/metrics answered ${response.status}`);
  return await response.text();
}

/** The samples in a text of metrics. */
export function samplesIn(text: string): Samples {
  const lines = text.split("\n").filter((line) => line !== "" && !line.startsWith("#"));
  return new Map(lines.map((line) => {
    const at = line.lastIndexOf(" ");
    return [line.slice(0, at), Number(line.slice(at + 1))];
  }));
}

/** Longest wait for a change that a scrape shows. Far above what any machine needs: it only ends a test that failed. */
const PATIENCE_MS = 30_000;

/**
 * The samples, as soon as `isThere` says so of them. It asks again and again: a scrape is all that tells of a change.
 *
 * @throws {Error} When patience runs out, with what there is instead.
 */
export async function scrapedUntil(url: string, isThere: (samples: Samples) => boolean): Promise<Samples> {
  const giveUp = AbortSignal.timeout(PATIENCE_MS);
  while (true) {
    const text = await metricsText(url), samples = samplesIn(text);
    if (isThere(samples)) return samples;
    if (giveUp.aborted) throw new Error(`Waited in vain for metrics. There are:\n${text.replace(/^#.*\n/gm, "")}`);
  }
}

/** What `/healthz` or `/readyz` says. */
export async function healthAt(
  url: string,
): Promise<{ status: number; body: { ok: boolean; conditions: Record<string, boolean> } }> {
  const response = await fetch(url);
  return { status: response.status, body: await response.json() };
}
