/** Which event is answered next: several at once, the urgent first, but in order within one conversation. @module */

import type { Rest } from "../mind/mind.ts";
import { type AgentEvent, conversationOf, isUrgent } from "../wire.ts";

/** Events that wait, and events being worked on. */
export interface Schedule {
  add(event: AgentEvent): void;
  /** Events that wait or are being worked on. */
  readonly size: number;
  /** UTF-16 code units of the queries among them. */
  readonly queryLength: number;
  /** Start no more events; those being worked on go on. */
  stop(): void;
  /** Resolves once nothing is being worked on and nothing more will be started; what rests may still go on. */
  quiet(): Promise<void>;
  /** Resolves once nothing rests either. */
  idle(): Promise<void>;
}

/** The events of a conversation that has any, oldest first; while it has no turn, the first one is being worked on. */
interface Conversation {
  /** None where its event stands alone. */
  readonly name: string | undefined;
  readonly events: AgentEvent[];
  /** How many of them are urgent. */
  urgentEvents: number;
  turn: Turn | undefined;
}

/** A place in a queue; void if it is not its conversation's any more. */
interface Turn {
  readonly conversation: Conversation;
  readonly isUrgent: boolean;
}

/**
 * Run `work` on each event that is added, at most `concurrency` at a time, one at a time within a conversation. A
 * conversation with an urgent event comes before those without, so that its own earlier events do not hold that one up.
 *
 * @param work Must not reject: whoever schedules it decides what a failure means.
 */
export function createSchedule(options: {
  concurrency: number;
  work: (event: AgentEvent, rest: Rest) => Promise<void>;
}): Schedule {
  const { concurrency, work } = options;
  const conversations = new Map<string, Conversation>();
  const urgent: Turn[] = [], ordinary: Turn[] = [];
  /** Events that have rested: they go on before others start, and the urgent ones first. */
  const urgentRested: (() => void)[] = [], rested: (() => void)[] = [];
  let running = 0, resting = 0, size = 0, queryLength = 0, stopped = false;
  const waits = new Set<{ isOver: () => boolean; resolve: () => void }>();

  const startSome = () => {
    while (running < concurrency) {
      const goOn = urgentRested.shift() ?? rested.shift();
      if (goOn === undefined) break;
      running++;
      goOn();
    }
    while (!stopped && running < concurrency) {
      const turn = urgent.shift() ?? ordinary.shift();
      if (turn === undefined) break;
      if (turn.conversation.turn === turn) void run(turn.conversation);
    }
    // With nothing running nothing is left, or nothing may be started: whatever can run does.
    for (const wait of waits) {
      if (!wait.isOver()) continue;
      waits.delete(wait);
      wait.resolve();
    }
  };
  const until = (isOver: () => boolean): Promise<void> => {
    if (isOver()) return Promise.resolve();
    const { promise, resolve } = Promise.withResolvers<void>();
    waits.add({ isOver, resolve });
    return promise;
  };
  const run = async (conversation: Conversation) => {
    const { events } = conversation;
    const event = events[0]!;
    conversation.turn = undefined;
    running++;
    await work(event, (wait) => rest(event, wait));
    running--;
    size--;
    queryLength -= event.query.length;
    events.shift();
    if (isUrgent(event)) conversation.urgentEvents--;
    if (events.length > 0) queue(conversation);
    else if (conversation.name !== undefined) conversations.delete(conversation.name);
    startSome();
  };
  const rest = async <T>(event: AgentEvent, wait: () => Promise<T>): Promise<T> => {
    running--;
    resting++;
    startSome();
    try {
      return await wait();
    } finally {
      const { promise, resolve } = Promise.withResolvers<void>();
      (isUrgent(event) ? urgentRested : rested).push(resolve);
      resting--;
      startSome();
      await promise;
    }
  };
  const queue = (conversation: Conversation) => {
    conversation.turn = { conversation, isUrgent: conversation.urgentEvents > 0 };
    (conversation.turn.isUrgent ? urgent : ordinary).push(conversation.turn);
  };

  return {
    add(event) {
      size++;
      queryLength += event.query.length;
      const name = conversationOf(event);
      const known = name === undefined ? undefined : conversations.get(name);
      const conversation: Conversation = known ?? { name, events: [], urgentEvents: 0, turn: undefined };
      if (!known && name !== undefined) conversations.set(name, conversation);
      conversation.events.push(event);
      if (isUrgent(event)) conversation.urgentEvents++;
      // One with an ordinary turn moves up; one that is being worked on gets its turn after that.
      if (!known || (known.turn?.isUrgent === false && isUrgent(event))) queue(conversation);
      startSome();
    },
    get size() {
      return size;
    },
    get queryLength() {
      return queryLength;
    },
    stop() {
      stopped = true;
    },
    quiet: () => until(() => running === 0),
    idle: () => until(() => running + resting === 0),
  };
}
