/**
 * Questions with their answers, a row for each, written behind. Whoever asks the adapter for messages, rooms or users
 * finds them unfolded into these.
 *
 * @module
 */

import type { Content, Memory, Room, UUID } from "@elizaos/core";
import { isObject } from "../json_object.ts";
import type { Place, Sealed } from "../store/seal.ts";
import type { Direct, Store } from "./store.ts";

/** A question and its answer. */
export interface Exchange {
  readonly roomId: UUID;
  /** Who asked. */
  readonly entityId: UUID;
  /** Id of the question's message, drawn at random for it alone; absent: one is drawn. Not told when exchanges are read. */
  readonly id?: UUID;
  /** Names the conversation, where each of its users has a room: see `Place`. Not told when exchanges are read. */
  readonly conversationId?: UUID;
  /** Id of the event that asked; absent where earlier versions did not keep it. */
  readonly event?: string;
  readonly question: string;
  readonly answer: Content;
  /** Milliseconds since the epoch. */
  readonly createdAt: number;
}

/** The exchanges of all rooms. */
export interface Exchanges {
  /** Take an exchange in. It is written with the next commit. */
  add(exchange: Exchange): void;
  /**
   * The last exchanges of a room, oldest first.
   *
   * @param options `count`: at most this many; `entityId`: of this user only.
   */
  last(roomId: UUID, options: { count: number; entityId?: UUID }): Exchange[];
  /** Write what is held, and count on nothing that was written before: rows may have been deleted since. */
  flush(): void;
  /** Turn all of them into messages, rooms, users and participants, as the adapter's methods know them. */
  unfold(): void;
}

/** Table of messages in ElizaOS's terms. */
const MESSAGES = "messages";
/** Rooms that are known to be linked with their conversation, at most. */
const MAX_LINKED = 8_192;
/** Texts of exchanges held back until the next commit, at most, in UTF-16 code units. */
const MAX_HELD = 8 * 1024 * 1024;

const KEEP = {
  into: `INSERT INTO exchange (agent_id, room_id, entity_id, id, created_at, body)`,
  row: `(?1, ?2, ?3, ?4, ?5, ?6)`,
};
const LINK = `
  INSERT INTO conversation_room (room_id, conversation_id) VALUES (?, ?) ON CONFLICT (room_id) DO NOTHING`;
const LAST = `
  SELECT seq, agent_id, room_id, entity_id, id, created_at, body FROM exchange
  WHERE room_id = :roomId AND agent_id = :agentId AND (:entityId IS NULL OR entity_id = :entityId)
  ORDER BY seq DESC LIMIT +:count`;
const FIRST = `
  SELECT seq, agent_id, room_id, entity_id, id, created_at, body FROM exchange WHERE agent_id = :agentId ORDER BY seq LIMIT 1000`;
const REMOVE = `DELETE FROM exchange WHERE agent_id = :agentId AND seq <= :seq`;

/** A row of the table. */
export interface ExchangeRow {
  readonly seq: number;
  readonly agent_id: UUID;
  readonly room_id: UUID;
  readonly entity_id: UUID;
  readonly id: UUID;
  readonly created_at: number;
  readonly body: Sealed;
}

/** What is sealed of an exchange. */
export type ExchangeBody = Pick<Exchange, "event" | "question" | "answer">;

/** The adapter's methods that unfolding calls. */
type Unfolded = Direct<
  "createRooms" | "createEntities" | "addParticipantsRoom" | "createMemory" | "getMemories"
>;

/**
 * The exchanges in a store.
 *
 * @param options `methods`: the adapter's own, which must not unfold; `beforeCommit`: calls what it is given before each
 * commit of the database. Without one, each exchange is written at once.
 */
export function openExchanges(
  store: Store,
  { methods, beforeCommit }: { methods: Unfolded; beforeCommit?: ((write: () => void) => void) | undefined },
): Exchanges {
  const { agentId } = store;
  const keep = store.insertion(KEEP), links = openLinks(store), remove = store.command(REMOVE);
  const newest = store.query<ExchangeRow>(LAST), oldest = store.query<ExchangeRow>(FIRST);
  let held: Exchange[] = [], heldLength = 0;

  function write() {
    const rows = keep.begin();
    for (const exchange of held) {
      const { roomId, entityId, id = crypto.randomUUID(), createdAt, conversationId } = exchange;
      const row = { agent_id: agentId, room_id: roomId, entity_id: entityId, id, created_at: createdAt };
      const sealed = store.seal(bodyOf(exchange), exchangePlace(row));
      rows.add(agentId, roomId, entityId, id, createdAt, sealed);
      if (conversationId !== undefined) links.add(roomId, conversationId);
    }
    rows.finish();
    [held, heldLength] = [[], 0];
  }

  const exchangeFrom = (row: ExchangeRow): Exchange => ({
    roomId: row.room_id,
    entityId: row.entity_id,
    createdAt: row.created_at,
    ...store.open<ExchangeBody>(row.body, exchangePlace(row), isExchange),
  });

  beforeCommit?.(write);
  return {
    add(exchange) {
      held.push(exchange);
      heldLength += exchange.question.length + (exchange.answer.text ?? "").length;
      if (!beforeCommit || heldLength > MAX_HELD) write();
    },
    last(roomId, { count, entityId }) {
      write();
      const rows = newest.all({ roomId, agentId, entityId: entityId ?? null, count });
      const stored = rows.map(exchangeFrom).reverse();
      const missing = count - stored.length;
      if (missing === 0) return stored;
      return [...lastUnfolded(roomId, { agentId, methods, count: missing, entityId }), ...stored];
    },
    flush() {
      write();
      links.forget();
    },
    unfold() {
      write();
      for (let rows = oldest.all({ agentId }); rows.length > 0; rows = oldest.all({ agentId })) {
        store.atomically(() => {
          for (const row of rows) unfoldOne(row.id, exchangeFrom(row), { agentId, methods });
          remove.run({ agentId, seq: rows.at(-1)!.seq });
        });
      }
    },
  };
}

const isExchange = ({ question, answer }: Partial<Record<keyof ExchangeBody, unknown>>) =>
  typeof question === "string" && isObject(answer);

function bodyOf({ event, question, answer }: Exchange): ExchangeBody {
  return event === undefined ? { question, answer } : { event, question, answer };
}

/** Which room is of which conversation: each is written once. */
function openLinks(store: Store) {
  const link = store.command(LINK);
  const linked = new Set<UUID>();
  return {
    add(roomId: UUID, conversationId: UUID) {
      if (linked.has(roomId)) return;
      if (linked.size >= MAX_LINKED) linked.clear();
      link.runWith(roomId, conversationId);
      linked.add(roomId);
    },
    /** Count on nothing that was written before. */
    forget: () => linked.clear(),
  };
}

/** The last exchanges among the messages of a room, oldest first: they are older than all that are not unfolded. */
function lastUnfolded(
  roomId: UUID,
  options: { agentId: UUID; methods: Unfolded; count: number; entityId: UUID | undefined },
): Exchange[] {
  const { agentId, methods, count, entityId } = options;
  const messages = methods.getMemories({ tableName: MESSAGES, roomId, count: 2 * count });
  const questions = new Map(messages.map((message) => [message.id, message]));
  return messages.flatMap(({ entityId: by, content, createdAt = 0 }): Exchange[] => {
    const asked = questions.get(content.inReplyTo);
    if (by !== agentId || !asked || (entityId !== undefined && asked.entityId !== entityId)) return [];
    const question = asked.content.text ?? "";
    return [{ roomId, entityId: asked.entityId, question, answer: content, createdAt }];
  }).reverse().slice(-count);
}

/** Make an exchange what the adapter's methods know: a room, a user, both as participants, and two messages. */
function unfoldOne(id: UUID, exchange: Exchange, { agentId, methods }: { agentId: UUID; methods: Unfolded }): void {
  const { roomId, entityId, question, answer, createdAt } = exchange;
  const said = { agentId, roomId, createdAt, metadata: { type: "message" } } satisfies Partial<Memory>;
  methods.createRooms([conversationRoom(roomId, agentId)]);
  methods.createEntities([{ id: entityId, agentId, names: ["user"], metadata: {} }]);
  methods.addParticipantsRoom([entityId, agentId], roomId);
  methods.createMemory({ ...said, id, entityId, content: { text: question, source: "event" } }, MESSAGES, true);
  methods.createMemory(
    { ...said, entityId: agentId, content: { ...answer, source: "event", inReplyTo: id } },
    MESSAGES,
    true,
  );
}

/** The core's ChannelType.DM: importing the enum itself would load all of the core. */
const DIRECT_MESSAGES = "DM" as Room["type"];

function conversationRoom(id: UUID, agentId: UUID): Room {
  return { id, agentId, worldId: agentId, name: "conversation", source: "event", type: DIRECT_MESSAGES };
}

/** What the body of an exchange is bound to. */
export function exchangePlace(
  { id, agent_id, room_id, entity_id, created_at }: Omit<ExchangeRow, "seq" | "body">,
): Place {
  return ["exchange.body", id, agent_id, room_id, entity_id, created_at];
}
