/** What was said before, kept in ElizaOS's memory: one room for each conversation and user, and nothing leaves its room. @module */

import type { Content, Memory, UUID } from "@elizaos/core";
import type { Clock } from "../clock.ts";
import type { Exchange, Exchanges } from "../memory/exchanges.ts";
import { type Place, placeOf } from "../memory/places.ts";
import { type AgentEvent, conversationOf, userOf } from "../wire.ts";
import type { AnswerFacts, Reply } from "./mind.ts";
import { createRecentExchanges, type KeptExchange } from "./recent.ts";
import type * as model from "./models/model.ts";

/** A conversation as far as one event sees it. */
export interface Recalled {
  /** The last exchanges before the event, oldest first. */
  readonly exchanges: readonly model.Exchange[];
  /** The event's own answer, if it was answered before: it is not made again. */
  readonly answered?: Reply;
}

/** Reads and writes conversations. */
export interface Conversations {
  /** The event as an ElizaOS message. One that stands alone has no id: nothing is kept of it. */
  messageFrom(event: AgentEvent): Memory;
  recall(message: Memory): Recalled;
  /** Keep a question and its answer. */
  remember(message: Memory, reply: Reply): void;
  /** Hold nothing of any conversation any more: some of it was deleted. The rest is read back when it is needed. */
  release(): void;
}

/** Exchanges that a model gets to see. */
const EXCHANGES = 6;
/** Places of conversations that are held, at most: about 2 MB. Beyond it they are made again. */
const MAX_PLACES = 8_192;

/**
 * The conversations of one agent.
 *
 * @param parts `hide`: turns an id that is made of names into one that does not tell them: see `Seal.hide`.
 */
export function openConversations(
  parts: { agentId: UUID; exchanges: Exchanges; clock: Clock; hide: (id: UUID) => UUID },
): Conversations {
  const { agentId, exchanges, clock, hide } = parts;
  const places = createPlaces({ agentId, hide });
  // One more than is shown: the event's own exchange may be among them.
  const recent = createRecentExchanges({ each: EXCHANGES + 1 });

  /** The last exchanges of a message's room as they were stored, oldest first; held from then on. */
  function readBack(message: Memory): readonly KeptExchange[] {
    const { roomId } = message;
    const stored = exchanges.last(roomId, { count: EXCHANGES + 1 });
    const missing = EXCHANGES + 1 - stored.length;
    const kept = [...missing > 0 ? formerExchanges(message, missing) : [], ...stored].map(keptFrom);
    recent.hold(roomId, kept);
    return kept;
  }

  /** What the same user said while all users of a conversation shared its room, oldest first. */
  function formerExchanges(message: Memory, count: number): Exchange[] {
    const { formerRoom } = aboutOf(message);
    return formerRoom === undefined ? [] : exchanges.last(formerRoom, { count, entityId: message.entityId });
  }

  return {
    messageFrom(event) {
      const { id, query } = event;
      const conversation = conversationOf(event);
      const content = { text: query };
      if (conversation === undefined) return { entityId: agentId, agentId, roomId: agentId, content };
      const { roomId, entityId, conversationId } = places.of(conversation, userOf(event));
      const metadata: AboutMessage = {
        type: "custom",
        event: id,
        ...(conversationId !== roomId && { formerRoom: conversationId }),
      };
      return { id: crypto.randomUUID() as UUID, entityId, agentId, roomId, content, metadata };
    },
    recall(message) {
      const kept = recent.of(message.roomId) ?? readBack(message);
      const { event } = aboutOf(message);
      const own = kept.find((exchange) => exchange.event === event);
      const others = own ? kept.filter((exchange) => exchange !== own) : kept;
      const exchanges = others.slice(-EXCHANGES).map(shownFrom);
      return own && own.question === message.content.text ? { exchanges, answered: own.reply } : { exchanges };
    },
    remember(message, reply) {
      if (!message.id) return;
      const exchange = exchangeFrom(message.id, message, { reply, createdAt: clock.now() });
      exchanges.add(exchange);
      recent.add(message.roomId, keptFrom(exchange));
    },
    release() {
      places.clear();
      recent.clear();
    },
  };
}

/** An exchange as a later question sees it. */
function shownFrom({ question, reply: { text, declined } }: KeptExchange): model.Exchange {
  return { question, answer: text, ...(declined && { isDeclined: true }) };
}

/** The places of conversations. Their ids take three digests to make, so they are kept. */
function createPlaces(parts: { agentId: UUID; hide: (id: UUID) => UUID }) {
  const places = new Map<string, Place>();
  return {
    of(conversation: string, user: string | undefined): Place {
      const key = JSON.stringify([conversation, user]);
      const known = places.get(key);
      if (known) return known;
      const place = placeOf(parts, conversation, user);
      if (places.size >= MAX_PLACES) places.clear();
      places.set(key, place);
      return place;
    },
    clear: () => places.clear(),
  };
}

/** What a message carries through the core besides what is said: a type, since the core's has an index signature. */
type AboutMessage = {
  readonly type: "custom";
  /** Id of the event. */
  readonly event?: string;
  /** The room that its conversation had while all of its users shared one; absent if it still has that. */
  readonly formerRoom?: UUID;
};

function aboutOf({ metadata }: Memory): Partial<AboutMessage> {
  return (metadata ?? {}) as Partial<AboutMessage>;
}

/** A question and its answer, as they are kept. */
function exchangeFrom(id: UUID, message: Memory, { reply, createdAt }: { reply: Reply; createdAt: number }): Exchange {
  const { roomId, entityId, content: { text: question = "" } } = message;
  const { event = "", formerRoom } = aboutOf(message);
  const { text, sources, ...facts } = reply;
  const answer = { text, sources: [...sources], ...Object.keys(facts).length > 0 && { facts } };
  const exchange = { id, roomId, entityId, event, question, answer, createdAt };
  return formerRoom === undefined ? exchange : { ...exchange, conversationId: formerRoom };
}

function keptFrom({ event, question, answer }: Exchange): KeptExchange {
  return { ...event !== undefined && { event }, question, reply: replyFrom(answer) };
}

/** A reply as `remember` wrote it. */
function replyFrom({ text = "", sources, facts }: Content): Reply {
  return {
    // Written by `remember` alone, and sealed with the rest.
    ...(typeof facts === "object" && facts !== null ? facts as AnswerFacts : {}),
    text,
    sources: Array.isArray(sources) ? sources.map(String) : [],
  };
}
