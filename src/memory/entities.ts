/** Entities: users, agents and whatever else takes part. @module */

import type { Component, Entity, Metadata, UUID } from "@elizaos/core";
import type { Sealed } from "../store/seal.ts";
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

const CREATE = `
  INSERT INTO entity (id, agent_id, body) VALUES (:id, :agentId, :body) ON CONFLICT (id) DO NOTHING`;
const BY_IDS = `
  SELECT id, agent_id, body FROM entity WHERE id IN (SELECT value FROM json_each(:ids)) ORDER BY seq`;
const IN_ROOM = `
  SELECT entity.id, entity.agent_id, entity.body FROM participant JOIN entity ON entity.id = participant.entity_id
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
  const byIds = store.query<EntityRow>(BY_IDS), inRoom = store.query<EntityRow>(IN_ROOM);
  const place = (id: UUID) => `entity.body/${id}`;
  const sealBody = (id: UUID, { names, metadata }: Entity) =>
    store.seal({ names: namesFrom(names), metadata: metadata ?? {} }, place(id));
  const entityFrom = (row: EntityRow): Entity => ({
    id: row.id,
    agentId: row.agent_id,
    ...store.open<EntityBody>(row.body, place(row.id)),
  });
  const withComponents = (entity: Entity): Entity => ({ ...entity, components: componentsOf(entity.id as UUID) });
  return {
    getEntitiesByIds(entityIds) {
      return byIds.all({ ids: JSON.stringify(entityIds) }).map((row) => withComponents(entityFrom(row)));
    },
    getEntitiesForRoom(roomId, includeComponents) {
      const entities = inRoom.all({ roomId, agentId: store.agentId }).map(entityFrom);
      return includeComponents ? entities.map(withComponents) : entities;
    },
    createEntities(entities) {
      store.atomically(() => {
        for (const entity of entities) {
          const { id = crypto.randomUUID() } = entity;
          const agentId = entity.agentId ?? store.agentId;
          const write = () => create.run({ id, agentId, body: sealBody(id, entity) });
          referring(`entity ${id}`, `agent ${agentId}`, write);
        }
      });
      return true;
    },
    updateEntity(entity) {
      if (entity.id === undefined) throw new TypeError("Cannot update an entity without its id");
      update.run({ id: entity.id, body: sealBody(entity.id, entity) });
    },
  };
}

/** Plugins hand over a single name, a Set or nothing where the type says a list. */
function namesFrom(names: unknown): string[] {
  if (names === undefined || names === null) return [];
  if (typeof names === "object" && Symbol.iterator in names) return Array.from(names as Iterable<unknown>, String);
  return [String(names)];
}
