/** Relationships: what one entity is to another, in one direction. An agent sees only its own. @module */

import type { Metadata, Relationship, UUID } from "@elizaos/core";
import type { Place, Sealed } from "../store/seal.ts";
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
const BY_ID = `
  SELECT id, agent_id, source_entity_id, target_entity_id, body, created_at FROM relationship
  WHERE id = :id AND agent_id = :agentId`;
const UPDATE = `UPDATE relationship SET body = :body WHERE id = :id AND agent_id = :agentId`;

/** The methods about relationships. */
export function relationshipMethods(
  store: Store,
): Direct<"createRelationship" | "updateRelationship" | "getRelationship" | "getRelationships"> {
  const { agentId } = store;
  const create = store.command(CREATE), update = store.command(UPDATE);
  const byId = store.query<RelationshipRow>(BY_ID);
  const one = store.query<RelationshipRow>(ONE), ofEntity = store.query<RelationshipRow>(OF_ENTITY);
  const place = (row: Omit<RelationshipRow, "body">): Place => [
    "relationship.body",
    row.id,
    row.agent_id,
    row.source_entity_id,
    row.target_entity_id,
    row.created_at,
  ];
  const sealBody = (row: Omit<RelationshipRow, "body">, { tags = [], metadata = {} }: Partial<RelationshipBody>) =>
    store.seal({ tags, metadata }, place(row));
  const relationshipFrom = (row: RelationshipRow): Relationship => ({
    id: row.id,
    sourceEntityId: row.source_entity_id,
    targetEntityId: row.target_entity_id,
    agentId: row.agent_id,
    ...store.open<RelationshipBody>(row.body, place(row)),
    createdAt: new Date(row.created_at).toISOString(),
  });
  return {
    createRelationship({ sourceEntityId, targetEntityId, ...body }) {
      const id = crypto.randomUUID(), createdAt = store.clock.now();
      const row = {
        id,
        agent_id: agentId,
        source_entity_id: sourceEntityId,
        target_entity_id: targetEntityId,
        created_at: createdAt,
      };
      const columns = { id, agentId, sourceEntityId, targetEntityId, createdAt, body: sealBody(row, body) };
      try {
        return create.run(columns).changes > 0;
      } catch (error) {
        if (refersToNothing(error)) return false;
        throw error;
      }
    },
    updateRelationship(relationship) {
      const { id } = relationship;
      store.atomically(() => {
        const row = byId.get({ id, agentId });
        if (row) update.run({ id, agentId, body: sealBody(row, relationship) });
      });
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
