/** Memories: written, read, counted, found and deleted. @module */

import { assertEquals, assertLess, assertRejects } from "@std/assert";
import type { Memory, UUID } from "@elizaos/core";
import fc from "fast-check";
import {
  AGENT,
  ALICE,
  BOB,
  emptyMemory,
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

/** A question about memories, as the model of the property knows it. */
type MemoryQuery =
  & {
    [K in "entityId" | "agentId" | "roomId" | "worldId"]?: UUID;
  }
  & { count?: number; offset?: number; start?: number; end?: number; unique?: boolean };

testMemory("a memory comes back as it was given, with the agent and the time filled in", async ({ adapter, clock }) => {
  const content = { text: "hi", actions: ["REPLY"], nested: { list: [1, null] } };
  const given = { ...said("hi"), id: uuid(50), worldId: WORLD, content };
  assertEquals(await adapter.createMemory(given, "messages", true), uuid(50));
  assertEquals(await adapter.getMemoryById(uuid(50)), {
    ...given,
    agentId: AGENT,
    createdAt: clock.ms,
    unique: true,
    metadata: {} as never,
  });
  assertEquals(given, { ...said("hi"), id: uuid(50), worldId: WORLD, content }, "the caller's object was changed");
});

testMemory("texts with NUL, lone surrogates and backslashes survive", async ({ adapter }) => {
  const text = "a\0b \ud800 \\d \\u12 \u{1f600}";
  const id = await adapter.createMemory(said(text), "messages");
  assertEquals((await adapter.getMemoryById(id))?.content.text, text);
});

testMemory("an id that is taken is handed back and what is there stays", async ({ adapter }) => {
  await adapter.createMemory(said("first", { id: uuid(50) }), "messages");
  assertEquals(await adapter.createMemory(said("second", { id: uuid(50), embedding: [1, 2] }), "facts"), uuid(50));
  const [memory, ...others] = await adapter.getMemories({ tableName: "messages" });
  assertEquals([memory?.content.text, memory?.embedding, others.length], ["first", undefined, 0]);
  assertEquals(await adapter.getMemories({ tableName: "facts" }), []);
});

testMemory("a memory of a room that is unknown or gone is refused by name", async ({ adapter }) => {
  await assertRejects(() => adapter.createMemory(said("lost", { roomId: UNKNOWN }), "messages"), Error, UNKNOWN);
  await adapter.deleteRoom(ROOM);
  await assertRejects(() => adapter.createMemory(said("late"), "messages"), Error, ROOM);
});

testMemory("what is missing is null or an empty list", async ({ adapter }) => {
  assertEquals(await adapter.getMemoryById(UNKNOWN), null);
  assertEquals(await adapter.getMemoriesByIds([UNKNOWN]), []);
  assertEquals(await adapter.getMemoriesByIds([]), []);
  assertEquals(await adapter.getMemoriesByRoomIds({ roomIds: [], tableName: "messages" }), []);
  assertEquals(await adapter.getMemories({ tableName: "nothing" }), []);
  assertEquals(await adapter.searchMemories({ tableName: "messages", embedding: [1, 0] }), []);
  assertEquals(await adapter.searchMemories({ tableName: "messages", embedding: [] }), []);
});

testMemory("memories of one millisecond come in the order they were made, newest first", async ({ adapter }) => {
  for (const id of [uuid(59), uuid(51), uuid(55)]) await adapter.createMemory(said(id, { id }), "messages");
  assertEquals(texts(await adapter.getMemories({ tableName: "messages" })), [uuid(55), uuid(51), uuid(59)]);
  const ids = [uuid(51), uuid(55), uuid(59)];
  assertEquals(texts(await adapter.getMemoriesByIds(ids)), [uuid(55), uuid(51), uuid(59)]);
  const list = await adapter.getMemoriesByRoomIds({ roomIds: [ROOM], tableName: "messages", limit: 2 });
  assertEquals(texts(list), [uuid(55), uuid(51)]);
});

testMemory("a list that was handed out may be turned around without harm", async ({ adapter }) => {
  for (const text of ["1", "2"]) await adapter.createMemory(said(text), "messages");
  (await adapter.getMemories({ tableName: "messages" })).reverse();
  assertEquals(texts(await adapter.getMemories({ tableName: "messages" })), ["2", "1"]);
});

testMemory("negative counts and offsets and a missing table are refused", async ({ adapter }) => {
  const tableName = "messages";
  await assertRejects(() => adapter.getMemories({ tableName, offset: -1 }), RangeError, "offset");
  await assertRejects(() => adapter.getMemories({ tableName, count: -1 }), RangeError, "count");
  await assertRejects(() => adapter.searchMemories({ tableName, embedding: [1], count: -1 }), RangeError, "count");
  await assertRejects(() => adapter.getMemories({} as { tableName: string }), TypeError, "tableName");
});

testMemory("memories by room ids and by search are the agent's own; by id and by table anybody's", async (memory) => {
  const other = memory.open(OTHER_AGENT);
  await settle(other, OTHER_AGENT);
  const id = await other.createMemory(said("other", { embedding: [1, 0] }), "messages");
  const { adapter } = memory, tableName = "messages";
  assertEquals(texts(await adapter.getMemories({ tableName })), ["other"]);
  assertEquals((await adapter.getMemoryById(id))?.agentId, OTHER_AGENT);
  assertEquals(await adapter.getMemories({ tableName, agentId: AGENT }), []);
  assertEquals(await adapter.getMemoriesByRoomIds({ tableName, roomIds: [ROOM] }), []);
  assertEquals(await adapter.getMemoriesByWorldId({ worldId: WORLD }), []);
  assertEquals(await adapter.searchMemories({ tableName, embedding: [1, 0] }), []);
});

testMemory("memories by world go by the rooms' world and are messages unless told otherwise", async ({ adapter }) => {
  await adapter.createRooms([{ ...room(uuid(60)), worldId: UNKNOWN }]);
  await adapter.createMemory(said("here", { worldId: UNKNOWN }), "messages");
  await adapter.createMemory(said("there", { roomId: OTHER_ROOM }), "messages");
  await adapter.createMemory(said("fact"), "facts");
  await adapter.createMemory(said("elsewhere", { roomId: uuid(60), worldId: WORLD }), "messages");
  assertEquals(texts(await adapter.getMemoriesByWorldId({ worldId: WORLD })), ["there", "here"]);
  assertEquals(texts(await adapter.getMemoriesByWorldId({ worldId: WORLD, count: 1 })), ["there"]);
  assertEquals(texts(await adapter.getMemoriesByWorldId({ worldId: WORLD, tableName: "facts" })), ["fact"]);
});

for (const { label, seal } of SEALS) {
  Deno.test(`getMemories gives what filtering, sorting and cutting a list gives${label}`, async () => {
    const maybe = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: undefined, freq: 1 });
    const anEntity = fc.constantFrom(ALICE, BOB), aRoom = fc.constantFrom(ROOM, OTHER_ROOM);
    const anAgent = fc.constantFrom(AGENT, OTHER_AGENT), aWorld = fc.constantFrom(WORLD, UNKNOWN);
    const aTable = fc.constantFrom("messages", "facts"), aTime = fc.integer({ min: -1, max: 5 });
    const aMemory = fc.record({
      tableName: aTable,
      entityId: anEntity,
      roomId: aRoom,
      agentId: anAgent,
      worldId: maybe(aWorld),
      unique: fc.boolean(),
      createdAt: aTime,
    });
    const aQuery = fc.record({
      tableName: aTable,
      entityId: maybe(anEntity),
      roomId: maybe(aRoom),
      agentId: maybe(anAgent),
      worldId: maybe(aWorld),
      unique: maybe(fc.boolean()),
      start: maybe(fc.nat(6)),
      end: maybe(fc.nat(6)),
      count: maybe(fc.nat(4)),
      offset: maybe(fc.nat(4)),
    });
    await fc.assert(
      fc.asyncProperty(
        fc.array(aMemory, { maxLength: 25 }),
        fc.array(aQuery, { maxLength: 10 }),
        async (all, queries) => {
          using memory = emptyMemory(seal);
          const { adapter } = memory;
          for (const agentId of [AGENT, OTHER_AGENT]) await settle(adapter, agentId);
          await adapter.createRooms([room(ROOM), room(OTHER_ROOM)]);
          for (const [n, { tableName, worldId, ...rest }] of all.entries()) {
            await adapter.createMemory({ ...said(String(n), rest), ...(worldId && { worldId }) }, tableName);
          }
          for (const { tableName, ...filters } of queries) {
            const given = Object.fromEntries(Object.entries(filters).filter(([, value]) => value !== undefined));
            const found = await adapter.getMemories({ tableName, ...given });
            assertEquals(texts(found), expectedTexts(all, tableName, given as MemoryQuery));
          }
        },
      ),
      { numRuns: 60 },
    );
  });
}

function expectedTexts(
  all: readonly (Omit<Memory, "content" | "worldId"> & { tableName: string; worldId: UUID | undefined })[],
  tableName: string,
  { count, offset = 0, start, end, unique, ...ids }: MemoryQuery,
): string[] {
  const matching = all.map((memory, n) => ({ ...memory, n, createdAt: memory.createdAt ?? 0 })).filter((memory) =>
    memory.tableName === tableName && (!start || memory.createdAt >= start) && (!end || memory.createdAt <= end) &&
    (!unique || memory.unique) && (!ids.entityId || memory.entityId === ids.entityId) &&
    (!ids.agentId || memory.agentId === ids.agentId) && (!ids.roomId || memory.roomId === ids.roomId) &&
    (!ids.worldId || memory.worldId === ids.worldId)
  ).sort((a, b) => b.createdAt - a.createdAt || b.n - a.n);
  return matching.slice(offset, count ? offset + count : undefined).map(({ n }) => String(n));
}

testMemory("updateMemory replaces content or metadata whole and keeps the rest", async ({ adapter }) => {
  const id = await adapter.createMemory({
    ...said("old", { embedding: [1, 2], createdAt: 5 }),
    content: { text: "old", source: "x" },
    metadata: { type: "custom", tags: ["a"] },
  }, "messages");
  assertEquals(await adapter.updateMemory({ id, metadata: { type: "other" } }), true);
  assertEquals(await adapter.updateMemory({ id, content: { text: "new" } }), true);
  assertEquals(await adapter.updateMemory({ id, embedding: [3, 4] }), true);
  const memory = await adapter.getMemoryById(id);
  assertEquals([memory?.content, memory?.metadata, memory?.embedding, memory?.createdAt], [
    { text: "new" },
    { type: "other" },
    [3, 4],
    5,
  ]);
});

testMemory("updateMemory says false where there is no such memory", async ({ adapter }) => {
  assertEquals(await adapter.updateMemory({ id: UNKNOWN, content: { text: "new" } }), false);
  assertEquals(await adapter.getMemoryById(UNKNOWN), null);
});

testMemory("a repetition in the same room, table and mouth is not unique, unless told", async ({ adapter }) => {
  const unique = async (memory: Memory, tableName = "messages", told?: boolean) => {
    const id = await adapter.createMemory(memory, tableName, told);
    return (await adapter.getMemoryById(id))?.unique;
  };
  const hello = said("hello", { embedding: [1, 0, 0] });
  assertEquals(await unique(hello), true);
  assertEquals(await unique(said("hello!", { embedding: [0.96, 0.28, 0] })), false, "cosine 0.96");
  assertEquals(await unique(said("hollow", { embedding: [0.94, 0, 0.3412] })), true, "cosine 0.94");
  assertEquals(await unique({ ...hello, entityId: BOB }), true, "another entity");
  assertEquals(await unique({ ...hello, roomId: OTHER_ROOM }), true, "another room");
  assertEquals(await unique(hello, "facts"), true, "another table");
  assertEquals(await unique(said("hello")), true, "no embedding");
  assertEquals(await unique({ ...hello, embedding: [1, 0] }), true, "another dimension");
  assertEquals(await unique(hello, "messages", true), true, "told so");
  assertEquals(await unique({ ...hello, unique: true }), true, "told so");
  assertEquals(await unique(said("new", { unique: false })), false, "told so");
});

testMemory("countMemories counts unique ones of a room unless told otherwise, in one table or all", async (memory) => {
  const { adapter } = memory;
  for (const unique of [true, true, false]) await adapter.createMemory(said("x"), "messages", unique);
  await adapter.createMemory(said("x"), "facts");
  await adapter.createMemory(said("x", { roomId: OTHER_ROOM }), "messages");
  assertEquals(await adapter.countMemories(ROOM, undefined, "messages"), 2);
  assertEquals(await adapter.countMemories(ROOM, false, "messages"), 3);
  assertEquals(await adapter.countMemories(ROOM), 3);
  assertEquals(await adapter.countMemories(ROOM, false), 4);
  assertEquals(await adapter.countMemories(UNKNOWN), 0);
});

testMemory("deleting a document deletes its fragments, wherever they are", async (memory) => {
  const { adapter, database } = memory;
  const fragment = (documentId: UUID): Partial<Memory> => ({
    roomId: OTHER_ROOM,
    embedding: [1, 0],
    metadata: { type: "fragment", documentId, position: 0 },
  });
  for (const document of [uuid(51), uuid(52), uuid(53), uuid(54)]) {
    await adapter.createMemory(said(document, { id: document, metadata: { type: "document" } }), "documents");
    await adapter.createMemory(said(`of ${document}`, fragment(document)), "knowledge");
  }
  const left = async () => texts(await adapter.getMemories({ tableName: "knowledge" }));
  await adapter.deleteMemory(uuid(54));
  assertEquals(await left(), [`of ${uuid(53)}`, `of ${uuid(52)}`, `of ${uuid(51)}`]);
  await adapter.deleteManyMemories([uuid(53), uuid(52)]);
  assertEquals(await left(), [`of ${uuid(51)}`]);
  await adapter.deleteAllMemories(ROOM, "documents");
  assertEquals(await left(), []);
  assertEquals(await adapter.getMemories({ tableName: "documents" }), []);
  assertEquals(database.prepare("SELECT count(*) AS n FROM embedding").get()?.n, 0);
});

testMemory("deleteAllMemories leaves other rooms and tables alone", async ({ adapter }) => {
  await adapter.createMemory(said("gone"), "messages");
  await adapter.createMemory(said("other table"), "facts");
  await adapter.createMemory(said("other room", { roomId: OTHER_ROOM }), "messages");
  await adapter.deleteAllMemories(ROOM, "messages");
  await adapter.deleteManyMemories([]);
  await adapter.deleteMemory(UNKNOWN);
  assertEquals(texts(await adapter.getMemories({ tableName: "messages" })), ["other room"]);
  assertEquals(texts(await adapter.getMemories({ tableName: "facts" })), ["other table"]);
});

testMemory("searchMemories gives the most alike first, ten of them, however unlike", async ({ adapter }) => {
  for (let n = 0; n < 12; n++) {
    const angle = (n * 5) % 12 * Math.PI / 12;
    const embedding = [Math.cos(angle), Math.sin(angle)];
    await adapter.createMemory(said(String((n * 5) % 12), { embedding }), "facts", true);
  }
  const found = await adapter.searchMemories({ tableName: "facts", embedding: [2, 0] });
  assertEquals(texts(found), ["0", "1", "2", "3", "4", "5", "6", "7", "8", "9"]);
  for (const [n, memory] of found.entries()) {
    assertLess(Math.abs((memory.similarity ?? NaN) - Math.cos(n * Math.PI / 12)), 1e-6);
  }
  const close = await adapter.searchMemories({ tableName: "facts", embedding: [1, 0], match_threshold: 0.9 });
  assertEquals(texts(close), ["0", "1"]);
  assertEquals(texts(await adapter.searchMemories({ tableName: "facts", embedding: [1, 0], count: 1 })), ["0"]);
  assertEquals(await adapter.searchMemories({ tableName: "facts", embedding: [1, 0], count: 0 }), []);
});

testMemory("searchMemories keeps to its filters and leaves `query` to the runtime", async ({ adapter }) => {
  const embedding = [1, 0];
  const add = (text: string, more: Partial<Memory>) =>
    adapter.createMemory(said(text, { embedding, ...more }), "facts");
  await add("room", { unique: true });
  await add("world", { roomId: OTHER_ROOM, worldId: WORLD, unique: false });
  await add("bob", { entityId: BOB, roomId: OTHER_ROOM, unique: true });
  const search = async (
    filters: { roomId?: UUID; worldId?: UUID; entityId?: UUID; unique?: boolean; query?: string },
  ) => texts(await adapter.searchMemories({ tableName: "facts", embedding, ...filters }));
  assertEquals(await search({ query: "nothing like it" }), ["bob", "world", "room"]);
  assertEquals(await search({ roomId: ROOM }), ["room"]);
  assertEquals(await search({ worldId: WORLD }), ["world"]);
  assertEquals(await search({ entityId: BOB }), ["bob"]);
  assertEquals(await search({ unique: true }), ["bob", "room"]);
  assertEquals(await search({ roomId: OTHER_ROOM, entityId: ALICE }), ["world"]);
});

testMemory("embeddings of any dimension live side by side, each found by its own kind", async ({ adapter }) => {
  await adapter.createMemory(said("two", { embedding: [1, 0] }), "facts");
  await adapter.ensureEmbeddingDimension(3);
  await adapter.createMemory(said("three", { embedding: [1, 0, NaN] }), "facts");
  await adapter.createMemory(said("zeros", { embedding: [0, 0, 0] }), "facts");
  await adapter.createMemory(said("none", { embedding: [] }), "facts");
  const found = await adapter.searchMemories({ tableName: "facts", embedding: [1, 0, 0] });
  assertEquals(found.map(({ content, similarity, embedding }) => [content.text, similarity, embedding]), [
    ["three", 1, [1, 0, 0]],
    ["zeros", 0, [0, 0, 0]],
  ]);
  assertEquals(texts(await adapter.searchMemories({ tableName: "facts", embedding: [1, 0] })), ["two"]);
  const dimensions = (await adapter.getMemories({ tableName: "facts" })).map(({ embedding }) => embedding?.length);
  assertEquals(dimensions, [undefined, 3, 3, 2]);
  for (const wrong of [0, -1, 1.5, NaN]) await assertRejects(() => adapter.ensureEmbeddingDimension(wrong), RangeError);
});

testMemory("getCachedEmbeddings gives embeddings of texts within an edit distance, nearest first", async (memory) => {
  const { adapter } = memory;
  const long = "x".repeat(300);
  for (const [n, text] of ["kitten", "sitting", "mitten", long, "kitte\u{1f600}"].entries()) {
    await adapter.createMemory(said(text, { embedding: [n, 1], metadata: { type: "m", title: text } }), "messages");
  }
  await adapter.createMemory(said("kitten"), "messages"); // never embedded
  await adapter.createMemory({ ...said(""), content: { text: 7 as never }, embedding: [9, 9] }, "messages");
  const query = {
    query_table_name: "messages",
    query_threshold: 2,
    query_input: "kitten",
    query_field_name: "content",
    query_field_sub_name: "text",
    query_match_count: 10,
  };
  const expected = [
    { embedding: [0, 1], levenshtein_score: 0 },
    { embedding: [4, 1], levenshtein_score: 1 },
    { embedding: [2, 1], levenshtein_score: 1 },
  ];
  assertEquals(await adapter.getCachedEmbeddings(query), expected);
  const titles = { ...query, query_field_name: "metadata", query_field_sub_name: "title" };
  assertEquals(await adapter.getCachedEmbeddings(titles), expected);
  assertEquals(await adapter.getCachedEmbeddings({ ...query, query_match_count: 1 }), expected.slice(0, 1));
  assertEquals((await adapter.getCachedEmbeddings({ ...query, query_threshold: 3 })).length, 4, "sitting is 3 away");
  assertEquals(await adapter.getCachedEmbeddings({ ...query, query_input: long, query_threshold: 0 }), [
    { embedding: [3, 1], levenshtein_score: 0 },
  ]);
});
