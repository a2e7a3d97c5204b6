/** `--events`: a load of generated events for the connected agents, and its results. @module */

import { type Clock, untilAborted } from "../clock.ts";
import type { Placed } from "./dispatch.ts";
import type { Asker } from "./ledger.ts";
import { generateEvents, openTally } from "./load_events.ts";
import { percentile } from "./statistics.ts";
import type { AgentEvent } from "../wire.ts";

export interface LoadOptions {
  readonly count: number;
  /** Events a second; Infinity: all at once. */
  readonly rate: number;
  readonly ask: (event: AgentEvent, asker: Asker) => Placed;
  readonly clock: Clock;
  readonly print: (line: string) => void;
}

/**
 * Send events until all are answered, or failed, or `signal` aborts; then print the results.
 *
 * A latency counts from the moment at which the event was due: a sender that falls behind does not flatter the agents.
 *
 * @returns Whether all were answered.
 */
export async function runLoad(options: LoadOptions, signal: AbortSignal): Promise<boolean> {
  const { count, rate, ask, clock, print } = options;
  const make = generateEvents({ prefix: `load-${crypto.randomUUID()}-` });
  const events = Array.from({ length: count }, () => make(clock.now()));
  const dueMs = new Map<string, number>();
  const latenciesMs: number[] = [];
  let failed = 0;
  let endedMs = 0;
  const settled = (id: string) => {
    endedMs = performance.now();
    return endedMs - (dueMs.get(id) ?? endedMs);
  };
  const tally = openTally(events.map(({ id }) => id), {
    answered: (id) => void latenciesMs.push(settled(id)),
    failed(id) {
      settled(id);
      failed++;
    },
  });

  const pace = rate === Infinity ? "at once" : `at ${rate} a second`;
  print(`📤 Sending ${integer(count)} event${count === 1 ? "" : "s"} ${pace}...`);
  const startedMs = performance.now();
  for (const [index, event] of events.entries()) {
    const due = startedMs + index * 1_000 / rate;
    const earlyMs = due - performance.now();
    if (earlyMs > 0) await clock.sleep(earlyMs, signal);
    if (signal.aborted) break;
    dueMs.set(event.id, due);
    const placed = ask(event, { tell: (frame) => tally.hear(frame) });
    if (!placed.ok) throw new Error(`Cannot ask ${event.id}: ${placed.reason}`);
  }
  await Promise.race([tally.done, untilAborted(signal)]);

  for (const line of report({ count, sent: dueMs.size, failed, latenciesMs, tookMs: endedMs - startedMs })) print(line);
  return latenciesMs.length === count;
}

/** The lines that are printed at the end. `tookMs`: from the first event to the last outcome. */
export function report(
  result: { count: number; sent: number; failed: number; latenciesMs: readonly number[]; tookMs: number },
): string[] {
  const { count, sent, failed, latenciesMs, tookMs } = result, answered = latenciesMs.length;
  const missing = count - answered - failed;
  const lines = [
    `📊 Answered ${integer(answered)} of ${integer(count)} events` +
    (failed > 0 ? `, ${integer(failed)} failed` : "") +
    (missing > 0 ? `, ${integer(missing)} not answered yet (${integer(count - sent)} of them not sent)` : ""),
  ];
  if (answered === 0) return lines;
  const ascending = latenciesMs.toSorted((a, b) => a - b);
  const at = (share: number) => `${percentile(ascending, share).toFixed(1)} ms`;
  return [
    ...lines,
    `   throughput: ${integer(answered / (tookMs / 1_000))} a second, in ${(tookMs / 1_000).toFixed(2)} s`,
    `   latency: p50 ${at(0.5)}, p90 ${at(0.9)}, p99 ${at(0.99)}, max ${at(1)}`,
  ];
}

function integer(value: number): string {
  return Math.round(value).toLocaleString("en-US");
}
