/** Who takes part in which room. @module */

import type { Entity, Participant, UUID } from "@elizaos/core";
import { type Direct, refersToNothing, type Store } from "./store.ts";

const ADD = `
  INSERT INTO participant (id, room_id, entity_id) VALUES (:id, :roomId, :entityId)
  ON CONFLICT (room_id, entity_id) DO NOTHING`;
const REMOVE = `DELETE FROM participant WHERE room_id = :roomId AND entity_id = :entityId`;
const OF_ROOM = `SELECT entity_id FROM participant WHERE room_id = :roomId ORDER BY seq`;
const OF_ENTITY = `SELECT id FROM participant WHERE entity_id = :entityId ORDER BY seq`;
const ONE = `SELECT state FROM participant WHERE room_id = :roomId AND entity_id = :entityId`;
const SET_STATE = `UPDATE participant SET state = :state WHERE room_id = :roomId AND entity_id = :entityId`;
const ROOMS = `
  SELECT id FROM room WHERE agent_id = :agentId AND id IN (
    SELECT room_id FROM participant WHERE entity_id IN (SELECT value FROM json_each(:entityIds))
  ) ORDER BY seq`;

/**
 * The methods about participants.
 *
 * @param entitiesByIds Reads entities with their components.
 */
export function participantMethods(store: Store, entitiesByIds: (ids: UUID[]) => Entity[] | null): Direct<
  | "addParticipantsRoom"
  | "removeParticipant"
  | "getParticipantsForRoom"
  | "getParticipantsForEntity"
  | "isRoomParticipant"
  | "getRoomsForParticipant"
  | "getRoomsForParticipants"
  | "getParticipantUserState"
  | "setParticipantUserState"
> {
  const { agentId } = store;
  const add = store.command(ADD), remove = store.command(REMOVE), setState = store.command(SET_STATE);
  const ofRoom = store.query<{ entity_id: UUID }>(OF_ROOM), ofEntity = store.query<{ id: UUID }>(OF_ENTITY);
  const one = store.query<{ state: "FOLLOWED" | "MUTED" | null }>(ONE), rooms = store.query<{ id: UUID }>(ROOMS);
  const roomsOf = (entityIds: UUID[]) =>
    rooms.all({ agentId, entityIds: JSON.stringify(entityIds) }).map((row) => row.id);
  return {
    addParticipantsRoom(entityIds, roomId) {
      try {
        store.atomically(() => entityIds.forEach((entityId) => add.run({ id: crypto.randomUUID(), roomId, entityId })));
        return true;
      } catch (error) {
        if (refersToNothing(error)) return false;
        throw error;
      }
    },
    removeParticipant: (entityId, roomId) => remove.run({ roomId, entityId }).changes > 0,
    getParticipantsForRoom: (roomId) => ofRoom.all({ roomId }).map((row) => row.entity_id),
    getParticipantsForEntity(entityId) {
      return ofEntity.all({ entityId }).flatMap(({ id }): Participant[] => {
        const [entity] = entitiesByIds([entityId]) ?? []; // a fresh one each: callers may change what they get
        return entity ? [{ id, entity }] : [];
      });
    },
    isRoomParticipant: (roomId, entityId) => one.get({ roomId, entityId }) !== undefined,
    getRoomsForParticipant: (entityId) => roomsOf([entityId]),
    getRoomsForParticipants: roomsOf,
    getParticipantUserState: (roomId, entityId) => one.get({ roomId, entityId })?.state ?? null,
    setParticipantUserState: (roomId, entityId, state) => void setState.run({ roomId, entityId, state }),
  };
}
