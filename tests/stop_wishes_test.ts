/** Signals that ask the program to stop: which of them are one wish. @module */

import { assert, assertEquals } from "@std/assert";
import { createStopWish, type StopSignal } from "../src/stop_wishes.ts";

function wishAt() {
  let nowMs = 1_000;
  const ends: number[] = [];
  const told: StopSignal[] = [];
  const wish = createStopWish({
    told: (name) => void told.push(name),
    monotonicNow: () => nowMs,
    end: (code) => void ends.push(code),
  });
  return {
    told,
    ends,
    signal: wish.signal,
    receive(name: StopSignal, afterMs = 0) {
      nowMs += afterMs;
      wish.receive(name);
    },
  };
}

Deno.test("the first signal asks the program to stop, and is told of", () => {
  const wish = wishAt();
  assertEquals(wish.signal.aborted, false);
  wish.receive("SIGINT");
  assert(wish.signal.aborted);
  assertEquals(wish.told, ["SIGINT"]);
});

Deno.test("the same signal again within half a second is the same wish, however often it comes", () => {
  const wish = wishAt();
  for (const afterMs of [0, 0, 5, 495]) wish.receive("SIGINT", afterMs);
  assertEquals([wish.ends, wish.told], [[], ["SIGINT"]]);
});

for (const [name, code] of [["SIGINT", 130], ["SIGTERM", 143]] as const) {
  Deno.test(`a second ${name} later than half a second ends the program at once, with ${code}`, () => {
    const wish = wishAt();
    wish.receive(name);
    wish.receive(name, 501);
    assertEquals(wish.ends, [code]);
  });
}

Deno.test("SIGTERM after SIGINT is no second wish, whenever it comes", () => {
  const wish = wishAt();
  wish.receive("SIGINT");
  wish.receive("SIGTERM", 60_000);
  assertEquals([wish.ends, wish.told], [[], ["SIGINT"]]);
});
