/** A memory to try things on: one agent with its world, two rooms and two users; plain and sealed. @module */

import { DatabaseSync } from "node:sqlite";
import { randomBytes } from "node:crypto";
import { ChannelType, type Entity, type IDatabaseAdapter, type Memory, type Room, type UUID } from "@elizaos/core";
import type { Clock } from "../../src/clock.ts";
import { type Memories, openMemory } from "../../src/memory/memory.ts";
import { MEMORY_TABLES } from "../../src/memory/schema.ts";
import { aesSeal, newSalt, noSeal, type Seal } from "../../src/store/seal.ts";

/** The `n`th UUID of these tests. */
export function uuid(n: number): UUID {
  return `00000000-0000-4000-8000-${String(n).padStart(12, "0")}`;
}

export const AGENT = uuid(1), OTHER_AGENT = uuid(2), WORLD = uuid(3), ROOM = uuid(4), OTHER_ROOM = uuid(5);
export const ALICE = uuid(6), BOB = uuid(7), UNKNOWN = uuid(8);

/** A clock that stands still until a test moves it. */
export interface SteadyClock extends Clock {
  ms: number;
}

/** An adapter over a database of its own. */
export interface TestMemory extends Disposable {
  readonly adapter: Memories;
  readonly database: DatabaseSync;
  readonly clock: SteadyClock;
  readonly seal: Seal;
  /** An adapter over the same database. */
  open(agentId: UUID): Memories;
}

/** What each test runs with. */
export const SEALS: readonly { readonly label: string; readonly seal: Seal }[] = [
  { label: "", seal: noSeal },
  { label: " (sealed)", seal: aesSeal(randomBytes(32), newSalt()) },
];

/** A memory without anything in it. */
export function emptyMemory(seal: Seal): TestMemory {
  const database = new DatabaseSync(":memory:");
  database.exec(MEMORY_TABLES);
  const clock: SteadyClock = {
    ms: 1_000_000,
    now: () => clock.ms,
    monotonic: () => clock.ms,
    sleep: () => Promise.resolve(),
  };
  const open = (agentId: UUID) => openMemory(database, { agentId, seal, clock });
  return { adapter: open(AGENT), database, clock, seal, open, [Symbol.dispose]: () => database.close() };
}

/** One test without a seal and one with. The memory has {@linkcode AGENT}, WORLD, ROOM, OTHER_ROOM, ALICE and BOB. */
export function testMemory(name: string, body: (memory: TestMemory) => Promise<void>): void {
  for (const { label, seal } of SEALS) {
    Deno.test(name + label, async () => {
      using memory = emptyMemory(seal);
      await settle(memory.adapter, AGENT);
      await memory.adapter.createRooms([room(ROOM), room(OTHER_ROOM)]);
      await memory.adapter.createEntities([entity(ALICE, "Alice"), entity(BOB, "Bob")]);
      await body(memory);
    });
  }
}

/** Make an agent, its entity, and WORLD where it is missing. */
export async function settle(adapter: IDatabaseAdapter, agentId: UUID): Promise<void> {
  await adapter.createAgent({ id: agentId, name: "Agent", bio: "an agent" });
  await adapter.createEntities([{ ...entity(agentId, "Agent"), agentId }]);
  await adapter.createWorld({ id: WORLD, agentId, name: "World" });
}

export function entity(id: UUID, name: string): Entity & { id: UUID } {
  return { id, names: [name], metadata: {}, agentId: AGENT };
}

export function room(id: UUID): Room {
  return { id, name: "Room", source: "test", type: ChannelType.GROUP, worldId: WORLD };
}

/** What somebody said; `text` unless overridden. */
export function said(text: string, more: Partial<Memory> = {}): Memory {
  return { entityId: ALICE, roomId: ROOM, content: { text }, ...more };
}

/** The texts of memories, in their order. */
export function texts(memories: readonly Memory[]): (string | undefined)[] {
  return memories.map((memory) => memory.content.text);
}
