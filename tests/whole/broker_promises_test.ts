/** What agents on one queue promise, against a model: deliveries again, take-overs, handing back, and kills, in any order. @module */

import { assertEquals } from "@std/assert";
import { setImmediate } from "node:timers/promises";
import fc from "fast-check";
import { runAgent } from "../../src/agent/agent.ts";
import { openJournal } from "../../src/journal/journal.ts";
import { openPublisher } from "../../src/journal/publisher.ts";
import { silentLog } from "../../src/log.ts";
import type { Reply } from "../../src/mind/mind.ts";
import { openStateDatabase } from "../../src/program/state.ts";
import { noSeal } from "../../src/store/seal.ts";
import type { Delivery, Transport, TransportHooks } from "../../src/transports/transport.ts";
import { type AgentEvent, entryOf } from "../../src/wire.ts";
import { copyFiles, makeFastFolder } from "../support/fast_folder.ts";
import { noMemories } from "../support/no_memories.ts";
import { stubTimers, type Time } from "../support/stubbed_timers.ts";

const SEQUENCES = 400;
const ALL = { seq: 0, limit: -1 };
const COMMIT_MS = 20;
const AGENTS = 2, PREFETCH = 4;

type Step =
  | { readonly do: "publish"; readonly userId: string | undefined }
  /** The same event in one more message. */
  | { readonly do: "again"; readonly nth: number }
  | { readonly do: "answer" | "fail" | "take"; readonly agent: number; readonly nth: number }
  | { readonly do: "wait" }
  /** The connection breaks: what was unsettled goes back, and a new connection is there at once. */
  | { readonly do: "cut"; readonly agent: number }
  /** The broker takes the agent for dead, though it is only slow. */
  | { readonly do: "takeOver"; readonly agent: number }
  | { readonly do: "kill"; readonly agent: number }
  /** An orderly end, which hands back, and a new start. */
  | { readonly do: "restart"; readonly agent: number; readonly patient: boolean };

const agent = fc.nat(AGENTS - 1), nth = fc.nat(9);
const aStep: fc.Arbitrary<Step> = fc.oneof(
  { weight: 6, arbitrary: fc.record({ do: fc.constant("publish"), userId: fc.constantFrom("ann", "bob", undefined) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("again"), nth }) },
  { weight: 7, arbitrary: fc.record({ do: fc.constantFrom("answer", "answer", "fail"), agent, nth }) },
  { weight: 6, arbitrary: fc.record({ do: fc.constant("take"), agent, nth }) },
  { weight: 5, arbitrary: fc.record({ do: fc.constant("wait") }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constantFrom("cut", "takeOver", "kill"), agent }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("restart"), agent, patient: fc.boolean() }) },
);

Deno.test("whatever happens on a queue, each message gets one outcome, and no agent answers an event twice", async () => {
  await using folder = makeFastFolder();
  const fresh = `${folder.path}/fresh`;
  openStateDatabase(fresh)[Symbol.dispose]();
  using time = stubTimers(COMMIT_MS);
  let runs = 0;
  await fc.assert(
    fc.asyncProperty(fc.array(aStep, { maxLength: 40, size: "max" }), async (steps) => {
      const directory = `${folder.path}/${++runs}`;
      for (let index = 0; index < AGENTS; index++) copyFiles(fresh, `${directory}/home-${index}`);
      const world = createWorld({ directory, time });
      try {
        await world.play(steps);
      } finally {
        await world.end();
        Deno.removeSync(directory, { recursive: true });
      }
    }),
    { numRuns: SEQUENCES },
  );
});

/** A message in the queue. */
interface Message {
  readonly event: AgentEvent;
  deliveries: number;
  /** The connection that has it. */
  holder: symbol | undefined;
  /** Outcomes that its sender was sent. */
  readonly outcomes: string[];
}

/** What an agent's transport knows of a delivery. */
interface Handle {
  readonly message: Message;
  readonly connection: symbol;
}

/** A queue as Redis has it: the first outcome of a message takes it away, whoever settles it. */
function createWorld({ directory, time }: { directory: string; time: Time }) {
  const messages: Message[] = [];
  const broken: string[] = [];
  let nowMs = 0, replies = 0;
  const must = (holds: boolean, otherwise: string) => {
    if (!holds) broken.push(otherwise);
  };
  const isOpen = ({ outcomes }: Message) => outcomes.length === 0;

  async function pass(ms: number) {
    const untilMs = time.now() + ms;
    do await setImmediate(); while (time.runNext({ untilMs, before() {} }));
  }

  /** What stays of an agent over all its lives. */
  function createAgent(index: number) {
    const home = `${directory}/home-${index}`, wreck = `${directory}/wreck-${index}`, agentId = `agent-${index}`;
    /** What the sender was told by this agent, by event. */
    const told = new Map<string, string>();
    const answered = new Set<string>();
    let life = live();

    function live() {
      const asked = new Map<string, PromiseWithResolvers<Reply>>(),
        suspects = new Set<string>(),
        seen = new Set<string>();
      let held: { message: Message; text: string; id: string; connection: symbol; end: (is: boolean) => void }[] = [];
      let arrived: Delivery[] = [], connection = Symbol(), isDead = false, isOver = false;
      let wake = () => {}, hooks: TransportHooks | undefined;
      const stopping = new AbortController(), grace = Promise.withResolvers<void>();
      const database = openStateDatabase(home, { soon: setTimeout });
      const path = `${home}/responses.json`;
      const journal = openJournal(database, { seal: noSeal, now: () => nowMs++ });
      const stored = new Map(journal.outcomes(ALL).map(({ outcome }) => [outcome.queryId, entryOf(outcome).text]));
      for (const [id, text] of told) must(stored.get(id) === text, `${agentId} told of ${id}, and forgot it`);
      for (const id of stored.keys()) answered.add(id);
      const publisher = openPublisher({ path, journal, log: silentLog });

      /** What is unsettled goes back to the queue. */
      function release() {
        for (const message of messages) if (message.holder === connection) message.holder = undefined;
        arrived = [];
      }
      const transport: Transport = {
        name: "scripted",
        redelivers: true,
        async *events(signal) {
          signal.addEventListener("abort", () => wake());
          while (!signal.aborted) {
            const deliveries = arrived.splice(0);
            if (deliveries.length > 0) yield deliveries;
            else await new Promise<void>((resolve) => wake = resolve);
          }
        },
        settle(entry, delivery) {
          const { queryId } = entry.outcome;
          must(delivery?.event.id === queryId, `${queryId} is settled without its delivery`);
          const handle = delivery?.handle as Handle;
          if (isDead || handle.connection !== connection) return Promise.resolve(false);
          const { promise, resolve } = Promise.withResolvers<boolean>();
          held.push({ ...handle, text: entry.text, id: queryId, end: resolve });
          return promise;
        },
        close() {
          cut();
          return Promise.resolve();
        },
      };
      function cut() {
        release();
        connection = Symbol();
        for (const { end } of held.splice(0)) end(false);
      }
      runAgent({
        database,
        journal,
        publisher,
        memories: noMemories,
        scrub: () => true,
        mind: {
          agentId,
          answer(event, signal) {
            const reply = Promise.withResolvers<Reply>();
            signal.addEventListener("abort", () => reply.reject(signal.reason));
            if (isDead) return reply.promise;
            must(!answered.has(event.id), `${agentId} answers ${event.id} again`);
            const others = [...asked.keys()];
            const isAlone = !suspects.has(event.id) && !others.some((id) => suspects.has(id));
            must(
              isAlone || others.length === 0,
              `${event.id} is answered beside ${others}, and one may kill the agent`,
            );
            asked.set(event.id, reply);
            return reply.promise;
          },
          [Symbol.asyncDispose]: () => Promise.resolve(),
        },
        openTransport(given) {
          hooks = given;
          return transport;
        },
        log: silentLog,
        clock: {
          now: () => nowMs++,
          monotonic: () => nowMs,
          async sleep(_ms, signal) {
            await Promise.race([grace.promise, new Promise((resolve) => signal?.addEventListener("abort", resolve))]);
          },
        },
        concurrency: 3,
        graceMs: 1,
        retentionMs: Number.MAX_SAFE_INTEGER,
      }, stopping.signal).catch((error) => must(isDead, `the loop failed: ${error.stack}`)).finally(() => {
        publisher[Symbol.dispose]();
        database[Symbol.dispose]();
        isOver = true;
      });

      return {
        /** Give it what there is room for; of what was delivered before, one at a time and nothing beside it. */
        deliver() {
          for (const message of messages) {
            const own = messages.filter((other) => isOpen(other) && other.holder === connection);
            if (own.length >= PREFETCH || own.some(({ deliveries }) => deliveries > 1)) break;
            if (!isOpen(message) || message.holder !== undefined) continue;
            message.holder = connection;
            const attempt = ++message.deliveries, { event } = message;
            // One that this life has had before killed nobody: the connection broke, or another agent was slow.
            if (attempt > 1 && !seen.has(event.id)) suspects.add(event.id);
            seen.add(event.id);
            arrived.push({ event, handle: { message, connection } satisfies Handle, attempt });
          }
          wake();
        },
        reply(nth: number, as: "answer" | "fail") {
          const [id, reply] = nthOf([...asked], nth) ?? [];
          if (id === undefined) return;
          asked.delete(id);
          suspects.delete(id);
          answered.add(id);
          if (as === "answer") reply?.resolve({ text: `${agentId}: ${++replies}`, sources: [] });
          else reply?.reject(new Error(`${agentId}: ${++replies}`));
        },
        take(nth: number) {
          const taken = nthOf(held, nth);
          if (!taken) return;
          held = held.filter((other) => other !== taken);
          const { message, text, id } = taken;
          if (isOpen(message)) {
            message.outcomes.push(text);
            const before = told.get(id);
            must(before === undefined || before === text, `${agentId} told two things of ${id}`);
            told.set(id, text);
          }
          taken.end(true);
        },
        cut() {
          cut();
          hooks?.onReachable();
        },
        /** Others get its messages; it knows nothing of that. */
        takeOver() {
          for (const message of messages) if (message.holder === connection) message.holder = undefined;
        },
        isAnswering: () => asked.size > 0,
        hasHeld: () => held.length > 0,
        entries: () => JSON.parse(Deno.readTextFileSync(path)) as { queryId: string }[],
        async stop({ patient }: { patient: boolean }) {
          stopping.abort();
          for (; patient && asked.size > 0; await setImmediate()) this.reply(0, "answer");
          grace.resolve();
          while (!isOver) {
            await pass(COMMIT_MS);
            this.take(0);
          }
        },
        async kill() {
          copyFiles(home, wreck);
          isDead = true;
          cut();
          await this.stop({ patient: false });
          Deno.removeSync(home, { recursive: true });
          Deno.renameSync(wreck, home);
        },
      };
    }
    return {
      now: () => life,
      async begin(how: "kill" | { patient: boolean }) {
        await (how === "kill" ? life.kill() : life.stop(how));
        // What was answered and not stored when it died may be answered again.
        answered.clear();
        life = live();
      },
    };
  }
  const agents = Array.from({ length: AGENTS }, (_, index) => createAgent(index));

  function publish(event: AgentEvent) {
    messages.push({ event, deliveries: 0, holder: undefined, outcomes: [] });
  }
  async function take(step: Step) {
    switch (step.do) {
      case "publish": {
        const { userId } = step, id = `q${messages.length}`;
        return publish({ id, query: "?", timestamp: 1, ...(userId !== undefined && { metadata: { userId } }) });
      }
      case "again": {
        const message = nthOf(messages, step.nth);
        return message && publish(message.event);
      }
      case "wait":
        return await pass(COMMIT_MS);
      case "kill":
        return await agents[step.agent]!.begin("kill");
      case "restart":
        return await agents[step.agent]!.begin(step);
      case "takeOver":
        return agents[step.agent]!.now().takeOver();
      case "cut":
        return agents[step.agent]!.now().cut();
      case "take":
        return agents[step.agent]!.now().take(step.nth);
      default:
        return agents[step.agent]!.now().reply(step.nth, step.do);
    }
  }
  return {
    async play(steps: readonly Step[]) {
      for (const step of steps) {
        await take(step);
        for (const each of agents) each.now().deliver();
        await setImmediate();
        assertEquals(broken, []);
      }
      for (let round = 0; messages.some(isOpen); round++) {
        for (const each of agents) {
          each.now().deliver();
          await setImmediate();
          for (; each.now().isAnswering(); await setImmediate()) each.now().reply(0, "answer");
          await pass(COMMIT_MS);
          for (; each.now().hasHeld(); await setImmediate()) each.now().take(0);
        }
        assertEquals([broken, round < 500], [[], true]);
      }
      assertEquals(messages.map(({ outcomes }) => outcomes.length), messages.map(() => 1));
      for (const each of agents) {
        const ids = each.now().entries().map(({ queryId }) => queryId);
        assertEquals(ids.length, new Set(ids).size);
      }
    },
    async end() {
      for (const each of agents) await each.now().stop({ patient: false });
    },
  };
}

function nthOf<T>(from: readonly T[], nth: number): T | undefined {
  return from[nth % Math.max(1, from.length)];
}
