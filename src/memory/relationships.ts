/** Relationships: what one entity is to another, in one direction. An agent sees only its own. @module */

import type { Metadata, Relationship, UUID } from "@elizaos/core";
import type { Sealed } from "../store/seal.ts";
import { type Direct, refersToNothing, type Store } from "./store.ts";

interface RelationshipBody {
  readonly tags: string[];
  readonly metadata: Metadata;
}

interface RelationshipRow {
  readonly id: UUID;
  readonly agent_id: UUID;
  readonly source_entity_id: UUID;
  readonly target_entity_id: UUID;
  readonly body: Sealed;
  readonly created_at: number;
}

const CREATE = `
  INSERT INTO relationship (id, agent_id, source_entity_id, target_entity_id, body, created_at)
  VALUES (:id, :agentId, :sourceEntityId, :targetEntityId, :body, :createdAt)
  ON CONFLICT (source_entity_id, target_entity_id, agent_id) DO NOTHING`;
const ONE = `
  SELECT id, agent_id, source_entity_id, target_entity_id, body, created_at FROM relationship
  WHERE source_entity_id = :sourceEntityId AND target_entity_id = :targetEntityId AND agent_id = :agentId`;
const OF_ENTITY = `
  SELECT id, agent_id, source_entity_id, target_entity_id, body, created_at FROM relationship
  WHERE (source_entity_id = :entityId OR target_entity_id = :entityId) AND agent_id = :agentId ORDER BY seq`;
const UPDATE = `UPDATE relationship SET body = :body WHERE id = :id AND agent_id = :agentId`;

/** The methods about relationships. */
export function relationshipMethods(
  store: Store,
): Direct<"createRelationship" | "updateRelationship" | "getRelationship" | "getRelationships"> {
  const { agentId } = store;
  const create = store.command(CREATE), update = store.command(UPDATE);
  const one = store.query<RelationshipRow>(ONE), ofEntity = store.query<RelationshipRow>(OF_ENTITY);
  const place = (id: UUID) => `relationship.body/${id}`;
  const sealBody = (id: UUID, { tags = [], metadata = {} }: Partial<RelationshipBody>) =>
    store.seal({ tags, metadata }, place(id));
  const relationshipFrom = (row: RelationshipRow): Relationship => ({
    id: row.id,
    sourceEntityId: row.source_entity_id,
    targetEntityId: row.target_entity_id,
    agentId: row.agent_id,
    ...store.open<RelationshipBody>(row.body, place(row.id)),
    createdAt: new Date(row.created_at).toISOString(),
  });
  return {
    createRelationship({ sourceEntityId, targetEntityId, ...body }) {
      const id = crypto.randomUUID();
      const columns = { id, agentId, sourceEntityId, targetEntityId, body: sealBody(id, body) };
      try {
        return create.run({ ...columns, createdAt: store.clock.now() }).changes > 0;
      } catch (error) {
        if (refersToNothing(error)) return false;
        throw error;
      }
    },
    updateRelationship(relationship) {
      const { id } = relationship;
      update.run({ id, agentId, body: sealBody(id, relationship) });
    },
    getRelationship({ sourceEntityId, targetEntityId }) {
      const row = one.get({ sourceEntityId, targetEntityId, agentId });
      return row ? relationshipFrom(row) : null;
    },
    getRelationships({ entityId, tags = [] }) {
      const all = ofEntity.all({ entityId, agentId }).map(relationshipFrom);
      return tags.length === 0 ? all : all.filter((one) => tags.some((tag) => one.tags.includes(tag)));
    },
  };
}
