/** Exchanges: written behind, a row for each, and found as messages by whoever asks the adapter. @module */

import { assertEquals, assertThrows } from "@std/assert";
import type { UUID } from "@elizaos/core";
import { FatalError } from "../../src/errors.ts";
import type { Exchange } from "../../src/memory/exchanges.ts";
import { openMemory } from "../../src/memory/memory.ts";
import { AGENT, ALICE, BOB, OTHER_AGENT, ROOM, said, settle, testMemory, texts, uuid } from "./fixture.ts";

/** A room and a user that exist in exchanges only. */
const CONVERSATION = uuid(20), OTHER_CONVERSATION = uuid(21), CAROL = uuid(22);

function exchange(event: string, more: Partial<Exchange> = {}): Exchange {
  const [question, text] = [`question ${event}`, `answer ${event}`];
  const answer = { text, sources: ["notes.md"] };
  return { roomId: CONVERSATION, entityId: CAROL, event, question, answer, createdAt: 5, ...more };
}

testMemory("the last exchanges of a room come back oldest first, of one user alone if asked", async ({ adapter }) => {
  for (const event of ["a", "b", "c"]) adapter.exchanges.add(exchange(event));
  adapter.exchanges.add(exchange("other", { roomId: OTHER_CONVERSATION }));
  adapter.exchanges.add(exchange("bob's", { entityId: BOB }));
  const events = (options: { count: number; entityId?: UUID }) =>
    adapter.exchanges.last(CONVERSATION, options).map(({ event }) => event);
  assertEquals(events({ count: 2 }), ["c", "bob's"]);
  assertEquals(events({ count: 9 }), ["a", "b", "c", "bob's"]);
  assertEquals(events({ count: 2, entityId: CAROL }), ["b", "c"]);
  assertEquals(adapter.exchanges.last(CONVERSATION, { count: 1, entityId: CAROL }), [exchange("c")]);
  await adapter.close();
});

testMemory("an exchange is a row, written before the next commit and not sooner", async (memory) => {
  const { database, seal, clock } = memory;
  let write = () => {};
  const { exchanges } = openMemory(database, { agentId: AGENT, seal, clock, beforeCommit: (call) => write = call });
  const rows = () => database.prepare("SELECT count(*) AS rows FROM exchange").get()?.rows;
  exchanges.add(exchange("a"));
  exchanges.add(exchange("b"));
  assertEquals(rows(), 0);
  write();
  assertEquals(rows(), 2);
  exchanges.add(exchange("c"));
  assertEquals(exchanges.last(CONVERSATION, { count: 9 }).map(({ event }) => event), ["a", "b", "c"]);
  await Promise.resolve();
});

testMemory(
  "exchanges of a commit that failed in the middle are written once when it is tried again",
  async (memory) => {
    const { database, clock } = memory;
    let write = () => {}, failing = true;
    const seal: typeof memory.seal = {
      ...memory.seal,
      seal(text, place) {
        if (failing && text.includes("question e19")) throw new Error("the seal failed");
        return memory.seal.seal(text, place);
      },
    };
    const { exchanges } = openMemory(database, { agentId: AGENT, seal, clock, beforeCommit: (call) => write = call });
    const events = Array.from({ length: 40 }, (_, index) => `e${index}`);
    for (const event of events) exchanges.add(exchange(event));
    database.exec("BEGIN");
    assertThrows(write, Error, "the seal failed");
    database.exec("ROLLBACK");
    failing = false;
    write();
    assertEquals(exchanges.last(CONVERSATION, { count: 99 }).map(({ event }) => event), events);
    await Promise.resolve();
  },
);

testMemory(
  "whoever asks for messages finds those of exchanges, with their room, user and participants",
  async (memory) => {
    const { adapter, database } = memory;
    adapter.exchanges.add(exchange("a"));
    adapter.exchanges.add(exchange("b", { createdAt: 6 }));
    const found = await adapter.getMemories({ tableName: "messages", roomId: CONVERSATION, count: 10 });
    assertEquals(texts(found), ["answer b", "question b", "answer a", "question a"]);
    assertEquals(found.map(({ entityId }) => entityId), [AGENT, CAROL, AGENT, CAROL]);
    assertEquals(found[0]?.content.inReplyTo, found[1]?.id);
    assertEquals((await adapter.getRoomsByIds([CONVERSATION]))?.[0]?.type, "DM");
    assertEquals((await adapter.getParticipantsForRoom(CONVERSATION)).toSorted(), [AGENT, CAROL].toSorted());
    assertEquals((await adapter.getEntitiesByIds([CAROL]))?.[0]?.names, ["user"]);
    assertEquals(database.prepare("SELECT count(*) AS rows FROM exchange").get()?.rows, 0);
  },
);

testMemory("what was unfolded is still among the last exchanges, before those that came later", async ({ adapter }) => {
  adapter.exchanges.add(exchange("a"));
  assertEquals(await adapter.countMemories(CONVERSATION), 2);
  adapter.exchanges.add(exchange("b", { createdAt: 6 }));
  const last = adapter.exchanges.last(CONVERSATION, { count: 2 });
  assertEquals(last.map(({ question, answer }) => [question, answer.text]), [
    ["question a", "answer a"],
    ["question b", "answer b"],
  ]);
  assertEquals(adapter.exchanges.last(CONVERSATION, { count: 2, entityId: ALICE }), []);
});

testMemory("a memory can be made in a room that only exchanges know, and the room be deleted", async ({ adapter }) => {
  adapter.exchanges.add(exchange("a"));
  await adapter.createMemory(said("a fact", { roomId: CONVERSATION }), "facts");
  assertEquals(await adapter.countMemories(CONVERSATION, false), 3);
  adapter.exchanges.add(exchange("b"));
  await adapter.deleteRoom(CONVERSATION);
  assertEquals(adapter.exchanges.last(CONVERSATION, { count: 9 }), []);
  assertEquals(await adapter.countMemories(ROOM, false), 0);
});

testMemory("what the core asks about the agent itself unfolds nothing", async ({ adapter, database }) => {
  adapter.exchanges.add(exchange("a"));
  await adapter.getRoomsByIds([AGENT]);
  await adapter.getParticipantsForRoom(AGENT);
  await adapter.createEntities([{ id: AGENT, names: ["Agent"], metadata: {}, agentId: AGENT }]);
  assertEquals(database.prepare("SELECT count(*) AS rows FROM exchange").get()?.rows, 1);
});

testMemory(
  "agents do not see one another's exchanges, and an agent's go with it",
  async ({ adapter, open, database }) => {
    const other = open(OTHER_AGENT);
    await settle(other, OTHER_AGENT);
    adapter.exchanges.add(exchange("a"));
    assertEquals(other.exchanges.last(CONVERSATION, { count: 9 }), []);
    other.exchanges.unfold();
    assertEquals(adapter.exchanges.last(CONVERSATION, { count: 9 }).length, 1);
    await adapter.deleteAgent(AGENT);
    assertEquals(database.prepare("SELECT count(*) AS rows FROM exchange").get()?.rows, 0);
  },
);

testMemory(
  "an exchange that was moved, given to another user or dated anew does not open under a seal",
  async (memory) => {
    const { adapter, database, seal } = memory;
    const changes = [
      `room_id = '${OTHER_CONVERSATION}'`,
      `entity_id = '${BOB}'`,
      "created_at = 7",
      `id = '${uuid(30)}'`,
      "body = (SELECT body FROM exchange AS other WHERE other.seq <> exchange.seq)",
    ];
    adapter.exchanges.add(exchange("a"));
    adapter.exchanges.add(exchange("b"));
    const isSealed = typeof seal.seal("x", ["exchange.body", "x"]) !== "string";
    for (const change of changes) {
      database.exec(`SAVEPOINT change; UPDATE exchange SET ${change} WHERE seq = 1`);
      const read = () =>
        [CONVERSATION, OTHER_CONVERSATION].flatMap((room) => adapter.exchanges.last(room, { count: 9 }));
      if (isSealed) assertThrows(read, FatalError);
      else assertEquals(read().length, 2);
      database.exec("ROLLBACK TO change; RELEASE change");
    }
    await Promise.resolve();
  },
);
