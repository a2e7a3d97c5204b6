/** Retries and outages, by a clock that the test moves. */

import { assert, assertEquals, assertMatch } from "@std/assert";
import { createLog, type Log, silentLog } from "../src/log.ts";
import { type FailureKind, ModelError, type RetryAfter } from "../src/mind/models/failure.ts";
import { patient } from "../src/mind/patience.ts";
import type { Mind } from "../src/mind/runtime.ts";
import type { AgentEvent } from "../src/wire.ts";
import { allSettled, manualClock } from "./support/manual_clock.ts";

const MINUTE = 60_000;
const never = new AbortController().signal;

function event(id: string): AgentEvent {
  return { id, query: "?", timestamp: 0 };
}

/** What a mind does with one question. */
type Does = "answers" | FailureKind | Error | { retryAfter: RetryAfter };

/**
 * A patient mind over one that does as the test says, and what is to be known of it.
 *
 * @param does What the mind does with an event; the how-manieth question for that event it is.
 */
function start(
  does: (id: string, time: number) => Does | Promise<Does>,
  options: { maxWaitMs?: number; since?: number; log?: Log; clock?: ReturnType<typeof manualClock> } = {},
) {
  const { maxWaitMs = 15 * MINUTE, log = silentLog, clock = manualClock() } = options;
  const startMs = clock.now();
  const asked: string[] = [];
  const times: number[] = [];
  const noted: (number | undefined)[] = [];
  const accepted = new Map<string, number>();
  const mind: Mind = {
    agentId: "a",
    async answer({ id }, signal) {
      asked.push(id);
      times.push(clock.now() - startMs);
      const what = await does(id, asked.filter((one) => one === id).length);
      signal.throwIfAborted();
      if (what === "answers") return { text: `answer to ${id}`, sources: [] };
      if (what instanceof Error) throw what;
      if (typeof what === "string") throw new ModelError(what, `it is ${what}`);
      throw new ModelError("unavailable", "it is busy", what);
    },
    close: () => Promise.resolve(),
  };
  const subject = patient(mind, {
    maxWaitMs,
    acceptedMs: (id) => accepted.get(id) ?? startMs,
    record: { since: () => options.since, note: (ms) => void noted.push(ms) },
    log,
    clock,
    random: () => 0,
  });
  /** What became of an event, as a text. */
  const outcomes = new Map<string, string>();
  return {
    clock,
    /** Ids in the order they were asked, and when, in milliseconds since the start. */
    asked,
    times,
    /** What was noted of outages, as milliseconds since the start. */
    noted: () => noted.map((ms) => ms === undefined ? undefined : ms - startMs),
    outcomes,
    /** Ask, as if the event had been accepted now. */
    ask(id: string, signal = never) {
      accepted.set(id, clock.now());
      const resting = { count: 0 };
      void subject.answer(event(id), signal, async (wait) => {
        resting.count++;
        try {
          return await wait();
        } finally {
          resting.count--;
        }
      }).then(
        ({ text }) => outcomes.set(id, text),
        (error: Error) => outcomes.set(id, error.message),
      );
      return resting;
    },
    close: () => subject.close(),
  };
}

Deno.test("an answer is handed on, and an error that is no model's too, without another try", async () => {
  const { ask, asked, outcomes } = start((id) => id === "good" ? "answers" : new Error("a bug"));
  ask("good");
  ask("bad");
  await allSettled();
  assertEquals([...outcomes], [["good", "answer to good"], ["bad", "a bug"]]);
  assertEquals(asked, ["good", "bad"]);
});

Deno.test("what is refused is not tried again", async () => {
  const { ask, asked, outcomes } = start(() => "refused");
  ask("a");
  await allSettled();
  assertEquals([asked, outcomes.get("a")], [["a"], "it is refused"]);
});

Deno.test("what is faulty is tried five times, after pauses that double, and then told", async () => {
  const { ask, clock, times, outcomes } = start(() => "faulty");
  const resting = ask("a");
  await allSettled();
  assertEquals(resting.count, 1, "other events may go on meanwhile");
  await clock.advance(MINUTE);
  assertEquals(times, [0, 1_000, 3_000, 7_000, 15_000]);
  assertEquals(outcomes.get("a"), "it is faulty. Tried 5 times");
});

Deno.test("what has passed is an answer", async () => {
  const { ask, clock, times, outcomes, noted } = start((_, time) => time < 3 ? "unavailable" : "answers");
  ask("a");
  await clock.advance(MINUTE);
  assertEquals([times, outcomes.get("a"), noted()], [[0, 1_000, 3_000], "answer to a", []]);
});

Deno.test("pauses are shortened at random", async () => {
  const clock = manualClock();
  const mind: Mind = {
    agentId: "a",
    answer: () => Promise.reject(new ModelError("faulty", "it is")),
    close: () => Promise.resolve(),
  };
  const record = { since: () => undefined, note() {} };
  const parts = { maxWaitMs: 1, acceptedMs: clock.now, record, log: silentLog, clock, random: () => 0.5 };
  patient(mind, parts).answer(event("a"), never).catch(() => {});
  await clock.advance(MINUTE);
  assertEquals(clock.sleeps, [875, 1_750, 3_500, 7_000]);
});

Deno.test("while the model is down no tries are spent: one event probes at a time until it is back", async () => {
  let isDown = true;
  const { ask, clock, asked, times, outcomes, noted } = start(() => isDown ? "unavailable" : "answers");
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
  const { ask, clock, outcomes, noted } = start(() => isDown ? "unavailable" : "answers");
  const resting = ask("a");
  await clock.advance(14 * MINUTE);
  assertEquals([outcomes.size, resting.count, noted()], [0, 1, [0]]);
  isDown = false;
  await clock.advance(MINUTE / 2);
  assertEquals([outcomes.get("a"), resting.count, noted()], ["answer to a", 0, [0, undefined]]);
});

Deno.test("after MODEL_MAX_WAIT an event that waits for the model is told so, each after its own time", async () => {
  const { ask, clock, outcomes, asked } = start(() => "unavailable", { maxWaitMs: 10 * MINUTE });
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
  const clock = manualClock();
  const mind: Mind = {
    agentId: "a",
    answer: () => Promise.reject(new ModelError("unavailable", "it is down")),
    close: () => Promise.resolve(),
  };
  const record = { since: () => undefined, note() {} };
  const parts = { maxWaitMs: 5 * MINUTE, acceptedMs: () => undefined, record, log: silentLog, clock, random: () => 0 };
  let said = "";
  patient(mind, parts).answer(event("a"), never).catch((error: Error) => said = error.message);
  await clock.advance(5 * MINUTE - 1);
  assertEquals(said, "");
  await clock.advance(1);
  assertMatch(said, /MODEL_MAX_WAIT/);
});

Deno.test("with nothing to wait, an outage is an error at once", async () => {
  const { ask, clock, outcomes } = start(() => "unavailable", { maxWaitMs: 0 });
  ask("a");
  await clock.advance(10_000);
  assertMatch(outcomes.get("a")!, /MODEL_MAX_WAIT, 0 ms/);
});

Deno.test("an outage goes on over a restart: what waited too long is told so after one try", async () => {
  const clock = manualClock();
  const since = clock.now() - 20 * MINUTE;
  const { ask, asked, outcomes } = start(() => "unavailable", { clock, since });
  ask("now");
  await allSettled();
  assertEquals([asked, outcomes.size], [["now"], 0], "one that was accepted after the restart has its whole time");
  const old = start(() => "unavailable", { clock, since });
  for (const id of ["a", "b", "c"]) old.ask(id);
  await clock.advance(15 * MINUTE);
  assertEquals(old.outcomes.size, 3);
});

Deno.test("an outage that is over after a restart is over with the first answer", async () => {
  const clock = manualClock();
  const { ask, asked, outcomes, noted } = start(() => "answers", { clock, since: clock.now() - 20 * MINUTE });
  for (const id of ["a", "b", "c"]) ask(id);
  await allSettled();
  assertEquals([asked, outcomes.size, noted()], [["a", "b", "c"], 3, [undefined]]);
});

Deno.test("Retry-After counts for all events, in seconds or as a date, and shortens no pause", async () => {
  for (const told of ["seconds", "date"]) {
    const clock = manualClock();
    const retryAfter = told === "seconds" ? { inMs: 40_000 } : { atMs: clock.now() + 40_000 };
    const { ask, times, asked } = start((id, time) => id === "a" && time === 1 ? { retryAfter } : "answers", { clock });
    ask("a");
    await allSettled();
    ask("b");
    await clock.advance(39_999);
    assertEquals(asked, ["a"]);
    await clock.advance(1);
    assertEquals([asked.toSorted(), times[1]], [["a", "a", "b"], 40_000]);
  }
  const { ask, clock, times } = start((_, time) => time === 1 ? { retryAfter: { inMs: 1 } } : "answers");
  ask("a");
  await clock.advance(MINUTE);
  assertEquals(times, [0, 1_000]);
});

Deno.test("a Retry-After beyond MODEL_MAX_WAIT ends with it", async () => {
  const { ask, clock, outcomes, asked } = start(() => ({ retryAfter: { inMs: 24 * 60 * MINUTE } }));
  ask("a");
  await clock.advance(15 * MINUTE);
  assertMatch(outcomes.get("a")!, /it is busy/);
  ask("b");
  await clock.advance(15 * MINUTE);
  assertEquals(asked.at(-1), "b", "it is not believed for a day");
});

Deno.test("one event that always fails holds up no other", async () => {
  const { ask, clock, outcomes, noted } = start((id) => id.startsWith("poison") ? "unavailable" : "answers");
  ask("poison");
  for (let n = 0; n < 20; n++) {
    ask(`good-${n}`);
    await clock.advance(2_000);
    assertEquals(outcomes.get(`good-${n}`), `answer to good-${n}`);
  }
  assertEquals(outcomes.get("poison"), "it is unavailable. Tried 5 times");
  assertEquals(noted(), [], "and is not taken for an outage");
});

Deno.test("several events that always fail look like an outage until another one is answered", async () => {
  const { ask, clock, outcomes, noted } = start((id) => id.startsWith("poison") ? "unavailable" : "answers");
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
    const { ask, clock, outcomes, noted } = start((id) => isDown ? "unavailable" : id === "a" ? proof : "answers");
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
  const { ask, clock, outcomes } = start((id) => id === "a" && what === "answers" ? new Error("a bug") : what);
  for (const id of ["a", "b", "c"]) ask(id);
  await allSettled();
  what = "answers";
  await clock.advance(1_000);
  assertEquals([...outcomes.values()].toSorted(), ["a bug", "answer to b", "answer to c"]);
});

Deno.test("whoever waits or pauses is called off by its signal at once", async () => {
  const abort = new AbortController(), reason = new Error("shutting down");
  const pausing = start(() => "faulty"), waiting = start(() => "unavailable");
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

Deno.test("the log tells the beginning and the end of an outage, once each, and never a question", async () => {
  const lines: string[] = [];
  const clock = manualClock();
  const log = createLog({
    level: "info",
    format: "json",
    content: true,
    write: (line) => lines.push(line),
    now: clock.now,
  });
  let isDown = true;
  const { ask } = start(() => isDown ? "unavailable" : "answers", { clock, log });
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
