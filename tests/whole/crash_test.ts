/** The real program, killed with SIGKILL at random instants, again and again: nothing is lost, and nothing comes twice. @module */

import { assert, assertEquals } from "@std/assert";
import { type AgentEvent, conversationOf, encodeResponse, entryOf } from "../../src/wire.ts";
import { type AgentUnderTest, type Entry, startAgent } from "../support/agent.ts";
import { startServer } from "../support/server.ts";
import { createWatch } from "../support/watch.ts";
import { makeFolder } from "../support/folder.ts";
import { assertChain } from "../support/proof.ts";
import { assertPrefixes, type Remembered, rememberedIn } from "../support/remembered.ts";

/** Agents that are killed side by side, each in a folder of its own. */
const LANES = 3;
const KILLS_PER_LANE = 34;
/** Half of them are there when the agent starts, half come while it answers. */
const EVENTS_PER_LIFE = 16;
/** What `Deno.Command` reports for SIGKILL. */
const KILLED = 128 + 9;

/** When to kill: after so many milliseconds, lines of the log, changes of its files, answers or deliveries of this life. */
interface Instant {
  readonly after: "ms" | "lines" | "changes" | "answers" | "deliveries";
  readonly count: number;
  /** And so much later. */
  readonly thenMs: number;
}

/** The most that is waited for of each. */
const MOST = { ms: 800, lines: 90, changes: 60, answers: EVENTS_PER_LIFE / 2, deliveries: EVENTS_PER_LIFE / 2 };

/** Where the events come from, and what is known of them there. */
interface Source extends AsyncDisposable {
  readonly env: Record<string, string>;
  /** What the agent logs once it listens. */
  readonly greeting: string;
  /** Have events there at the next start. */
  add(events: readonly AgentEvent[]): void;
  /** Bring events to the agent that runs. */
  addNow(events: readonly AgentEvent[]): void;
  /** Resolves once `count` more answers can be seen there. */
  answers(count: number): Promise<unknown>;
  /** Resolves once the source knows that every event so far was answered. */
  allAnswered(): Promise<unknown>;
  /** The frames that brought answers. */
  frames(): string[];
}

type OpenSource = (folder: string, sight: Sight) => Source | Promise<Source>;

for (
  const [mode, open] of Object.entries({ WebSocket: openServer, file: openFile } satisfies Record<string, OpenSource>)
) {
  Deno.test(`${mode} mode: kills at ${LANES * KILLS_PER_LANE} random instants lose no event and repeat no answer`, async () => {
    const seed = Number(Deno.env.get("CRASH_SEED") ?? crypto.getRandomValues(new Uint32Array(1))[0]);
    try {
      const lanes = Array.from({ length: LANES }, (_, lane) => killAgainAndAgain(open, randomFrom(seed + lane)));
      await Promise.all(lanes);
    } catch (error) {
      // What a clean-up adds must not hide what made it necessary.
      const cause = error instanceof SuppressedError ? new AggregateError([error.suppressed, error.error]) : error;
      throw new Error(`Failed with CRASH_SEED=${seed}`, { cause });
    }
  });
}

async function killAgainAndAgain(open: OpenSource, random: () => number): Promise<void> {
  await using folder = makeFolder();
  const output = `${folder.path}/iexec_out`;
  for (const name of [".agent", "iexec_in", "iexec_out"]) Deno.mkdirSync(`${folder.path}/${name}`);
  await using sight = watchFiles(folder.path);
  await using source = await open(folder.path, sight);
  const options = { folder: folder.path, env: { ...source.env, LOG_LEVEL: "debug" } };
  const events = new Map<string, AgentEvent>();
  const drawEvents = () =>
    Array.from({ length: EVENTS_PER_LIFE / 2 }, () => {
      const event = drawEvent(`q${events.size}`, random);
      events.set(event.id, event);
      return event;
    });
  const memories: Remembered[][][] = [];

  for (let life = 0; life < KILLS_PER_LANE; life++) {
    source.add(drawEvents());
    const later = drawEvents();
    await using agent = await startAgent(options);
    await Promise.race([reach(drawInstant(random), { agent, source, sight, later }), failAtEnd(agent)]);
    const started = agent.log.some(({ message }) => message === "🚀 Agent started");
    // A reader may come in the middle of a write, and then reads again.
    let seen = sight.look();
    for (let again = 0; again < 100 && seen === "torn"; again++) seen = sight.look();
    assert(seen === "whole" || !started, `responses.json is ${seen} though the agent has started`);
    agent.kill("SIGKILL");
    assertEquals((await agent.ended).code, KILLED);
    // The kernel looks for a SIGKILL between two pages of one write: what it cuts short, the next start mends.
    sight.look();
    memories.push(await rememberedIn(`${folder.path}/.agent`));
    assertRemembered(sight.entries() ?? [], memories.at(-1)!, events);
    source.add(later);
  }
  await using agent = await startAgent(options);
  // Before that, a signal ends it on the spot.
  await agent.logged("🚀 Agent started");
  await source.allAnswered();
  assertEquals((await agent.stop()).code, 0);

  assertEquals(sight.look(), "whole");
  const entries = sight.entries()!;
  assertEquals(entries.map(({ queryId }) => queryId).toSorted(), [...events.keys()].toSorted());
  assertEquals(entries.filter(({ error }) => error !== undefined), []);
  assertChain(entries);
  const answered = entries.map(({ queryId, response }) => ({ event: queryId, text: response! }));
  for (const remembered of memories) assertPrefixes(remembered, answered, (id) => conversationOf(events.get(id)!));
  const answers = new Set(entries.map((entry) => encodeResponse(entryOf({ ...entry, response: entry.response! }))));
  assertEquals(source.frames().filter((frame) => !answers.has(frame)), []);
  // What a kill had torn was mended: none of it was moved out of the way.
  const names = [...Deno.readDirSync(output)].map(({ name }) => name);
  assertEquals(names.toSorted(), ["attestation.json", "responses.json"]);
}

/** Assert that conversations remember what was answered in them. */
function assertRemembered(
  entries: readonly Entry[],
  remembered: readonly (readonly Remembered[])[],
  events: ReadonlyMap<string, AgentEvent>,
): void {
  const kept = new Set(remembered.flat().map(({ event }) => event));
  const answered = entries.map(({ queryId }) => queryId).filter((id) => conversationOf(events.get(id)!) !== undefined);
  assertEquals(answered.filter((id) => !kept.has(id)), []);
}

/** Resolves at the instant; or when nothing is left to do, after which it might never come. */
async function reach(
  { after, count, thenMs }: Instant,
  { agent, source, sight, later }: { agent: AgentUnderTest; source: Source; sight: Sight; later: AgentEvent[] },
): Promise<void> {
  const orIdle = (wait: Promise<unknown>) => Promise.race([wait, source.allAnswered()]);
  switch (after) {
    case "ms":
      return await pause(count);
    case "lines":
      await orIdle(agent.logged(() => true, { count }));
      break;
    case "changes":
      await orIdle(sight.changes(count));
      break;
    case "answers":
      await orIdle(source.answers(count));
      break;
    case "deliveries":
      await agent.logged(source.greeting);
      await orIdle(agent.logged("outcome delivered"));
      source.addNow(later);
      await orIdle(agent.logged("outcome delivered", { count }));
  }
  await pause(thenMs);
}

/** The one place for a pause in a test: the instant is to be one of chance, and all that follows must hold at any. */
function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

async function failAtEnd({ ended, lines }: AgentUnderTest): Promise<never> {
  const { code } = await ended;
  throw new Error(`The agent ended with ${code} before it was killed:\n${lines.join("\n")}`);
}

function drawInstant(random: () => number): Instant {
  const after = pick(Object.keys(MOST) as (keyof typeof MOST)[], random);
  return { after, count: 1 + Math.floor(random() * MOST[after]), thenMs: pick([0, 0, 0, 1, 3, 10, 25], random) };
}

function drawEvent(id: string, random: () => number): AgentEvent {
  const query = pick(
    ["What is iExec?", "Who are you?", "What is a workerpool? ".repeat(40), "Qu'est-ce que 🚀?"],
    random,
  );
  const userId = pick(["ann", "bob", undefined], random);
  return { id, query, timestamp: 1, ...(userId !== undefined && { metadata: { userId } }) };
}

function pick<T>(from: readonly T[], random: () => number): T {
  return from[Math.floor(random() * from.length)]!;
}

/** Numbers from 0 to below 1, the same for the same seed. @see https://github.com/cprosche/mulberry32 */
function randomFrom(seed: number): () => number {
  let state = seed | 0;
  return () => {
    state = state + 0x6d2b79f5 | 0;
    let mixed = Math.imul(state ^ state >>> 15, 1 | state);
    mixed = mixed + Math.imul(mixed ^ mixed >>> 7, 61 | mixed) ^ mixed;
    return ((mixed ^ mixed >>> 14) >>> 0) / 2 ** 32;
  };
}

/** The test server: whatever an agent did not acknowledge is sent to it each time it connects. */
async function openServer(): Promise<Source> {
  const events: AgentEvent[] = [];
  const server = await startServer({ events });
  const framesOf = (type: string) => server.frames.flat().filter((frame) => (frame as { type: unknown }).type === type);
  const add = (more: readonly AgentEvent[]) => void events.push(...more.filter((event) => !events.includes(event)));
  return {
    env: { USE_WEBSOCKET: "true", WEBSOCKET_URL: server.url, WEBSOCKET_RECONNECT_INTERVAL: "5" },
    greeting: "🔐 Authenticated with agentId {agent}",
    add,
    addNow(more) {
      // One that was answered comes again, too.
      server.send(events[0], ...more);
      add(more);
    },
    answers: (count) => server.responses(framesOf("response").length + count),
    allAnswered() {
      const left = new Set(events.map(({ id }) => id));
      return server.received((message) => message.type === "ack" && left.delete(message.eventId) && left.size === 0);
    },
    frames: () => framesOf("response").map((frame) => JSON.stringify(frame)),
    [Symbol.asyncDispose]: () => server.close(),
  };
}

/** `events.json`, which grows. */
function openFile(folder: string, sight: Sight): Source {
  const path = `${folder}/iexec_in/events.json`;
  const events: AgentEvent[] = [];
  const add = (more: readonly AgentEvent[]) => {
    events.push(...more.filter((event) => !events.includes(event)));
    const text = JSON.stringify(events);
    // As a shell does it, and as an editor does.
    if (text.length % 2 === 0) return Deno.writeTextFileSync(path, text);
    Deno.writeTextFileSync(`${path}.new`, text);
    Deno.renameSync(`${path}.new`, path);
  };
  return {
    env: { EVENT_POLL_INTERVAL: "200" },
    greeting: "👀 Watching {path} for events",
    add,
    addNow: add,
    answers: (count) => sight.atLeast((sight.entries()?.length ?? 0) + count),
    allAnswered: () => sight.atLeast(events.length),
    frames: () => [],
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
}

type Sight = ReturnType<typeof watchFiles>;

/** What can be seen of an agent's files from outside. */
function watchFiles(folder: string) {
  const path = `${folder}/iexec_out/responses.json`;
  const known = new Map<string, string>();
  let changes = 0;
  const watch = createWatch({ report: () => `${changes} changes of files, ${known.size} entries` });
  const watcher = Deno.watchFs([`${folder}/.agent`, `${folder}/iexec_out`]);
  const watching = (async () => {
    for await (const { kind } of watcher) {
      // To look at a file is no change of it.
      if (kind === "access") continue;
      changes++;
      watch.changed();
    }
  })();

  /** None where the file is not there, or is not whole. */
  function entries(): Entry[] | undefined {
    try {
      return JSON.parse(Deno.readTextFileSync(path));
    } catch (error) {
      if (error instanceof Deno.errors.NotFound || error instanceof SyntaxError) return undefined;
      throw error;
    }
  }

  return {
    entries,
    /** Look at `responses.json`: what was there once stays as it was, and no event has two entries. */
    look(): "missing" | "torn" | "whole" {
      const found = entries();
      if (!found) return [...Deno.readDirSync(`${folder}/iexec_out`)].length === 0 ? "missing" : "torn";
      const texts = new Map(found.map((entry) => [entry.queryId, JSON.stringify(entry)]));
      assertEquals(texts.size, found.length);
      for (const [id, text] of known) assertEquals(texts.get(id), text);
      for (const [id, text] of texts) known.set(id, text);
      return "whole";
    },
    changes(count: number) {
      const target = changes + count;
      return watch.until(`change number ${target}`, () => changes >= target ? true : undefined);
    },
    atLeast: (count: number) =>
      watch.until(`${count} entries`, () => (entries()?.length ?? 0) >= count ? true : undefined),
    async [Symbol.asyncDispose]() {
      watcher.close();
      await watching;
      watch[Symbol.dispose]();
    },
  };
}
