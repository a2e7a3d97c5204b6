/** A load of questions, and its results: for `--count`. @module */

import { untilAborted } from "../../clock.ts";
import { report } from "../../test_server/load.ts";
import { type AgentEvent, isFailure, type Outcome } from "../../wire.ts";
import type { AskParts } from "./one_question.ts";

/** Milliseconds between two hand-overs, at least: questions that are due by then go together. */
const TICK_MS = 5;

/**
 * Send events until all are answered, or failed, or the waiting ends; then print the results.
 *
 * A latency counts from the moment at which the event was due: a sender that falls behind does not flatter the agents.
 *
 * @param options `rate`: events a second; `waitMs`: how long to wait after the last was sent, at most.
 * @param signal Ends sending and waiting.
 * @returns Whether all were answered.
 * @throws {FatalError} If the way can't be opened, or is lost.
 */
export async function runLoad(
  events: readonly AgentEvent[],
  { open, clock, write, say, rate, waitMs }: AskParts & { rate: number; waitMs: number },
  signal: AbortSignal,
): Promise<boolean> {
  const tally = createTally();
  const lost = Promise.withResolvers<never>();
  lost.promise.catch(() => {}); // whoever waits for it learns of it
  const way = await open({
    isMine: tally.isWaitedFor,
    heard: tally.hear,
    grew() {},
    lost: lost.reject,
  });
  const over = new AbortController();
  const enough = AbortSignal.any([signal, over.signal]);
  try {
    const pace = rate === Infinity ? "at once" : `at ${rate} a second`;
    say(`📤 Sending ${integer(events.length)} event${events.length === 1 ? "" : "s"} ${pace} over ${way.place}...`);
    const startedMs = performance.now();
    let next = 0;
    while (next < events.length && !signal.aborted) {
      const elapsedMs = performance.now() - startedMs;
      const due = rate === Infinity ? events.length : Math.min(events.length, Math.floor(elapsedMs * rate / 1_000) + 1);
      if (due > next) {
        const batch = events.slice(next, due);
        for (const { id } of batch) tally.expect(id, startedMs + next++ * 1_000 / rate);
        await Promise.race([way.send(batch), lost.promise]);
      } else await clock.sleep(Math.max(TICK_MS, next * 1_000 / rate - elapsedMs), signal);
    }
    tally.sealed();
    const ends = [tally.done, lost.promise, untilAborted(signal)];
    if (waitMs !== Infinity) ends.push(clock.sleep(waitMs, enough));
    await Promise.race(ends);
    const { latenciesMs, failed, endedMs, byAgent } = tally.results();
    const result = { count: events.length, sent: next, failed, latenciesMs, tookMs: endedMs - startedMs };
    for (const line of report(result)) write(`${line}\n`);
    if (byAgent.size > 1) {
      const shares = [...byAgent].sort().map(([agent, count]) => `${agent} ${integer(count)}`);
      write(`   by agent: ${shares.join(", ")}\n`);
    }
    return latenciesMs.length === events.length;
  } finally {
    over.abort();
    await way.close();
  }
}

/** Counts outcomes; each event once. */
function createTally() {
  const dueMs = new Map<string, number>();
  const latenciesMs: number[] = [];
  const byAgent = new Map<string, number>();
  const done = Promise.withResolvers<void>();
  let failed = 0, endedMs = 0, isSealed = false;
  const look = () => {
    if (isSealed && dueMs.size === 0) done.resolve();
  };
  return {
    done: done.promise,
    expect: (id: string, due: number) => void dueMs.set(id, due),
    isWaitedFor: (id: string) => dueMs.has(id),
    hear(outcome: Outcome) {
      const due = dueMs.get(outcome.queryId);
      if (due === undefined) return;
      dueMs.delete(outcome.queryId);
      endedMs = performance.now();
      byAgent.set(outcome.agentId, (byAgent.get(outcome.agentId) ?? 0) + 1);
      if (isFailure(outcome)) failed++;
      else latenciesMs.push(endedMs - due);
      look();
    },
    /** No more is expected. */
    sealed() {
      isSealed = true;
      look();
    },
    results: () => ({ latenciesMs, failed, endedMs, byAgent }),
  };
}

function integer(value: number): string {
  return Math.round(value).toLocaleString("en-US");
}
