/** A sealed state with something in each table, and everything that can be read in one. @module */

import { ChannelType, type UUID } from "@elizaos/core";
import { DatabaseSync } from "node:sqlite";
import { JOURNAL_UNSUMMED } from "../../src/journal/journal_schema.ts";
import { openMemory } from "../../src/memory/memory.ts";
import { openKnowledgeStore } from "../../src/mind/knowledge/store.ts";
import { createSigner } from "../../src/proof/signer.ts";
import { openState } from "../../src/program/state.ts";
import type { Database } from "../../src/store/database.ts";
import { sealedSums, sumRows } from "../../src/store/row_sums.ts";
import { aesSeal, deriveKey } from "../../src/store/seal.ts";

export const KEY = new Uint8Array(32).fill(9);
export const clock = { now: () => 1_700_000_000_000, monotonic: () => 0, sleep: () => Promise.resolve() };
export const uuid = (n: number) => `00000000-0000-4000-8000-${String(n).padStart(12, "0")}` as UUID;
export const AGENT = uuid(1),
  ROOMS = { alice: uuid(2), mallory: uuid(3) },
  USERS = { alice: uuid(4), mallory: uuid(5) };
export const NAMES = ["alice", "mallory"] as const;
export const SIGNER = await createSigner();

/** Make a state with something in each table that the program writes. */
export async function fill(directory: string): Promise<void> {
  using state = openState(directory, { key: KEY, now: clock.now, signer: SIGNER });
  const { database, journal, seal } = state;
  for (const id of ["q1", "q2", "q3", "q4"]) journal.accept({ id, query: `query of ${id}`, timestamp: 1 });
  database.commit();
  for (const queryId of ["q3", "q4"]) {
    journal.record({ queryId, response: `to ${queryId}`, timestamp: 1, agentId: AGENT });
  }
  database.commit();
  journal.settled(1);
  const memory = openMemory(database.sqlite, { agentId: AGENT, seal, clock });
  await memory.createAgent({ id: AGENT, name: "Agent", bio: "an agent" });
  for (const [index, name] of NAMES.entries()) {
    const roomId = ROOMS[name], entityId = USERS[name];
    await memory.createRooms([{ id: roomId, agentId: AGENT, name, source: "test", type: ChannelType.DM }]);
    await memory.createEntities([{ id: entityId, agentId: AGENT, names: [name], metadata: {} }]);
    await memory.addParticipantsRoom([entityId], roomId);
    await memory.createMemory(
      { id: uuid(10 + index), entityId, roomId, content: { text: `secret of ${name}` }, embedding: [index, 1] },
      "messages",
      true,
    );
    await memory.setCache(name, `cached for ${name}`);
    await memory.createWorld({ id: uuid(20 + index), name, agentId: AGENT, messageServerId: uuid(30 + index) });
    const from = { agentId: AGENT, roomId, worldId: uuid(20 + index), sourceEntityId: entityId, createdAt: 1 };
    await memory.createComponent({ ...from, id: uuid(40 + index), entityId, type: "notes", data: { of: name } });
    await memory.log({ entityId, roomId, type: "note", body: { of: name } as never });
    await memory.createTask({ name, roomId, worldId: uuid(20 + index), entityId, tags: [name], metadata: {} } as never);
  }
  const { alice, mallory } = USERS;
  await memory.createRelationship({ sourceEntityId: alice, targetEntityId: mallory, tags: ["alice"] });
  await memory.createRelationship({ sourceEntityId: mallory, targetEntityId: alice, tags: ["mallory"] });
  // Last: whatever else is asked of the memory turns them into messages.
  for (const name of NAMES) {
    const about = { roomId: ROOMS[name], entityId: USERS[name], event: "q1", createdAt: clock.now() };
    memory.exchanges.add({ ...about, question: `question of ${name}`, answer: { text: `answer to ${name}` } });
  }
  const store = openKnowledgeStore(database.sqlite, { seal, committed: () => database.committed() });
  const index = store.keepIndex("digest");
  index.add("packed index");
  index.end();
  store.keepVector({ of: "passage", vector: new Float32Array([1, 2]) });
}

/** Everything that can reach an answer or a prompt, a line for each thing that is read, with what it was asked for. */
export async function readAll(directory: string): Promise<string[]> {
  using state = openState(directory, { key: KEY, now: clock.now });
  const { database, journal, seal } = state;
  const read: string[] = [];
  const note = (asked: string, found: unknown) => {
    if (found !== undefined && found !== null) read.push(JSON.stringify([asked, found]));
  };
  const all = { seq: 0, limit: 99 };
  for (const pending of journal.pending(all)) note("pending", pending);
  for (const outcome of journal.outcomes(all)) note("outcome", outcome);
  for (const outcome of journal.unsettled({ ...all, upTo: 99 })) note("outcome", outcome);
  for (const id of ["q3", "q4"]) {
    const known = journal.accept({ id, query: "again", timestamp: 2 });
    note(`accept ${id}`, known.state === "answered" ? known.outcome : undefined);
  }
  const memory = openMemory(database.sqlite, { agentId: AGENT, seal, clock });
  for (const name of NAMES) {
    for (const exchange of memory.exchanges.last(ROOMS[name], { count: 9 })) note(`exchange in ${name}`, exchange);
  }
  database.sqlite.exec("DELETE FROM exchange");
  note("agent", await memory.getAgent(AGENT));
  for (const name of NAMES) {
    const roomId = ROOMS[name], embedding = [0, 1];
    // An embedding that was deleted is missed, and no lie.
    for (const { embedding, ...found } of await memory.getMemories({ tableName: "messages", roomId })) {
      note(`in ${name}`, found);
      note(`embedding in ${name}`, embedding);
    }
    const similar = await memory.searchMemories({ tableName: "messages", roomId, embedding });
    for (const { similarity: _similarity, embedding: _embedding, ...found } of similar) note(`in ${name}`, found);
    for (const room of await memory.getRoomsByIds([roomId]) ?? []) note(`room ${name}`, room);
    // A component that was deleted is missed, and no lie.
    for (const { components: _, ...entity } of await memory.getEntitiesForRoom(roomId)) {
      note(`entity in ${name}`, entity);
    }
    for (const { components: _, ...entity } of await memory.getEntitiesByIds([USERS[name]]) ?? []) {
      note(`entity ${name}`, entity);
    }
    for (const id of await memory.getParticipantsForRoom(roomId)) note(`participant in ${name}`, id);
    for (const id of await memory.getRoomsForParticipant(USERS[name])) note(`room of ${name}`, id);
    note(`cache ${name}`, await memory.getCache(name));
    const world = name === "alice" ? uuid(20) : uuid(21);
    note(`world ${name}`, await memory.getWorld(world));
    for (const component of await memory.getComponents(USERS[name])) note(`component of ${name}`, component);
    for (const found of await memory.getRelationships({ entityId: USERS[name] })) {
      note(`relationship of ${name}`, found);
    }
    for (const found of await memory.getLogs({ entityId: USERS[name] })) note(`log of ${name}`, found);
    for (const task of await memory.getTasks({ roomId: ROOMS[name], agentIds: [AGENT] } as never)) {
      note(`task in ${name}`, task);
    }
  }
  const store = openKnowledgeStore(database.sqlite, { seal, committed: () => database.committed() });
  note("index", [...store.index("digest") ?? []].join("") || undefined);
  for (const { of, vector } of store.vectors()) note("vector", [of, [...vector]]);
  return read;
}

/**
 * Make the sums fit the rows, as nobody could without the key: then each row has to stand for itself. A file that can't
 * be read is left as it is.
 */
export function fitSums(path: string): void {
  try {
    using sqlite = new DatabaseSync(path);
    const { salt } = sqlite.prepare("SELECT salt FROM seal").get() as { salt: Uint8Array };
    const summer = {
      seal: aesSeal(KEY, salt),
      unsummed: JOURNAL_UNSUMMED,
      secret: deriveKey({ key: KEY, salt, use: "rows" }).toHex(),
    };
    sqlite.prepare("UPDATE seal SET sums = ?").run(sealedSums(sumRows({ sqlite, path } as Database, summer), summer));
  } catch {
    // Whoever opens the state has to tell what is wrong with it.
  }
}
