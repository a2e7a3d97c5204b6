import { assertEquals } from "@std/assert";
import { createResting } from "../../src/agent/resting.ts";
import { manualClock } from "../support/manual_clock.ts";

function underTest() {
  const clock = manualClock(), stop = new AbortController(), given: number[] = [];
  const resting = createResting({ clock, signal: stop.signal, giveBack: () => given.push(clock.now()) });
  const work = (events: number) => {
    for (let n = 0; n < events; n++) resting.worked();
  };
  return { clock, stop, given, work };
}

Deno.test("after much work memory is given back once there was no event for a second, and not again", async () => {
  const { clock, given, work } = underTest(), startMs = clock.now();
  work(1_000);
  await clock.advance(999);
  assertEquals(given, []);
  work(1);
  await clock.advance(1);
  assertEquals(given, [], "there was an event within that second");
  await clock.advance(1_000);
  assertEquals(given, [startMs + 2_000]);
  await clock.advance(60_000);
  assertEquals(given.length, 1);
});

Deno.test("little work gives nothing back, until it is much together", async () => {
  const { clock, given, work } = underTest();
  work(999);
  await clock.advance(60_000);
  assertEquals(given, []);
  work(1);
  await clock.advance(1_000);
  assertEquals(given.length, 1);
  work(999);
  await clock.advance(60_000);
  assertEquals(given.length, 1);
});

Deno.test("nothing is given back once the agent stops: the process ends", async () => {
  const { clock, stop, given, work } = underTest();
  work(1_000);
  stop.abort();
  await clock.advance(60_000);
  assertEquals(given, []);
});
