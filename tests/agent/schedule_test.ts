/** The schedule, with work that ends when the test says so. @module */

import { assert, assertEquals } from "@std/assert";
import { setImmediate } from "node:timers/promises";
import fc from "fast-check";
import { createSchedule, type Schedule, type Scheduling } from "../../src/agent/schedule.ts";
import { type AgentEvent, sizeOf } from "../../src/wire.ts";

/** An event of a conversation; without one it stands alone. */
function event(id: string, conversationId?: string): AgentEvent {
  return { id, query: `${id}?`, timestamp: 0, ...(conversationId !== undefined && { metadata: { conversationId } }) };
}

/** The same, to be answered before others. */
function urgent(id: string, conversationId?: string): AgentEvent {
  const { metadata, ...rest } = event(id, conversationId);
  return { ...rest, metadata: { ...metadata, priority: "high" } };
}

/** A schedule whose work ends when the test says so. */
function scheduleByHand(concurrency: number) {
  const started: AgentEvent[] = [];
  const running = new Map<string, () => void>();
  const schedule = createSchedule({
    concurrency,
    work(event) {
      started.push(event);
      const { promise, resolve } = Promise.withResolvers<void>();
      running.set(event.id, resolve);
      return promise;
    },
  });
  return {
    schedule,
    /** Every event whose work has begun, in that order. */
    started,
    startedIds: () => started.map(({ id }) => id),
    runningIds: () => [...running.keys()],
    /** Ends the work on an event, and returns when what follows from it has happened. */
    async finish(id: string) {
      const resolve = running.get(id);
      assert(resolve, `${id} is not being worked on; ${[...running.keys()].join(", ")} are`);
      running.delete(id);
      resolve();
      await allSettled();
    },
  };
}

/** Returns once every promise that can go on has gone on. */
async function allSettled(): Promise<void> {
  await setImmediate();
}

Deno.test("events are started as they are added, as many as the concurrency allows", () => {
  const { schedule, startedIds } = scheduleByHand(2);
  for (const id of ["a", "b", "c"]) schedule.add(event(id));
  assertEquals(startedIds(), ["a", "b"]);
});

Deno.test("an event that ends makes room for the next one", async () => {
  const { schedule, startedIds, finish } = scheduleByHand(2);
  for (const id of ["a", "b", "c"]) schedule.add(event(id));
  await finish("b");
  assertEquals(startedIds(), ["a", "b", "c"]);
});

Deno.test("an event waits for the one before it in its conversation, though there is room", async () => {
  const { schedule, startedIds, finish } = scheduleByHand(4);
  schedule.add(event("a1", "a"));
  schedule.add(event("a2", "a"));
  assertEquals(startedIds(), ["a1"]);
  await finish("a1");
  assertEquals(startedIds(), ["a1", "a2"]);
});

Deno.test("an event that is to be alone waits until nothing runs, and nothing begins beside it", async () => {
  const { schedule, startedIds, runningIds, finish } = scheduleByHand(3);
  for (const id of ["a", "b"]) schedule.add(event(id));
  schedule.add(event("alone"), { isAlone: true });
  schedule.add(event("c"));
  assertEquals(startedIds(), ["a", "b"]);
  await finish("a");
  assertEquals(startedIds(), ["a", "b"]);
  await finish("b");
  assertEquals(runningIds(), ["alone"]);
  schedule.add(urgent("d"));
  assertEquals(runningIds(), ["alone"]);
  await finish("alone");
  assertEquals(runningIds(), ["d", "c"]);
});

Deno.test("a long conversation takes its turns with the others", async () => {
  const { schedule, startedIds, finish } = scheduleByHand(1);
  for (const id of ["a1", "a2", "a3"]) schedule.add(event(id, "a"));
  schedule.add(event("b1", "b"));
  schedule.add(event("c"));
  for (const id of ["a1", "b1", "c", "a2", "a3"]) await finish(id);
  assertEquals(startedIds(), ["a1", "b1", "c", "a2", "a3"]);
});

Deno.test("urgent events go before those that wait already, in the order they came", async () => {
  const { schedule, startedIds, finish } = scheduleByHand(1);
  for (const id of ["running", "a", "b"]) schedule.add(event(id));
  for (const id of ["urgent-1", "urgent-2"]) schedule.add(urgent(id));
  for (const id of ["running", "urgent-1", "urgent-2", "a", "b"]) await finish(id);
  assertEquals(startedIds(), ["running", "urgent-1", "urgent-2", "a", "b"]);
});

Deno.test("an urgent event brings its conversation's earlier events forward, and never passes them", async () => {
  const { schedule, startedIds, finish } = scheduleByHand(1);
  for (const id of ["running", "first"]) schedule.add(event(id));
  schedule.add(event("a1", "a"));
  schedule.add(event("b1", "b"));
  schedule.add(urgent("b2", "b"));
  schedule.add(event("b3", "b"));
  const order = ["running", "b1", "b2", "first", "a1", "b3"];
  for (const id of order) await finish(id);
  assertEquals(startedIds(), order);
});

Deno.test("an urgent event of a conversation that is being worked on comes right after that", async () => {
  const { schedule, startedIds, finish } = scheduleByHand(1);
  schedule.add(event("a1", "a"));
  schedule.add(event("other"));
  schedule.add(urgent("a2", "a"));
  for (const id of ["a1", "a2", "other"]) await finish(id);
  assertEquals(startedIds(), ["a1", "a2", "other"]);
});

Deno.test("while an event rests another is worked on, and it goes on before the next one starts", async () => {
  const resting = Promise.withResolvers<string>(), happened: string[] = [];
  const ends = new Map(["a1", "b", "c"].map((id) => [id, Promise.withResolvers<void>()]));
  const schedule = createSchedule({
    concurrency: 1,
    async work({ id }, { rest }) {
      happened.push(id);
      if (id === "a1") happened.push(await rest(() => resting.promise));
      await ends.get(id)?.promise;
    },
  });
  for (const next of [event("a1", "a"), event("b"), event("c"), event("a2", "a")]) schedule.add(next);
  await allSettled();
  assertEquals(happened, ["a1", "b"], "not a2, which comes after a1, and not c, for which there is no room");
  resting.resolve("a1 has rested");
  await allSettled();
  assertEquals(happened, ["a1", "b"]);
  ends.get("b")!.resolve();
  await allSettled();
  assertEquals(happened, ["a1", "b", "a1 has rested"]);
  ends.get("a1")!.resolve();
  ends.get("c")!.resolve();
  await schedule.idle();
  assertEquals([happened, schedule.size], [["a1", "b", "a1 has rested", "c", "a2"], 0]);
});

Deno.test("a schedule with nothing but a resting event is not idle, stopped or not", async () => {
  const resting = Promise.withResolvers<void>();
  const schedule = createSchedule({ concurrency: 1, work: (_event, { rest }) => rest(() => resting.promise) });
  schedule.add(event("a"));
  const idle = watch(schedule.idle()), quiet = watch(schedule.quiet());
  schedule.stop();
  await allSettled();
  assertEquals([idle.isOver, quiet.isOver, schedule.size], [false, true, 1], "nothing is being worked on");
  resting.resolve();
  await allSettled();
  assertEquals([idle.isOver, schedule.size], [true, 0]);
});

Deno.test("a stopped schedule ends what is being worked on and starts nothing more", async () => {
  const { schedule, startedIds, finish } = scheduleByHand(1);
  schedule.add(event("a1", "a"));
  schedule.add(event("a2", "a"));
  schedule.add(event("b"));
  schedule.stop();
  const idle = watch(schedule.idle());
  await allSettled();
  assertEquals(idle.isOver, false);
  await finish("a1");
  schedule.add(event("c"));
  await allSettled();
  assertEquals([idle.isOver, startedIds()], [true, ["a1"]]);
});

Deno.test("an empty schedule is idle, and so is one stopped before anything began", async () => {
  const { schedule } = scheduleByHand(1);
  await schedule.idle();
  schedule.stop();
  schedule.add(event("a"));
  await schedule.idle();
});

Deno.test("stopping releases whoever waits for events that will not be started", async () => {
  const { schedule, finish } = scheduleByHand(1);
  schedule.add(event("a"));
  schedule.add(event("b"));
  const idle = watch(schedule.idle());
  await finish("a");
  await finish("b");
  assertEquals(idle.isOver, true);
  schedule.add(event("c"));
  const again = watch(schedule.idle()), andAgain = watch(schedule.idle());
  schedule.stop();
  await allSettled();
  assertEquals([again.isOver, andAgain.isOver], [false, false]);
  await finish("c");
  assertEquals([again.isOver, andAgain.isOver], [true, true]);
});

Deno.test("an event added the moment the schedule becomes idle is waited for by whoever asks after that", async () => {
  const first = Promise.withResolvers<void>(), second = Promise.withResolvers<void>();
  const schedule = createSchedule({
    concurrency: 1,
    work: ({ id }) => id === "first" ? first.promise : second.promise,
  });
  const idle: ReturnType<typeof watch>[] = [];
  schedule.add(event("first"));
  idle.push(watch(schedule.idle()));
  first.resolve();
  // As soon as the first one is done, and before those who wait have heard of it.
  while (schedule.size > 0) await Promise.resolve();
  schedule.add(event("second"));
  idle.push(watch(schedule.idle()));
  await allSettled();
  assertEquals(idle.map(({ isOver }) => isOver), [true, false]);
  second.resolve();
  await allSettled();
  assertEquals(idle.map(({ isOver }) => isOver), [true, true]);
});

/** What may happen to a schedule: an event of one of a few conversations, or the end of one being worked on. */
const aStep = fc.oneof(
  fc.record({ add: fc.constantFrom("a", "b", "c", undefined), isUrgent: fc.boolean() }),
  fc.record({ finish: fc.nat() }),
);

Deno.test("in whatever order events come and end, the rules of the schedule hold at every step", async () => {
  await fc.assert(fc.asyncProperty(fc.integer({ min: 1, max: 4 }), fc.array(aStep), async (concurrency, steps) => {
    const hand = scheduleByHand(concurrency);
    const added: AgentEvent[] = [], finished = new Set<string>();
    const finishOne = async (choice: number) => {
      const ids = hand.runningIds(), id = ids[choice % ids.length];
      if (id === undefined) return;
      finished.add(id);
      await hand.finish(id);
    };
    const check = () => {
      const unfinished = added.filter(({ id }) => !finished.has(id));
      const conversations = new Set(unfinished.map(conversation));
      assertEquals(hand.schedule.size, unfinished.length);
      assertEquals(hand.schedule.load, unfinished.reduce((sum, event) => sum + sizeOf(event), 0));
      // As many as may, never more, and never two of one conversation.
      const running = added.filter(({ id }) => hand.runningIds().includes(id));
      assertEquals(running.length, Math.min(concurrency, conversations.size));
      assertEquals(new Set(running.map(conversation)).size, running.length);
      for (const name of new Set(added.map(conversation))) {
        const begun = hand.started.filter((event) => conversation(event) === name);
        assertEquals(begun, added.filter((event) => conversation(event) === name).slice(0, begun.length));
      }
    };
    for (const step of steps) {
      if ("add" in step) {
        const next = (step.isUrgent ? urgent : event)(`e${added.length}`, step.add);
        added.push(next);
        hand.schedule.add(next);
      } else await finishOne(step.finish);
      check();
    }
    const idle = watch(hand.schedule.idle());
    while (hand.schedule.size > 0) {
      assertEquals(idle.isOver, false);
      await finishOne(added.length);
      check();
    }
    await allSettled();
    assertEquals([idle.isOver, hand.started.length], [true, added.length]);
  }));
});

function conversation({ id, metadata }: AgentEvent): unknown {
  return metadata?.conversationId ?? `alone:${id}`;
}

/** Whether a promise has resolved. */
function watch(promise: ReturnType<Schedule["idle"]>): { isOver: boolean } {
  const state = { isOver: false };
  void promise.then(() => state.isOver = true);
  return state;
}

Deno.test("the signal of an answer that is called off aborts, whether it was asked for before that or is after", async () => {
  const hows: Scheduling[] = [];
  const schedule = createSchedule({
    concurrency: 2,
    work(_, how) {
      hows.push(how);
      return new Promise(() => {});
    },
  });
  for (const id of ["early", "late"]) schedule.add(event(id, id));
  await setImmediate();
  const [early, late] = hows, before = early!.unwanted();
  assertEquals(before.aborted, false);
  using _calledOff = schedule.callOff(() => true);
  assertEquals([before.aborted, late!.unwanted().aborted], [true, true]);
});
