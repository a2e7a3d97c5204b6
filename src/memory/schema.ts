/** Tables of the memory: what ElizaOS keeps. `ANY` columns hold a JSON text, or its sealed form. @module */

import type { SealedColumn } from "../store/sealing.ts";

export const MEMORY_SEALED: readonly SealedColumn[] = [
  { table: "agent", column: "body", row: "id", facts: ["created_at", "updated_at"] },
  { table: "world", column: "body", row: "id", facts: ["agent_id", "message_server_id"] },
  { table: "room", column: "body", row: "id", facts: ["agent_id", "world_id", "message_server_id", "type"] },
  { table: "entity", column: "body", row: "id", facts: ["agent_id"] },
  {
    table: "component",
    column: "data",
    row: "id",
    facts: ["entity_id", "agent_id", "room_id", "world_id", "source_entity_id", "type", "created_at"],
  },
  { table: "participant", column: "body", row: "id", facts: ["room_id", "entity_id", "state"] },
  {
    table: "relationship",
    column: "body",
    row: "id",
    facts: ["agent_id", "source_entity_id", "target_entity_id", "created_at"],
  },
  {
    table: "memory",
    column: "body",
    row: "id",
    facts: ["type", "agent_id", "room_id", "entity_id", "world_id", "document_id", "is_unique", "created_at"],
  },
  {
    table: "embedding",
    column: "vector",
    row: "(SELECT id FROM memory WHERE memory.seq = memory_seq)",
    facts: ["dimension"],
  },
  { table: "log", column: "body", row: "id", facts: ["agent_id", "entity_id", "room_id", "type", "created_at"] },
  { table: "task", column: "body", row: "id", facts: ["agent_id", "room_id", "world_id", "entity_id", "updated_at"] },
  { table: "cache", column: "value", row: "key_digest", facts: ["agent_id"] },
  { table: "cache_secret", column: "secret", row: "one", facts: [] },
  { table: "exchange", column: "body", row: "id", facts: ["agent_id", "room_id", "entity_id", "created_at"] },
];

export const MEMORY_SCHEMA = `
  -- \`seq\` is the order of insertion everywhere: it breaks ties within a millisecond.
  CREATE TABLE agent (
    seq INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    body ANY NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL
  ) STRICT;

  CREATE TABLE world (
    seq INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    agent_id TEXT NOT NULL REFERENCES agent (id) ON DELETE CASCADE,
    message_server_id TEXT,
    body ANY NOT NULL
  ) STRICT;
  CREATE INDEX world_of_agent ON world (agent_id);

  -- The core makes rooms of worlds it never made, so \`world_id\` refers to nothing.
  CREATE TABLE room (
    seq INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    agent_id TEXT NOT NULL REFERENCES agent (id) ON DELETE CASCADE,
    world_id TEXT,
    message_server_id TEXT,
    type TEXT NOT NULL,
    body ANY NOT NULL
  ) STRICT;
  CREATE INDEX room_of_agent ON room (agent_id, world_id);

  CREATE TABLE entity (
    seq INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    agent_id TEXT NOT NULL REFERENCES agent (id) ON DELETE CASCADE,
    body ANY NOT NULL
  ) STRICT;
  CREATE INDEX entity_of_agent ON entity (agent_id);

  CREATE TABLE component (
    seq INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    entity_id TEXT NOT NULL REFERENCES entity (id) ON DELETE CASCADE,
    agent_id TEXT NOT NULL REFERENCES agent (id) ON DELETE CASCADE,
    room_id TEXT NOT NULL REFERENCES room (id) ON DELETE CASCADE,
    world_id TEXT REFERENCES world (id) ON DELETE CASCADE,
    source_entity_id TEXT REFERENCES entity (id) ON DELETE CASCADE,
    type TEXT NOT NULL,
    data ANY NOT NULL,
    created_at INTEGER NOT NULL
  ) STRICT;
  CREATE INDEX component_of_entity ON component (entity_id, type);
  CREATE INDEX component_from_entity ON component (source_entity_id);
  CREATE INDEX component_of_agent ON component (agent_id);
  CREATE INDEX component_in_room ON component (room_id);
  CREATE INDEX component_in_world ON component (world_id);

  CREATE TABLE participant (
    seq INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    room_id TEXT NOT NULL REFERENCES room (id) ON DELETE CASCADE,
    entity_id TEXT NOT NULL REFERENCES entity (id) ON DELETE CASCADE,
    state TEXT CHECK (state IN ('FOLLOWED', 'MUTED')),
    UNIQUE (room_id, entity_id)
  ) STRICT;
  CREATE INDEX participant_by_entity ON participant (entity_id);

  CREATE TABLE relationship (
    seq INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    agent_id TEXT NOT NULL REFERENCES agent (id) ON DELETE CASCADE,
    source_entity_id TEXT NOT NULL REFERENCES entity (id) ON DELETE CASCADE,
    target_entity_id TEXT NOT NULL REFERENCES entity (id) ON DELETE CASCADE,
    body ANY NOT NULL,
    created_at INTEGER NOT NULL,
    UNIQUE (source_entity_id, target_entity_id, agent_id)
  ) STRICT;
  CREATE INDEX relationship_by_target ON relationship (target_entity_id);
  CREATE INDEX relationship_of_agent ON relationship (agent_id);

  -- \`type\` is what the core calls a table; \`document_id\` is metadata.documentId, to delete fragments with a document.
  CREATE TABLE memory (
    seq INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    type TEXT NOT NULL,
    agent_id TEXT NOT NULL REFERENCES agent (id) ON DELETE CASCADE,
    room_id TEXT NOT NULL REFERENCES room (id) ON DELETE CASCADE,
    entity_id TEXT NOT NULL,
    world_id TEXT,
    document_id TEXT,
    is_unique INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    body ANY NOT NULL
  ) STRICT;
  CREATE INDEX memory_of_type ON memory (type, created_at);
  CREATE INDEX memory_in_room ON memory (room_id, type, created_at);
  CREATE INDEX memory_by_entity ON memory (entity_id, type, created_at);
  CREATE INDEX memory_in_world ON memory (world_id, type, created_at) WHERE world_id IS NOT NULL;
  CREATE INDEX memory_of_document ON memory (document_id) WHERE document_id IS NOT NULL;

  CREATE TABLE embedding (
    memory_seq INTEGER PRIMARY KEY REFERENCES memory (seq) ON DELETE CASCADE,
    dimension INTEGER NOT NULL,
    vector ANY NOT NULL
  ) STRICT;

  -- A log must never fail, so it may name an agent or a room that is gone; it is deleted with them by the triggers.
  -- AUTOINCREMENT, because entries that are kept in memory are ordered between these by \`seq\`.
  CREATE TABLE log (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    agent_id TEXT NOT NULL,
    entity_id TEXT NOT NULL,
    room_id TEXT,
    type TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    body ANY NOT NULL
  ) STRICT;
  CREATE INDEX log_of_agent ON log (agent_id, created_at);
  CREATE INDEX log_in_room ON log (room_id);
  CREATE TRIGGER log_goes_with_room AFTER DELETE ON room BEGIN
    DELETE FROM log WHERE room_id = OLD.id;
  END;
  CREATE TRIGGER log_goes_with_agent AFTER DELETE ON agent BEGIN
    DELETE FROM log WHERE agent_id = OLD.id;
  END;

  -- \`key_digest\` is an HMAC of the key under \`cache_secret\`: a key may tell content (names, queries).
  CREATE TABLE cache (
    agent_id TEXT NOT NULL REFERENCES agent (id) ON DELETE CASCADE,
    key_digest TEXT NOT NULL,
    value ANY NOT NULL,
    PRIMARY KEY (agent_id, key_digest)
  ) STRICT;
  CREATE TABLE cache_secret (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    secret ANY NOT NULL
  ) STRICT;

  CREATE TABLE task (
    seq INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    agent_id TEXT NOT NULL REFERENCES agent (id) ON DELETE CASCADE,
    room_id TEXT,
    world_id TEXT,
    entity_id TEXT,
    body ANY NOT NULL,
    updated_at INTEGER NOT NULL
  ) STRICT;
  CREATE INDEX task_of_agent ON task (agent_id);
`;

export const PARTICIPANT_BODY_SCHEMA = `
  -- Says nothing, but is sealed, and so binds who takes part in which room: '' without a seal.
  ALTER TABLE participant ADD COLUMN body ANY NOT NULL DEFAULT '';
`;

export const EXCHANGE_SCHEMA = `
  -- A question and its answer, in the order of the answers; later than all messages of its room. See exchanges.ts.
  CREATE TABLE exchange (
    seq INTEGER PRIMARY KEY,
    agent_id TEXT NOT NULL REFERENCES agent (id) ON DELETE CASCADE,
    room_id TEXT NOT NULL,
    entity_id TEXT NOT NULL,
    id TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    body ANY NOT NULL
  ) STRICT;
  CREATE INDEX exchange_in_room ON exchange (room_id);
`;

export const FORGETTING_SCHEMA = `
  -- Rooms of conversations whose users have a room each, by the conversation: see places.ts.
  CREATE TABLE conversation_room (
    room_id TEXT PRIMARY KEY,
    conversation_id TEXT NOT NULL
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX conversation_room_of ON conversation_room (conversation_id);
  CREATE INDEX exchange_made ON exchange (created_at);
`;

/** All tables of the memory as they are today. */
export const MEMORY_TABLES = MEMORY_SCHEMA + PARTICIPANT_BODY_SCHEMA + EXCHANGE_SCHEMA + FORGETTING_SCHEMA;
