/** Figures of the last minutes, slice by slice, by a clock that the test sets. @module */

import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { createFigures } from "../../src/test_server/figures.ts";
import { percentile } from "../../src/test_server/statistics.ts";

Deno.test("outcomes count in the slice in which they came, for their agent and for all", () => {
  let nowMs = 1_000_000;
  const figures = createFigures(() => nowMs);
  figures.record(1, { kind: "answered", tookMs: 100 });
  figures.record(2, { kind: "declined", tookMs: 200 });
  nowMs += 10_000;
  figures.record(1, { kind: "failed" });
  const { all, agents, endMs, sliceMs } = figures.view();
  assertEquals([endMs, sliceMs, all.answered.length], [1_020_000, 10_000, 30]);
  assertEquals([all.answered, all.declined, all.failed].map((values) => values.slice(-2)), [[2, 0], [1, 0], [0, 1]]);
  const ofAgents = agents.map(([connection, { answered, failed }]) => [connection, answered.at(-2), failed.at(-1)]);
  assertEquals(ofAgents, [[1, 1, 1], [2, 1, 0]]);
  assertEquals(all.p50Ms.slice(-2).map((ms) => ms === null), [false, true]);
});

Deno.test("outcomes older than five minutes are forgotten, and those of an agent that has gone count for all", () => {
  let nowMs = 1_000_000;
  const figures = createFigures(() => nowMs);
  figures.record(1, { kind: "answered", tookMs: 1 });
  figures.forget(1);
  assertEquals([figures.view().agents, figures.view().all.answered.at(-1)], [[], 1]);
  nowMs += 290_000;
  assertEquals(figures.view().all.answered[0], 1);
  nowMs += 10_000;
  assertEquals(figures.view().all.answered.every((count) => count === 0), true);
  assertEquals(figures.view().all.overall, { p50Ms: null, p95Ms: null });
});

Deno.test("a clock that is set back loses nothing", () => {
  let nowMs = 1_000_000;
  const figures = createFigures(() => nowMs);
  figures.record(1, { kind: "answered", tookMs: 1 });
  nowMs -= 60_000;
  figures.record(1, { kind: "answered", tookMs: 1 });
  nowMs += 60_000;
  assertEquals(figures.view().all.answered.at(-1), 2);
});

Deno.test("percentiles are right within 2.5 percent and a tenth of a millisecond", () => {
  fc.assert(fc.property(fc.array(fc.integer({ min: 1, max: 1_000_000 }), { minLength: 1 }), (latenciesMs) => {
    const figures = createFigures(() => 1_000_000);
    for (const tookMs of latenciesMs) figures.record(1, { kind: "answered", tookMs });
    const { p50Ms, p95Ms } = figures.view().all.overall;
    const ascending = latenciesMs.toSorted((one, other) => one - other);
    for (const [share, given] of [[0.5, p50Ms], [0.95, p95Ms]] as const) {
      const right = percentile(ascending, share);
      assertEquals(Math.abs((given ?? NaN) - right) <= 0.025 * right + 0.1, true, `${share}: ${given}, ${right}`);
    }
  }));
});
