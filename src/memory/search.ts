/** Memories found by what they are about: by embedding, or by a text that was embedded before. @module */

import type { Memory, UUID } from "@elizaos/core";
import type { Sealed } from "../store/seal.ts";
import { embeddingPlace, type MemoryBody, type MemoryFacts, memoryPlace } from "./recall.ts";
import { type Direct, limitOf, type Store } from "./store.ts";
import { cosineSimilarity, floats, numbers, vectorFromText } from "../vectors.ts";

/** Two embeddings at least this alike say the same, as in the official adapter. */
const SAME_SIMILARITY = 0.95;
const DEFAULT_COUNT = 10;

/** Which memories an embedding is compared with. */
interface SearchScope {
  readonly type: string;
  readonly agentId: UUID;
  readonly roomId?: UUID | undefined;
  readonly entityId?: UUID | undefined;
  readonly worldId?: UUID | undefined;
  readonly unique?: boolean | undefined;
}

interface CandidateRow {
  readonly id: UUID;
  readonly dimension: number;
  readonly vector: Sealed;
}

interface TextRow extends CandidateRow, MemoryFacts {
  readonly id: UUID;
  readonly body: Sealed;
}

/** `scope` repeats the narrowest filter given in the form that an index can serve. Newest first. */
const candidates = (scope: string) => `
  SELECT id, dimension, vector FROM memory JOIN embedding ON memory_seq = seq
  WHERE ${scope} AND type = :type AND agent_id = :agentId AND dimension = :dimension
    AND (:roomId IS NULL OR room_id = :roomId) AND (:entityId IS NULL OR entity_id = :entityId)
    AND (:worldId IS NULL OR world_id = :worldId) AND (NOT :unique OR is_unique)
  ORDER BY created_at DESC, seq DESC`;
const IN_ROOM = candidates("room_id = :roomId");
const BY_ENTITY = candidates("entity_id = :entityId");
const IN_WORLD = candidates("world_id = :worldId");
const IN_TABLE = candidates("TRUE");
const TEXTS = `
  SELECT id, type, agent_id, room_id, entity_id, world_id, document_id, is_unique, created_at, body, dimension, vector
  FROM memory JOIN embedding ON memory_seq = seq
  WHERE type = :type AND agent_id = :agentId ORDER BY created_at DESC, seq DESC`;

/** The searches, and whether a memory says anything new. */
export interface Search extends Direct<"searchMemories" | "getCachedEmbeddings"> {
  saysTheSame(embedding: readonly number[], scope: SearchScope): boolean;
}

/**
 * The methods that search. Every embedding in question is read and compared: 10,000 of 384 numbers take some 0.15 s,
 * and sealed 0.6 s. One of another dimension than the one that is looked for, from another model, is passed over.
 *
 * @param memoriesByIds Reads memories whole.
 */
export function searchMethods(store: Store, memoriesByIds: (ids: UUID[]) => Memory[]): Search {
  const inRoom = store.query<CandidateRow>(IN_ROOM), byEntity = store.query<CandidateRow>(BY_ENTITY);
  const inWorld = store.query<CandidateRow>(IN_WORLD), inTable = store.query<CandidateRow>(IN_TABLE);
  const texts = store.query<TextRow>(TEXTS);
  const openVector = (row: CandidateRow) => vectorFromText(store.open<string>(row.vector, embeddingPlace(row)));

  function* similar(embedding: readonly number[], scope: SearchScope, atLeast: number) {
    const { type, agentId, roomId = null, entityId = null, worldId = null, unique = false } = scope;
    const wanted = floats(embedding);
    const query = roomId ? inRoom : entityId ? byEntity : worldId ? inWorld : inTable;
    const filters = { type, agentId, roomId, entityId, worldId, unique: Number(unique), dimension: wanted.length };
    for (const row of query.each(filters)) {
      const similarity = cosineSimilarity(wanted, openVector(row));
      if (similarity >= atLeast) yield { id: row.id, similarity };
    }
  }

  return {
    saysTheSame: (embedding, scope) => similar(embedding, scope, SAME_SIMILARITY).some(() => true),
    searchMemories({ embedding, tableName, match_threshold = -Infinity, count = DEFAULT_COUNT, ...filters }) {
      const limit = limitOf("count", count);
      const scope = { ...filters, type: tableName, agentId: store.agentId };
      const best = [...similar(embedding, scope, match_threshold)]
        .sort((a, b) => b.similarity - a.similarity).slice(0, limit);
      const memories = new Map(memoriesByIds(best.map(({ id }) => id)).map((memory) => [memory.id, memory]));
      return best.flatMap(({ id, similarity }) => {
        const memory = memories.get(id);
        return memory ? [{ ...memory, similarity }] : [];
      });
    },
    getCachedEmbeddings(query) {
      const { query_field_name, query_field_sub_name, query_input, query_threshold } = query;
      const limit = limitOf("query_match_count", query.query_match_count);
      const wanted = Array.from(query_input);
      const found: { embedding: number[]; levenshtein_score: number }[] = [];
      for (const row of texts.each({ type: query.query_table_name, agentId: store.agentId })) {
        const { content, metadata } = store.open<MemoryBody>(row.body, memoryPlace(row));
        const field = query_field_name === "metadata" ? metadata : content;
        const text: unknown = Object.entries(field).find(([name]) => name === query_field_sub_name)?.[1];
        if (typeof text !== "string") continue;
        const levenshtein_score = editDistance(wanted, Array.from(text), query_threshold);
        if (levenshtein_score > query_threshold) continue;
        found.push({ embedding: numbers(openVector(row)), levenshtein_score });
      }
      return found.sort((a, b) => a.levenshtein_score - b.levenshtein_score).slice(0, limit);
    },
  };
}

/** Levenshtein's distance between two texts, character by character; Infinity once it is sure to exceed `atMost`. */
function editDistance(a: readonly string[], b: readonly string[], atMost: number): number {
  if (Math.abs(a.length - b.length) > atMost) return Infinity;
  let above = Array.from({ length: b.length + 1 }, (_, column) => column);
  for (let row = 1; row <= a.length; row++) {
    const current = [row];
    for (let column = 1; column <= b.length; column++) {
      const replaced = (above[column - 1] ?? 0) + (a[row - 1] === b[column - 1] ? 0 : 1);
      current.push(Math.min(replaced, (above[column] ?? 0) + 1, (current[column - 1] ?? 0) + 1));
    }
    if (Math.min(...current) > atMost) return Infinity;
    above = current;
  }
  return above[b.length] ?? 0;
}
