/** Who takes part in which room. @module */

import type { Entity, Participant, UUID } from "@elizaos/core";
import type { Place, Sealed } from "../store/seal.ts";
import { type Direct, refersToNothing, type Store } from "./store.ts";

const ADD = `
  INSERT INTO participant (id, room_id, entity_id, body) VALUES (:id, :roomId, :entityId, :body)
  ON CONFLICT (room_id, entity_id) DO NOTHING`;
const REMOVE = `DELETE FROM participant WHERE room_id = :roomId AND entity_id = :entityId`;
const SELECT = `SELECT participant.id, room_id, entity_id, state, participant.body FROM participant`;
const OF_ROOM = `${SELECT} WHERE room_id = :roomId ORDER BY seq`;
const OF_ENTITY = `${SELECT} WHERE entity_id = :entityId ORDER BY seq`;
const ONE = `${SELECT} WHERE room_id = :roomId AND entity_id = :entityId`;
const SET_STATE = `UPDATE participant SET state = :state, body = :body WHERE id = :id`;
const IN_ROOMS = `
  ${SELECT} JOIN room ON room.id = room_id
  WHERE agent_id = :agentId AND entity_id IN (SELECT value FROM json_each(:entityIds)) ORDER BY room.seq`;

/** The sealed text of a participant says nothing: it only binds the row. */
const NOTHING = "";

/** Who takes part in a room, as its table has it. */
export interface ParticipantRow {
  readonly id: UUID;
  readonly room_id: UUID;
  readonly entity_id: UUID;
  readonly state: "FOLLOWED" | "MUTED" | null;
  readonly body: Sealed;
}

/** What a participant's row is bound to. */
export function participantPlace({ id, room_id, entity_id, state }: Omit<ParticipantRow, "body">): Place {
  return ["participant.body", id, room_id, entity_id, state];
}

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
  const ofRoom = store.query<ParticipantRow>(OF_ROOM), ofEntity = store.query<ParticipantRow>(OF_ENTITY);
  const one = store.query<ParticipantRow>(ONE), inRooms = store.query<ParticipantRow>(IN_ROOMS);
  const checked = (row: ParticipantRow) => checkedRow(row, store);
  const find = (roomId: UUID, entityId: UUID) => {
    const row = one.get({ roomId, entityId });
    return row && checked(row);
  };
  const roomsOf = (entityIds: UUID[]) => {
    const rows = inRooms.all({ agentId, entityIds: JSON.stringify(entityIds) });
    return [...new Set(rows.map((row) => checked(row).room_id))];
  };
  return {
    addParticipantsRoom(entityIds, roomId) {
      try {
        store.atomically(() => {
          for (const entityId of entityIds) {
            const id = crypto.randomUUID();
            const body = bodyOf({ id, room_id: roomId, entity_id: entityId, state: null }, store);
            add.run({ id, roomId, entityId, body });
          }
        });
        return true;
      } catch (error) {
        if (refersToNothing(error)) return false;
        throw error;
      }
    },
    removeParticipant: (entityId, roomId) => remove.run({ roomId, entityId }).changes > 0,
    getParticipantsForRoom: (roomId) => ofRoom.all({ roomId }).map((row) => checked(row).entity_id),
    getParticipantsForEntity(entityId) {
      return ofEntity.all({ entityId }).map(checked).flatMap(({ id }): Participant[] => {
        const [entity] = entitiesByIds([entityId]) ?? []; // a fresh one each: callers may change what they get
        return entity ? [{ id, entity }] : [];
      });
    },
    isRoomParticipant: (roomId, entityId) => find(roomId, entityId) !== undefined,
    getRoomsForParticipant: (entityId) => roomsOf([entityId]),
    getRoomsForParticipants: roomsOf,
    getParticipantUserState: (roomId, entityId) => find(roomId, entityId)?.state ?? null,
    setParticipantUserState(roomId, entityId, state) {
      const row = find(roomId, entityId);
      if (row) setState.run({ id: row.id, state, body: bodyOf({ ...row, state }, store) });
    },
  };
}

/** The row, which nobody else may have written. */
function checkedRow(row: ParticipantRow, store: Store): ParticipantRow {
  store.openText(row.body, participantPlace(row));
  return row;
}

function bodyOf(row: Omit<ParticipantRow, "body">, store: Store): Sealed {
  return store.sealText(NOTHING, participantPlace(row));
}
