/** What the agent promises, against a model: whatever happens in whatever order, with crashes between any two calls. @module */

import { assertEquals } from "@std/assert";
import { setImmediate } from "node:timers/promises";
import fc from "fast-check";
import { runAgent } from "../../src/agent/agent.ts";
import { openJournal } from "../../src/journal/journal.ts";
import { openPublisher } from "../../src/journal/publisher.ts";
import { silentLog } from "../../src/log.ts";
import type { Reply } from "../../src/mind/mind.ts";
import { noSeal } from "../../src/store/seal.ts";
import type { Delivery, Transport, TransportHooks } from "../../src/transports/transport.ts";
import { type AgentEvent, conversationOf, entryOf, type Outcome } from "../../src/wire.ts";
import { openStateDatabase } from "../../src/program/state.ts";
import { trustedKey, verifyEntry } from "../../src/proof/entries.ts";
import { createSigner } from "../../src/proof/signer.ts";
import { copyFiles, makeFastFolder } from "../support/fast_folder.ts";
import { noMemories } from "../support/no_memories.ts";
import { assertChain } from "../support/proof.ts";
import { stubTimers, type Time } from "../support/stubbed_timers.ts";

const SEQUENCES = 2_000;
const ALL = { seq: 0, limit: -1 };
/** In a wait this long all is committed; in a longer one the responses file is trimmed and noted. */
const COMMIT_MS = 20, IDLE_MS = 200;

const AGENT_ID = "550e8400-e29b-41d4-a716-446655440000";
/** Keys of lives that follow one another; then the first comes again. */
const signers = await Promise.all(Array.from({ length: 8 }, () => createSigner()));
const keys = new Map(signers.map(({ jwk }) => trustedKey(jwk, { agentId: AGENT_ID })));

/** What must be: an event waits in the order of arrival until it gets an outcome, once and for all. */
interface Model {
  readonly waiting: readonly AgentEvent[];
  readonly outcomes: readonly Outcome[];
}

type Step =
  | { readonly do: "arrive"; readonly userId: string | undefined }
  | { readonly do: "duplicate" | "answer" | "fail" | "take"; readonly nth: number }
  | { readonly do: "wait"; readonly ms: number }
  | { readonly do: "reconnect" }
  /** `got`: whether what is on its way still arrives. */
  | { readonly do: "disconnect"; readonly got: boolean }
  /** Between two calls, as many calls from now; a write that has just been made is cut after `cut` bytes. */
  | { readonly do: "crash"; readonly calls: number; readonly cut: number }
  /** `patient`: whether what is in flight finishes within the grace period. */
  | { readonly do: "restart"; readonly patient: boolean };

const nth = fc.nat(9);
const aCut = fc.oneof(fc.nat(3), fc.nat(300));
const aStep: fc.Arbitrary<Step> = fc.oneof(
  { weight: 6, arbitrary: fc.record({ do: fc.constant("arrive"), userId: fc.constantFrom("ann", "bob", undefined) }) },
  { weight: 7, arbitrary: fc.record({ do: fc.constantFrom("answer", "answer", "fail"), nth }) },
  { weight: 5, arbitrary: fc.record({ do: fc.constantFrom("take", "take", "duplicate"), nth }) },
  { weight: 5, arbitrary: fc.record({ do: fc.constant("wait"), ms: fc.constantFrom(COMMIT_MS, COMMIT_MS, IDLE_MS) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("reconnect") }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("disconnect"), got: fc.boolean() }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("crash"), calls: fc.nat(15), cut: aCut }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("restart"), patient: fc.boolean() }) },
);
const someSteps = fc.array(aStep, { maxLength: 40, size: "max" });

Deno.test("whatever happens, each event ends with one outcome, stored before its sender is told, and told", async () => {
  await using folder = makeFastFolder();
  const fresh = `${folder.path}/fresh`;
  openStateDatabase(fresh)[Symbol.dispose]();
  using time = stubTimers(COMMIT_MS);
  let runs = 0;
  await fc.assert(
    fc.asyncProperty(fc.integer({ min: 1, max: 3 }), someSteps, async (concurrency, steps) => {
      const directory = `${folder.path}/${++runs}`;
      copyFiles(fresh, `${directory}/home`);
      const world = createWorld({ directory, concurrency, time });
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

/** A sender, a mind, and between them the agent, which lives, dies and lives again. */
function createWorld({ directory, concurrency, time }: { directory: string; concurrency: number; time: Time }) {
  const home = `${directory}/home`, path = `${home}/responses.json`;
  /** Where the files go that a crash leaves. */
  const wreck = `${directory}/wreck`;
  const sent: AgentEvent[] = [];
  /** What the sender was told, by event. */
  const told = new Map<string, string>();
  const broken: string[] = [];
  /** `durable`: as of the last commit; `written`: what the commit under way will make durable. */
  let model: Model = { waiting: [], outcomes: [] }, durable = model, written = model;
  /** The crash to come, if there is one. */
  let fuse: { calls: number; cut: number } | undefined;
  let nowMs = 0, lives = 0, life = live();

  function must(holds: boolean, otherwise: string) {
    if (!holds) broken.push(otherwise);
  }

  function tell(outcome: Outcome) {
    const { text } = entryOf(outcome), before = told.get(outcome.queryId);
    must(before === undefined || before === text, `told two things: ${before} and ${text}`);
    told.set(outcome.queryId, text);
  }

  async function pass(ms: number) {
    const untilMs = time.now() + ms;
    do await setImmediate(); while (time.runNext({ untilMs, before: () => written = model }));
  }

  /** The agent, from a start to an end or a crash. */
  function live() {
    const asked = new Map<string, PromiseWithResolvers<Reply>>(), replies = new Map<string, string>();
    const arrived: Delivery[] = [];
    let held: { outcome: Outcome; end: (delivered: boolean) => void }[] = [];
    let wake = () => {}, hooks: TransportHooks | undefined, isConnected = false, isDead = false, isOver = false;
    const stopping = new AbortController(), grace = Promise.withResolvers<void>();

    /** The process is gone. What is left of it goes on unheard; the next life begins from a copy of the files. */
    function crash({ cut, before }: { cut: number; before?: Uint8Array | undefined }) {
      isDead = true;
      fuse = undefined;
      model = durable;
      copyFiles(home, wreck);
      if (before) Deno.writeFileSync(`${wreck}/responses.json`, tear({ before, after: Deno.readFileSync(path), cut }));
    }
    /** An instant at which the process may be killed. */
    function instant(before?: Uint8Array) {
      if (!isDead && fuse && fuse.calls-- <= 0) crash({ cut: fuse.cut, before });
    }
    /** A call of the real part, between two such instants. `note`: what it means to the model. */
    function watched<A extends unknown[], R>(
      call: (...args: A) => R,
      note: (result: R, ...args: A) => void = () => {},
    ) {
      return (...args: A): R => {
        instant();
        const result = call(...args);
        if (!isDead) note(result, ...args);
        instant();
        return result;
      };
    }

    const database = openStateDatabase(home, { soon: setTimeout });
    const real = openJournal(database, {
      seal: noSeal,
      now: () => nowMs++,
      signer: signers[lives++ % signers.length],
    });
    const journal = {
      ...real,
      accept: watched(real.accept, ({ state }, event) => {
        const has = (ids: readonly string[]) => ids.includes(event.id);
        const isAnswered = has(model.outcomes.map(({ queryId }) => queryId));
        const expected = isAnswered ? "answered" : has(model.waiting.map(({ id }) => id)) ? "pending" : "new";
        must(state === expected, `${event.id} was ${expected}, and taken for ${state}`);
        if (state === "new") model = { ...model, waiting: [...model.waiting, event] };
      }),
      record: watched(real.record, ({ outcome }) => {
        const id = outcome.queryId, reply = "error" in outcome ? outcome.error : outcome.response;
        must(reply === replies.get(id), `${id} was answered ${replies.get(id)}, and has ${reply}`);
        model = { waiting: model.waiting.filter((event) => event.id !== id), outcomes: [...model.outcomes, outcome] };
      }),
      settled: watched(real.settled),
      setCheckpoint: watched(real.setCheckpoint),
    };
    const entries = (): unknown => JSON.parse(Deno.readTextFileSync(path));
    assertEquals(journal.pending(ALL).map(({ event }) => event), model.waiting);
    assertEquals(journal.outcomes(ALL).map(({ outcome }) => outcome), model.outcomes);
    const publisher = openPublisher({ path, journal, log: silentLog });
    assertEquals(entries(), model.outcomes);

    const transport: Transport = {
      name: "scripted",
      async *events(signal) {
        signal.addEventListener("abort", () => wake());
        while (!signal.aborted) {
          const delivery = arrived.shift();
          if (delivery) yield [delivery];
          else await new Promise<void>((resolve) => wake = resolve);
        }
      },
      settle({ outcome }, delivery) {
        instant();
        if (isDead || !isConnected) return Promise.resolve(false);
        const { queryId } = outcome;
        must([undefined, queryId].includes(delivery?.event.id), `${queryId} is settled as ${delivery?.event.id}`);
        must(durable.outcomes.some((stored) => stored.queryId === queryId), `${queryId} is told before it is durable`);
        const { promise, resolve } = Promise.withResolvers<boolean>();
        held.push({ outcome, end: resolve });
        return promise;
      },
      close() {
        disconnect({ got: false });
        return Promise.resolve();
      },
    };
    const parts: Parameters<typeof runAgent>[0] = {
      database: {
        ...database,
        committed: watched(() => {
          const committed = database.committed();
          // The first to hear of it: nothing was written since.
          committed.then(() => {
            if (!isDead) durable = written;
            instant();
          });
          return committed;
        }),
      },
      journal,
      publisher: {
        get published() {
          return publisher.published;
        },
        publish(outcomes) {
          instant();
          const before = fuse && Deno.readFileSync(path);
          publisher.publish(outcomes);
          instant(before);
        },
        note: () => publisher.note(),
        [Symbol.dispose]: () => publisher[Symbol.dispose](),
      },
      memories: noMemories,
      scrub: () => true,
      mind: {
        agentId: AGENT_ID,
        answer(event, signal) {
          instant();
          const reply = Promise.withResolvers<Reply>();
          signal.addEventListener("abort", () => reply.reject(signal.reason));
          if (isDead) return reply.promise;
          const conversation = conversationOf(event);
          const [next] = model.waiting.filter((other) =>
            conversation === undefined ? other.id === event.id : conversationOf(other) === conversation
          );
          must(next?.id === event.id, `${event.id} is answered, and ${next?.id} was next in its conversation`);
          must(!asked.has(event.id), `${event.id} is answered a second time`);
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
      concurrency,
      graceMs: 1,
      retentionMs: Number.MAX_SAFE_INTEGER,
    };
    runAgent(parts, stopping.signal).catch((error) => must(isDead, `the loop failed: ${error.stack}`)).finally(() => {
      publisher[Symbol.dispose]();
      database[Symbol.dispose]();
      if (!isDead) durable = model;
      isOver = true;
    });

    function arrive(...events: readonly AgentEvent[]) {
      if (!isConnected) return;
      arrived.push(...events.map((event) => ({ event, handle: event.id })));
      wake();
    }
    function reply(nth: number, as: "answer" | "fail") {
      const [id, reply] = nthOf([...asked].filter(([id]) => !replies.has(id)), nth) ?? [];
      if (id === undefined) return;
      // No two are the same: a second one would show.
      replies.set(id, `${as} ${id} at ${nowMs++}`);
      // A source as well, so that every way an outcome goes is seen to keep it.
      if (as === "answer") reply?.resolve({ text: replies.get(id)!, sources: [id] });
      else reply?.reject(new Error(replies.get(id)));
    }
    function disconnect({ got }: { got: boolean }) {
      isConnected = false;
      for (const { outcome, end } of held.splice(0)) {
        if (got) tell(outcome);
        end(false);
      }
    }
    return {
      arrive,
      reply,
      disconnect,
      crash,
      entries,
      isDead: () => isDead,
      isAnswering: () => asked.size > replies.size,
      isQuiet: () => model.waiting.length === 0 && held.length === 0 && durable === model,
      unsettled: () => journal.unsettled({ ...ALL, upTo: Number.MAX_SAFE_INTEGER }).map(({ outcome }) => outcome),
      take(nth: number) {
        const taken = nthOf(held, nth);
        if (!taken) return;
        held = held.filter((other) => other !== taken);
        tell(taken.outcome);
        taken.end(true);
      },
      reconnect() {
        // Also at once after it was lost, before anything else has heard of that.
        disconnect({ got: false });
        isConnected = true;
        hooks?.onReachable();
        arrive(...sent.filter(({ id }) => !told.has(id)));
      },
      async stop({ patient }: { patient: boolean }) {
        stopping.abort();
        for (; patient && asked.size > replies.size; await setImmediate()) reply(0, "answer");
        grace.resolve();
        while (!isOver) await pass(COMMIT_MS);
      },
    };
  }

  async function restart({ patient }: { patient: boolean }) {
    await life.stop({ patient });
    if (life.isDead()) {
      Deno.removeSync(home, { recursive: true });
      Deno.renameSync(wreck, home);
    }
    life = live();
  }

  async function take(step: Step) {
    switch (step.do) {
      case "arrive": {
        const { userId } = step, id = `q${sent.length}`;
        sent.push({ id, query: "?", timestamp: 1, ...(userId !== undefined && { metadata: { userId } }) });
        return life.arrive(sent.at(-1)!);
      }
      case "duplicate":
        return life.arrive(...sent.slice(step.nth, step.nth + 1));
      case "answer":
      case "fail":
        return life.reply(step.nth, step.do);
      case "take":
        return life.take(step.nth);
      case "wait":
        return await pass(step.ms);
      case "crash":
        fuse = step;
        return;
      case "restart":
        return await restart(step);
      case "disconnect":
        return life.disconnect(step);
      case "reconnect":
        return life.reconnect();
    }
  }

  /** The mind answers and the sender takes whatever there is, until there is nothing more. */
  async function quiet() {
    await setImmediate();
    for (let round = 0; !life.isQuiet(); round++) {
      for (; life.isAnswering(); await setImmediate()) life.reply(0, "answer");
      await pass(COMMIT_MS);
      life.take(0);
      await setImmediate();
      assertEquals([broken, round < 1_000], [[], true]);
    }
  }

  return {
    async play(steps: readonly Step[]) {
      for (const step of steps) {
        await take(structuredClone(step));
        await setImmediate();
        if (life.isDead()) await restart({ patient: false });
        assertEquals(broken, []);
      }
      fuse = undefined;
      life.reconnect();
      await quiet();
      const entries = model.outcomes.map((outcome) => [outcome.queryId, entryOf(outcome).text] as const);
      assertEquals(entries.map(([id]) => id).toSorted(), sent.map(({ id }) => id).toSorted());
      assertEquals(life.entries(), model.outcomes);
      assertChain(model.outcomes);
      for (const outcome of model.outcomes) {
        const event = sent.find(({ id }) => id === outcome.queryId);
        assertEquals(verifyEntry(outcome, { keys, event }).ok, true);
      }
      assertEquals([...told].toSorted(), entries.toSorted());
      assertEquals(life.unsettled(), []);
      // Whoever asks again is told the same again, and nothing is made anew.
      told.clear();
      life.arrive(...sent);
      await quiet();
      assertEquals([...told].toSorted(), entries.toSorted());
      assertEquals(life.entries(), model.outcomes);
    },
    end: () => life.stop({ patient: false }),
  };
}

/** What `before` was when the write that made it `after` had got `cut` bytes further than where they begin to differ. */
function tear({ before, after, cut }: { before: Uint8Array; after: Uint8Array; cut: number }): Uint8Array {
  const from = after.findIndex((byte, at) => byte !== before[at]);
  // Space is taken first, as blanks.
  const torn = new Uint8Array(after.length).fill(0x20);
  torn.set(before.subarray(0, after.length));
  torn.set(after.subarray(0, from + cut));
  return torn;
}

function nthOf<T>(from: readonly T[], nth: number): T | undefined {
  return from[nth % Math.max(1, from.length)];
}
