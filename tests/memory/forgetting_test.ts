/** The end of memories: whose words are deleted, whose are kept, and what is too old or too much. @module */

import { assertEquals } from "@std/assert";
import type { UUID } from "@elizaos/core";
import { type Whose, whoseOf } from "../../src/forget_request.ts";
import type { Exchange } from "../../src/memory/exchanges.ts";
import { KEPT_OF_ROOM } from "../../src/memory/forgetting.ts";
import { placeOf } from "../../src/memory/places.ts";
import { conversationOf, userOf } from "../../src/wire.ts";
import { event } from "../support/events.ts";
import { AGENT, OTHER_AGENT, said, settle, type TestMemory, testMemory } from "./fixture.ts";

const ALL = { upTo: Number.MAX_SAFE_INTEGER };

/** An exchange of an event with this metadata, where the mind would keep it. */
function exchangeOf(
  { seal }: TestMemory,
  id: string,
  metadata: { conversationId?: string; userId?: string },
  more: Partial<Exchange> & { agentId?: UUID } = {},
): Exchange {
  const { agentId = AGENT, ...rest } = more;
  const asked = event(id, "", metadata);
  const { roomId, entityId, conversationId } = placeOf(
    { agentId, hide: (id) => seal.hide(id) },
    conversationOf(asked)!,
    userOf(asked),
  );
  const answer = { text: `answer ${id}` };
  const link = conversationId === roomId ? {} : { conversationId };
  return { roomId, entityId, event: id, question: `question ${id}`, answer, createdAt: 5, ...link, ...rest };
}

/** Alice and Bob in one conversation, Alice by herself and in another, and somebody without a name in the first. */
const SAID = {
  "alice in c1": { conversationId: "c1", userId: "alice" },
  "bob in c1": { conversationId: "c1", userId: "bob" },
  "nobody in c1": { conversationId: "c1" },
  "alice alone": { userId: "alice" },
  "alice in c2": { conversationId: "c2", userId: "alice" },
};
type Said = keyof typeof SAID;

/** For each request what is deleted. */
const REQUESTS: readonly (readonly [what: string, whose: Whose, gone: readonly Said[]])[] = [
  ["a conversation", whoseOf({ conversationId: "c1" }), ["alice in c1", "bob in c1", "nobody in c1"]],
  ["a user", whoseOf({ userId: "alice" }), ["alice in c1", "alice alone", "alice in c2"]],
  ["a user in a conversation", whoseOf({ conversationId: "c1", userId: "alice" }), ["alice in c1"]],
  ["somebody unknown", whoseOf({ userId: "carol" }), []],
];

/** The events whose exchanges are still there. */
function kept(memory: TestMemory): string[] {
  return Object.entries(SAID).filter(([name, metadata]) =>
    memory.adapter.exchanges.last(exchangeOf(memory, name, metadata).roomId, { count: 9 })
      .some(({ question }) => question === `question ${name}`)
  ).map(([name]) => name);
}

for (const [what, whose, gone] of REQUESTS) {
  const others = Object.keys(SAID).filter((name) => !gone.includes(name as Said));

  testMemory(`${what} is forgotten, and everybody else is remembered`, async (memory) => {
    const { exchanges, forgetting } = memory.adapter;
    for (const [name, metadata] of Object.entries(SAID)) exchanges.add(exchangeOf(memory, name, metadata));
    const { events, ...counts } = forgetting.forget(whose, ALL);
    assertEquals(events.toSorted(), gone.toSorted());
    assertEquals(counts, { exchanges: gone.length, messages: 0 });
    assertEquals(kept(memory), others);
    assertEquals(forgetting.forget(whose, ALL).exchanges, 0);
    await Promise.resolve();
  });

  testMemory(`${what} is forgotten as well where exchanges were unfolded into messages`, async (memory) => {
    const { exchanges, forgetting } = memory.adapter;
    for (const [name, metadata] of Object.entries(SAID)) exchanges.add(exchangeOf(memory, name, metadata));
    exchanges.unfold();
    assertEquals(forgetting.forget(whose, ALL).messages, 2 * gone.length);
    assertEquals(kept(memory), others);
    const people = await memory.adapter.getEntitiesByIds([exchangeOf(memory, "", { userId: "alice" }).entityId]);
    assertEquals(people?.length, what === "a user" ? 0 : 1);
  });
}

testMemory("in a room that users shared, a user's words go with the answers to them, and no others", async (memory) => {
  const { exchanges, forgetting } = memory.adapter;
  // As earlier versions kept them: all users of a conversation in its one room.
  const { roomId } = exchangeOf(memory, "", { conversationId: "c1" });
  for (const isUnfolded of [false, true]) {
    for (const name of ["alice in c1", "bob in c1"] as const) {
      const { conversationId: _, ...exchange } = exchangeOf(memory, name, SAID[name], { roomId });
      exchanges.add(exchange);
    }
    if (isUnfolded) exchanges.unfold();
    forgetting.forget(whoseOf({ userId: "alice" }), ALL);
    const left = exchanges.last(roomId, { count: 9 }).map(({ question, answer }) => [question, answer.text]);
    assertEquals(left, isUnfolded ? Array(2).fill(left[0]) : [["question bob in c1", "answer bob in c1"]]);
    assertEquals(left[0], ["question bob in c1", "answer bob in c1"]);
  }
  await Promise.resolve();
});

testMemory("what was said after the request is remembered", async (memory) => {
  const { exchanges, forgetting } = memory.adapter;
  exchanges.add(exchangeOf(memory, "alice alone", { userId: "alice" }));
  const upTo = forgetting.lastExchange();
  exchanges.add(exchangeOf(memory, "later", { userId: "alice" }));
  assertEquals(forgetting.forget(whoseOf({ userId: "alice" }), { upTo }).events, ["alice alone"]);
  const { roomId } = exchangeOf(memory, "", { userId: "alice" });
  assertEquals(exchanges.last(roomId, { count: 9 }).map((exchange) => exchange.event), ["later"]);
  await Promise.resolve();
});

testMemory("a user is forgotten by every agent of the state", async (memory) => {
  const other = memory.open(OTHER_AGENT);
  await settle(other, OTHER_AGENT);
  memory.adapter.exchanges.add(exchangeOf(memory, "a", { userId: "alice" }));
  other.exchanges.add(exchangeOf(memory, "b", { userId: "alice" }, { agentId: OTHER_AGENT }));
  assertEquals(memory.adapter.forgetting.forget(whoseOf({ userId: "alice" }), ALL).events, ["a", "b"]);
});

testMemory("log entries and tasks of a user go with the rest", async (memory) => {
  const { adapter, database } = memory;
  const { roomId, entityId, ...exchange } = exchangeOf(memory, "a", { userId: "alice" });
  adapter.exchanges.add({ roomId, entityId, ...exchange });
  await adapter.log({ entityId, roomId, type: "action", body: { text: "of alice" } });
  await adapter.createTask({ name: "remind", description: "alice", tags: [], roomId, entityId });
  await adapter.createMemory(said("alice likes tea", { roomId, entityId }), "facts");
  adapter.forgetting.forget(whoseOf({ userId: "alice" }), ALL);
  for (const table of ["log", "task", "memory", "exchange", "conversation_room"]) {
    assertEquals(database.prepare(`SELECT count(*) AS rows FROM ${table}`).get()?.rows, 0, table);
  }
});

testMemory(
  "exchanges and messages older than the retention go, some at a time, and younger ones stay",
  async (memory) => {
    const { exchanges, forgetting } = memory.adapter;
    for (let at = 1; at <= 4; at++) exchanges.add(exchangeOf(memory, `m${at}`, { userId: "alice" }, { createdAt: at }));
    exchanges.unfold();
    for (let at = 1; at <= 4; at++) exchanges.add(exchangeOf(memory, `e${at}`, SAID["alice in c1"], { createdAt: at }));
    const options = { saidBefore: 4, limit: 2 };
    assertEquals([1, 2, 3, 4].map(() => forgetting.pruneOld(options)), [4, 3, 2, 0]);
    const left = (metadata: { userId: string }) =>
      exchanges.last(exchangeOf(memory, "", metadata).roomId, { count: 9 }).map(({ question }) => question);
    assertEquals([left({ userId: "alice" }), left(SAID["alice in c1"])], [["question m4"], ["question e4"]]);
    await Promise.resolve();
  },
);

testMemory("of a long conversation the last exchanges are kept, and others stay whole", async (memory) => {
  const { exchanges, forgetting } = memory.adapter;
  for (let nth = 1; nth <= KEPT_OF_ROOM + 5; nth++) exchanges.add(exchangeOf(memory, `${nth}`, { userId: "alice" }));
  exchanges.add(exchangeOf(memory, "bob's", { userId: "bob" }));
  assertEquals([1, 2, 3].map(() => forgetting.pruneLong({ limit: 3 })), [3, 2, 0]);
  const { roomId } = exchangeOf(memory, "", { userId: "alice" });
  assertEquals(exchanges.last(roomId, { count: 2_000 }).map((exchange) => exchange.event)[0], "6");
  assertEquals(exchanges.last(exchangeOf(memory, "", { userId: "bob" }).roomId, { count: 9 }).length, 1);
  await Promise.resolve();
});
