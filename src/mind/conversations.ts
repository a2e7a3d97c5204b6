/** What was said before, kept as ElizaOS memories: one room for each conversation and user, and nothing leaves its room. @module */

import { hash } from "node:crypto";
import type { AgentRuntime, Content, Memory, UUID } from "@elizaos/core";
import type { Clock } from "../clock.ts";
import { uuidFrom } from "../store/seal.ts";
import { type AgentEvent, conversationOf, userOf } from "../wire.ts";
import type { Core } from "./core_log.ts";
import type { Reply } from "./mind.ts";
import { createRecentExchanges, type KeptExchange } from "./recent.ts";
import type { Exchange } from "./models/model.ts";

/** A conversation as far as one event sees it. */
export interface Recalled {
  /** The last exchanges before the event, oldest first. */
  readonly exchanges: readonly Exchange[];
  /** The event's own answer, if it was answered before: it is not made again. */
  readonly answered?: Reply;
}

/** Reads and writes conversations. */
export interface Conversations {
  /** The event as an ElizaOS message. One that stands alone has no id: nothing is kept of it. */
  messageFrom(event: AgentEvent): Memory;
  recall(message: Memory): Promise<Recalled>;
  /** Keep a question and its answer; a second time for the same event changes nothing. */
  remember(message: Memory, answer: Reply): Promise<void>;
}

/** Exchanges that a model gets to see. */
const EXCHANGES = 6;
/** Memories of a room that is shared by its users that are looked through for one user's: see `formerRoom`. */
const FORMER_MEMORIES = 200;
/** Rooms known to exist, at most: about 1 MB. Beyond it they are made sure of again. */
const MAX_KNOWN_ROOMS = 8_192;
const TABLE = "messages";

/**
 * The conversations of one agent.
 *
 * @param parts `hide`: turns an id that is made of names into one that does not tell them: see `Seal.hide`.
 */
export function openConversations(
  parts: { runtime: AgentRuntime; core: Core; clock: Clock; hide: (id: UUID) => UUID },
): Conversations {
  const { runtime, core, clock, hide } = parts;
  const { agentId } = runtime;
  const known = new Set<string>();
  // One more than is shown: the event's own exchange may be among them.
  const recent = createRecentExchanges({ each: EXCHANGES + 1 });
  const answerIdOf = (message: Memory): UUID => uuidOf("answer", message.id ?? "");

  async function makeSureOf({ roomId, entityId }: Memory) {
    if (known.has(`${roomId} ${entityId}`)) return;
    const { ChannelType } = core;
    await runtime.adapter.createRooms([
      { id: roomId, agentId, worldId: agentId, name: "conversation", source: "event", type: ChannelType.DM },
    ]);
    await runtime.adapter.createEntities([{ id: entityId, agentId, names: ["user"], metadata: {} }]);
    await runtime.adapter.addParticipantsRoom([entityId, agentId], roomId);
    if (known.size >= MAX_KNOWN_ROOMS) known.clear();
    known.add(`${roomId} ${entityId}`);
  }

  /** Questions with their answers, oldest first. */
  function exchangesIn(newestFirst: readonly Memory[]): KeptExchange[] {
    const questions = new Map(newestFirst.map(({ id, content }) => [id, content.text]));
    return newestFirst.flatMap(({ entityId, content }): KeptExchange[] => {
      const id = content.inReplyTo, question = questions.get(id);
      return entityId === agentId && id && question !== undefined ? [{ id, question, reply: replyFrom(content) }] : [];
    }).reverse();
  }

  /** The last exchanges of a message's room as they were stored, oldest first; held from then on. */
  async function readBack(message: Memory): Promise<readonly KeptExchange[]> {
    const { roomId } = message;
    const count = 2 * (EXCHANGES + 1);
    const stored = exchangesIn(await runtime.getMemories({ tableName: TABLE, roomId, count }));
    const exchanges = stored.length > EXCHANGES ? stored : [...await formerExchanges(message), ...stored];
    recent.hold(roomId, exchanges);
    return exchanges;
  }

  /** What the same user said while all users of a conversation shared its room, oldest first. */
  async function formerExchanges(message: Memory): Promise<KeptExchange[]> {
    const { formerRoom } = (message.metadata ?? {}) as { formerRoom?: UUID };
    if (formerRoom === undefined) return [];
    const all = await runtime.getMemories({ tableName: TABLE, roomId: formerRoom, count: FORMER_MEMORIES });
    return exchangesIn(all.filter(({ entityId }) => entityId === agentId || entityId === message.entityId));
  }

  return {
    messageFrom(event) {
      const { id, query } = event;
      const conversation = conversationOf(event);
      const content = { text: query };
      if (conversation === undefined) return { entityId: agentId, agentId, roomId: agentId, content };
      const user = userOf(event);
      const shared = uuidOf("room", agentId, conversation);
      const isShared = user !== undefined && user !== conversation;
      const room = isShared ? uuidOf("room", agentId, conversation, user) : shared;
      return {
        id: hide(uuidOf("question", room, id)),
        entityId: hide(uuidOf("entity", agentId, user ?? conversation)),
        agentId,
        roomId: hide(room),
        content,
        ...(isShared && { metadata: { type: "custom", formerRoom: hide(shared) } }),
      };
    },
    async recall(message) {
      const kept = recent.of(message.roomId) ?? await readBack(message);
      const own = kept.find(({ id }) => id === message.id);
      const others = kept.filter(({ id }) => id !== message.id).slice(-EXCHANGES);
      return {
        exchanges: others.map(({ question, reply }) => ({ question, answer: reply.text })),
        ...(own && own.question === message.content.text && { answered: own.reply }),
      };
    },
    async remember(message, answer) {
      await makeSureOf(message);
      const said = { agentId, roomId: message.roomId, createdAt: clock.now(), metadata: { type: "message" } };
      await runtime.createMemory(
        { ...message, ...said, content: { ...message.content, source: "event" } },
        TABLE,
        true,
      );
      await runtime.createMemory(
        {
          ...said,
          id: answerIdOf(message),
          entityId: agentId,
          content: { ...answer, source: "event", ...(message.id && { inReplyTo: message.id }) },
        },
        TABLE,
        true,
      );
      if (message.id) {
        recent.add(message.roomId, { id: message.id, question: message.content.text ?? "", reply: answer });
      }
    },
  };
}

/** What `remember` wrote. */
function replyFrom({ text = "", sources }: Content): Reply {
  return { text, sources: Array.isArray(sources) ? sources.map(String) : [] };
}

/**
 * A UUID that is always the same for the same names. Not the core's `stringToUuid`: that takes ten times as long
 * (measured: 78 against 6 µs), keeps what it was given, refuses half a surrogate pair, and makes no valid version.
 */
function uuidOf(...names: string[]): UUID {
  // JSON, so that no two lists of names look the same, half surrogate pairs included.
  return uuidFrom(hash("sha256", JSON.stringify(names), "hex")) as UUID;
}
