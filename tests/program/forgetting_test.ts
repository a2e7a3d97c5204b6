/** Forgetting and the state: cut off at any moment, all of it is gone or nothing, and the next start finishes it. @module */

import { assert, assertEquals } from "@std/assert";
import type { UUID } from "@elizaos/core";
import { systemClock } from "../../src/clock.ts";
import { whoseOf } from "../../src/forget_request.ts";
import { openPublisher } from "../../src/journal/publisher.ts";
import { silentLog } from "../../src/log.ts";
import { openMemory } from "../../src/memory/memory.ts";
import { placeOf } from "../../src/memory/places.ts";
import { openState, type State } from "../../src/program/state.ts";
import { createSigner } from "../../src/proof/signer.ts";
import { parseToken } from "../../src/proof/token_parsing.ts";
import { isInFiles, startAgent } from "../support/agent.ts";
import { answer, event } from "../support/events.ts";
import { copyFiles, makeFastFolder } from "../support/fast_folder.ts";
import { makeFolder } from "../support/folder.ts";

const AGENT = "00000000-0000-4000-8000-000000000001" as UUID;
const CANARY = "canary-of-alice-77ab";
const ALL = Number.MAX_SAFE_INTEGER;
const SAID = 40;

function open(directory: string, options: Partial<Parameters<typeof openState>[1]> = {}) {
  return openState(`${directory}/.agent`, { key: undefined, now: systemClock.now, ...options });
}

function memoryOf({ database, seal }: State) {
  const { beforeCommit } = database;
  return openMemory(database.sqlite, { agentId: AGENT, seal, clock: systemClock, beforeCommit });
}

/** Have Alice and Bob say something in turns; an event of Alice's waits for its answer. */
async function say(state: State): Promise<void> {
  const memory = memoryOf(state);
  await memory.createAgent({ id: AGENT, name: "Agent", bio: "an agent" });
  for (let nth = 0; nth < SAID; nth++) {
    const user = nth % 2 === 0 ? "bob" : "alice", word = user === "alice" ? CANARY : "nothing";
    const asked = event(`${user}-${nth}`, `${word} ${"?".repeat(90 * nth)}`, { userId: user });
    state.journal.accept(asked);
    state.journal.record(answer(asked.id, `${word} ${"!".repeat(90 * nth)}`), asked);
    const { roomId, entityId } = placeOf({ agentId: AGENT, hide: (id) => id }, `user:${user}`, `user:${user}`);
    const said = { roomId, entityId, event: asked.id, question: asked.query, answer: { text: word }, createdAt: nth };
    memory.exchanges.add(said);
    state.database.commit();
  }
  state.journal.accept(event("alice-waits", `${CANARY} waits`, { userId: "alice" }));
  state.database.commit();
}

/** How much of what Alice and Bob said is there. */
function left({ database: { sqlite }, journal }: State) {
  const count = (sql: string) => Number(sqlite.prepare(`SELECT count(*) AS count FROM ${sql}`).get()?.count);
  return {
    outcomes: count("outcome WHERE id LIKE 'alice-_' OR id LIKE 'alice-__'"),
    exchanges: count(`exchange WHERE body LIKE '%${CANARY}%'`),
    waiting: journal.pendingCount(),
    ofBob: count("outcome WHERE id LIKE 'bob-%'") + count("exchange WHERE body NOT LIKE '%canary%'"),
  };
}

const WHOLE = { outcomes: SAID / 2, exchanges: SAID / 2, waiting: 1, ofBob: SAID };
const GONE = { outcomes: 0, exchanges: 0, waiting: 0, ofBob: SAID };

function forget(state: State): void {
  const upTo = state.journal.lastOutcome();
  const { events } = memoryOf(state).forgetting.forget(whoseOf({ userId: "alice" }), { upTo: ALL });
  for (const waiting of state.journal.pendingOf(({ id }) => id === "alice-waits")) {
    state.journal.record(answer(waiting.id), waiting);
  }
  state.journal.forget(whoseOf({ userId: "alice" }), { ids: events, upTo });
}

Deno.test("what is deleted and not committed is there after a crash, and what is committed is gone without a trace", async () => {
  await using folder = makeFastFolder();
  {
    using state = open(folder.path);
    await say(state);
    forget(state);
    copyFiles(`${folder.path}/.agent`, `${folder.path}/before/.agent`);
    state.database.commit();
    copyFiles(`${folder.path}/.agent`, `${folder.path}/after/.agent`);
  }
  assert(isInFiles(`${folder.path}/after/.agent`, CANARY), "the write-ahead log still has it");
  using before = open(`${folder.path}/before`);
  assertEquals(left(before), WHOLE);
  using after = open(`${folder.path}/after`);
  assertEquals({ ...left(after), remains: after.journal.hasRemains() }, { ...GONE, remains: false });
  assertEquals(isInFiles(`${folder.path}/after/.agent`, CANARY), false);
});

Deno.test("`agent forget` killed at any moment leaves all or nothing, and no trace after the next start", async () => {
  await using folder = makeFolder();
  {
    using state = open(folder.path);
    await say(state);
  }
  const seen: string[] = [];
  for (const changes of [1, 2, 4, 6, 9, 13, 18, 40]) {
    const path = `${folder.path}/${changes}`;
    Deno.mkdirSync(path);
    copyFiles(`${folder.path}/.agent`, `${path}/.agent`);
    using watcher = Deno.watchFs(`${path}/.agent`);
    await using forgetting = await startAgent({ folder: path, args: ["forget", "--user", "alice"] });
    void forgetting.ended.then(() => watcher[Symbol.dispose]?.());
    let counted = 0;
    for await (const _ of watcher) if (++counted === changes) break;
    try {
      forgetting.kill("SIGKILL");
    } catch (error) {
      if (!(error instanceof TypeError)) throw error; // it was faster
    }
    await forgetting.ended;
    using state = open(path);
    const { exchanges, ...rest } = left(state);
    assertEquals({ exchanges, ...rest }, exchanges > 0 ? WHOLE : GONE);
    assertEquals(isInFiles(`${path}/.agent`, CANARY), exchanges > 0);
    seen.push(exchanges > 0 ? "all" : "nothing");
  }
  assertEquals(seen[0], "all");
});

Deno.test("of an event that waited nothing stays by which its question could be guessed: no hash in a signature, no mark", async () => {
  await using folder = makeFolder();
  {
    using state = open(folder.path);
    await say(state);
  }
  await using forgetting = await startAgent({ folder: folder.path, args: ["forget", "--user", "alice"] });
  assertEquals((await forgetting.ended).code, 0);
  using state = open(folder.path);
  const { outcome } = state.journal.recorded("alice-waits")!;
  const token = parseToken(outcome.signature ?? "");
  assert(token.ok);
  assertEquals([token.value.claims.queryId, token.value.claims.query_sha256], ["alice-waits", undefined]);
  const marks = (user: string) =>
    state.database.sqlite.prepare("SELECT DISTINCT asked IS NULL AS none FROM outcome WHERE id LIKE ?").all(
      `${user}-%`,
    );
  assertEquals([marks("alice"), marks("bob")].flat().map(({ none }) => none), [1, 0]);
});

Deno.test("where the last signed answer was forgotten, the agent starts again and its chain goes on", async () => {
  await using folder = makeFolder();
  const signer = await createSigner({ eip712: false });
  {
    using state = open(folder.path, { signer });
    await say(state);
    forget(state);
    state.database.commit();
  }
  using state = open(folder.path, { signer });
  assertEquals(left(state), GONE);
  const { outcome } = state.journal.record(answer("later"), event("later"));
  assert(JSON.stringify(outcome).includes("signature"));
});

Deno.test("the responses file is recognised where the last answers in it were forgotten, torn or not", async () => {
  for (const torn of [0, 2]) {
    await using folder = makeFolder();
    const path = `${folder.path}/responses.json`, warnings: string[] = [];
    const log = { ...silentLog, warn: (message: string) => void warnings.push(message) };
    {
      using state = open(folder.path);
      await say(state);
      using publisher = openPublisher({ path, journal: state.journal, log });
      publisher.note();
      forget(state);
    }
    if (torn) Deno.truncateSync(path, Deno.statSync(path).size - torn);
    using state = open(folder.path);
    using publisher = openPublisher({ path, journal: state.journal, log });
    state.journal.accept(event("later"));
    await publisher.publish([state.journal.record(answer("later"), event("later"))]);
    const ids = (JSON.parse(Deno.readTextFileSync(path)) as { queryId: string }[]).map(({ queryId }) => queryId);
    assertEquals([ids.length, new Set(ids).size], [SAID + 2, SAID + 2]);
    assertEquals(warnings, torn ? ["responses file had a torn end: mended it from the journal"] : []);
  }
});

Deno.test("a state gives its space back when much of it was deleted, and keeps some for what comes", async () => {
  await using folder = makeFolder();
  using state = open(folder.path);
  const { database: { sqlite }, database } = state;
  const keep = sqlite.prepare("INSERT INTO event (id, body, accepted_at) VALUES (?, ?, 0)");
  for (let nth = 0; nth < 3_000; nth++) keep.run(`q${nth}`, "x".repeat(4_000));
  database.commit();
  const pages = () => Number(sqlite.prepare("PRAGMA page_count").get()?.page_count);
  const before = pages();
  sqlite.exec("DELETE FROM event");
  assert(database.giveBackSpace());
  while (database.giveBackSpace());
  database.commit();
  assert(before > 3_000 && pages() < 1_300 && pages() > 1_000, `${before} pages, then ${pages()}`);
});
