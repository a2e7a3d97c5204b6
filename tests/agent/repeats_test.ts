/** Events that come again: what is told of them. @module */

import { assertEquals, assertMatch } from "@std/assert";
import { createRepeats } from "../../src/agent/repeats.ts";
import { keptLog } from "../support/kept_log.ts";
import { manualClock } from "../support/manual_clock.ts";

const AGAIN = { isAnswered: true, asksAnother: false };

function repeatsAt() {
  const clock = manualClock(), stop = new AbortController();
  const { lines, log } = keptLog({ now: () => 0, level: "info", format: "json" });
  const told = () =>
    lines.map((line) => JSON.parse(line)).map(({ level, message, count, event }) => ({ level, message, count, event }));
  return { clock, stop, told, repeats: createRepeats({ log, clock, signal: stop.signal }) };
}

Deno.test("events that were answered before and come together are told of by one line", async () => {
  const { clock, repeats, told } = repeatsAt();
  for (const id of ["q1", "q2", "q3"]) repeats.repeated(id, AGAIN);
  await clock.advance(1_000);
  assertEquals(told().map(({ level, count }) => [level, count]), [["info", 3]]);
  assertMatch(told()[0]!.message, /answered before.*another id/);
  repeats.repeated("q4", AGAIN);
  await clock.advance(1_000);
  assertEquals(told()[1]!.event, "q4");
});

Deno.test("when the loop stops, what was not told yet is told", async () => {
  const { clock, stop, repeats, told } = repeatsAt();
  repeats.repeated("q1", AGAIN);
  stop.abort();
  await clock.advance(0);
  assertEquals(told().map(({ event }) => event), ["q1"]);
});

for (const isAnswered of [true, false]) {
  Deno.test(`an id that comes with another query while it ${isAnswered ? "has" : "waits for"} its answer is a warning`, async () => {
    const { clock, repeats, told } = repeatsAt();
    repeats.repeated("q1", { isAnswered, asksAnother: true });
    await clock.advance(1_000);
    assertEquals(told().map(({ level, event }) => [level, event]), [["warn", "q1"]]);
  });
}

Deno.test("an event that comes again with its query while it is being answered is no news", async () => {
  const { clock, repeats, told } = repeatsAt();
  repeats.repeated("q1", { isAnswered: false, asksAnother: false });
  await clock.advance(1_000);
  assertEquals(told(), []);
});
