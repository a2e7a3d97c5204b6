/** What the core logs: calls of models in a ring in memory, everything else in the database, both bounded. @module */

import type { Log, LogBody, UUID } from "@elizaos/core";
import type { Place, Sealed } from "../store/seal.ts";
import { type Direct, limitOf, type Store } from "./store.ts";

/** Calls of models that are remembered. */
const RING_ENTRIES = 100;
/** Stored entries that are kept for each agent. */
const STORED_ENTRIES = 1_000;
/** Values that are kept of one entry; a whole state has some hundreds. A runtime in it could be copied for ever. */
const BODY_VALUES = 20_000;
const DEFAULT_COUNT = 10;
const MODEL_CALL = "useModel:";

interface LogRow {
  readonly seq: number;
  readonly id: UUID;
  readonly entity_id: UUID;
  readonly room_id: UUID | null;
  readonly type: string;
  readonly created_at: number;
  readonly body: Sealed;
}

/** An entry and its place in time: after the stored entry `seq`, and there the `nth` of those in the ring. */
interface Entry {
  readonly log: Log & { readonly id: UUID };
  readonly seq: number;
  readonly nth: number;
}

/** A call of a model in the ring. Each answer makes one, and hardly anybody reads it: it becomes an entry when it is read. */
interface Call extends Pick<Entry, "seq" | "nth"> {
  readonly entityId: UUID;
  readonly roomId: UUID;
  readonly type: string;
  readonly atMs: number;
  readonly body: LogBody;
  id?: UUID;
}

const INSERT = `
  INSERT INTO log (id, agent_id, entity_id, room_id, type, created_at, body)
  VALUES (:id, :agentId, :entityId, :roomId, :type, :createdAt, :body)`;
const PRUNE = `
  DELETE FROM log WHERE seq IN (
    SELECT seq FROM log WHERE agent_id = :agentId ORDER BY created_at DESC, seq DESC LIMIT -1 OFFSET +:kept
  )`;
const NEWEST = `SELECT coalesce(max(seq), 0) AS seq FROM log`;
const FIND = `
  SELECT seq, id, entity_id, room_id, type, created_at, body FROM log
  WHERE agent_id = :agentId AND (:entityId IS NULL OR entity_id = :entityId)
    AND (:roomId IS NULL OR room_id = :roomId) AND (:type IS NULL OR type = :type)
  ORDER BY created_at DESC, seq DESC LIMIT +:limit`;
const DELETE = `DELETE FROM log WHERE id = :id`;

/** The methods about logs, and what else needs to know of them. An agent sees only its own. */
export interface Logs extends Direct<"log" | "getLogs" | "deleteLog"> {
  /** Forget what the ring holds of a room that is gone. */
  forgetRoom(roomId: UUID): void;
}

/** The methods about logs. `log` throws here if the database does; who calls it must not. */
export function logMethods(store: Store): Logs {
  const { agentId } = store;
  const insert = store.command(INSERT), prune = store.command(PRUNE), remove = store.command(DELETE);
  const newest = store.query<{ seq: number }>(NEWEST), find = store.query<LogRow>(FIND);
  let ring: Call[] = [];
  let modelCalls = 0;
  let lastSeq: number | undefined; // of the newest stored entry, once it was asked for

  return {
    log({ body, entityId, roomId, type }) {
      const createdAt = store.clock.now();
      if (type.startsWith(MODEL_CALL)) {
        lastSeq ??= newest.get({})?.seq ?? 0;
        const nth = ++modelCalls;
        ring.push({ entityId, roomId, type, atMs: createdAt, body: withoutContent(body), seq: lastSeq, nth });
        if (ring.length > RING_ENTRIES) ring.shift();
        return;
      }
      const id = crypto.randomUUID();
      const row = { id, entity_id: entityId, room_id: roomId ?? null, type, created_at: createdAt };
      const sealed = store.seal(plain(body), logPlace(row, agentId));
      const columns = { id, agentId, entityId, roomId: roomId ?? null, type, createdAt };
      lastSeq = store.atomically(() => {
        const { seq } = insert.run({ ...columns, body: sealed });
        prune.run({ agentId, kept: STORED_ENTRIES });
        return seq;
      });
    },
    getLogs({ entityId, roomId, type, count = DEFAULT_COUNT, offset = 0 }) {
      const end = limitOf("count", count) + limitOf("offset", offset);
      const filters = { agentId, entityId: entityId ?? null, roomId: roomId ?? null, type: type ?? null };
      const stored = find.all({ ...filters, limit: end }).map((row) => entryFrom(row, store));
      const kept = ring.filter((call) =>
        (!entityId || call.entityId === entityId) && (!roomId || call.roomId === roomId) &&
        (!type || call.type === type)
      ).map(entryOf);
      return [...stored, ...kept].sort(newestFirst).slice(offset, end).map(({ log }) => log);
    },
    deleteLog(logId) {
      ring = ring.filter(({ id }) => id !== logId);
      remove.run({ id: logId });
    },
    forgetRoom(roomId) {
      ring = ring.filter((call) => call.roomId !== roomId);
    },
  };
}

/** What the body of a stored entry is bound to. */
function logPlace(row: Omit<LogRow, "seq" | "body">, agentId: UUID): Place {
  return ["log.body", row.id, agentId, row.entity_id, row.room_id, row.type, row.created_at];
}

function entryFrom(row: LogRow, store: Store): Entry {
  return {
    seq: row.seq,
    nth: 0,
    log: {
      id: row.id,
      entityId: row.entity_id,
      ...(row.room_id !== null && { roomId: row.room_id }),
      type: row.type,
      createdAt: new Date(row.created_at),
      body: store.open<LogBody>(row.body, logPlace(row, store.agentId)),
    },
  };
}

/** The body without prompts and responses, so that calls of models leave no second copy of them. */
function withoutContent(body: LogBody): LogBody {
  // Removing the fields takes several times as long as setting them to undefined.
  return { ...body, prompt: undefined, params: undefined, systemPrompt: undefined, response: undefined };
}

function entryOf(call: Call): Entry {
  const { entityId, roomId, type, atMs, seq, nth } = call;
  const id = call.id ??= crypto.randomUUID();
  const body = Object.fromEntries(Object.entries(call.body).filter(([, value]) => value !== undefined));
  return { log: { id, entityId, roomId, type, createdAt: new Date(atMs), body }, seq, nth };
}

function newestFirst(a: Entry, b: Entry): number {
  return b.log.createdAt.getTime() - a.log.createdAt.getTime() || b.seq - a.seq || b.nth - a.nth;
}

/** A copy that can be written as JSON: the core logs whole states, which may be circular or refer to the runtime. */
function plain(body: unknown): unknown {
  let values = 0;
  const copy = (value: unknown, above: readonly object[]): unknown => {
    if (++values > BODY_VALUES) return "[cut]";
    if (typeof value === "bigint") return String(value);
    if (typeof value !== "object" || value === null) return value;
    if (above.includes(value)) return "[circular]";
    const path = [...above, value];
    if (value instanceof Error) return { name: value.name, message: value.message };
    if ("toJSON" in value && typeof value.toJSON === "function") return copy(value.toJSON(), path);
    if (Array.isArray(value)) return value.map((item) => copy(item, path));
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, copy(item, path)]));
  };
  return copy(body, []);
}
