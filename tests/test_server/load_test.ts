/** The load of `--events`: its events, its account, its report. @module */

import { assertEquals, assertThrows } from "@std/assert";
import { report } from "../../src/test_server/load.ts";
import { generateEvents, openTally } from "../../src/test_server/load_events.ts";
import { median, percentile } from "../../src/test_server/statistics.ts";
import { checkEvent } from "../../src/wire.ts";

Deno.test("generated events are events, each with its own id; with users, spread over so many conversations", () => {
  const make = generateEvents({ prefix: "load-", users: 2 });
  const events = [make(1), make(2), make(3)];
  assertEquals(events.map((event) => checkEvent(event).ok), [true, true, true]);
  assertEquals(events.map(({ id }) => id), ["load-1", "load-2", "load-3"]);
  assertEquals(events.map(({ metadata }) => metadata?.userId), ["u1", "u0", "u1"]);
  assertEquals("userId" in generateEvents({ prefix: "" })(1).metadata!, false); // the generator always sets metadata
});

Deno.test("a load is done when each event has its response and ack, or an ack that says that it failed", async () => {
  const told: string[] = [];
  const tally = openTally(["a", "b"], {
    answered: (id) => void told.push(`${id} answered`),
    failed: (id) => void told.push(`${id} failed`),
  });
  let isDone = false;
  const done = tally.done.then(() => isDone = true);
  const hear = async (frame: unknown) => {
    tally.hear(JSON.stringify(frame));
    await Promise.resolve();
    return isDone;
  };
  const response = { type: "response", queryId: "a", response: "!" };
  assertEquals(await hear(response), false);
  assertEquals(await hear(response), false);
  assertEquals(await hear({ type: "response", queryId: "nobody's", response: "!" }), false);
  assertEquals(await hear({ type: "ack", eventId: "b", status: "error", error: "down" }), false);
  await hear({ type: "ack", eventId: "a", status: "processed" });
  await done;
  assertEquals(told, ["a answered", "b failed"]);
});

Deno.test("a percentile is the least value that so many are not above", () => {
  const hundred = Array.from({ length: 100 }, (_, index) => index + 1);
  assertEquals([0.5, 0.9, 0.99, 1].map((share) => percentile(hundred, share)), [50, 90, 99, 100]);
  assertEquals([0.5, 0.9, 0.99, 1].map((share) => percentile([7], share)), [7, 7, 7, 7]);
  assertThrows(() => percentile([], 0.5), RangeError, "no value");
  assertEquals([median([3, 1, 2]), median([4, 1, 2, 3])], [2, 3]);
  assertThrows(() => median([]), RangeError, "no values");
});

Deno.test("the report tells throughput, latencies, and how many answers are missing", () => {
  const latenciesMs = Array.from({ length: 1_000 }, (_, index) => index + 1);
  assertEquals(report({ count: 1_000, sent: 1_000, failed: 0, latenciesMs, tookMs: 2_000 }), [
    "📊 Answered 1,000 of 1,000 events",
    "   throughput: 500 a second, in 2.00 s",
    "   latency: p50 500.0 ms, p90 900.0 ms, p99 990.0 ms, max 1000.0 ms",
  ]);
  assertEquals(report({ count: 9, sent: 5, failed: 2, latenciesMs: [], tookMs: 1 }), [
    "📊 Answered 0 of 9 events, 2 failed, 7 not answered yet (4 of them not sent)",
  ]);
});
