/** Components: pieces of data that plugins attach to entities. @module */

import type { Component, Metadata, UUID } from "@elizaos/core";
import type { Place, Sealed } from "../store/seal.ts";
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
  VALUES (:id, :entity_id, :agent_id, :room_id, :world_id, :source_entity_id, :type, :data, :created_at)
  ON CONFLICT (id) DO NOTHING`;
const OF_ENTITY = `
  SELECT id, entity_id, agent_id, room_id, world_id, source_entity_id, type, data, created_at FROM component
  WHERE entity_id = :entityId AND (:type IS NULL OR type = :type) AND (:worldId IS NULL OR world_id = :worldId)
    AND (:sourceEntityId IS NULL OR source_entity_id = :sourceEntityId)
  ORDER BY seq`;
const BY_ID = `
  SELECT id, entity_id, agent_id, room_id, world_id, source_entity_id, type, data, created_at FROM component
  WHERE id = :id`;
const UPDATE = `
  UPDATE component SET entity_id = :entity_id, agent_id = :agent_id, room_id = :room_id, world_id = :world_id,
    source_entity_id = :source_entity_id, type = :type, data = :data
  WHERE id = :id AND created_at = :created_at`;
const DELETE = `DELETE FROM component WHERE id = :id`;

/** The methods about components. Of several that fit, the oldest is the one. */
export function componentMethods(
  store: Store,
): Direct<"getComponent" | "getComponents" | "createComponent" | "updateComponent" | "deleteComponent"> {
  const create = store.command(CREATE), update = store.command(UPDATE), remove = store.command(DELETE);
  const ofEntity = store.query<ComponentRow>(OF_ENTITY), byId = store.query<ComponentRow>(BY_ID);
  const fromRow = (row: ComponentRow) => componentFrom(row, store);
  return {
    getComponent(entityId, type, worldId, sourceEntityId) {
      const row = ofEntity.get({ entityId, type, worldId: worldId ?? null, sourceEntityId: sourceEntityId ?? null });
      return row ? fromRow(row) : null;
    },
    getComponents(entityId, worldId, sourceEntityId) {
      const filters = { type: null, worldId: worldId ?? null, sourceEntityId: sourceEntityId ?? null };
      return ofEntity.all({ entityId, ...filters }).map(fromRow);
    },
    createComponent(component) {
      const row = {
        id: component.id ?? crypto.randomUUID(),
        entity_id: component.entityId,
        agent_id: component.agentId ?? store.agentId,
        room_id: component.roomId,
        world_id: idOrNull(component.worldId),
        source_entity_id: idOrNull(component.sourceEntityId),
        type: component.type,
        created_at: component.createdAt ?? store.clock.now(),
      };
      const data = store.seal(component.data ?? {}, componentPlace(row));
      const parents = `entity ${row.entity_id}, room ${row.room_id} and, where given, a world and a source entity`;
      return referring(`component ${row.id}`, parents, () => create.run({ ...row, data }).changes > 0);
    },
    updateComponent(component) {
      store.atomically(() => {
        const old = byId.get({ id: component.id });
        if (!old) return;
        const row = changed(old, component);
        const data = component.data ?? store.open<Metadata>(old.data, componentPlace(old));
        const sealed = store.seal(data, componentPlace(row));
        update.run({ ...row, data: sealed });
      });
    },
    deleteComponent: (componentId) => void remove.run({ id: componentId }),
  };
}

/** What a component's data is bound to. */
function componentPlace(row: Omit<ComponentRow, "data">): Place {
  const { id, entity_id, agent_id, room_id, world_id, source_entity_id, type, created_at } = row;
  return ["component.data", id, entity_id, agent_id, room_id, world_id, source_entity_id, type, created_at];
}

function componentFrom(row: ComponentRow, store: Store): Component {
  return {
    id: row.id,
    entityId: row.entity_id,
    agentId: row.agent_id,
    roomId: row.room_id,
    worldId: row.world_id ?? NO_ID,
    sourceEntityId: row.source_entity_id ?? NO_ID,
    type: row.type,
    createdAt: row.created_at,
    data: store.open<Metadata>(row.data, componentPlace(row)),
  };
}

/** A component's row with what a change gives; its data is bound to all of it, and has to be sealed anew. */
function changed(old: ComponentRow, change: Partial<Component>): Omit<ComponentRow, "data"> {
  return {
    id: old.id,
    entity_id: change.entityId ?? old.entity_id,
    agent_id: change.agentId ?? old.agent_id,
    room_id: change.roomId ?? old.room_id,
    world_id: idOrNull(change.worldId) ?? old.world_id,
    source_entity_id: idOrNull(change.sourceEntityId) ?? old.source_entity_id,
    type: change.type ?? old.type,
    created_at: old.created_at,
  };
}

/** Stands for a missing id where the core's type demands one, as in the official adapter. */
const NO_ID = "" as UUID;

function idOrNull(id: UUID | undefined): UUID | null {
  return id === undefined || id === NO_ID ? null : id;
}
