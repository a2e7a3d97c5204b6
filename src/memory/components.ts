/** Components: pieces of data that plugins attach to entities. @module */

import type { Component, Metadata, UUID } from "@elizaos/core";
import type { Sealed } from "../store/seal.ts";
import { type Direct, referring, type Store } from "./store.ts";

interface ComponentRow {
  readonly id: UUID;
  readonly entity_id: UUID;
  readonly agent_id: UUID;
  readonly room_id: UUID;
  readonly world_id: UUID | null;
  readonly source_entity_id: UUID | null;
  readonly type: string;
  readonly data: Sealed;
  readonly created_at: number;
}

const CREATE = `
  INSERT INTO component (id, entity_id, agent_id, room_id, world_id, source_entity_id, type, data, created_at)
  VALUES (:id, :entityId, :agentId, :roomId, :worldId, :sourceEntityId, :type, :data, :createdAt)
  ON CONFLICT (id) DO NOTHING`;
const OF_ENTITY = `
  SELECT id, entity_id, agent_id, room_id, world_id, source_entity_id, type, data, created_at FROM component
  WHERE entity_id = :entityId AND (:type IS NULL OR type = :type) AND (:worldId IS NULL OR world_id = :worldId)
    AND (:sourceEntityId IS NULL OR source_entity_id = :sourceEntityId)
  ORDER BY seq`;
const UPDATE = `
  UPDATE component SET entity_id = coalesce(:entityId, entity_id), agent_id = coalesce(:agentId, agent_id),
    room_id = coalesce(:roomId, room_id), world_id = coalesce(:worldId, world_id),
    source_entity_id = coalesce(:sourceEntityId, source_entity_id), type = coalesce(:type, type),
    data = coalesce(:data, data)
  WHERE id = :id`;
const DELETE = `DELETE FROM component WHERE id = :id`;

/** The methods about components. Of several that fit, the oldest is the one. */
export function componentMethods(
  store: Store,
): Direct<"getComponent" | "getComponents" | "createComponent" | "updateComponent" | "deleteComponent"> {
  const create = store.command(CREATE), update = store.command(UPDATE), remove = store.command(DELETE);
  const ofEntity = store.query<ComponentRow>(OF_ENTITY);
  const place = (id: UUID) => `component.data/${id}`;
  const componentFrom = (row: ComponentRow): Component => ({
    id: row.id,
    entityId: row.entity_id,
    agentId: row.agent_id,
    roomId: row.room_id,
    worldId: row.world_id ?? NO_ID,
    sourceEntityId: row.source_entity_id ?? NO_ID,
    type: row.type,
    createdAt: row.created_at,
    data: store.open<Metadata>(row.data, place(row.id)),
  });
  const columnsFor = (component: Partial<Component> & { id: UUID }) => ({
    id: component.id,
    entityId: component.entityId ?? null,
    roomId: component.roomId ?? null,
    worldId: idOrNull(component.worldId),
    sourceEntityId: idOrNull(component.sourceEntityId),
    type: component.type ?? null,
  });
  return {
    getComponent(entityId, type, worldId, sourceEntityId) {
      const row = ofEntity.get({ entityId, type, worldId: worldId ?? null, sourceEntityId: sourceEntityId ?? null });
      return row ? componentFrom(row) : null;
    },
    getComponents(entityId, worldId, sourceEntityId) {
      const filters = { type: null, worldId: worldId ?? null, sourceEntityId: sourceEntityId ?? null };
      return ofEntity.all({ entityId, ...filters }).map(componentFrom);
    },
    createComponent(component) {
      const { id = crypto.randomUUID(), agentId = store.agentId, createdAt = store.clock.now() } = component;
      const data = store.seal(component.data ?? {}, place(id));
      const columns = { ...columnsFor({ ...component, id }), agentId, data, createdAt };
      const parents =
        `entity ${columns.entityId}, room ${columns.roomId} and, where given, a world and a source entity`;
      return referring(`component ${id}`, parents, () => create.run(columns).changes > 0);
    },
    updateComponent(component) {
      const data = component.data ? store.seal(component.data, place(component.id)) : null;
      update.run({ ...columnsFor(component), agentId: component.agentId ?? null, data });
    },
    deleteComponent: (componentId) => void remove.run({ id: componentId }),
  };
}

/** Stands for a missing id where the core's type demands one, as in the official adapter. */
const NO_ID = "" as UUID;

function idOrNull(id: UUID | undefined): UUID | null {
  return id === undefined || id === NO_ID ? null : id;
}
