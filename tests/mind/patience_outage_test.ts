/** Waiting for a model that is down, by a clock that the test moves. */

import { assert, assertEquals, assertMatch } from "@std/assert";
import { keptLog } from "../support/kept_log.ts";
import { allSettled, manualClock } from "../support/manual_clock.ts";
import { type Does, startPatient } from "../support/patient_mind.ts";

const MINUTE = 60_000;

Deno.test("while the model is down no tries are spent: one event probes at a time until it is back", async () => {
  let isDown = true;
  const { ask, clock, asked, times, outcomes, noted } = startPatient(() => isDown ? "unavailable" : "answers");
  for (const id of ["a", "b", "c", "d"]) ask(id);
  await allSettled();
  assertEquals(asked, ["a", "b", "c", "d"], "all were under way before it was known");
  await clock.advance(10 * MINUTE);
  const probes = times.slice(4);
  assertEquals(probes.slice(0, 8), [1_000, 3_000, 7_000, 15_000, 31_000, 61_000, 91_000, 121_000]);
  assertEquals(asked.slice(4, 12), ["c", "d", "a", "b", "c", "d", "a", "b"], "each in its turn");
  assertEquals(outcomes.size, 0);
  isDown = false;
  ask("e");
  await clock.advance(30_000);
  assertEquals(asked.at(-5), "e", "who has not tried yet goes first");
  assertEquals([...outcomes.keys()].toSorted(), ["a", "b", "c", "d", "e"]);
  assertEquals(noted(), [0, undefined]);
});

Deno.test("a lone event waits for a model that is down, and does not end after its tries", async () => {
  let isDown = true;
  const { ask, clock, outcomes, noted } = startPatient(() => isDown ? "unavailable" : "answers");
  const resting = ask("a");
  await clock.advance(14 * MINUTE);
  assertEquals([outcomes.size, resting.count, noted()], [0, 1, [0]]);
  isDown = false;
  await clock.advance(MINUTE / 2);
  assertEquals([outcomes.get("a"), resting.count, noted()], ["answer to a", 0, [0, undefined]]);
});

Deno.test("after MODEL_MAX_WAIT an event that waits for the model is told so, each after its own time", async () => {
  const { ask, clock, outcomes, asked } = startPatient(() => "unavailable", { maxWaitMs: 10 * MINUTE });
  ask("old");
  await clock.advance(4 * MINUTE);
  ask("young");
  await clock.advance(6 * MINUTE - 1);
  assertEquals(outcomes.size, 0);
  await clock.advance(1);
  assertEquals([...outcomes.keys()], ["old"]);
  assertMatch(outcomes.get("old")!, /down for as long as an event may wait \(MODEL_MAX_WAIT, 600000 ms\)\. it is unav/);
  await clock.advance(4 * MINUTE - 1);
  assertEquals(outcomes.size, 1);
  await clock.advance(1);
  assertEquals([...outcomes.keys()], ["old", "young"]);
  const before = asked.length;
  await clock.advance(MINUTE);
  assertEquals(asked.length, before, "with nobody waiting, nobody asks");
  ask("next");
  await allSettled();
  assertEquals(asked.at(-1), "next", "who comes then may try at once");
});

Deno.test("what the journal does not have, a line of a chat, waits from the beginning of the outage", async () => {
  const { ask, clock, outcomes } = startPatient(() => "unavailable", { maxWaitMs: 5 * MINUTE, isJournaled: false });
  ask("a");
  await clock.advance(MINUTE);
  ask("b");
  await clock.advance(4 * MINUTE - 1);
  assertEquals(outcomes.size, 0);
  await clock.advance(1);
  assertEquals(outcomes.size, 2);
  for (const said of outcomes.values()) assertMatch(said, /MODEL_MAX_WAIT/);
});

Deno.test("with nothing to wait, an outage is an error at once", async () => {
  const { ask, clock, outcomes } = startPatient(() => "unavailable", { maxWaitMs: 0 });
  ask("a");
  await clock.advance(10_000);
  assertMatch(outcomes.get("a")!, /MODEL_MAX_WAIT, 0 ms/);
});

Deno.test("an outage goes on over a restart: what waited too long is told so after one try", async () => {
  const clock = manualClock();
  const since = clock.now() - 20 * MINUTE;
  const { ask, asked, outcomes } = startPatient(() => "unavailable", { clock, since });
  ask("now");
  await allSettled();
  assertEquals([asked, outcomes.size], [["now"], 0], "one that was accepted after the restart has its whole time");
  const old = startPatient(() => "unavailable", { clock, since });
  for (const id of ["a", "b", "c"]) old.ask(id);
  await clock.advance(15 * MINUTE);
  assertEquals(old.outcomes.size, 3);
});

const YEAR = 365 * 24 * 60 * MINUTE;

for (const [direction, ms] of [["forward", YEAR], ["back", -YEAR]] as const) {
  Deno.test(`a clock that is set ${direction} ends no event's wait before its time`, async () => {
    const { ask, clock, outcomes } = startPatient(() => "unavailable", { maxWaitMs: 10 * MINUTE });
    ask("a");
    ask("b");
    await clock.advance(4 * MINUTE);
    clock.set(ms);
    ask("new");
    await clock.advance(6 * MINUTE - 1);
    assertEquals(outcomes.size, 0);
    await clock.advance(10 * MINUTE);
    assertEquals([...outcomes.keys()].toSorted(), ["a", "b", "new"]);
  });
}

Deno.test("an outage that began in the future, by a clock that was set back while the agent was away, ends no event at once", async () => {
  const clock = manualClock();
  const { ask, outcomes } = startPatient(() => "unavailable", {
    maxWaitMs: 10 * MINUTE,
    clock,
    since: clock.now() + YEAR,
  });
  ask("a");
  ask("b");
  await clock.advance(10 * MINUTE - 1);
  assertEquals(outcomes.size, 0);
  assertEquals(Math.max(...clock.sleeps) <= 10 * MINUTE, true);
  await clock.advance(1);
  assertEquals([...outcomes.keys()].toSorted(), ["a", "b"]);
});

Deno.test("an outage that is over after a restart is over with the first answer", async () => {
  const clock = manualClock();
  const { ask, asked, outcomes, noted } = startPatient(() => "answers", { clock, since: clock.now() - 20 * MINUTE });
  for (const id of ["a", "b", "c"]) ask(id);
  await allSettled();
  assertEquals([asked, outcomes.size, noted()], [["a", "b", "c"], 3, [undefined]]);
});

Deno.test("several events that always fail look like an outage until another one is answered", async () => {
  const { ask, clock, outcomes, noted } = startPatient((id) => id.startsWith("poison") ? "unavailable" : "answers");
  for (const n of [1, 2, 3]) ask(`poison-${n}`);
  await clock.advance(2 * MINUTE);
  assertEquals([outcomes.size, noted()], [0, [0]]);
  ask("good");
  await clock.advance(30_000);
  assertEquals(outcomes.get("good"), "answer to good");
  assertEquals(noted().slice(0, 2), [0, undefined]);
  for (let n = 0; n < 20; n++) {
    ask(`good-${n}`);
    await clock.advance(30_000);
  }
  for (const n of [1, 2, 3]) assertMatch(outcomes.get(`poison-${n}`)!, /it is unavailable/);
  assertEquals(outcomes.size, 24);
});

Deno.test("an answer that can't be used, or a refusal, shows that the model is there", async () => {
  for (const proof of ["faulty", "refused"] as const) {
    let isDown = true;
    const { ask, clock, outcomes, noted } = startPatient((id) =>
      isDown ? "unavailable" : id === "a" ? proof : "answers"
    );
    for (const id of ["a", "b", "c"]) ask(id);
    await allSettled();
    isDown = false;
    await clock.advance(MINUTE);
    assertEquals(noted(), [0, undefined]);
    assertEquals([outcomes.get("b"), outcomes.get("c")], ["answer to b", "answer to c"]);
  }
});

Deno.test("a probe that ends in a bug lets the next one try", async () => {
  let what: Does = "unavailable";
  const { ask, clock, outcomes } = startPatient((id) => id === "a" && what === "answers" ? new Error("a bug") : what);
  for (const id of ["a", "b", "c"]) ask(id);
  await allSettled();
  what = "answers";
  await clock.advance(1_000);
  assertEquals([...outcomes.values()].toSorted(), ["a bug", "answer to b", "answer to c"]);
});

Deno.test("the log tells the beginning and the end of an outage, once each, and never a question", async () => {
  const clock = manualClock();
  const { lines, log } = keptLog({ level: "info", format: "json", content: true, now: clock.now });
  let isDown = true;
  const { ask } = startPatient(() => isDown ? "unavailable" : "answers", { clock, log });
  for (const id of ["a", "b", "c", "d"]) ask(id);
  await clock.advance(5 * MINUTE);
  isDown = false;
  await clock.advance(MINUTE);
  const messages = lines.map((line) => JSON.parse(line).message as string);
  assertEquals(messages.filter((message) => message.includes("model")), [
    "model is down: events wait for it",
    "model answers again",
  ]);
  assert(messages.length <= 4, messages.join("\n"));
});
