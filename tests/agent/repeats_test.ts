/** Events that come again: what is told of them. @module */

import { assertEquals, assertMatch } from "@std/assert";
import { createRepeats } from "../../src/agent/repeats.ts";
import { event } from "../support/events.ts";
import { keptLog } from "../support/kept_log.ts";
import { manualClock } from "../support/manual_clock.ts";

function repeatsAt() {
  const clock = manualClock(), stop = new AbortController();
  const { lines, log } = keptLog({ now: () => 0, level: "info", format: "json" });
  const told = () =>
    lines.map((line) => JSON.parse(line)).map(({ level, message, count, event }) => ({ level, message, count, event }));
  return { clock, stop, lines, told, repeats: createRepeats({ log, clock, signal: stop.signal }) };
}

Deno.test("events that were answered before and come together are told of by one line", async () => {
  const { clock, repeats, told } = repeatsAt();
  for (const id of ["q1", "q2", "q3"]) repeats.repeated(event(id), { isAnswered: true });
  await clock.advance(1_000);
  assertEquals(told().map(({ level, count }) => [level, count]), [["info", 3]]);
  assertMatch(told()[0]!.message, /answered before.*another id/);
  repeats.repeated(event("q4"), { isAnswered: true });
  await clock.advance(1_000);
  assertEquals(told()[1]!.event, "q4");
});

Deno.test("when the loop stops, what was not told yet is told", async () => {
  const { clock, stop, repeats, told } = repeatsAt();
  repeats.repeated(event("q1"), { isAnswered: true });
  stop.abort();
  await clock.advance(0);
  assertEquals(told().map(({ event }) => event), ["q1"]);
});

for (const isAnswered of [true, false]) {
  Deno.test(`an id that comes with another query while it ${isAnswered ? "has" : "waits for"} its answer is a warning`, async () => {
    const { clock, repeats, lines, told } = repeatsAt();
    repeats.accepted(event("q1", "What is a CANARY?"));
    repeats.repeated(event("q1", "What is another CANARY?"), { isAnswered });
    await clock.advance(1_000);
    assertEquals(told().map(({ level, event }) => [level, event]), [["warn", "q1"]]);
    assertEquals(lines.some((line) => line.includes("CANARY")), false);
  });
}

Deno.test("an event that comes again with its query while it is being answered is no news", async () => {
  const { clock, repeats, told } = repeatsAt();
  repeats.accepted(event("q1"));
  repeats.repeated(event("q1"), { isAnswered: false });
  await clock.advance(1_000);
  assertEquals(told(), []);
});

for (const { later, isTold } of [{ later: 4_999, isTold: true }, { later: 10_000, isTold: false }]) {
  Deno.test(`the query of an event is ${isTold ? "remembered" : "forgotten"} after ${later} later ones`, async () => {
    const { clock, repeats, told } = repeatsAt();
    repeats.accepted(event("q0", "What came first?"));
    for (let n = 1; n <= later; n++) repeats.accepted(event(`q${n}`));
    repeats.repeated(event("q0", "What came second?"), { isAnswered: false });
    await clock.advance(1_000);
    assertEquals(told().length, isTold ? 1 : 0);
  });
}
