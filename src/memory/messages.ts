/** Memories as they are written: what was said, facts, documents and their fragments. @module */

import type { UUID } from "@elizaos/core";
import type { Sealed } from "../store/seal.ts";
import type { MemoryBody } from "./recall.ts";
import type { Search } from "./search.ts";
import { type Direct, referring, type Store } from "./store.ts";
import { vectorToText } from "./vectors.ts";

const CREATE = `
  INSERT INTO memory
    (id, type, agent_id, room_id, entity_id, world_id, document_id, is_unique, created_at, body)
  VALUES
    (:id, :type, :agentId, :roomId, :entityId, :worldId, :documentId, :unique, :createdAt, :body)
  ON CONFLICT (id) DO NOTHING`;
const ONE = `SELECT seq, body FROM memory WHERE id = :id`;
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
  const one = store.query<{ seq: number; body: Sealed }>(ONE);
  const place = (id: UUID) => `memory.body/${id}`;
  const writeEmbedding = (id: UUID, seq: number, embedding: readonly number[] = []) => {
    if (embedding.length === 0) return;
    const vector = store.seal(vectorToText(embedding), `embedding.vector/${id}`);
    setEmbedding.run({ seq, dimension: embedding.length, vector });
  };
  return {
    createMemory(memory, tableName, unique) {
      const { id = crypto.randomUUID(), agentId = store.agentId, roomId, entityId, embedding = [] } = memory;
      const metadata = memory.metadata ?? {};
      const saysSomethingNew = () =>
        embedding.length === 0 || !search.saysTheSame(embedding, { type: tableName, agentId, roomId, entityId });
      const write = () => {
        const { changes, seq } = create.run({
          id,
          type: tableName,
          agentId,
          roomId,
          entityId,
          worldId: memory.worldId ?? null,
          documentId: documentIdOf(metadata),
          unique: Number(unique ?? memory.unique ?? saysSomethingNew()),
          createdAt: Math.trunc(memory.createdAt ?? store.clock.now()),
          body: store.seal({ content: memory.content ?? {}, metadata }, place(id)),
        });
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
          const old = store.open<MemoryBody>(row.body, place(id));
          const body = { content: content ?? old.content, metadata: metadata ?? old.metadata };
          setBody.run({ id, body: store.seal(body, place(id)), documentId: documentIdOf(body.metadata) });
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
