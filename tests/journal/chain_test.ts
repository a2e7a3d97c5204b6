/** The chain of signed outcomes in the journal: over restarts, crashes, pruning, and somebody else's changes. @module */

import { assert, assertEquals, assertThrows } from "@std/assert";
import { Buffer } from "node:buffer";
import { type Journal, openJournal } from "../../src/journal/journal.ts";
import { openStateDatabase } from "../../src/program/state.ts";
import { trustedKey, verifyEntry } from "../../src/proof/entries.ts";
import { createSigner } from "../../src/proof/signer.ts";
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

for (const [state, seal] of Object.entries({ open: noSeal, sealed: aesSeal(Buffer.alloc(32, 7), newSalt()) })) {
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

Deno.test("signatures for chains are stored with the outcome", async () => {
  await using folder = makeFolder();
  const database = openStateDatabase(folder.path);
  using _closing = { [Symbol.dispose]: () => database[Symbol.dispose]() };
  const journal = openJournal(database, { seal: noSeal, now: () => 0, signer: await createSigner({ eip712: true }) });
  answerAll(journal, "a");
  const { text } = journal.recorded("a")!;
  assertEquals(Object.keys(JSON.parse(text)).slice(-2), ["signature", "eip712Signature"]);
});
