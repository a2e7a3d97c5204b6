/** The loop, with the real journal and file, a source that a test fills, and a mind that answers when the test lets it. @module */

import { type AgentParts, runAgent } from "../../src/agent/agent.ts";
import { systemClock } from "../../src/clock.ts";
import { openJournal } from "../../src/journal/journal.ts";
import { openPublisher, type Publisher } from "../../src/journal/publisher.ts";
import { silentLog } from "../../src/log.ts";
import type { Mind, Reply } from "../../src/mind/mind.ts";
import { openStateDatabase } from "../../src/program/state.ts";
import { noSeal } from "../../src/store/seal.ts";
import type { Delivery, Transport } from "../../src/transports/transport.ts";
import type { AgentEvent, Outcome } from "../../src/wire.ts";
import { readEntries } from "./agent.ts";
import { noMemories } from "./no_memories.ts";
import { createWatch } from "./watch.ts";

/** Id of the agent that answers. */
export const AGENT_ID = "550e8400-e29b-41d4-a716-446655440000";

/** A mind that holds every question until the test replies. */
export function heldMind() {
  const asked: string[] = [];
  const held = new Map<string, PromiseWithResolvers<Reply>>();
  const watch = createWatch({ report: () => asked.join(", ") });
  return {
    agentId: AGENT_ID,
    /** Ids in the order they were asked. */
    asked,
    answer(event: AgentEvent, signal: AbortSignal): Promise<Reply> {
      const reply = Promise.withResolvers<Reply>();
      signal.addEventListener("abort", () => reply.reject(signal.reason));
      asked.push(event.id);
      held.set(event.id, reply);
      watch.changed();
      return reply.promise;
    },
    /** Resolves once `count` questions have been asked. */
    questions: (count: number) => watch.until(`${count} questions`, () => asked.length >= count ? true : undefined),
    reply: (id: string, sources: string[] = []) => held.get(id)!.resolve({ text: `answer to ${id}`, sources }),
    fail: (id: string, why: string) => held.get(id)!.reject(new Error(why)),
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
}

/** A mind that answers at once. */
export function readyMind(): Mind & { calls: number } {
  return {
    agentId: AGENT_ID,
    calls: 0,
    answer(event) {
      this.calls++;
      return Promise.resolve({ text: `answer to ${event.id}`, sources: [] });
    },
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
}

/** A source that yields what it is given, and then waits. */
export function givenEvents(...events: AgentEvent[]) {
  const settled: Outcome[] = [];
  const watch = createWatch({ report: () => `${settled.length} settled` });
  const transport: Transport = {
    name: "given",
    async *events(signal: AbortSignal): AsyncIterable<Delivery[]> {
      for (const event of events) yield [{ event }];
      await new Promise((resolve) => signal.addEventListener("abort", resolve, { once: true }));
    },
    settle({ outcome }) {
      settled.push(outcome);
      watch.changed();
      return Promise.resolve(true);
    },
    close: () => Promise.resolve(),
  };
  return {
    settled,
    open: () => transport,
    settles: (count: number) => watch.until(`${count} settled`, () => settled.length >= count ? true : undefined),
  };
}

/**
 * Start the loop in `folder`; `stop` tells it to stop, `ended` is its end.
 *
 * @param options `mayPublish`: nothing is written into the responses file before; default: at once.
 */
export function startLoop(
  folder: string,
  { mayPublish, ...parts }: Pick<AgentParts, "mind" | "openTransport"> & Partial<AgentParts> & {
    mayPublish?: Promise<void>;
  },
) {
  const database = openStateDatabase(`${folder}/.agent`);
  const journal = openJournal(database, { seal: noSeal, now: (parts.clock ?? systemClock).now });
  const publisher = openPublisher({ path: `${folder}/responses.json`, journal, log: silentLog });
  const controller = new AbortController();
  const ended = runAgent({
    database,
    journal,
    publisher: mayPublish ? laterPublisher(publisher, mayPublish) : publisher,
    memories: noMemories,
    scrub: () => true,
    log: silentLog,
    clock: systemClock,
    concurrency: 4,
    graceMs: 10_000,
    retentionMs: 1e9,
    ...parts,
  }, controller.signal).finally(() => {
    publisher[Symbol.dispose]();
    database[Symbol.dispose]();
  });
  ended.catch(() => {}); // who awaits it still learns of it
  const stop = () => {
    controller.abort();
    return ended;
  };
  return {
    stop,
    ended,
    /** Resolves when what was accepted is on disk. */
    kept: () => database.committed(),
    entries: () => readEntries(`${folder}/responses.json`)!,
    [Symbol.asyncDispose]: async () => void await stop(),
  };
}

/** A publisher that writes nothing before `mayPublish`. */
function laterPublisher(publisher: Publisher, mayPublish: Promise<void>): Publisher {
  return {
    get published() {
      return publisher.published;
    },
    publish: async (outcomes) => {
      await mayPublish;
      await publisher.publish(outcomes);
    },
    note: publisher.note,
    [Symbol.dispose]: () => publisher[Symbol.dispose](),
  };
}
