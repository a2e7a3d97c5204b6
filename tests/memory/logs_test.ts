/** Logs and runs, the cache, tasks. @module */

import { assertEquals, assertRejects } from "@std/assert";
import type { IDatabaseAdapter, Log, Task, UUID } from "@elizaos/core";
import {
  AGENT,
  ALICE,
  BOB,
  OTHER_AGENT,
  OTHER_ROOM,
  ROOM,
  settle,
  testMemory,
  UNKNOWN,
  uuid,
  WORLD,
} from "./fixture.ts";

const MODEL_CALL = "useModel:TEXT_LARGE";

testMemory("logs of models are kept in memory only, without what was asked and answered", async (memory) => {
  const { adapter, database, clock } = memory;
  const body = { modelKey: "TEXT_LARGE", runId: "r", executionTime: 3 };
  const content = { prompt: "p", params: { prompt: "p" }, systemPrompt: "s", response: "r" };
  await adapter.log({ entityId: AGENT, roomId: ROOM, type: MODEL_CALL, body: { ...body, ...content } });
  const [log, ...others] = await adapter.getLogs({});
  const expected = { entityId: AGENT, roomId: ROOM, type: MODEL_CALL, createdAt: new Date(clock.ms), body };
  assertEquals([log, others], [{ ...expected, id: log?.id as UUID }, []]);
  assertEquals(database.prepare("SELECT count(*) AS n FROM log").get()?.n, 0);
  assertEquals(await memory.open(AGENT).getLogs({}), []);
});

testMemory("the newest hundred logs of models and the newest thousand others are kept", async (memory) => {
  const { adapter, database } = memory;
  const other = memory.open(OTHER_AGENT);
  await settle(other, OTHER_AGENT);
  await log(other, { type: "action", body: { of: "other" } });
  for (let n = 0; n < 102; n++) await log(adapter, { type: MODEL_CALL, body: { n } });
  for (let n = 0; n < 1_003; n++) await log(adapter, { type: "action", body: { n } });
  const numbers = async (type: string) => (await adapter.getLogs({ type, count: 5_000 })).map(({ body }) => body.n);
  assertEquals(await numbers(MODEL_CALL), Array.from({ length: 100 }, (_, n) => 101 - n));
  assertEquals(await numbers("action"), Array.from({ length: 1_000 }, (_, n) => 1_002 - n));
  assertEquals(database.prepare("SELECT count(*) AS n FROM log").get()?.n, 1_001);
  assertEquals((await other.getLogs({})).map(({ body }) => body), [{ of: "other" }]);
});

testMemory(
  "stored logs and those in memory come as one list, newest first, even within a millisecond",
  async (memory) => {
    const { adapter, clock } = memory;
    await log(adapter, { type: "action", body: { n: 0 } });
    const again = memory.open(AGENT);
    for (const [n, type] of [MODEL_CALL, "action", MODEL_CALL, MODEL_CALL, "action"].entries()) {
      await log(again, { type, body: { n: n + 1 } });
    }
    clock.ms--; // a clock that goes back
    await log(again, { type: "action", body: { n: "before" } });
    const numbers = async (page: { count?: number; offset?: number }) =>
      (await again.getLogs(page)).map(({ body }) => body.n);
    assertEquals(await numbers({}), [5, 4, 3, 2, 1, 0, "before"]);
    assertEquals(await numbers({ count: 2, offset: 3 }), [2, 1]);
    assertEquals(await numbers({ count: 0 }), []);
  },
);

testMemory("getLogs keeps to entity, room and type, ten unless told otherwise", async ({ adapter }) => {
  for (let n = 0; n < 12; n++) await log(adapter, { type: "action" });
  await log(adapter, { type: "action", entityId: BOB });
  await log(adapter, { type: MODEL_CALL, entityId: BOB, roomId: OTHER_ROOM });
  assertEquals((await adapter.getLogs({})).length, 10);
  assertEquals((await adapter.getLogs({ entityId: BOB })).map(({ type }) => type), [MODEL_CALL, "action"]);
  assertEquals((await adapter.getLogs({ roomId: OTHER_ROOM })).map(({ type }) => type), [MODEL_CALL]);
  assertEquals((await adapter.getLogs({ type: "action", count: 20 })).length, 13);
  assertEquals(await adapter.getLogs({ type: "nothing" }), []);
  await assertRejects(() => adapter.getLogs({ offset: -1 }), RangeError, "offset");
});

testMemory("deleteLog deletes one, wherever it is kept", async ({ adapter }) => {
  for (const type of ["action", MODEL_CALL, "evaluator"]) await log(adapter, { type });
  for (const { id, type } of await adapter.getLogs({})) if (type !== "evaluator") await adapter.deleteLog(id as UUID);
  assertEquals((await adapter.getLogs({})).map(({ type }) => type), ["evaluator"]);
});

testMemory("a log may hold anything: circles, errors, big integers, a room that is gone", async ({ adapter }) => {
  const twice = { shared: true }, circle: Record<string, unknown> = { twice, again: twice, text: "\\d \0" };
  circle.self = circle;
  const error = new TypeError("oops"), when = new Date(0);
  await log(adapter, { roomId: UNKNOWN, type: "action", body: { circle, error, when, big: 1n, none: undefined } });
  const [entry] = await adapter.getLogs({});
  assertEquals(entry?.body as Record<string, unknown>, {
    circle: { twice, again: twice, text: "\\d \0", self: "[circular]" },
    error: { name: "TypeError", message: "oops" },
    when: "1970-01-01T00:00:00.000Z",
    big: "1",
  });
});

testMemory("a log of a web without end is cut instead of copied for ever", async ({ adapter }) => {
  const nodes: Record<string, unknown>[] = Array.from({ length: 30 }, () => ({}));
  for (const node of nodes) for (const [n, other] of nodes.entries()) node[`to${n}`] = other;
  await log(adapter, { type: "action", body: { nodes } });
  assertEquals((await adapter.getLogs({})).length, 1);
});

testMemory("log neither throws nor rejects: wrong input, closed adapter, closed database", async (memory) => {
  const { adapter, database } = memory;
  const poison = {
    get trap() {
      throw new Error("no");
    },
  }; // deno-fmt-ignore
  for (const type of ["action", MODEL_CALL]) {
    await adapter.log({ entityId: ALICE, roomId: ROOM, type, body: poison });
    await adapter.log({ entityId: ALICE, roomId: ROOM, type, body: undefined as never });
    await adapter.log({ entityId: undefined as never, roomId: undefined as never, type, body: {} });
  }
  await adapter.log(undefined as never);
  await adapter.close();
  const before = await adapter.getLogs({ count: 100 });
  await log(adapter, { type: "action" });
  await log(adapter, { type: MODEL_CALL });
  assertEquals(await adapter.getLogs({ count: 100 }), before);
  const open = memory.open(AGENT);
  database.close();
  await log(open, { type: "action" });
  await log(open, { type: MODEL_CALL });
  database.open(); // for the fixture, which closes it
});

testMemory("runs are put together from their logs, newest first", async ({ adapter, clock }) => {
  await run(adapter, clock, "r1", { startedAt: 100, endedAt: 150, status: "completed" });
  await run(adapter, clock, "r2", { startedAt: 200, endedAt: 230, status: "error", roomId: OTHER_ROOM, entityId: BOB });
  await run(adapter, clock, "r3", { startedAt: 300 });
  const counted = (type: string, body: Record<string, unknown>) =>
    log(adapter, { type, body: { runId: "r1", ...body } });
  await counted("action", { promptCount: 2, result: { success: false } });
  await counted("action", { result: { success: true } });
  await counted("evaluator", {});
  await counted(MODEL_CALL, {});
  await counted("embedding_event", { status: "failed" });
  await counted("embedding_event", { status: "completed" });
  await log(adapter, { type: "run_event", body: { status: "started" } }); // of no run

  clock.ms = 120;
  await counted("run_event", { status: "started" }); // again

  const none = { actions: 0, modelCalls: 0, errors: 0, evaluators: 0 };
  const shared = { messageId: uuid(70), roomId: ROOM, entityId: ALICE, metadata: { source: "test" } };
  const summaries = await adapter.getAgentRunSummaries?.({});
  assertEquals(summaries?.runs, [
    { runId: "r3", status: "started", startedAt: 300, endedAt: null, durationMs: null, ...shared, counts: none },
    {
      runId: "r2",
      status: "error",
      startedAt: 200,
      endedAt: 230,
      durationMs: 30,
      ...shared,
      roomId: OTHER_ROOM,
      entityId: BOB,
      counts: none,
    },
    {
      runId: "r1",
      status: "completed",
      startedAt: 100,
      endedAt: 150,
      durationMs: 50,
      ...shared,
      counts: { actions: 2, modelCalls: 3, errors: 2, evaluators: 1 },
    },
  ]);
  assertEquals([summaries?.total, summaries?.hasMore], [3, false]);
});

testMemory("runs keep to room, entity, status, time and limit", async ({ adapter, clock }) => {
  await run(adapter, clock, "r1", { startedAt: 100, endedAt: 150, status: "completed" });
  await run(adapter, clock, "r2", {
    startedAt: 200,
    endedAt: 230,
    status: "timeout",
    roomId: OTHER_ROOM,
    entityId: BOB,
  });
  await run(adapter, clock, "r3", { startedAt: 300 });
  type Filters = Parameters<NonNullable<IDatabaseAdapter["getAgentRunSummaries"]>>[0];
  const ids = async (filters: Filters) =>
    (await adapter.getAgentRunSummaries?.(filters))?.runs.map(({ runId }) => runId);
  assertEquals(await ids({ roomId: OTHER_ROOM }), ["r2"]);
  assertEquals(await ids({ entityId: ALICE }), ["r3", "r1"]);
  assertEquals(await ids({ status: "completed" }), ["r1"]);
  assertEquals(await ids({ status: "all" }), ["r3", "r2", "r1"]);
  assertEquals(await ids({ from: 200, to: 299 }), ["r2"]);
  const first = await adapter.getAgentRunSummaries?.({ limit: 0 });
  assertEquals([first?.runs.length, first?.total, first?.hasMore], [1, 3, true]);
});

testMemory("the cache gives back what was set: text that looks like JSON, null, nothing", async ({ adapter }) => {
  for (const value of ['{"a":1}', "123", null, { a: [1] }, "a\0b", ""]) {
    assertEquals(await adapter.setCache("key", value), true);
    assertEquals(await adapter.getCache("key"), value);
  }
  assertEquals(await adapter.getCache("other"), undefined);
  assertEquals(await adapter.setCache("key", undefined), true);
  assertEquals(await adapter.getCache("key"), undefined);
});

testMemory("deleteCache tells whether there was something", async ({ adapter }) => {
  assertEquals(await adapter.deleteCache("key"), false);
  await adapter.setCache("key", 1);
  assertEquals(await adapter.deleteCache("key"), true);
  assertEquals(await adapter.deleteCache("key"), false);
  assertEquals(await adapter.getCache("key"), undefined);
});

testMemory("each agent has a cache of its own, which outlives the adapter", async (memory) => {
  const other = memory.open(OTHER_AGENT);
  assertEquals(await other.setCache("key", 1), false, "there is no such agent yet");
  await settle(other, OTHER_AGENT);
  await memory.adapter.setCache("key", "mine");
  await other.setCache("key", "theirs");
  await memory.adapter.close();
  assertEquals(await memory.open(AGENT).getCache("key"), "mine");
  assertEquals(await other.getCache("key"), "theirs");
});

testMemory(
  "a cache first used in a transaction that is rolled back works afterwards",
  async ({ adapter, database }) => {
    database.exec("BEGIN");
    await adapter.setCache("key", "lost");
    database.exec("ROLLBACK");
    assertEquals(await adapter.getCache("key"), undefined);
    await adapter.setCache("key", "kept");
    assertEquals(await adapter.getCache("key"), "kept");
  },
);

testMemory("a task comes back as it was made, with or without a world", async ({ adapter, clock }) => {
  const full: Task = {
    id: uuid(80),
    name: "REPORT",
    description: "daily",
    roomId: ROOM,
    worldId: WORLD,
    entityId: ALICE,
    tags: ["queue", "repeat"],
    metadata: { updateInterval: 5 },
    updatedAt: 7,
  };
  assertEquals(await adapter.createTask(full), uuid(80));
  assertEquals(await adapter.getTask(uuid(80)), full);
  const id = await adapter.createTask({ name: "SMALL", description: "", tags: [] });
  const small = { id, name: "SMALL", description: "", tags: [], metadata: {}, updatedAt: clock.ms };
  assertEquals(await adapter.getTask(id), small);
  assertEquals(await adapter.getTask(UNKNOWN), null);
  await assertRejects(() => adapter.createTask(full), Error, "UNIQUE");
});

testMemory("tasks are found by room, entity, name and all of the tags, and only the agent's own", async (memory) => {
  const { adapter } = memory, task = { description: "", tags: ["queue"] };
  await adapter.createTask({ ...task, name: "A", roomId: ROOM, entityId: ALICE });
  await adapter.createTask({ ...task, name: "B", roomId: OTHER_ROOM, tags: ["queue", "repeat"] });
  const other = memory.open(OTHER_AGENT);
  await settle(other, OTHER_AGENT);
  const theirs = await other.createTask({ ...task, name: "A" });
  const names = async (params: { roomId?: UUID; tags?: string[]; entityId?: UUID }) =>
    (await adapter.getTasks(params)).map(({ name }) => name);
  assertEquals(await names({}), ["A", "B"]);
  assertEquals(await names({ roomId: ROOM }), ["A"]);
  assertEquals(await names({ entityId: ALICE }), ["A"]);
  assertEquals(await names({ tags: ["queue"] }), ["A", "B"]);
  assertEquals(await names({ tags: ["repeat", "queue"] }), ["B"]);
  assertEquals(await names({ tags: ["repeat", "never"] }), []);
  assertEquals((await adapter.getTasksByName("A")).map(({ roomId }) => roomId), [ROOM]);
  assertEquals(await adapter.getTasksByName("C"), []);
  assertEquals(await adapter.getTask(theirs), null);
  await adapter.updateTask(theirs, { name: "C" });
  await adapter.deleteTask(theirs);
  assertEquals((await other.getTask(theirs))?.name, "A");
});

testMemory("updateTask keeps what it is not given, and notes when", async ({ adapter, clock }) => {
  const id = await adapter.createTask({ name: "A", description: "d", tags: ["t"], roomId: ROOM, metadata: { a: 1 } });
  clock.ms += 5;
  await adapter.updateTask(id, { metadata: { b: 2 } });
  const expected = { id, name: "A", description: "d", tags: ["t"], roomId: ROOM, metadata: { b: 2 } };
  assertEquals(await adapter.getTask(id), { ...expected, updatedAt: clock.ms });
  await adapter.updateTask(id, { name: "B", tags: [], entityId: BOB });
  assertEquals(await adapter.getTask(id), { ...expected, name: "B", tags: [], entityId: BOB, updatedAt: clock.ms });
  await adapter.updateTask(UNKNOWN, { name: "B" });
  await adapter.deleteTask(id);
  assertEquals(await adapter.getTasks({}), []);
});

/** Logs something about ALICE in ROOM, unless told otherwise. */
function log(adapter: IDatabaseAdapter, entry: Pick<Log, "type"> & Partial<Log>): Promise<void> {
  return adapter.log({ entityId: ALICE, roomId: ROOM, ...entry, body: { ...entry.body } });
}

async function run(
  adapter: IDatabaseAdapter,
  clock: { ms: number },
  runId: string,
  { startedAt, endedAt, status = "completed", ...who }: {
    startedAt: number;
    endedAt?: number;
    status?: string;
    roomId?: UUID;
    entityId?: UUID;
  },
): Promise<void> {
  const body = { runId, messageId: uuid(70), metadata: { source: "test" } };
  clock.ms = startedAt;
  await log(adapter, { type: "run_event", body: { ...body, status: "started" }, ...who });
  if (endedAt === undefined) return;
  clock.ms = endedAt;
  await log(adapter, { type: "run_event", body: { ...body, status }, ...who });
}
