/** Trying again, by a clock that the test moves. */

import { assertEquals, assertMatch } from "@std/assert";
import { silentLog } from "../../src/log.ts";
import type { Mind } from "../../src/mind/mind.ts";
import { patient } from "../../src/mind/patience.ts";
import { allSettled, manualClock } from "../support/manual_clock.ts";
import { startPatient } from "../support/patient_mind.ts";

const MINUTE = 60_000, HOUR = 60 * MINUTE;

Deno.test("an answer is handed on, and an error that is no model's too, without another try", async () => {
  const { ask, asked, outcomes } = startPatient((id) => id === "good" ? "answers" : new Error("a bug"));
  ask("good");
  ask("bad");
  await allSettled();
  assertEquals([...outcomes], [["good", "answer to good"], ["bad", "a bug"]]);
  assertEquals(asked, ["good", "bad"]);
});

Deno.test("what is refused is not tried again", async () => {
  const { ask, asked, outcomes } = startPatient(() => "refused");
  ask("a");
  await allSettled();
  assertEquals([asked, outcomes.get("a")], [["a"], "it is refused"]);
});

Deno.test("what is faulty is tried five times, after pauses that double, and then told", async () => {
  const { ask, clock, times, outcomes } = startPatient(() => "faulty");
  const resting = ask("a");
  await allSettled();
  assertEquals(resting.count, 1, "other events may go on meanwhile");
  await clock.advance(MINUTE);
  assertEquals(times, [0, 1_000, 3_000, 7_000, 15_000]);
  assertEquals(outcomes.get("a"), "it is faulty. Tried 5 times");
});

Deno.test("a question whose answer is not wanted any more is not asked again, and lets another one try", async () => {
  const { ask, clock, asked, outcomes } = startPatient((_, time) =>
    time < 2 ? { retryAfter: { inMs: MINUTE } } : "answers"
  );
  let isWanted = true;
  ask("a", undefined, () => isWanted);
  ask("b");
  await allSettled();
  isWanted = false;
  await clock.advance(2 * MINUTE);
  assertEquals(asked, ["a", "b", "b"]);
  assertEquals([...outcomes], [["a", "forgotten, as was asked for, before it was answered"], ["b", "answer to b"]]);
});

Deno.test("what has passed is an answer", async () => {
  const { ask, clock, times, outcomes, noted } = startPatient((_, time) => time < 3 ? "unavailable" : "answers");
  ask("a");
  await clock.advance(MINUTE);
  assertEquals([times, outcomes.get("a"), noted()], [[0, 1_000, 3_000], "answer to a", []]);
});

Deno.test("pauses are shortened at random", async () => {
  const { ask, clock } = startPatient(() => "faulty", { random: () => 0.5 });
  ask("a");
  await clock.advance(MINUTE);
  assertEquals(clock.sleeps, [875, 1_750, 3_500, 7_000]);
});

Deno.test("Retry-After counts for all events, in seconds or as a date, and shortens no pause", async () => {
  for (const told of ["seconds", "date"]) {
    const clock = manualClock();
    const retryAfter = told === "seconds" ? { inMs: 40_000 } : { atMs: clock.now() + 40_000 };
    const { ask, times, asked } = startPatient((id, time) => id === "a" && time === 1 ? { retryAfter } : "answers", {
      clock,
    });
    ask("a");
    await allSettled();
    ask("b");
    await clock.advance(39_999);
    assertEquals(asked, ["a"]);
    await clock.advance(1);
    assertEquals([asked.toSorted(), times[1]], [["a", "a", "b"], 40_000]);
  }
  const { ask, clock, times } = startPatient((_, time) => time === 1 ? { retryAfter: { inMs: 1 } } : "answers");
  ask("a");
  await clock.advance(MINUTE);
  assertEquals(times, [0, 1_000]);
});

Deno.test("a Retry-After beyond MODEL_MAX_WAIT ends with it", async () => {
  const { ask, clock, outcomes, asked } = startPatient(() => ({ retryAfter: { inMs: 24 * 60 * MINUTE } }));
  ask("a");
  await clock.advance(15 * MINUTE);
  assertMatch(outcomes.get("a")!, /it is busy/);
  ask("b");
  await clock.advance(15 * MINUTE);
  assertEquals(asked.at(-1), "b", "it is not believed for a day");
});

Deno.test("one event that always fails holds up no other", async () => {
  const { ask, clock, outcomes, noted } = startPatient((id) => id.startsWith("poison") ? "unavailable" : "answers");
  ask("poison");
  for (let n = 0; n < 20; n++) {
    ask(`good-${n}`);
    await clock.advance(2_000);
    assertEquals(outcomes.get(`good-${n}`), `answer to good-${n}`);
  }
  assertEquals(outcomes.get("poison"), "it is unavailable. Tried 5 times");
  assertEquals(noted(), [], "and is not taken for an outage");
});

Deno.test("whoever waits or pauses is called off by its signal at once", async () => {
  const abort = new AbortController(), reason = new Error("shutting down");
  const pausing = startPatient(() => "faulty"), waiting = startPatient(() => "unavailable");
  pausing.ask("a", abort.signal);
  for (const id of ["a", "b", "c"]) waiting.ask(id, abort.signal);
  await allSettled();
  assertEquals([pausing.outcomes.size, waiting.outcomes.size], [0, 0]);
  abort.abort(reason);
  await allSettled();
  assertEquals([...pausing.outcomes.values()], ["shutting down"]);
  assertEquals([...waiting.outcomes.values()], ["shutting down", "shutting down", "shutting down"]);
  await waiting.close();
});

Deno.test("a wait before the answer is not under way, and counts from its end on", async () => {
  const clock = manualClock(), indexed = Promise.withResolvers<void>(), held = Promise.withResolvers<void>();
  const mind: Mind = {
    agentId: "a",
    async answer(_event, _signal, { rest } = {}) {
      await rest!(() => indexed.promise);
      await held.promise;
      return { text: "an answer", sources: [] };
    },
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
  const record = { since: () => undefined, note() {} };
  await using subject = patient(mind, { maxWaitMs: 1, acceptedMs: () => 0, record, log: silentLog, clock });
  const answered = subject.answer({ id: "a", query: "?", timestamp: 0 }, new AbortController().signal);
  await clock.advance(HOUR);
  assertEquals(subject.underWayMs(), 0);
  indexed.resolve();
  await allSettled();
  await clock.advance(2_000);
  assertEquals(subject.underWayMs(), 2_000);
  held.resolve();
  assertEquals((await answered).text, "an answer");
});

Deno.test("how long the oldest try has been under way is known, and how long ago one ended; pauses do not count", async () => {
  const held = Promise.withResolvers<void>();
  const { ask, clock, underWayMs, quietMs, outcomes } = startPatient(async (_id, time) => {
    if (time === 1) return "faulty";
    await held.promise;
    return "answers";
  });
  assertEquals(underWayMs(), 0);
  ask("a");
  await clock.advance(500);
  assertEquals(underWayMs(), 0, "it pauses");
  await clock.advance(2_500);
  clock.set(HOUR);
  assertEquals([underWayMs(), quietMs()], [2_000, 3_000], "whoever sets the clock");
  held.resolve();
  await clock.advance(0);
  assertEquals([underWayMs(), quietMs(), outcomes.get("a")], [0, 0, "answer to a"]);
});
