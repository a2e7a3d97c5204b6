/** Whose turn it is: conversations that have an event to be answered, the urgent first. @module */

import { FORGOTTEN } from "../forget_request.ts";
import { type AgentEvent, conversationOf, isUrgent } from "../wire.ts";

/** An event that waits to be answered, or is being answered. */
export interface Scheduled {
  readonly event: AgentEvent;
  /** Whether no other event may be answered beside it. */
  readonly isAlone: boolean;
  /** How much memory it takes, as `sizeOf` counts it. */
  readonly load: number;
  /** Whether no answer to it is wanted any more. */
  isCalledOff: boolean;
  /** Aborts then; absent until somebody asks for its signal. */
  callingOff?: AbortController;
}

/** The events of a conversation that has any, oldest first; while it has no turn, the first one is being answered. */
export interface Conversation {
  /** Undefined where its event stands alone. */
  readonly name: string | undefined;
  readonly events: Scheduled[];
  /** How many of them are urgent. */
  urgentEvents: number;
  turn: Turn | undefined;
}

/** A place in a queue; void if it is not its conversation's any more. */
interface Turn {
  readonly conversation: Conversation;
  readonly isUrgent: boolean;
}

/** The order in which conversations get their turns. */
export interface Turns {
  add(scheduled: Scheduled): void;
  /**
   * The conversation whose first event is to be answered now; it has no further turn until {@linkcode done}. Undefined
   * if there is none, or none that may be answered beside `running` others.
   */
  next(running: number): Conversation | undefined;
  /** No answer is wanted any more to those events that are meant: they keep their turns. */
  callOff(isMeant: (event: AgentEvent) => boolean): void;
  /** The first event of `conversation` has been answered. */
  done(conversation: Conversation): void;
}

/**
 * Turns in the order in which events were added, but that a conversation with an urgent event comes before those without:
 * so its own earlier events do not hold that one up.
 */
export function createTurns(): Turns {
  const conversations = new Map<string, Conversation>();
  const urgent: Turn[] = [], ordinary: Turn[] = [];
  /** Taken out of its queue, but waiting until nothing is running: nobody overtakes it, or it might wait for ever. */
  let nextAlone: Conversation | undefined;

  function queue(conversation: Conversation) {
    conversation.turn = { conversation, isUrgent: conversation.urgentEvents > 0 };
    (conversation.turn.isUrgent ? urgent : ordinary).push(conversation.turn);
  }

  function takeNext(): Conversation | undefined {
    while (true) {
      const turn = urgent.shift() ?? ordinary.shift();
      if (turn === undefined) return undefined;
      if (turn.conversation.turn !== turn) continue;
      turn.conversation.turn = undefined;
      return turn.conversation;
    }
  }

  return {
    add(scheduled) {
      const { event } = scheduled;
      const name = conversationOf(event);
      const known = name === undefined ? undefined : conversations.get(name);
      const conversation: Conversation = known ?? { name, events: [], urgentEvents: 0, turn: undefined };
      if (!known && name !== undefined) conversations.set(name, conversation);
      conversation.events.push(scheduled);
      if (isUrgent(event)) conversation.urgentEvents++;
      // A conversation with an ordinary turn moves up; one that is being answered gets its turn after that.
      if (!known || (known.turn?.isUrgent === false && isUrgent(event))) queue(conversation);
    },
    next(running) {
      const conversation = nextAlone ?? takeNext();
      nextAlone = undefined;
      if (conversation?.events[0]?.isAlone && running > 0) {
        nextAlone = conversation;
        return undefined;
      }
      return conversation;
    },
    callOff(isMeant) {
      for (const { events } of conversations.values()) {
        for (const scheduled of events) {
          if (!isMeant(scheduled.event)) continue;
          scheduled.isCalledOff = true;
          scheduled.callingOff?.abort(new Error(FORGOTTEN));
        }
      }
    },
    done(conversation) {
      const answered = conversation.events.shift();
      if (answered && isUrgent(answered.event)) conversation.urgentEvents--;
      if (conversation.events.length > 0) queue(conversation);
      else if (conversation.name !== undefined) conversations.delete(conversation.name);
    },
  };
}
