/** A log that others can't fill. @module */

import { assertEquals } from "@std/assert";
import { limitRepeats } from "../src/log_limit.ts";
import { keptLog } from "./support/kept_log.ts";

function limitedLog(most = 3) {
  let nowMs = 1_000;
  const { lines, log } = keptLog({ now: () => 0, format: "json" });
  const limited = limitRepeats(log, { now: () => nowMs, most, spanMs: 100 });
  return {
    log: limited,
    advance: (ms: number) => void (nowMs += ms),
    told: () => lines.map((line) => JSON.parse(line)).map(({ message, count, n }) => [message, count ?? n]),
  };
}

const TOO_MANY = "too many lines at once: no more of them for {ms} ms: {sentence}";

Deno.test("of one sentence the first lines are written, then one that says there are more", () => {
  const { log, told } = limitedLog();
  for (let n = 0; n < 1_000; n++) log.warn("frame refused", { n });
  assertEquals(told(), [["frame refused", 0], ["frame refused", 1], ["frame refused", 2], [TOO_MANY, undefined]]);
});

Deno.test("the next span begins with how many lines were left out", () => {
  const { log, advance, told } = limitedLog(1);
  for (let n = 0; n < 10; n++) log.warn("frame refused", { n });
  advance(100);
  log.warn("frame refused", { n: 10 });
  assertEquals(told().slice(2), [["{count} more lines were left out: {sentence}", 9], ["frame refused", 10]]);
});

Deno.test("sentences are counted apart, whatever is in their fields", () => {
  const { log, told } = limitedLog(1);
  for (const sentence of ["one", "another", "one"]) log.info(sentence);
  assertEquals(told().map(([message]) => message), ["one", "another", TOO_MANY]);
});

Deno.test("lines that come slowly are all written, and a clock that is set back begins anew", () => {
  const { log, advance, told } = limitedLog(1);
  for (let n = 0; n < 5; n++) {
    log.info("slow", { n });
    advance(n === 2 ? -500 : 100);
  }
  assertEquals(told(), [0, 1, 2, 3, 4].map((n) => ["slow", n]));
});
