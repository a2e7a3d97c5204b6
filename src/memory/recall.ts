/** Memories as they are read: by id, room, world, table and time, newest first. @module */

import type { Content, Memory, MemoryMetadata, UUID } from "@elizaos/core";
import type { Place, Sealed } from "../store/seal.ts";
import { type Direct, limitOf, type Store } from "./store.ts";
import { numbers, vectorFromText } from "../vectors.ts";

/** What is sealed of a memory, in one piece: opening costs per piece. */
export interface MemoryBody {
  readonly content: Content;
  /** `{}` where none were given. */
  readonly metadata: MemoryMetadata;
}

/** The columns of a memory that say whose it is, and when it was made. */
export interface MemoryFacts {
  readonly id: UUID;
  readonly type: string;
  readonly agent_id: UUID;
  readonly room_id: UUID;
  readonly entity_id: UUID;
  readonly world_id: UUID | null;
  readonly document_id: string | null;
  readonly is_unique: number;
  readonly created_at: number;
}

interface MemoryRow extends MemoryFacts {
  readonly body: Sealed;
  readonly dimension: number | null;
  readonly vector: Sealed | null;
}

/** What the body of a memory is bound to. */
export function memoryPlace(row: MemoryFacts): Place {
  const { id, type, agent_id, room_id, entity_id, world_id, document_id, is_unique, created_at } = row;
  return ["memory.body", id, type, agent_id, room_id, entity_id, world_id, document_id, is_unique, created_at];
}

/** What the embedding of a memory is bound to. */
export function embeddingPlace({ id, dimension }: { id: UUID; dimension: number | null }): Place {
  return ["embedding.vector", id, dimension];
}

const SELECT = `
  SELECT id, type, agent_id, room_id, entity_id, world_id, document_id, is_unique, created_at, body, dimension, vector
  FROM memory LEFT JOIN embedding ON memory_seq = seq`;
// "LIMIT +:count", since SQLite plans anew for each value of a bare "LIMIT :count" (measured: 12, not 3 µs).
const NEWEST_FIRST = `ORDER BY created_at DESC, seq DESC`;

/** Every filter there is; `scope` repeats the narrowest one given in the form that an index can serve. */
const filtered = (scope: string) => `
  ${SELECT}
  WHERE ${scope} AND type = :type AND created_at BETWEEN :start AND :end
    AND (:roomId IS NULL OR room_id = :roomId) AND (:entityId IS NULL OR entity_id = :entityId)
    AND (:worldId IS NULL OR world_id = :worldId) AND (:agentId IS NULL OR agent_id = :agentId)
    AND (NOT :unique OR is_unique)
  ${NEWEST_FIRST} LIMIT +:count OFFSET +:offset`;
const IN_ROOM = filtered("room_id = :roomId");
const BY_ENTITY = filtered("entity_id = :entityId");
const IN_WORLD = filtered("world_id = :worldId");
const IN_TABLE = filtered("TRUE");
const BY_IDS = `
  ${SELECT} WHERE id IN (SELECT value FROM json_each(:ids)) AND (:type IS NULL OR type = :type) ${NEWEST_FIRST}`;
const IN_ROOMS = `
  ${SELECT} WHERE room_id IN (SELECT value FROM json_each(:roomIds)) AND type = :type AND agent_id = :agentId
  ${NEWEST_FIRST} LIMIT +:count`;
const IN_ROOMS_OF_WORLD = `
  ${SELECT} WHERE room_id IN (SELECT id FROM room WHERE agent_id = :agentId AND world_id = :worldId)
    AND type = :type AND agent_id = :agentId
  ${NEWEST_FIRST} LIMIT +:count`;
const COUNT = `
  SELECT count(*) AS count FROM memory
  WHERE room_id = :roomId AND (:type IS NULL OR type = :type) AND (NOT :unique OR is_unique)`;

/** The table that getMemoriesByWorldId reads if it is not told which. */
const DEFAULT_TABLE = "messages";

/** The methods that read memories. */
export function recallMethods(store: Store): Direct<
  | "getMemories"
  | "getMemoryById"
  | "getMemoriesByIds"
  | "getMemoriesByRoomIds"
  | "getMemoriesByWorldId"
  | "countMemories"
> {
  const inRoom = store.query<MemoryRow>(IN_ROOM), byEntity = store.query<MemoryRow>(BY_ENTITY);
  const inWorld = store.query<MemoryRow>(IN_WORLD), inTable = store.query<MemoryRow>(IN_TABLE);
  const byIds = store.query<MemoryRow>(BY_IDS), inRooms = store.query<MemoryRow>(IN_ROOMS);
  const inRoomsOfWorld = store.query<MemoryRow>(IN_ROOMS_OF_WORLD);
  const count = store.query<{ count: number }>(COUNT);
  const fromRow = (row: MemoryRow) => memoryFrom(row, store);
  return {
    getMemories({ tableName, roomId, entityId, worldId, agentId, unique, start, end, count, offset = 0 }) {
      if (tableName === undefined) throw new TypeError("Cannot read memories: tableName is required");
      const scope = roomId ? inRoom : entityId ? byEntity : worldId ? inWorld : inTable;
      const rows = scope.all({
        type: tableName,
        roomId: roomId ?? null,
        entityId: entityId ?? null,
        worldId: worldId ?? null,
        agentId: agentId ?? null,
        unique: Number(unique === true),
        // To the core, 0 is "not set" for these three.
        start: start || Number.MIN_SAFE_INTEGER,
        end: end || Number.MAX_SAFE_INTEGER,
        count: limitOf("count", count || undefined),
        offset: limitOf("offset", offset),
      });
      return rows.map(fromRow);
    },
    getMemoryById(id) {
      const row = byIds.get({ ids: JSON.stringify([id]), type: null });
      return row ? fromRow(row) : null;
    },
    getMemoriesByIds: (ids, tableName) => byIds.all({ ids: JSON.stringify(ids), type: tableName ?? null }).map(fromRow),
    getMemoriesByRoomIds({ roomIds, tableName, limit }) {
      const count = limitOf("limit", limit || undefined);
      const filters = { roomIds: JSON.stringify(roomIds), type: tableName, agentId: store.agentId };
      return inRooms.all({ ...filters, count }).map(fromRow);
    },
    getMemoriesByWorldId({ worldId, count, tableName = DEFAULT_TABLE }) {
      const filters = { worldId, type: tableName, agentId: store.agentId };
      return inRoomsOfWorld.all({ ...filters, count: limitOf("count", count || undefined) }).map(fromRow);
    },
    countMemories(roomId, unique = true, tableName) {
      return count.get({ roomId, unique: Number(unique), type: tableName ?? null })?.count ?? 0;
    },
  };
}

function memoryFrom(row: MemoryRow, store: Store): Memory {
  return {
    id: row.id,
    entityId: row.entity_id,
    agentId: row.agent_id,
    roomId: row.room_id,
    ...(row.world_id !== null && { worldId: row.world_id }),
    createdAt: row.created_at,
    ...store.open<MemoryBody>(row.body, memoryPlace(row)),
    unique: row.is_unique === 1,
    ...(row.vector !== null && {
      embedding: numbers(vectorFromText(store.open<string>(row.vector, embeddingPlace(row)))),
    }),
  };
}
