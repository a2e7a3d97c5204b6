/** Entities: users, agents and whatever else takes part. @module */

import type { Component, Entity, Metadata, UUID } from "@elizaos/core";
import type { Place, Sealed } from "../store/seal.ts";
import { participantPlace, type ParticipantRow } from "./participants.ts";
import { type Direct, referring, type Store } from "./store.ts";

interface EntityBody {
  readonly names: string[];
  readonly metadata: Metadata;
}

interface EntityRow {
  readonly id: UUID;
  readonly agent_id: UUID;
  readonly body: Sealed;
}

interface EntityInRoomRow extends EntityRow, Omit<ParticipantRow, "id" | "body"> {
  readonly participant_id: UUID;
  readonly participant_body: Sealed;
}

const CREATE = `
  INSERT INTO entity (id, agent_id, body) VALUES (:id, :agentId, :body) ON CONFLICT (id) DO NOTHING`;
const BY_IDS = `
  SELECT id, agent_id, body FROM entity WHERE id IN (SELECT value FROM json_each(:ids)) ORDER BY seq`;
const IN_ROOM = `
  SELECT entity.id, entity.agent_id, entity.body, participant.id AS participant_id, room_id, entity_id, state,
    participant.body AS participant_body
  FROM participant JOIN entity ON entity.id = participant.entity_id
  WHERE participant.room_id = :roomId AND entity.agent_id = :agentId ORDER BY participant.seq`;
const UPDATE = `UPDATE entity SET body = :body WHERE id = :id`;

/**
 * The methods about entities.
 *
 * @param componentsOf Reads an entity's components.
 */
export function entityMethods(
  store: Store,
  componentsOf: (entityId: UUID) => Component[],
): Direct<"getEntitiesByIds" | "getEntitiesForRoom" | "createEntities" | "updateEntity"> {
  const create = store.command(CREATE), update = store.command(UPDATE);
  const byIds = store.query<EntityRow>(BY_IDS), inRoom = store.query<EntityInRoomRow>(IN_ROOM);
  const place = (id: UUID, owner: UUID): Place => ["entity.body", id, owner];
  const sealBody = (id: UUID, owner: UUID, { names, metadata }: Entity) =>
    store.seal({ names: namesFrom(names), metadata: metadata ?? {} }, place(id, owner));
  const entityFrom = (row: EntityRow): Entity => ({
    id: row.id,
    agentId: row.agent_id,
    ...store.open<EntityBody>(row.body, place(row.id, row.agent_id)),
  });
  const withComponents = (entity: Entity): Entity => ({ ...entity, components: componentsOf(entity.id as UUID) });
  return {
    getEntitiesByIds(entityIds) {
      return byIds.all({ ids: JSON.stringify(entityIds) }).map((row) => withComponents(entityFrom(row)));
    },
    getEntitiesForRoom(roomId, includeComponents) {
      const rows = inRoom.all({ roomId, agentId: store.agentId });
      for (const row of rows) {
        store.openText(row.participant_body, participantPlace({ ...row, id: row.participant_id }));
      }
      const entities = rows.map(entityFrom);
      return includeComponents ? entities.map(withComponents) : entities;
    },
    createEntities(entities) {
      store.atomically(() => {
        for (const entity of entities) {
          const { id = crypto.randomUUID() } = entity;
          const agentId = entity.agentId ?? store.agentId;
          const write = () => create.run({ id, agentId, body: sealBody(id, agentId, entity) });
          referring(`entity ${id}`, `agent ${agentId}`, write);
        }
      });
      return true;
    },
    updateEntity(entity) {
      if (entity.id === undefined) throw new TypeError("Cannot update an entity without its id");
      const { id } = entity;
      store.atomically(() => {
        const [row] = byIds.all({ ids: JSON.stringify([id]) });
        if (row) update.run({ id, body: sealBody(id, row.agent_id, entity) });
      });
    },
  };
}

/** Plugins hand over a single name, a Set or nothing where the type says a list. */
function namesFrom(names: unknown): string[] {
  if (names === undefined || names === null) return [];
  if (typeof names === "object" && Symbol.iterator in names) return Array.from(names as Iterable<unknown>, String);
  return [String(names)];
}
