/** Memories as they are written: what was said, facts, documents and their fragments. @module */

import type { UUID } from "@elizaos/core";
import type { Sealed } from "../store/seal.ts";
import { embeddingPlace, type MemoryBody, type MemoryFacts, memoryPlace } from "./recall.ts";
import type { Search } from "./search.ts";
import { type Direct, referring, type Store } from "./store.ts";
import { vectorToText } from "../vectors.ts";

const CREATE = `
  INSERT INTO memory
    (id, type, agent_id, room_id, entity_id, world_id, document_id, is_unique, created_at, body)
  VALUES
    (:id, :type, :agent_id, :room_id, :entity_id, :world_id, :document_id, :is_unique, :created_at, :body)
  ON CONFLICT (id) DO NOTHING`;
const ONE = `
  SELECT seq, id, type, agent_id, room_id, entity_id, world_id, document_id, is_unique, created_at, body FROM memory
  WHERE id = :id`;
const SET_BODY = `UPDATE memory SET body = :body, document_id = :documentId WHERE id = :id`;
const SET_EMBEDDING = `
  INSERT INTO embedding (memory_seq, dimension, vector) VALUES (:seq, :dimension, :vector)
  ON CONFLICT (memory_seq) DO UPDATE SET dimension = :dimension, vector = :vector`;
/** A document's fragments go with it. */
const DELETE = `
  WITH doomed (id) AS (SELECT value FROM json_each(:ids))
  DELETE FROM memory WHERE id IN doomed OR document_id IN doomed`;
const DELETE_ALL = `
  WITH doomed (id) AS (SELECT id FROM memory WHERE room_id = :roomId AND type = :type)
  DELETE FROM memory WHERE id IN doomed OR document_id IN doomed`;

/** The methods that write memories. */
export function messageMethods(
  store: Store,
  search: Pick<Search, "saysTheSame">,
): Direct<"createMemory" | "updateMemory" | "deleteMemory" | "deleteManyMemories" | "deleteAllMemories"> {
  const create = store.command(CREATE), setBody = store.command(SET_BODY), setEmbedding = store.command(SET_EMBEDDING);
  const remove = store.command(DELETE), removeAll = store.command(DELETE_ALL);
  const one = store.query<MemoryFacts & { seq: number; body: Sealed }>(ONE);
  const writeEmbedding = (id: UUID, seq: number, embedding: readonly number[] = []) => {
    if (embedding.length === 0) return;
    const dimension = embedding.length;
    setEmbedding.run({
      seq,
      dimension,
      vector: store.seal(vectorToText(embedding), embeddingPlace({ id, dimension })),
    });
  };
  return {
    createMemory(memory, tableName, unique) {
      const { id = crypto.randomUUID(), agentId = store.agentId, roomId, entityId, embedding = [] } = memory;
      const metadata = memory.metadata ?? {};
      const saysSomethingNew = () =>
        embedding.length === 0 || !search.saysTheSame(embedding, { type: tableName, agentId, roomId, entityId });
      const write = () => {
        const { worldId: world_id = null, createdAt = store.clock.now() } = memory;
        const is_unique = Number(unique ?? memory.unique ?? saysSomethingNew());
        const facts: MemoryFacts = {
          ...{ id, type: tableName, agent_id: agentId, room_id: roomId, entity_id: entityId, world_id, is_unique },
          document_id: documentIdOf(metadata),
          created_at: Math.trunc(createdAt),
        };
        const body = store.seal({ content: memory.content ?? {}, metadata }, memoryPlace(facts));
        const { changes, seq } = create.run({ ...facts, body });
        if (changes > 0) writeEmbedding(id, seq, embedding);
      };
      // One statement needs no savepoint, which would double its time: it copies pages (measured: 63, not 32 µs).
      const work = embedding.length > 0 ? () => store.atomically(write) : write;
      referring(`memory ${id}`, `agent ${agentId} and room ${roomId}`, work);
      return id;
    },
    updateMemory({ id, content, metadata, embedding }) {
      return store.atomically(() => {
        const row = one.get({ id });
        if (!row) return false;
        if (content || metadata) {
          const old = store.open<MemoryBody>(row.body, memoryPlace(row));
          const body = { content: content ?? old.content, metadata: metadata ?? old.metadata };
          const documentId = documentIdOf(body.metadata);
          const newPlace = memoryPlace({ ...row, document_id: documentId });
          setBody.run({ id, body: store.seal(body, newPlace), documentId });
        }
        writeEmbedding(id, row.seq, embedding);
        return true;
      });
    },
    deleteMemory: (memoryId) => void remove.run({ ids: JSON.stringify([memoryId]) }),
    deleteManyMemories: (memoryIds) => void remove.run({ ids: JSON.stringify(memoryIds) }),
    deleteAllMemories: (roomId, tableName) => void removeAll.run({ roomId, type: tableName }),
  };
}

/** The document that a fragment was cut from. */
function documentIdOf(metadata: unknown): string | null {
  if (typeof metadata !== "object" || metadata === null || !("documentId" in metadata)) return null;
  return typeof metadata.documentId === "string" ? metadata.documentId : null;
}
