/** Which event is answered next: several at once, but in order within one conversation. @module */

import { type AgentEvent, conversationOf } from "./wire.ts";

/** Events that wait, and events being worked on. */
export interface Schedule {
  add(event: AgentEvent): void;
  /** Events that wait or are being worked on. */
  readonly size: number;
  /** UTF-16 code units of the queries among them. */
  readonly queryLength: number;
  /** Start no more events; those being worked on go on. */
  stop(): void;
  /** Resolves once nothing is being worked on and nothing more will be started. */
  idle(): Promise<void>;
}

/**
 * Run `work` on each event that is added, at most `concurrency` at a time, one at a time within a conversation.
 *
 * @param work Must not reject: whoever schedules it decides what a failure means.
 */
export function createSchedule(options: {
  concurrency: number;
  work: (event: AgentEvent) => Promise<void>;
}): Schedule {
  const { concurrency, work } = options;
  /** Events of each conversation that has any, oldest first; the first one may be the one being worked on. */
  const conversations = new Map<string, AgentEvent[]>();
  /** Conversations with an event to start. */
  const ready: string[] = [];
  let running = 0, size = 0, queryLength = 0, stopped = false;
  let waiting: PromiseWithResolvers<void> | undefined;

  const startSome = () => {
    while (!stopped && running < concurrency && ready.length > 0) void run(ready.shift()!);
    // Nothing is left then, or nothing may be started: whatever can run does.
    if (running > 0) return;
    waiting?.resolve();
    waiting = undefined;
  };
  const run = async (conversation: string) => {
    const events = conversations.get(conversation)!;
    const event = events[0]!;
    running++;
    await work(event);
    running--;
    size--;
    queryLength -= event.query.length;
    events.shift();
    if (events.length > 0) ready.push(conversation);
    else conversations.delete(conversation);
    startSome();
  };

  return {
    add(event) {
      size++;
      queryLength += event.query.length;
      const conversation = conversationOf(event);
      const events = conversations.get(conversation);
      if (events) events.push(event);
      else {
        conversations.set(conversation, [event]);
        ready.push(conversation);
      }
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
    idle() {
      if (running === 0) return Promise.resolve();
      waiting ??= Promise.withResolvers();
      return waiting.promise;
    },
  };
}
