/** The memory as a whole: agents, restarts under the real runtime, sealing, transactions, closing. @module */

import { assert, assertEquals, assertFalse, assertRejects, assertThrows } from "@std/assert";
import { Buffer } from "node:buffer";
import { randomBytes } from "node:crypto";
import { DatabaseSync } from "node:sqlite";
import { type Agent, AgentRuntime, type Character, type IDatabaseAdapter, type Memory, ModelType } from "@elizaos/core";
import { systemClock } from "../../src/clock.ts";
import { openMemory } from "../../src/memory/memory.ts";
import { MEMORY_TABLES } from "../../src/memory/schema.ts";
import { aesSeal, newSalt, noSeal, type Seal } from "../../src/store/seal.ts";
import {
  AGENT,
  ALICE,
  BOB,
  emptyMemory,
  entity,
  OTHER_AGENT,
  OTHER_ROOM,
  ROOM,
  room,
  said,
  SEALS,
  settle,
  testMemory,
  texts,
  UNKNOWN,
  uuid,
  WORLD,
} from "./fixture.ts";

const CHARACTER: Character = {
  name: "Canary-Name",
  bio: ["canary-bio"],
  system: "canary-system",
  templates: { messageHandlerTemplate: "canary-template" },
  settings: { canarySetting: "canary-value", secrets: { API_KEY: "secret-in-settings" } },
  secrets: { TOKEN: "secret-of-character" },
};

testMemory("an agent is made once and comes back with its times", async ({ adapter, clock }) => {
  const agent = { id: OTHER_AGENT, name: "Other", bio: ["x"], settings: { a: 1 }, createdAt: 5 };
  assertEquals(await adapter.createAgent(agent), true);
  assertEquals(await adapter.createAgent({ ...agent, name: "again" }), false);
  assertEquals(await adapter.getAgent(OTHER_AGENT), { ...agent, enabled: true, updatedAt: 5 } as Agent);
  assertEquals((await adapter.getAgent(AGENT))?.createdAt, clock.ms);
  assertEquals(await adapter.getAgent(UNKNOWN), null);
  assertEquals(await adapter.getAgents(), [
    { id: AGENT, name: "Agent", bio: "an agent" },
    { id: OTHER_AGENT, name: "Other", bio: ["x"] },
  ]);
  assertEquals(await adapter.createAgent({ bio: "nameless" }), false);
});

testMemory("updateAgent merges settings deeply, removes with null, replaces lists and the rest", async (memory) => {
  const { adapter, clock } = memory;
  const update = (change: object) => adapter.updateAgent(AGENT, change as Partial<Agent>);
  const settings = { keep: 1, list: [1, 2], deep: { a: 1, b: { c: 1, d: 2 } }, gone: 1, emptied: { x: 1 } };
  const change = { list: [3], deep: { b: { c: null, e: 3 } }, gone: null, emptied: { x: null }, keep: undefined };
  assertEquals(await update({ settings, topics: ["a", "b"], system: "s" }), true);
  clock.ms += 10;
  assertEquals(await update({ settings: change, topics: ["c"], system: undefined }), true);
  assertEquals<unknown>(await adapter.getAgent(AGENT), {
    id: AGENT,
    name: "Agent",
    bio: "an agent",
    enabled: true,
    topics: ["c"],
    system: "s",
    settings: { keep: 1, list: [3], deep: { a: 1, b: { d: 2, e: 3 } } },
    createdAt: clock.ms - 10,
    updatedAt: clock.ms,
  });
  assertEquals(await update({ system: null }), true);
  assertFalse("system" in (await adapter.getAgent(AGENT) ?? {}));
  assertEquals(await adapter.updateAgent(UNKNOWN, { name: "nobody" }), false);
});

testMemory("an agent's secrets are never written", async ({ adapter, database, seal }) => {
  await adapter.createAgent({ ...CHARACTER, id: OTHER_AGENT });
  await adapter.updateAgent(OTHER_AGENT, CHARACTER);
  assertEquals((await adapter.getAgent(OTHER_AGENT))?.settings, { canarySetting: "canary-value" });
  const row = database.prepare("SELECT * FROM agent WHERE id = ?").get(OTHER_AGENT);
  const body = seal.open(row?.body as string | Uint8Array, [
    "agent.body",
    OTHER_AGENT,
    row?.created_at as number,
    row?.updated_at as number,
  ]);
  assert(body.includes("canary-value"));
  assertFalse(body.includes("secret"), body);
  assertEquals(CHARACTER.settings?.secrets, { API_KEY: "secret-in-settings" }, "the caller's object was changed");
});

testMemory("deleting an agent deletes everything of it and nothing of another", async (memory) => {
  const { adapter, database } = memory;
  const other = memory.open(OTHER_AGENT);
  await settle(other, OTHER_AGENT);
  await other.createRooms([room(uuid(30))]);
  await other.createMemory(said("other", { roomId: uuid(30) }), "messages");
  await other.setCache("key", 1);
  await fill(adapter);
  assertEquals(await adapter.deleteAgent(AGENT), true);
  assertEquals(await adapter.deleteAgent(AGENT), false);
  const tables = database.prepare("SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'")
    .all();
  const counts = tables.map(({ name }) => [name, database.prepare(`SELECT count(*) AS n FROM "${name}"`).get()?.n]);
  assertEquals(
    new Map(counts.filter(([, n]) => n !== 0) as [string, number][]),
    new Map([
      ["agent", 1],
      ["room", 1],
      ["entity", 1],
      ["memory", 1],
      ["cache", 1],
      ["cache_secret", 1],
    ]),
  );
  assertEquals(await other.getCache("key"), 1);
});

for (const { label, seal } of SEALS) {
  Deno.test(`a runtime that starts again on the same file finds everything and overwrites nothing${label}`, async () => {
    await using folder = await temporaryFolder();
    const path = `${folder.path}/agent.db`;
    {
      using first = openFile(path, seal);
      const runtime = await startRuntime(first.adapter, CHARACTER);
      await runtime.ensureConnection({
        entityId: ALICE,
        roomId: ROOM,
        worldId: WORLD,
        userName: "Alice",
        source: "test",
      });
      await runtime.createMemory(said("remember me"), "messages");
      await runtime.updateWorld({ id: AGENT, agentId: AGENT, name: "renamed" });
      await runtime.setCache("key", { a: 1 });
      await runtime.createTask({ name: "TASK", description: "", tags: ["queue"] });
      await runtime.close();
    }
    using second = openFile(path, seal);
    const runtime = await startRuntime(second.adapter, {
      ...CHARACTER,
      system: "new system",
      settings: { added: true },
    });
    assertEquals(texts(await runtime.getMemories({ tableName: "messages", roomId: ROOM })), ["remember me"]);
    assertEquals((await runtime.getWorld(AGENT))?.name, "renamed");
    assertEquals((await runtime.getRoom(ROOM))?.worldId, WORLD);
    assertEquals((await runtime.getEntityById(ALICE))?.names, ["Alice"]);
    assertEquals(await runtime.getParticipantsForRoom(ROOM), [ALICE, AGENT]);
    assertEquals(await runtime.getParticipantsForRoom(AGENT), [AGENT]);
    assertEquals(await runtime.getCache("key"), { a: 1 });
    assertEquals((await runtime.getTasks({ tags: ["queue"] })).map(({ name }) => name), ["TASK"]);
    const agent = await runtime.getAgent(AGENT);
    assertEquals([agent?.system, agent?.settings], ["new system", { canarySetting: "canary-value", added: true }]);
    assertEquals((await runtime.getAgents()).length, 1);
  });

  Deno.test(`useModel gives its answer although its log can't be kept${label}`, async () => {
    using memory = emptyMemory(seal);
    const runtime = await startRuntime(memory.adapter, CHARACTER);
    runtime.registerModel(ModelType.TEXT_SMALL, () => Promise.resolve("an answer"), "test");
    assertEquals(await runtime.useModel(ModelType.TEXT_SMALL, { prompt: "a question" }), "an answer");
    const [log] = await memory.adapter.getLogs({ type: `useModel:${ModelType.TEXT_SMALL}` });
    assertEquals(log?.entityId, AGENT);
    assertFalse(/a question|an answer|canary-system/.test(JSON.stringify(log)));
    await memory.adapter.close();
    memory.database.close();
    assertEquals(await runtime.useModel(ModelType.TEXT_SMALL, { prompt: "a question" }), "an answer");
    memory.database.open(); // for the fixture, which closes it
  });
}

Deno.test("a sealed file tells nothing, and an unsealed one everything: the check can fail", async () => {
  const tellingFiles = async (seal: Seal) => {
    await using folder = await temporaryFolder();
    using file = openFile(`${folder.path}/agent.db`, seal);
    const runtime = await startRuntime(file.adapter, CHARACTER);
    await file.adapter.createRooms([room(ROOM), room(OTHER_ROOM)]);
    await file.adapter.createEntities([entity(ALICE, "canary-alice"), entity(BOB, "canary-bob")]);
    await fill(file.adapter);
    await runtime.close();
    const embedding = Buffer.from(Float32Array.from([0.5, 0.25]).buffer).toString("base64");
    const found = new Set<string>();
    for await (const { name } of Deno.readDir(folder.path)) {
      const bytes = Buffer.from(await Deno.readFile(`${folder.path}/${name}`));
      for (const canary of ["canary", "Canary", "secret-", embedding]) if (bytes.includes(canary)) found.add(canary);
    }
    return [...found].sort();
  };
  const embedding = Buffer.from(Float32Array.from([0.5, 0.25]).buffer).toString("base64");
  assertEquals(await tellingFiles(noSeal), ["Canary", "canary", embedding].sort());
  assertEquals(await tellingFiles(aesSeal(randomBytes(32), newSalt())), []);
});

Deno.test("a sealed memory opens only with its key and in its place", async () => {
  using memory = emptyMemory(aesSeal(randomBytes(32), newSalt()));
  const { database, clock } = memory;
  await settle(memory.adapter, AGENT);
  await memory.adapter.createRooms([room(ROOM)]);
  const [one, two] = [uuid(50), uuid(51)];
  for (const id of [one, two]) await memory.adapter.createMemory(said("x", { id }), "messages");
  const stranger = openMemory(database, { agentId: AGENT, seal: aesSeal(randomBytes(32), newSalt()), clock });
  await assertRejects(() => stranger.getMemoryById(one));
  await assertRejects(() => openMemory(database, { agentId: AGENT, seal: noSeal, clock }).getMemoryById(one));
  database.exec(`UPDATE memory SET body = (SELECT body FROM memory WHERE id = '${one}') WHERE id = '${two}'`);
  assertEquals((await memory.adapter.getMemoryById(one))?.content.text, "x");
  await assertRejects(() => memory.adapter.getMemoryById(two));
});

testMemory("what is written within the caller's transaction goes with it, one way or the other", async (memory) => {
  const { adapter, database } = memory;
  const write = async (text: string) => {
    await adapter.createMemory(said(text, { embedding: [1, 0] }), "messages");
    await adapter.updateAgent(AGENT, { system: text });
    await adapter.log({ entityId: ALICE, roomId: ROOM, type: "action", body: { text } });
  };
  const state = async () => [
    texts(await adapter.getMemories({ tableName: "messages" })),
    (await adapter.getAgent(AGENT))?.system,
    (await adapter.getLogs({})).map(({ body }) => body.text),
  ];
  database.exec("BEGIN");
  await write("kept");
  await assertRejects(() =>
    adapter.createEntities([entity(uuid(60), "x"), { ...entity(uuid(61), "y"), agentId: UNKNOWN }])
  );
  assert(database.isTransaction, "a failure inside ended the caller's transaction");
  database.exec("COMMIT; BEGIN");
  await write("lost");
  database.exec("ROLLBACK");
  assertEquals(await state(), [["kept"], "kept", ["kept"]]);
  assertEquals(await adapter.getEntitiesByIds([uuid(60)]), []);
});

testMemory("a change of many rows that fails half-way leaves no trace", async ({ adapter, database }) => {
  database.exec(`CREATE TEMP TRIGGER full BEFORE INSERT ON embedding BEGIN SELECT raise(ABORT, 'disk full'); END`);
  await assertRejects(() => adapter.createMemory(said("half", { embedding: [1] }), "messages"), Error, "disk full");
  assertEquals(await adapter.getMemories({ tableName: "messages" }), []);
  assertFalse(database.isTransaction);
});

testMemory(
  "the adapter hands out the database, is ready until it is closed, and leaves the database open",
  async (memory) => {
    const { adapter, database } = memory;
    assertEquals(adapter.db === database && await adapter.getConnection() === database, true);
    await adapter.init();
    await adapter.initialize({ any: "thing" });
    assertEquals(await adapter.isReady(), true);
    await adapter.close();
    assertEquals(await adapter.isReady(), false);
    assert(database.isOpen);
  },
);

testMemory(
  "plugins without tables need no migration; tables for drizzle are refused by the plugin's name",
  async (memory) => {
    const { adapter } = memory;
    await adapter.runMigrations?.();
    await adapter.runPluginMigrations?.([{ name: "plain" }, { name: "empty", schema: {} }], { verbose: true });
    const migrate = () => Promise.resolve(adapter.runPluginMigrations?.([{ name: "tabular", schema: { users: {} } }]));
    await assertRejects(migrate, Error, "tabular");
  },
);

Deno.test("a connection that ignores foreign keys is refused", () => {
  using database = new DatabaseSync(":memory:", { enableForeignKeyConstraints: false });
  database.exec(MEMORY_TABLES);
  assertThrows(() => openMemory(database, { agentId: AGENT, seal: noSeal, clock: systemClock }), Error, "foreign_keys");
});

/** One of everything for AGENT, with canaries wherever content goes. */
async function fill(adapter: IDatabaseAdapter): Promise<void> {
  const memory: Memory = {
    ...said("canary-text", { embedding: [0.5, 0.25], worldId: WORLD, id: uuid(90) }),
    metadata: { type: "custom", tags: ["canary-tag"] },
  };
  await adapter.createWorld({ id: uuid(91), agentId: AGENT, name: "canary-world", metadata: { canary: 1 } });
  await adapter.createRooms([{
    ...room(uuid(92)),
    name: "canary-room",
    channelId: "canary-channel",
    metadata: { canary: 1 },
  }]);
  await adapter.createMemory(memory, "messages");
  await adapter.updateMemory({ id: uuid(90), content: { text: "canary-new" }, metadata: { type: "canary-type" } });
  await adapter.addParticipantsRoom([ALICE, BOB], ROOM);
  await adapter.createComponent({
    id: uuid(93),
    entityId: ALICE,
    agentId: AGENT,
    roomId: ROOM,
    worldId: uuid(91),
    sourceEntityId: BOB,
    type: "profile",
    createdAt: 1,
    data: { canary: "canary-data" },
  });
  await adapter.createRelationship({
    sourceEntityId: ALICE,
    targetEntityId: BOB,
    tags: ["canary-tag"],
    metadata: { canary: 1 },
  });
  await adapter.setCache("canary-key", "canary-value");
  await adapter.createTask({ name: "canary-task", description: "canary-description", tags: ["canary"], metadata: {} });
  await adapter.log({ entityId: ALICE, roomId: ROOM, type: "action", body: { message: "canary-log" } });
  await adapter.log({ entityId: ALICE, roomId: UNKNOWN, type: "action", body: { message: "canary-log" } });
  await adapter.log({ entityId: ALICE, roomId: ROOM, type: "useModel:TEXT_SMALL", body: { prompt: "canary-prompt" } });
}

async function startRuntime(adapter: IDatabaseAdapter, character: Character): Promise<AgentRuntime> {
  const runtime = new AgentRuntime({ agentId: AGENT, character: structuredClone(character), adapter });
  await runtime.initialize();
  return runtime;
}

function openFile(path: string, seal: Seal): Disposable & { adapter: IDatabaseAdapter } {
  const database = new DatabaseSync(path);
  database.exec("PRAGMA journal_mode = WAL");
  if (database.prepare("SELECT 1 FROM sqlite_schema").get() === undefined) database.exec(MEMORY_TABLES);
  return {
    adapter: openMemory(database, { agentId: AGENT, seal, clock: systemClock }),
    [Symbol.dispose]: () => database.close(),
  };
}

async function temporaryFolder(): Promise<AsyncDisposable & { path: string }> {
  const path = await Deno.makeTempDir();
  return { path, [Symbol.asyncDispose]: () => Deno.remove(path, { recursive: true }) };
}
