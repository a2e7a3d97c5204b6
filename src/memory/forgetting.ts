/** The end of memories: those of a conversation or a user when they are to be forgotten, and those that are too old. @module */

import type { UUID } from "@elizaos/core";
import type { Whose } from "../forget_request.ts";
import { type ExchangeBody, exchangePlace, type ExchangeRow } from "./exchanges.ts";
import { placeOf } from "./places.ts";
import { type MemoryBody, type MemoryFacts, memoryPlace } from "./recall.ts";
import type { Store } from "./store.ts";
import type { Sealed } from "../store/seal.ts";

/** What was deleted. */
export interface ForgottenMemories {
  readonly exchanges: number;
  readonly messages: number;
  /** Ids of the events that asked, as far as they were kept. */
  readonly events: readonly string[];
}

/** Makes memories end. What is deleted is gone once the database has committed. */
export interface Forgetting {
  /** The place of the last exchange; what comes later is not meant by a request that came before. */
  lastExchange(): number;
  /**
   * Delete what was said, of every agent that has memories here: exchanges up to `upTo`, messages and everything else in
   * their rooms, log entries, tasks, and a user with whatever hangs on it.
   */
  forget(whose: Whose, options: { upTo: number }): ForgottenMemories;
  /**
   * Delete some of what was said before `saidBefore`, in milliseconds since the epoch: at most `limit` of each kind.
   * Returns how much: 0 where nothing is left to delete.
   */
  pruneOld(options: { saidBefore: number; limit: number }): number;
  /** Delete some of what is over the bound of a conversation, likewise. Counts all rooms: 0.1 s for a million exchanges. */
  pruneLong(options: { limit: number }): number;
}

/** Exchanges that are kept of each room: a model is shown the last six, a plugin may ask for more. */
export const KEPT_OF_ROOM = 1_000;
/** What is said, in ElizaOS's terms, and what was gathered from it; documents are knowledge. */
const SAID = `type IN ('messages', 'facts')`;

const IN_ROOMS = `room_id IN (SELECT value FROM json_each(:rooms))`;
const BY_ENTITIES = `entity_id IN (SELECT value FROM json_each(:entities))`;
const AGENTS = `SELECT id FROM agent`;
const LINKED = `
  SELECT room_id AS id FROM conversation_room WHERE conversation_id IN (SELECT value FROM json_each(:conversations))`;
const LAST_EXCHANGE = `SELECT coalesce(max(seq), 0) AS seq FROM exchange`;
const EXCHANGES = `
  SELECT seq, agent_id, room_id, entity_id, id, created_at, body FROM exchange
  WHERE seq <= :upTo AND (
    ${IN_ROOMS} OR (${BY_ENTITIES} AND (:scope IS NULL OR room_id IN (SELECT value FROM json_each(:scope))))
  )`;
const DELETE_EXCHANGES = `DELETE FROM exchange WHERE seq IN (SELECT value FROM json_each(:seqs))`;
/** Rooms in which these users said or did something, and whether anybody else has who is no agent. */
const ROOMS_OF = `
  WITH found (id) AS (
    SELECT room_id FROM memory WHERE ${BY_ENTITIES} UNION SELECT room_id FROM participant WHERE ${BY_ENTITIES}
  )
  SELECT id, EXISTS (
    SELECT 1 FROM memory WHERE memory.room_id = found.id AND NOT ${BY_ENTITIES} AND entity_id NOT IN (SELECT id FROM agent)
  ) AS shared FROM found WHERE :scope IS NULL OR id IN (SELECT value FROM json_each(:scope))`;
const OWN_MEMORIES = `SELECT id FROM memory WHERE ${IN_ROOMS} AND ${BY_ENTITIES}`;
const AGENTS_MEMORIES = `
  SELECT id, type, agent_id, room_id, entity_id, world_id, document_id, is_unique, created_at, body FROM memory
  WHERE ${IN_ROOMS} AND entity_id = agent_id`;
const DELETE_MEMORIES = `DELETE FROM memory WHERE id IN (SELECT value FROM json_each(:ids))`;
const DELETE_ROOM_MEMORIES = `DELETE FROM memory WHERE ${IN_ROOMS}`;
/** Whatever else hangs on rooms, and on users. Participants, components and relationships go with them. */
const DELETE_REST_OF_ROOMS = [
  `DELETE FROM log WHERE ${IN_ROOMS}`,
  `DELETE FROM task WHERE ${IN_ROOMS}`,
  `DELETE FROM room WHERE id IN (SELECT value FROM json_each(:rooms))`,
];
const DELETE_REST_OF_USERS = [
  `DELETE FROM log WHERE ${BY_ENTITIES}`,
  `DELETE FROM task WHERE ${BY_ENTITIES}`,
  `DELETE FROM entity WHERE id IN (SELECT value FROM json_each(:entities))`,
];
const DELETE_LINKS = `
  DELETE FROM conversation_room
  WHERE NOT EXISTS (SELECT 1 FROM exchange WHERE exchange.room_id = conversation_room.room_id)
    AND NOT EXISTS (SELECT 1 FROM memory WHERE memory.room_id = conversation_room.room_id)`;

const PRUNE_OLD = [
  `DELETE FROM exchange WHERE seq IN (SELECT seq FROM exchange WHERE created_at < :saidBefore LIMIT +:limit)`,
  `DELETE FROM memory WHERE seq IN (
    SELECT seq FROM memory WHERE ${SAID} AND created_at < :saidBefore LIMIT +:limit
  )`,
  `DELETE FROM log WHERE seq IN (SELECT seq FROM log WHERE created_at < :saidBefore LIMIT +:limit)`,
];
const FULL_ROOMS = `SELECT room_id AS id FROM exchange GROUP BY room_id HAVING count(*) > :kept`;
const FULL_ROOMS_OF_MESSAGES = `
  SELECT room_id AS id FROM memory WHERE type = 'messages' GROUP BY room_id HAVING count(*) > :kept`;
const PRUNE_ROOM = `
  DELETE FROM exchange WHERE seq IN (
    SELECT seq FROM (SELECT seq FROM exchange WHERE room_id = :room ORDER BY seq DESC LIMIT -1 OFFSET +:kept) LIMIT +:limit
  )`;
const PRUNE_ROOM_OF_MESSAGES = `
  DELETE FROM memory WHERE seq IN (
    SELECT seq FROM (
      SELECT seq FROM memory WHERE room_id = :room AND type = 'messages'
      ORDER BY created_at DESC, seq DESC LIMIT -1 OFFSET +:kept
    ) LIMIT +:limit
  )`;

/** Rooms and users that are meant. */
interface Scope {
  /** Rooms that are deleted whole. */
  readonly rooms: readonly UUID[];
  readonly entities: readonly UUID[];
  /** Rooms in which alone the users are meant, if that is not everywhere. */
  readonly within: readonly UUID[] | undefined;
  /** Whether the users are meant themselves, and not only what they said in some rooms. */
  readonly isWholeUser: boolean;
}

/**
 * What makes the memories in a store end.
 *
 * @param options `hide`: see {@linkcode placeOf}.
 */
export function openForgetting(store: Store, { hide }: { hide: (id: UUID) => UUID }): Forgetting {
  const pruning = preparePruning(store);
  const agents = store.query<{ id: UUID }>(AGENTS), linked = store.query<{ id: UUID }>(LINKED);
  const last = store.query<{ seq: number }>(LAST_EXCHANGE), doomed = store.query<ExchangeRow>(EXCHANGES);
  const removeExchanges = store.command(DELETE_EXCHANGES), removeLinks = store.command(DELETE_LINKS);
  const removeInRooms = store.command(DELETE_ROOM_MEMORIES);
  const removeRestOfRooms = DELETE_REST_OF_ROOMS.map(store.command);
  const removeRestOfUsers = DELETE_REST_OF_USERS.map(store.command);
  const inSharedRooms = prepareSharedRooms(store);

  /** Links go with the last exchange of their room. */
  function withLinks(deleted: number): number {
    if (deleted > 0) removeLinks.run({});
    return deleted;
  }

  function scopeOf({ conversation, user }: Whose): Scope {
    const parts = agents.all({}).map(({ id: agentId }) => ({ agentId, hide }));
    if (conversation === undefined) {
      const places = parts.map((part) => placeOf(part, user ?? "", user));
      const entities = places.map(({ entityId }) => entityId);
      return { rooms: places.map(({ roomId }) => roomId), entities, within: undefined, isWholeUser: true };
    }
    const places = parts.map((part) => placeOf(part, conversation, user));
    const conversations = places.map(({ conversationId }) => conversationId);
    const entities = places.map(({ entityId }) => entityId), rooms = places.map(({ roomId }) => roomId);
    // One user of the conversation: its other users keep theirs.
    if (user !== undefined) return { rooms, entities, within: conversations, isWholeUser: false };
    const others = linked.all({ conversations: JSON.stringify(conversations) }).map(({ id }) => id);
    return { rooms: [...rooms, ...others], entities, within: undefined, isWholeUser: true };
  }

  return {
    lastExchange: () => last.get({})?.seq ?? 0,
    forget(whose, { upTo }) {
      return store.atomically(() => {
        const scope = scopeOf(whose);
        const bindings = {
          entities: JSON.stringify(scope.entities),
          scope: scope.within ? JSON.stringify(scope.within) : null,
        };
        const rooms = JSON.stringify(scope.rooms);
        const exchanges = doomed.all({ ...bindings, rooms, upTo });
        const events = exchanges.map((row) => store.open<ExchangeBody>(row.body, exchangePlace(row)).event ?? "");
        removeExchanges.run({ seqs: JSON.stringify(exchanges.map(({ seq }) => seq)) });
        const shared = inSharedRooms(bindings);
        const whole = JSON.stringify([...new Set([...scope.rooms, ...shared.ownRooms])]);
        const messages = shared.messages + removeInRooms.run({ rooms: whole }).changes;
        for (const remove of removeRestOfRooms) remove.run({ rooms: whole });
        for (const remove of scope.isWholeUser ? removeRestOfUsers : []) remove.run({ entities: bindings.entities });
        removeLinks.run({});
        return { exchanges: exchanges.length, messages, events: events.filter((event) => event !== "") };
      });
    },
    pruneOld: (options) => withLinks(pruning.old(options)),
    pruneLong: (options) => withLinks(pruning.long(options)),
  };
}

/**
 * Deletes what users said in rooms that others have said something in, and the agent's replies to it. Returns the rooms
 * that are theirs alone, which can be deleted whole.
 */
function prepareSharedRooms(store: Store) {
  const roomsOf = store.query<{ id: UUID; shared: number }>(ROOMS_OF);
  const own = store.query<{ id: UUID }>(OWN_MEMORIES), remove = store.command(DELETE_MEMORIES);
  const byAgents = store.query<MemoryFacts & { body: Sealed }>(AGENTS_MEMORIES);
  return (bindings: { entities: string; scope: string | null }): { ownRooms: UUID[]; messages: number } => {
    const found = roomsOf.all(bindings);
    const ownRooms = found.filter(({ shared }) => shared === 0).map(({ id }) => id);
    const rooms = JSON.stringify(found.filter(({ shared }) => shared !== 0).map(({ id }) => id));
    const said = own.all({ rooms, entities: bindings.entities }).map(({ id }) => id);
    const isSaid = new Set<unknown>(said);
    const replies = said.length === 0 ? [] : byAgents.all({ rooms })
      .filter((row) => isSaid.has(store.open<MemoryBody>(row.body, memoryPlace(row)).content.inReplyTo));
    const ids = [...said, ...replies.map(({ id }) => id)];
    return { ownRooms, messages: remove.run({ ids: JSON.stringify(ids) }).changes };
  };
}

/** Deletes what is too old, and what is over the bound of a room. */
function preparePruning(store: Store) {
  const old = PRUNE_OLD.map(store.command);
  const kinds = [
    { full: FULL_ROOMS, remove: PRUNE_ROOM, kept: KEPT_OF_ROOM },
    { full: FULL_ROOMS_OF_MESSAGES, remove: PRUNE_ROOM_OF_MESSAGES, kept: 2 * KEPT_OF_ROOM },
  ].map(({ full, remove, kept }) => ({ full: store.query<{ id: UUID }>(full), remove: store.command(remove), kept }));
  return {
    old: ({ saidBefore, limit }: { saidBefore: number; limit: number }): number =>
      old.reduce((deleted, remove) => deleted + remove.run({ saidBefore, limit }).changes, 0),
    long({ limit }: { limit: number }): number {
      let deleted = 0;
      for (const { full, remove, kept } of kinds) {
        for (const { id: room } of full.all({ kept })) {
          if (deleted >= limit) return deleted;
          deleted += remove.run({ room, kept, limit: limit - deleted }).changes;
        }
      }
      return deleted;
    },
  };
}
