/** The chain of signed outcomes in the journal: over restarts, crashes, pruning, and somebody else's changes. @module */

import { assert, assertEquals, assertThrows } from "@std/assert";
import { Buffer } from "node:buffer";
import { DatabaseSync } from "node:sqlite";
import { type Journal, openJournal } from "../../src/journal/journal.ts";
import { openStateDatabase } from "../../src/program/state.ts";
import { trustedKey, verifyEntry } from "../../src/proof/entries.ts";
import { createSigner } from "../../src/proof/signer.ts";
import { type SigningThread, startSigningThread } from "../../src/proof/signing_thread.ts";
import { FatalError } from "../../src/errors.ts";
import { aesSeal, newSalt, noSeal, type Seal } from "../../src/store/seal.ts";
import type { AgentEvent } from "../../src/wire.ts";
import { answer, failure } from "../support/events.ts";
import { makeFolder } from "../support/folder.ts";
import { assertChain } from "../support/proof.ts";

const ALL = { seq: 0, limit: -1 };
const signers = await Promise.all([createSigner(), createSigner(), createSigner()]);
const kids = signers.map(({ kid }) => kid);

function event(id: string): AgentEvent {
  return { id, query: `question ${id}`, timestamp: 1, metadata: { nonce: `nonce ${id}` } };
}

/** A journal over a database in `directory`; `life`: whose key signs, absent for none. */
function open(
  directory: string,
  { life, seal = noSeal, nowMs = 0 }: { life?: number; seal?: Seal; nowMs?: number } = {},
) {
  const database = openStateDatabase(directory);
  const signer = life === undefined ? undefined : signers[life];
  try {
    const journal = openJournal(database, { seal, now: () => nowMs, signer });
    return { database, journal, [Symbol.dispose]: () => database[Symbol.dispose]() };
  } catch (error) {
    database[Symbol.dispose]();
    throw error;
  }
}

function answerAll(journal: Journal, ...ids: string[]): void {
  for (const id of ids) {
    journal.accept(event(id));
    journal.record(answer(id), event(id));
  }
}

function outcomesOf(journal: Journal) {
  return journal.outcomes(ALL).map(({ outcome }) => outcome);
}

Deno.test("what is recorded is signed with its event's query and nonce, stored so, and given out so to whoever asks again", async () => {
  await using folder = makeFolder();
  const texts: string[] = [];
  {
    using opened = open(folder.path, { life: 0 });
    const { journal } = opened;
    journal.accept(event("q1"));
    const recorded = [journal.record(answer("q1"), event("q1")), journal.refuse(failure("q2"))!];
    texts.push(...recorded.map(({ text }) => text));
    const keys = new Map([trustedKey(signers[0]!.jwk, { agentId: answer("q1").agentId })]);
    const verdicts = [
      verifyEntry(JSON.parse(texts[0]!), { keys, event: event("q1") }),
      verifyEntry(JSON.parse(texts[1]!), { keys }),
    ];
    assertEquals(verdicts.map((verdict) => verdict.ok && verdict.link?.seq), [1, 2]);
  }
  using opened = open(folder.path, { life: 1 });
  assertEquals(opened.journal.outcomes(ALL).map(({ text }) => text), texts);
  const known = opened.journal.accept(event("q1"));
  assertEquals(known.state === "answered" && known.outcome, JSON.parse(texts[0]!));
});

Deno.test("the chain goes on over restarts, under the key of each, and over lives in which nothing is signed", async () => {
  await using folder = makeFolder();
  for (const [life, ids] of [[0, ["a", "b"]], [undefined, ["unsigned"]], [1, ["c"]], [2, ["d", "e"]]] as const) {
    using opened = open(folder.path, life === undefined ? {} : { life });
    answerAll(opened.journal, ...ids);
  }
  using opened = open(folder.path);
  const outcomes = outcomesOf(opened.journal);
  assertEquals(outcomes.filter(({ signature }) => signature === undefined).map(({ queryId }) => queryId), ["unsigned"]);
  assertEquals(assertChain(outcomes.filter(({ signature }) => signature !== undefined)), kids);
});

Deno.test("a crash takes what was not committed out of the chain, and leaves no gap", async () => {
  await using folder = makeFolder();
  {
    const { journal, database } = open(folder.path, { life: 0 });
    answerAll(journal, "a", "b");
    database.commit();
    answerAll(journal, "lost");
    journal.outcomes(ALL); // writes it, and its place in the chain
    database.sqlite.exec("ROLLBACK");
    database[Symbol.dispose]();
  }
  using opened = open(folder.path, { life: 1 });
  answerAll(opened.journal, "c");
  assertEquals(outcomesOf(opened.journal).map(({ queryId }) => queryId), ["a", "b", "c"]);
  assertEquals(assertChain(outcomesOf(opened.journal)), kids.slice(0, 2));
});

Deno.test("outcomes that are pruned or given up do not break the chain", async () => {
  await using folder = makeFolder();
  let before;
  {
    using opened = open(folder.path, { life: 0 });
    const { journal } = opened;
    answerAll(journal, "a", "b", "c");
    before = outcomesOf(journal);
    journal.giveUpWaiting({ madeBefore: 1 });
    journal.setCheckpoint({ path: "/out.json", seq: 3, bytes: 10 });
    assertEquals(journal.prune({ madeBefore: 1, seenBefore: 0, limit: 9 }), 2);
  }
  using opened = open(folder.path, { life: 1, nowMs: 10 });
  answerAll(opened.journal, "d");
  assertChain([...before, ...outcomesOf(opened.journal).slice(-1)]);
});

Deno.test("an error that is not kept is signed, and is no part of the chain", async () => {
  await using folder = makeFolder();
  using opened = open(folder.path, { life: 0 });
  const { journal } = opened;
  answerAll(journal, "a");
  const keys = new Map([trustedKey(signers[0]!.jwk, { agentId: failure("old").agentId })]);
  const verdict = verifyEntry(journal.signed(failure("old"), event("old")), { keys, event: event("old") });
  assertEquals(verdict.ok && [verdict.link], [undefined]);
  answerAll(journal, "b");
  assertChain(outcomesOf(journal));
});

const SEALS = { open: noSeal, sealed: aesSeal(Buffer.alloc(32, 7), newSalt()) };

/** Copy the rows of a table from one state into another, in the place of those with the same keys. */
function splice({ from, to, table }: { from: string; to: string; table: string }): void {
  using source = new DatabaseSync(`${from}/agent.db`), target = new DatabaseSync(`${to}/agent.db`);
  for (const row of source.prepare(`SELECT * FROM ${table}`).all()) {
    const values = Object.values(row);
    target.prepare(`INSERT OR REPLACE INTO ${table} VALUES (${values.map(() => "?").join()})`).run(...values);
  }
}

/** A state in which `older` was recorded and then, in a copy of it, `newer`. */
async function grown(
  { folder, seal }: { folder: string; seal: Seal },
  { older, newer }: { older: string[]; newer: string[] },
) {
  const [before, after] = ["older", "newer"].map((name) => `${folder}/${name}`) as [string, string];
  for (const directory of [before, after]) await Deno.mkdir(directory, { mode: 0o700 });
  {
    using opened = open(before, { life: 0, seal });
    answerAll(opened.journal, ...older);
  }
  await Deno.copyFile(`${before}/agent.db`, `${after}/agent.db`);
  {
    using opened = open(after, { life: 1, seal });
    answerAll(opened.journal, ...newer);
  }
  return { before, after };
}

function assertRefused(opening: () => Disposable, why: string, message?: string): void {
  const error = assertThrows(opening, FatalError, why, message);
  assertEquals(error.exitCode, 74);
}

for (const [state, seal] of Object.entries(SEALS)) {
  Deno.test(`in a state that is ${state}, an older end of the chain, another one or none is refused`, async () => {
    for (
      const [change, isRefused] of Object.entries({
        "SELECT 1": false,
        "DELETE FROM chain": true,
        "UPDATE chain SET outcome_seq = 1": true,
        "UPDATE chain SET seq = 1, outcome_seq = 1, last = (SELECT last FROM older)": true,
        "UPDATE chain SET seq = 7": state === "sealed",
        "UPDATE chain SET last = 7": true,
        "UPDATE chain SET last = 'CANARY'": true,
      })
    ) {
      await using folder = makeFolder();
      {
        using opened = open(folder.path, { life: 0, seal });
        const { sqlite } = opened.database;
        answerAll(opened.journal, "a");
        opened.database.commit();
        sqlite.exec("CREATE TEMP TABLE older AS SELECT * FROM chain");
        answerAll(opened.journal, "b");
        opened.database.commit();
        sqlite.exec(change);
        opened.database.commit();
      }
      const reopen = () => open(folder.path, { life: 1, seal })[Symbol.dispose]();
      if (!isRefused) reopen();
      else {
        const { message, exitCode } = assertThrows(reopen, FatalError, undefined, change);
        assertEquals([exitCode, message.includes("CANARY")], [74, false]);
        assert(/[Rr]estore/.test(message), message);
      }
    }
  });
}

for (const [state, seal] of Object.entries(SEALS)) {
  Deno.test(`in a state that is ${state}, an older state with the newest end of the chain in it is refused`, async () => {
    await using folder = makeFolder();
    const { before, after } = await grown({ folder: folder.path, seal }, { older: ["a", "b"], newer: ["c", "d"] });
    splice({ from: after, to: before, table: "chain" });
    assertRefused(() => open(before, { life: 2, seal }), "does not end at its last answer");
  });

  Deno.test(`in a state that is ${state}, the end of the chain may be forgotten, and nobody can put it back`, async () => {
    await using folder = makeFolder();
    const { before, after } = await grown({ folder: folder.path, seal }, { older: ["a", "b"], newer: [] });
    {
      using opened = open(after, { life: 1, seal });
      const { journal } = opened;
      assertEquals(journal.forget({ user: "nobody" }, { ids: ["b"], upTo: journal.lastOutcome() }), 1);
    }
    {
      using opened = open(after, { life: 1, seal });
      answerAll(opened.journal, "c");
      using old = open(before, { seal });
      assertChain([...outcomesOf(old.journal), ...outcomesOf(opened.journal).slice(-1)]);
      assertEquals(opened.journal.forget({ user: "nobody" }, { ids: ["a", "c"], upTo: 9 }), 2);
    }
    open(after, { life: 2, seal })[Symbol.dispose]();
    splice({ from: before, to: after, table: "outcome" });
    open(after, { life: 2, seal })[Symbol.dispose](); // "a" and "b" were not its end
    {
      using opened = open(before, { life: 0, seal });
      answerAll(opened.journal, "another c");
    }
    splice({ from: before, to: after, table: "outcome" });
    assertRefused(() => open(after, { life: 2, seal }), "there again that was deleted");
  });
}

Deno.test("the end of the chain may be pruned, when unsigned outcomes came after it", async () => {
  await using folder = makeFolder();
  for (const [life, id] of [[0, "a"], [undefined, "unsigned"]] as const) {
    using opened = open(folder.path, life === undefined ? {} : { life });
    answerAll(opened.journal, id);
    if (life === 0) continue;
    opened.journal.giveUpWaiting({ madeBefore: 1 });
    opened.journal.setCheckpoint({ path: "/out.json", seq: 2, bytes: 10 });
    assertEquals(opened.journal.prune({ madeBefore: 1, seenBefore: 0, limit: 9 }), 1);
  }
  using opened = open(folder.path, { life: 1 });
  answerAll(opened.journal, "b");
  assertEquals(outcomesOf(opened.journal).map(({ queryId }) => queryId), ["unsigned", "b"]);
});

Deno.test("a crash while the end of the chain is forgotten leaves both, or takes both", async () => {
  await using folder = makeFolder();
  {
    const { journal, database } = open(folder.path, { life: 0 });
    answerAll(journal, "a");
    database.commit();
    assertEquals(journal.forget({ user: "nobody" }, { ids: ["a"], upTo: 1 }), 1);
    database.sqlite.exec("ROLLBACK");
    database[Symbol.dispose]();
  }
  using opened = open(folder.path, { life: 1 });
  answerAll(opened.journal, "b");
  assertEquals(assertChain(outcomesOf(opened.journal)), kids.slice(0, 2));
});

Deno.test("a planted end of the chain that no chain can go on from is refused", async () => {
  const digest = "A".repeat(43),
    numbers = ["0", "-1", "9007199254740991", "9223372036854775807", "-9223372036854775808"];
  const rows = numbers.flatMap((
    number,
  ) => [`1, ${number}, 1, '${digest} deleted'`, `1, 1, ${number}, '${digest} deleted'`]);
  for (
    const row of [...rows, `1, 1, 1, '${digest}'`, "1, 1, 1, 'x deleted'", "1, 1, 1, ' deleted'", "1, 1, 1, x'00'"]
  ) {
    await using folder = makeFolder();
    {
      using opened = open(folder.path);
      opened.database.sqlite.exec(`INSERT INTO chain VALUES (${row})`);
      opened.database.commit();
    }
    assertRefused(() => open(folder.path, { life: 0 }), "", row);
  }
});

Deno.test("outcomes that another thread signs are complete with their commit, and at once for whoever asks before", async () => {
  await using folder = makeFolder();
  const thread = Promise.withResolvers<SigningThread>();
  using signer = await createSigner({
    busy: 1,
    loadThread: () =>
      Promise.resolve({
        startSigningThread(key, options) {
          const started = startSigningThread(key, options);
          thread.resolve(started);
          return started;
        },
      }),
  });
  using database = openStateDatabase(folder.path);
  const journal = openJournal(database, { seal: noSeal, now: () => 0, signer });
  const record = (id: string) => {
    journal.accept(event(id));
    return journal.record(answer(id), event(id));
  };
  record("first");
  const started = await thread.promise;
  while (started.state() !== "ready") await new Promise((resolve) => setTimeout(resolve, 5));
  await database.committed();
  const recorded = Array.from({ length: 200 }, (_, index) => record(`${index}`));
  assertEquals(new Set(recorded.map(({ text }) => text)), new Set([""]));
  const again = journal.accept(event("0"));
  assert(again.state === "answered" && again.outcome.signature !== undefined);
  const late = [record("a"), record("b")];
  await database.committed();
  for (const { text, outcome } of [...recorded, ...late]) assertEquals(JSON.parse(text), outcome);
  assertEquals(
    journal.outcomes({ seq: 1, limit: -1 }).map(({ text }) => text),
    [...recorded, ...late].map(({ text }) => text),
  );
  assertEquals(assertChain(outcomesOf(journal)), [signer.kid]);
});

Deno.test("signatures for chains are stored with the outcome", async () => {
  await using folder = makeFolder();
  const database = openStateDatabase(folder.path);
  using _closing = { [Symbol.dispose]: () => database[Symbol.dispose]() };
  const journal = openJournal(database, { seal: noSeal, now: () => 0, signer: await createSigner({ eip712: true }) });
  answerAll(journal, "a");
  const { text } = journal.recorded("a")!;
  assertEquals(Object.keys(JSON.parse(text)).slice(-2), ["signature", "eip712Signature"]);
});
