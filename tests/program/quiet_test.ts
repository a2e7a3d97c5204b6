/** When an agent that has just started counts as quiet. @module */

import { assertEquals } from "@std/assert";
import type { Mind } from "../../src/mind/mind.ts";
import { watchForQuiet } from "../../src/program/quiet.ts";
import { event } from "../support/events.ts";
import { manualClock } from "../support/manual_clock.ts";

/** A mind whose answers come when the test says so. */
function watchedMind() {
  const clock = manualClock(), stop = new AbortController();
  let quiet = 0, answer = () => {};
  const mind: Mind = {
    agentId: "agent",
    answer: () => new Promise((resolve) => answer = () => resolve({ text: "yes", sources: [] })),
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
  const watched = watchForQuiet(mind, { whenQuiet: () => void quiet++, clock, signal: stop.signal });
  return {
    clock,
    stop,
    ask: () => watched.answer(event("q1"), stop.signal),
    answer: () => answer(),
    count: () => quiet,
  };
}

Deno.test("an agent that no event reaches is quiet after half a second, and once", async () => {
  const { clock, count } = watchedMind();
  await clock.advance(1_500);
  assertEquals(count(), 1);
});

Deno.test("an agent is quiet half a second after its answer, and not while it answers", async () => {
  const { clock, ask, answer, count } = watchedMind();
  const asked = ask();
  await clock.advance(10_000);
  assertEquals(count(), 0);
  answer();
  assertEquals((await asked).text, "yes");
  await clock.advance(1_000);
  assertEquals(count(), 1);
});

Deno.test("an agent that is told to stop says nothing more", async () => {
  const { clock, stop, count } = watchedMind();
  stop.abort();
  await clock.advance(5_000);
  assertEquals(count(), 0);
});
