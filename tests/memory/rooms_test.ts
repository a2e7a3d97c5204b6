/** Worlds, rooms, who is in them, and what is known about those. @module */

import { assert, assertEquals, assertRejects } from "@std/assert";
import { ChannelType, type Component, type Entity, type Relationship, type Room, type UUID } from "@elizaos/core";
import {
  AGENT,
  ALICE,
  BOB,
  entity,
  OTHER_AGENT,
  OTHER_ROOM,
  ROOM,
  room,
  said,
  settle,
  testMemory,
  UNKNOWN,
  uuid,
  WORLD,
} from "./fixture.ts";

testMemory("a world comes back as it was made, and making it again overwrites nothing", async ({ adapter }) => {
  const world = {
    id: uuid(20),
    agentId: AGENT,
    name: "Server",
    messageServerId: uuid(21),
    metadata: { ownership: { ownerId: "x" } },
  };
  assertEquals(await adapter.createWorld(world), uuid(20));
  assertEquals(await adapter.createWorld({ ...world, name: "again" }), uuid(20));
  assertEquals(await adapter.getWorld(uuid(20)), world);
  assertEquals(await adapter.getWorld(UNKNOWN), null);
  assertEquals((await adapter.getAllWorlds()).map(({ id }) => id), [WORLD, uuid(20)]);
});

testMemory("updateWorld and updateRoom keep what they are not given", async ({ adapter }) => {
  await adapter.createWorld({ id: uuid(20), agentId: AGENT, name: "Server", metadata: { a: 1 } });
  await adapter.updateWorld({ id: uuid(20), agentId: AGENT, messageServerId: uuid(21) });
  await adapter.updateWorld({ id: uuid(20), agentId: AGENT, metadata: { b: 2 } });
  assertEquals(await adapter.getWorld(uuid(20)), {
    id: uuid(20),
    agentId: AGENT,
    name: "Server",
    messageServerId: uuid(21),
    metadata: { b: 2 },
  });
  await adapter.updateRoom({ id: ROOM, metadata: { c: 3 }, channelId: "42" } as unknown as Room);
  assertEquals(await adapter.getRoomsByIds([ROOM]), [
    { ...room(ROOM), agentId: AGENT, metadata: { c: 3 }, channelId: "42" },
  ]);
  await adapter.updateRoom({ id: UNKNOWN, name: "nothing" } as unknown as Room);
  assertEquals(await adapter.getRoomsByIds([UNKNOWN]), []);
});

testMemory("rooms are made for this agent, once each, and found by id and by world", async ({ adapter }) => {
  const made = {
    ...room(uuid(30)),
    agentId: OTHER_AGENT,
    type: ChannelType.DM,
    channelId: "c",
    messageServerId: uuid(31),
  };
  assertEquals(await adapter.createRooms([made, { ...room(ROOM), name: "again" }]), [uuid(30), ROOM]);
  const [found] = await adapter.getRoomsByIds([uuid(30), UNKNOWN]) ?? [];
  assertEquals(found, { ...made, agentId: AGENT, serverId: uuid(31) });
  assertEquals(await adapter.getRoomsByIds([ROOM]), [{ ...room(ROOM), agentId: AGENT }]);
  assertEquals((await adapter.getRoomsByWorld(WORLD)).map(({ id }) => id), [ROOM, OTHER_ROOM, uuid(30)]);
  assertEquals(await adapter.getRoomsByIds([]), []);
  assertEquals(await adapter.getRoomsByWorld(UNKNOWN), []);
});

testMemory("worlds and rooms of another agent are out of sight and reach", async (memory) => {
  const other = memory.open(OTHER_AGENT), { adapter } = memory;
  await settle(other, OTHER_AGENT);
  await other.createRooms([room(uuid(30))]);
  assertEquals(await other.getAllWorlds(), []);
  assertEquals(await other.getWorld(WORLD), null);
  assertEquals(await adapter.getRoomsByIds([uuid(30)]), []);
  assertEquals((await adapter.getRoomsByWorld(WORLD)).map(({ id }) => id), [ROOM, OTHER_ROOM]);
  await adapter.deleteRoom(uuid(30));
  await adapter.deleteRoomsByWorldId(WORLD);
  await other.removeWorld(WORLD);
  assertEquals((await other.getRoomsByWorld(WORLD)).map(({ id }) => id), [uuid(30)]);
  assertEquals((await adapter.getAllWorlds()).map(({ id }) => id), [WORLD]);
});

testMemory("a room takes its memories, participants, components and logs along, and nothing else", async (memory) => {
  const { adapter, database } = memory;
  const fill = async (roomId: UUID) => {
    await adapter.createMemory(said("x", { roomId, embedding: [1, 0] }), "messages");
    await adapter.addParticipantsRoom([ALICE], roomId);
    await adapter.createComponent(component(crypto.randomUUID(), { roomId }));
    await adapter.log({ entityId: ALICE, roomId, type: "action", body: {} });
    await adapter.log({ entityId: AGENT, roomId, type: "useModel:TEXT_LARGE", body: {} });
  };
  const rows = () =>
    ["memory", "embedding", "participant", "component", "log"].map((table) =>
      database.prepare(`SELECT count(*) AS n FROM ${table}`).get()?.n
    );
  await fill(ROOM);
  await fill(OTHER_ROOM);
  assertEquals(rows(), [2, 2, 2, 2, 2]);
  await adapter.deleteRoom(ROOM);
  assertEquals(rows(), [1, 1, 1, 1, 1]);
  assertEquals(await adapter.getLogs({ roomId: ROOM }), []);
  assertEquals((await adapter.getLogs({ roomId: OTHER_ROOM })).length, 2);
  await adapter.deleteRoomsByWorldId(WORLD);
  assertEquals(rows(), [0, 0, 0, 0, 0]);
  assertEquals(await adapter.getLogs({}), []);
  assertEquals(await adapter.getRoomsByWorld(WORLD), []);
});

testMemory("a world takes its components along, but not its rooms", async ({ adapter }) => {
  await adapter.createComponent(component(uuid(40), { worldId: WORLD }));
  await adapter.removeWorld(WORLD);
  assertEquals(await adapter.getWorld(WORLD), null);
  assertEquals(await adapter.getComponents(ALICE), []);
  assertEquals((await adapter.getRoomsByWorld(WORLD)).length, 2);
});

testMemory("making entities again overwrites nothing; odd names and extra properties do no harm", async (memory) => {
  const { adapter } = memory;
  const odd = { id: uuid(50), names: "Carol", agentId: AGENT, source: "x", userId: 1, channelId: null };
  assertEquals(await adapter.createEntities([odd as unknown as Entity, entity(ALICE, "Mallory")]), true);
  assertEquals(await adapter.createEntities([{ id: uuid(51), metadata: {} } as unknown as Entity]), true);
  assertEquals(await adapter.getEntitiesByIds([ALICE, uuid(50), uuid(51), UNKNOWN]), [
    { ...entity(ALICE, "Alice"), components: [] },
    { ...entity(uuid(50), "Carol"), components: [] },
    { ...entity(uuid(51), ""), names: [], components: [] },
  ]);
  assertEquals(await adapter.getEntitiesByIds([]), []);
});

testMemory("five thousand entities can be made in one call, all or none", async ({ adapter }) => {
  const many = Array.from({ length: 5_000 }, (_, n) => entity(uuid(10_000 + n), `user ${n}`));
  assertEquals(await adapter.createEntities(many), true);
  const ids = many.map(({ id }) => id);
  assertEquals((await adapter.getEntitiesByIds(ids))?.length, 5_000);
  const broken = [entity(uuid(60), "fine"), { ...entity(uuid(61), "lost"), agentId: UNKNOWN }];
  await assertRejects(() => adapter.createEntities(broken), Error, UNKNOWN);
  assertEquals(await adapter.getEntitiesByIds([uuid(60)]), []);
});

testMemory("updateEntity replaces names and metadata", async ({ adapter }) => {
  await adapter.updateEntity({ ...entity(ALICE, "Alice"), metadata: { a: 1 } });
  await adapter.updateEntity({ ...entity(ALICE, "Alicia"), metadata: { b: 2 } });
  const [alice] = await adapter.getEntitiesByIds([ALICE]) ?? [];
  assertEquals([alice?.names, alice?.metadata], [["Alicia"], { b: 2 }]);
  await assertRejects(() => adapter.updateEntity({ names: [], metadata: {}, agentId: AGENT }), TypeError, "id");
});

testMemory("a participant is in a room once, in the order of coming, until removed", async ({ adapter }) => {
  assertEquals(await adapter.addParticipantsRoom([BOB, ALICE], ROOM), true);
  assertEquals(await adapter.addParticipantsRoom([ALICE, AGENT], ROOM), true);
  assertEquals(await adapter.addParticipantsRoom([], ROOM), true);
  assertEquals(await adapter.getParticipantsForRoom(ROOM), [BOB, ALICE, AGENT]);
  assertEquals(await adapter.isRoomParticipant(ROOM, BOB), true);
  assertEquals(await adapter.removeParticipant(BOB, ROOM), true);
  assertEquals(await adapter.removeParticipant(BOB, ROOM), false);
  assertEquals(await adapter.isRoomParticipant(ROOM, BOB), false);
  assertEquals(await adapter.getParticipantsForRoom(ROOM), [ALICE, AGENT]);
  assertEquals(await adapter.getParticipantsForRoom(UNKNOWN), []);
});

testMemory("participants that are unknown, or whose room is, are refused all together", async ({ adapter }) => {
  assertEquals(await adapter.addParticipantsRoom([ALICE, UNKNOWN], ROOM), false);
  assertEquals(await adapter.addParticipantsRoom([ALICE], UNKNOWN), false);
  assertEquals(await adapter.getParticipantsForRoom(ROOM), []);
});

testMemory("rooms are found by any of their participants, each once", async ({ adapter }) => {
  await adapter.addParticipantsRoom([ALICE, BOB], ROOM);
  await adapter.addParticipantsRoom([BOB], OTHER_ROOM);
  assertEquals(await adapter.getRoomsForParticipant(ALICE), [ROOM]);
  assertEquals(await adapter.getRoomsForParticipants([ALICE, BOB]), [ROOM, OTHER_ROOM]);
  assertEquals(await adapter.getRoomsForParticipants([]), []);
  const participants = await adapter.getParticipantsForEntity(BOB);
  assertEquals(participants.map((one) => one.entity), [
    { ...entity(BOB, "Bob"), components: [] },
    { ...entity(BOB, "Bob"), components: [] },
  ]);
  assertEquals(new Set(participants.map(({ id }) => id)).size, 2);
  assertEquals(await adapter.getParticipantsForEntity(UNKNOWN), []);
});

testMemory("a participant may follow or mute a room", async ({ adapter }) => {
  await adapter.addParticipantsRoom([ALICE], ROOM);
  const state = () => adapter.getParticipantUserState(ROOM, ALICE);
  assertEquals(await state(), null);
  await adapter.setParticipantUserState(ROOM, ALICE, "MUTED");
  assertEquals(await state(), "MUTED");
  await adapter.setParticipantUserState(ROOM, ALICE, null);
  assertEquals(await state(), null);
  await adapter.setParticipantUserState(ROOM, BOB, "FOLLOWED");
  assertEquals(await adapter.getParticipantUserState(ROOM, BOB), null, "not in the room");
});

testMemory("entities of a room are this agent's, with their components when asked", async (memory) => {
  const { adapter } = memory;
  await settle(memory.open(OTHER_AGENT), OTHER_AGENT);
  await adapter.addParticipantsRoom([BOB, OTHER_AGENT, ALICE], ROOM);
  await adapter.createComponent(component(uuid(40)));
  assertEquals(await adapter.getEntitiesForRoom(ROOM), [entity(BOB, "Bob"), entity(ALICE, "Alice")]);
  const components = (await adapter.getEntitiesForRoom(ROOM, true)).map((one) => one.components?.map(({ id }) => id));
  assertEquals(components, [[], [uuid(40)]]);
});

testMemory("components are found by entity, type, world and source", async ({ adapter, clock }) => {
  const first = component(uuid(40), { worldId: WORLD, sourceEntityId: BOB, data: { a: 1 } });
  assertEquals(await adapter.createComponent(first), true);
  assertEquals(await adapter.createComponent({ ...first, data: { b: 2 } }), false);
  const { createdAt: _createdAt, ...undated } = component(uuid(41), { type: "other" });
  assertEquals(await adapter.createComponent(undated as Component), true);
  assertEquals(await adapter.getComponent(ALICE, "profile"), first);
  assertEquals((await adapter.getComponent(ALICE, "other"))?.createdAt, clock.ms);
  assertEquals(await adapter.getComponent(ALICE, "other", WORLD), null);
  assertEquals(await adapter.getComponent(BOB, "profile"), null);
  assertEquals((await adapter.getComponents(ALICE)).map(({ id }) => id), [uuid(40), uuid(41)]);
  assertEquals((await adapter.getComponents(ALICE, WORLD, BOB)).map(({ id }) => id), [uuid(40)]);
  await assertRejects(() => adapter.createComponent(component(uuid(42), { roomId: UNKNOWN })), Error, UNKNOWN);
});

testMemory("updateComponent replaces its data, deleteComponent removes it", async ({ adapter }) => {
  await adapter.createComponent(component(uuid(40), { data: { a: 1 } }));
  await adapter.updateComponent({ id: uuid(40), data: { b: 2 } } as unknown as Component);
  assertEquals(await adapter.getComponents(ALICE), [component(uuid(40), { data: { b: 2 } })]);
  await adapter.deleteComponent(uuid(40));
  assertEquals(await adapter.getComponents(ALICE), []);
});

testMemory("a relationship has a direction, and a second one is refused", async ({ adapter, clock }) => {
  const pair = { sourceEntityId: ALICE, targetEntityId: BOB };
  assertEquals(await adapter.createRelationship({ ...pair, tags: ["friend"], metadata: { a: 1 } }), true);
  assertEquals(await adapter.createRelationship(pair), false);
  assertEquals(await adapter.createRelationship({ ...pair, targetEntityId: UNKNOWN }), false);
  const found = await adapter.getRelationship(pair);
  assertEquals(found, {
    ...pair,
    id: found?.id as UUID,
    agentId: AGENT,
    tags: ["friend"],
    metadata: { a: 1 },
    createdAt: new Date(clock.ms).toISOString(),
  });
  assertEquals(await adapter.getRelationship({ sourceEntityId: BOB, targetEntityId: ALICE }), null);
  assertEquals(await adapter.createRelationship({ sourceEntityId: BOB, targetEntityId: ALICE }), true);
});

testMemory("relationships are found from both ends, by any of the tags, and only the agent's own", async (memory) => {
  const { adapter } = memory;
  await adapter.createRelationship({ sourceEntityId: ALICE, targetEntityId: BOB, tags: ["friend", "rival"] });
  await adapter.createRelationship({ sourceEntityId: AGENT, targetEntityId: ALICE });
  const find = async (entityId: UUID, tags?: string[]) =>
    (await adapter.getRelationships({ entityId, ...(tags && { tags }) })).map((one) => one.sourceEntityId);
  assertEquals(await find(ALICE), [ALICE, AGENT]);
  assertEquals(await find(BOB), [ALICE]);
  assertEquals(await find(ALICE, ["nobody", "rival"]), [ALICE]);
  assertEquals(await find(ALICE, ["nobody"]), []);
  assertEquals(await find(ALICE, []), [ALICE, AGENT]);
  const other = memory.open(OTHER_AGENT);
  await settle(other, OTHER_AGENT);
  assertEquals(await other.getRelationships({ entityId: ALICE }), []);
  assertEquals(await other.createRelationship({ sourceEntityId: ALICE, targetEntityId: BOB }), true);
});

testMemory("updateRelationship replaces tags and metadata", async ({ adapter }) => {
  const pair = { sourceEntityId: ALICE, targetEntityId: BOB };
  await adapter.createRelationship({ ...pair, tags: ["friend"], metadata: { a: 1 } });
  const found = await adapter.getRelationship(pair);
  assert(found);
  await adapter.updateRelationship({ ...found, tags: ["rival"], metadata: { b: 2 } });
  assertEquals(await adapter.getRelationship(pair), { ...found, tags: ["rival"], metadata: { b: 2 } });
  await adapter.updateRelationship({ id: found.id } as Relationship);
  assertEquals(await adapter.getRelationship(pair), { ...found, tags: [], metadata: {} });
});

function component(id: UUID, more: Partial<Component> = {}): Component {
  const none = "" as UUID;
  const places = { entityId: ALICE, agentId: AGENT, roomId: ROOM, worldId: none, sourceEntityId: none };
  return { id, ...places, type: "profile", createdAt: 7, data: {}, ...more };
}
