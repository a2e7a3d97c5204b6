/** The clock: pauses, and the delays between attempts. @module */

import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { getEventListeners } from "node:events";
import fc from "fast-check";
import { backoffDelayMs, systemClock } from "../src/clock.ts";

/** So long that a test which waits for it to pass never ends. */
const FOR_EVER_MS = 2 ** 31 - 1;

const aChance = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });
const aBase = fc.integer({ min: 1, max: FOR_EVER_MS });

Deno.test("the wait doubles with each failure up to a minute, and starts at the base after something that worked", () => {
  const waits = [0, 1, 2, 3, 4, 5, 6].map((failures) => backoffDelayMs(failures, { baseMs: 5_000, random: () => 0 }));
  assertEquals(waits, [5_000, 5_000, 10_000, 20_000, 40_000, 60_000, 60_000]);
});

Deno.test("chance takes up to a quarter off the wait", () => {
  const waits = [0, 0.5, 0.999_999].map((chance) => backoffDelayMs(1, { baseMs: 8_000, random: () => chance }));
  assertEquals(waits, [8_000, 7_000, 6_000]);
});

Deno.test("whatever the failures and the chance, the wait lies between three quarters and the whole of the full one", () => {
  fc.assert(fc.property(fc.nat(), aBase, aBase, aChance, (failures, baseMs, maxMs, chance) => {
    const fullMs = backoffDelayMs(failures, { baseMs, maxMs, random: () => 0 });
    const shortMs = backoffDelayMs(failures, { baseMs, maxMs, random: () => chance });
    assert(Math.round(fullMs * 0.75) <= shortMs && shortMs <= fullMs, `${shortMs} of ${fullMs}`);
    assert(Number.isInteger(shortMs) && shortMs >= 1, `${shortMs}`);
    assert(baseMs <= fullMs && fullMs <= Math.max(baseMs, maxMs), `${fullMs} for ${baseMs} to ${maxMs}`);
  }));
});

Deno.test("each full wait is twice the one before or the greatest there is", () => {
  fc.assert(fc.property(fc.integer({ min: 1, max: 2_000 }), aBase, aBase, (failures, baseMs, maxMs) => {
    const full = (count: number) => backoffDelayMs(count, { baseMs, maxMs, random: () => 0 });
    assertEquals(full(failures + 1), Math.min(2 * full(failures), Math.max(baseMs, maxMs)));
  }));
});

Deno.test("a base above the greatest wait is waited in full", () => {
  assertEquals(backoffDelayMs(9, { baseMs: 90_000, random: () => 0 }), 90_000);
});

Deno.test("by default chance is drawn anew each time", () => {
  const waits = Array.from({ length: 64 }, () => backoffDelayMs(1, { baseMs: 1_000_000_000 }));
  assert(new Set(waits).size > 1, "64 waits were all alike");
});

Deno.test("a count of failures that is none, and a base that is no time, are refused with rule and value", () => {
  for (const failures of [-1, 0.5, NaN, Infinity]) {
    const rule = `failures must be a whole number from 0 up, got ${failures}`;
    assertThrows(() => backoffDelayMs(failures, { baseMs: 1 }), RangeError, rule);
  }
  for (const baseMs of [0, -1, NaN]) {
    assertThrows(() => backoffDelayMs(1, { baseMs }), RangeError, `baseMs must be above 0, got ${baseMs}`);
  }
});

Deno.test("a pause ends when its time has passed", async () => {
  await systemClock.sleep(0);
  await systemClock.sleep(1, new AbortController().signal);
});

Deno.test("an aborted pause just ends, before its time and without an error", async () => {
  const controller = new AbortController();
  const pause = systemClock.sleep(FOR_EVER_MS, controller.signal);
  controller.abort(new Error("stop"));
  await pause;
  await systemClock.sleep(FOR_EVER_MS, controller.signal);
});

Deno.test("pauses leave nothing behind on the signal they were given", async () => {
  const { signal } = new AbortController();
  for (let pause = 0; pause < 3; pause++) await systemClock.sleep(0, signal);
  assertEquals(getEventListeners(signal, "abort").length, 0);
});

Deno.test("an error that is not the signal's reaches the caller", async () => {
  await assertRejects(() => systemClock.sleep(0, {} as AbortSignal), TypeError);
});
