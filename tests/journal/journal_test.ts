/** The journal: what it takes in, what it gives back, also after a restart or a crash. @module */

import { assertEquals, assertGreater, assertRejects, assertThrows } from "@std/assert";
import { Buffer } from "node:buffer";
import fc from "fast-check";
import type { Database } from "../../src/store/database.ts";
import { type Journal, openJournal } from "../../src/journal/journal.ts";
import { aesSeal, newSalt, noSeal, type Seal } from "../../src/store/seal.ts";
import { type AgentEvent, entryOf, type Outcome } from "../../src/wire.ts";
import { FatalError } from "../../src/errors.ts";
import { answer, failure } from "../support/events.ts";
import { makeFolder } from "../support/folder.ts";
import { openStateDatabase } from "../../src/program/state.ts";

const ALL = { seq: 0, limit: -1 };
const ALL_UNSETTLED = { seq: 0, upTo: Number.MAX_SAFE_INTEGER, limit: -1 };

function event(id: string): AgentEvent {
  return { id, query: `question ${id}`, timestamp: 1, metadata: { userId: "u", deep: [{ x: null }] } };
}

/** A journal over a database in `directory`. */
function open(directory: string, seal: Seal = noSeal): { database: Database; journal: Journal } & Disposable {
  const database = openStateDatabase(directory);
  const journal = openJournal(database, { seal, now: () => 0 });
  return { database, journal, [Symbol.dispose]: () => database[Symbol.dispose]() };
}

/** The journal of a process that was killed: what was not committed is gone. */
function crash({ database }: { database: Database }): void {
  database.sqlite.exec("ROLLBACK");
  database[Symbol.dispose]();
}

Deno.test("a refusal is kept once, over a restart too, and the event may still come and be answered", async () => {
  await using folder = makeFolder();
  const refused = { ...failure("q1"), error: "refused: no query" };
  {
    using opened = open(folder.path);
    const { journal, database } = opened;
    assertEquals(journal.refuse(refused)?.outcome, refused);
    assertEquals(journal.refuse({ ...refused, timestamp: refused.timestamp + 1 }), undefined);
    assertEquals(journal.refuse({ ...refused, error: "refused: no time" })?.seq, 2);
    database.commit();
  }
  using opened = open(folder.path);
  const { journal } = opened;
  assertEquals(journal.refuse(refused), undefined);
  assertEquals(journal.outcomes(ALL).map(({ outcome }) => outcome.queryId), ["q1", "q1"]);
  assertEquals(journal.accept(event("q1")).state, "new");
  journal.record(answer("q1"));
  assertEquals(journal.accept(event("q1")).state, "answered");
  // What has, or will have, an outcome of its own gets no second one.
  journal.accept(event("q2"));
  assertEquals([journal.refuse(failure("q1")), journal.refuse(failure("q2"))], [undefined, undefined]);
});

Deno.test("that an outcome was delivered outlives a crash soon, without a further event", async () => {
  await using folder = makeFolder();
  const killed = open(folder.path), { journal, database } = killed;
  journal.accept(event("q1"));
  const { seq } = journal.record(answer("q1"), event("q1"));
  database.commit();
  const committed = Promise.withResolvers<void>();
  database.beforeCommit(committed.resolve, "end");
  journal.settled(seq);
  await committed.promise;
  crash(killed);
  using opened = open(folder.path);
  assertEquals(opened.journal.unsettled(ALL_UNSETTLED), []);
});

Deno.test("after a commit that failed in the middle nothing is kept, and the next start writes what it records once, with its origin", async () => {
  await using folder = makeFolder();
  const ids = Array.from({ length: 40 }, (_, index) => `q${index}`);
  // With the 20th outcome, when some were inserted and others only gathered.
  let failing = true;
  const seal: Seal = {
    ...noSeal,
    seal(text, place) {
      if (failing && place[0] === "outcome.body" && place[1] === "q19") throw new Error("the seal failed");
      return text;
    },
  };
  const answerAll = ({ journal }: ReturnType<typeof open>) => {
    for (const id of ids) {
      journal.accept(event(id));
      journal.record(answer(id), event(id));
    }
  };
  {
    using failed = open(folder.path, seal);
    answerAll(failed);
    assertThrows(() => failed.database.commit(), Error, "the seal failed");
    failing = false;
    // What was inserted before stands in the transaction still, or SQLite has ended that.
    assertThrows(() => failed.database.commit(), Error, "the seal failed");
    await assertRejects(() => failed.database.committed(), Error, "the seal failed");
  }
  using opened = open(folder.path, seal);
  const { journal, database } = opened;
  assertEquals(journal.outcomes(ALL), []);
  answerAll(opened);
  database.commit();
  assertEquals(journal.outcomes(ALL).map(({ outcome }) => outcome.queryId), ids);
  const origins = database.sqlite.prepare("SELECT seq FROM origin ORDER BY seq").all().map(({ seq }) => seq);
  assertEquals(origins, journal.outcomes(ALL).map(({ seq }) => seq));
});

for (const body of ["null", "7", "[]", "{}", '{"id":"other","query":"q","timestamp":1}', '{"id":"waits","query":7}']) {
  Deno.test(`an unsealed row that holds ${body} is said to be damaged, and no bug`, async () => {
    await using folder = makeFolder();
    {
      using opened = open(folder.path);
      opened.journal.accept(event("waits"));
      opened.journal.record(answer("answered"));
      opened.database.commit();
      opened.database.sqlite.prepare("UPDATE event SET body = ?").run(body);
      opened.database.sqlite.prepare("UPDATE outcome SET body = ?").run(body);
    }
    using opened = open(folder.path);
    for (const read of [() => opened.journal.pending(ALL), () => opened.journal.outcomes(ALL)]) {
      const error = assertThrows(read, FatalError, "not what belongs there");
      assertEquals(error.exitCode, 74);
    }
  });
}

Deno.test("an event is new once, pending until it has an outcome, answered from then on", async () => {
  await using folder = makeFolder();
  using opened = open(folder.path);
  const { journal } = opened;
  const { state } = journal.accept(event("q1"));
  assertEquals(state, "new");
  assertEquals(journal.accept(event("q1")), { state: "pending", asksAnother: false });
  const { seq } = journal.record(answer("q1"));
  assertEquals(journal.accept(event("q1")), {
    state: "answered",
    asksAnother: false,
    settled: false,
    outcome: answer("q1"),
  });
  journal.settled(seq);
  assertEquals(journal.accept(event("q1")), {
    state: "answered",
    asksAnother: false,
    settled: true,
    outcome: answer("q1"),
  });
});

Deno.test("the first event with an id is the one that counts", async () => {
  await using folder = makeFolder();
  using opened = open(folder.path);
  opened.journal.accept(event("q1"));
  opened.journal.accept({ ...event("q1"), query: "something else" });
  assertEquals(opened.journal.pending(ALL).map(({ event }) => event), [event("q1")]);
});

Deno.test("events wait in the order of acceptance and are read in pages", async () => {
  await using folder = makeFolder();
  using opened = open(folder.path);
  const { journal } = opened;
  for (const id of ["c", "a", "b"]) journal.accept(event(id));
  const [first, second] = journal.pending({ seq: 0, limit: 2 });
  assertEquals([first!.event, second!.event], [event("c"), event("a")]);
  assertEquals(journal.pending({ seq: second!.seq, limit: 2 }).map(({ event }) => event), [event("b")]);
  journal.record(answer("a"));
  assertEquals(journal.pending(ALL).map(({ event }) => event.id), ["c", "b"]);
});

Deno.test("outcomes stand in the order of the answers, failures among them", async () => {
  await using folder = makeFolder();
  using opened = open(folder.path);
  const { journal } = opened;
  assertEquals(journal.lastOutcome(), 0);
  for (const id of ["a", "b", "c"]) journal.accept(event(id));
  const places = [answer("c"), failure("a"), answer("b")].map((outcome) => journal.record(outcome).seq);
  assertEquals(journal.outcomes(ALL), [
    { seq: places[0]!, ...entryOf(answer("c")) },
    { seq: places[1]!, ...entryOf(failure("a")) },
    { seq: places[2]!, ...entryOf(answer("b")) },
  ]);
  assertEquals(journal.outcomes({ seq: places[0]!, limit: 1 }), [{ seq: places[1]!, ...entryOf(failure("a")) }]);
  assertEquals(journal.lastOutcome(), places[2]!);
});

Deno.test("a second outcome for an event is refused, and the first one stays", async () => {
  await using folder = makeFolder();
  using opened = open(folder.path);
  opened.journal.accept(event("q1"));
  opened.journal.record(answer("q1"));
  assertThrows(() => opened.journal.record(failure("q1")), Error, "second outcome");
  await opened.database.committed();
  opened.journal.record(failure("q1"));
  await assertRejects(() => opened.database.committed(), Error, "UNIQUE");
  opened.database.sqlite.exec("ROLLBACK");
  assertEquals(opened.journal.outcomes(ALL).map(({ outcome }) => outcome), [answer("q1")]);
});

Deno.test("outcomes that were not delivered are found up to the one that is asked for", async () => {
  await using folder = makeFolder();
  using opened = open(folder.path);
  const { journal } = opened;
  const places = ["a", "b", "c", "d"].map((id) => journal.record(answer(id)).seq);
  journal.settled(places[1]!);
  const idsOf = (after: Parameters<Journal["unsettled"]>[0]) =>
    journal.unsettled(after).map(({ outcome }) => outcome.queryId);
  assertEquals(idsOf(ALL_UNSETTLED), ["a", "c", "d"]);
  assertEquals(idsOf({ seq: places[0]!, upTo: places[2]!, limit: 9 }), ["c"]);
  assertEquals(idsOf({ seq: 0, upTo: places[3]!, limit: 2 }), ["a", "c"]);
});

Deno.test("the checkpoint of the responses file is the last that was set", async () => {
  await using folder = makeFolder();
  {
    using opened = open(folder.path);
    assertEquals(opened.journal.checkpoint(), undefined);
    opened.journal.setCheckpoint({ path: "/out/a.json", seq: 1, bytes: 10 });
    opened.journal.setCheckpoint({ path: "/out/b.json", seq: 2, bytes: 20 });
  }
  using opened = open(folder.path);
  assertEquals({ ...opened.journal.checkpoint() }, { path: "/out/b.json", seq: 2, bytes: 20 });
});

Deno.test("a page of waiting events is bounded by all that they take in memory, but holds at least one", async () => {
  await using folder = makeFolder();
  using opened = open(folder.path);
  const large = (id: string): AgentEvent => ({ ...event(id), metadata: { more: "x".repeat(100_000) } });
  for (const id of ["a", "b", "c"]) opened.journal.accept(large(id));
  const idsOf = (maxSize: number) =>
    opened.journal.pending({ seq: 0, limit: 9, maxSize }).map(({ event: { id } }) => id);
  assertEquals([idsOf(1), idsOf(250_000), idsOf(Infinity)], [["a"], ["a", "b"], ["a", "b", "c"]]);
});

Deno.test("events that are held back are written once they take too much memory, without a commit", async () => {
  await using folder = makeFolder();
  using opened = open(folder.path);
  const stored = () => opened.database.sqlite.prepare("SELECT count(*) AS count FROM event").get()?.count;
  for (let index = 0; index < 3; index++) {
    opened.journal.accept({ ...event(`${index}`), metadata: { more: "x".repeat(3 * 1024 * 1024) } });
  }
  assertEquals(stored(), 3);
  opened.journal.accept(event("small"));
  assertEquals(stored(), 3);
});

Deno.test("sealed, neither question nor answer is found in any file, and both come back", async () => {
  await using folder = makeFolder();
  const seal = aesSeal(new Uint8Array(32).fill(7), newSalt());
  {
    using opened = open(folder.path, seal);
    opened.journal.accept({ ...event("q1"), query: "CANARY in a question" });
    opened.journal.accept(event("q2"));
    opened.journal.record({ ...answer("q2"), response: "CANARY in an answer" });
    await opened.database.committed();
    const files = [...Deno.readDirSync(folder.path)].map(({ name }) => Deno.readFileSync(`${folder.path}/${name}`));
    assertEquals(files.map((bytes) => Buffer.from(bytes).includes("CANARY")), [false, false]);
  }
  using opened = open(folder.path, seal);
  assertEquals(opened.journal.pending(ALL)[0]!.event.query, "CANARY in a question");
  assertEquals(opened.journal.outcomes(ALL)[0]!.outcome, { ...answer("q2"), response: "CANARY in an answer" });
});

/** What the journal must hold, in a few lines. */
class Model {
  pending: string[] = [];
  outcomes: { outcome: Outcome; settled: boolean }[] = [];
}

type Step =
  | { readonly do: "accept" | "answer" | "fail"; readonly id: string }
  | { readonly do: "settle"; readonly nth: number }
  | { readonly do: "commit" | "restart" | "crash" };

const anId = fc.constantFrom("a", "b", "c", "d", "é", "__proto__", " ", "\ud83d\ude00");
const aStep: fc.Arbitrary<Step> = fc.oneof(
  { weight: 8, arbitrary: fc.record({ do: fc.constantFrom("accept", "answer", "fail"), id: anId }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant("settle"), nth: fc.nat({ max: 7 }) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constantFrom("commit", "restart", "crash") }) },
);

Deno.test("any sequence of arrivals, answers, deliveries, restarts and crashes leaves what the model says", async () => {
  await fc.assert(fc.asyncProperty(fc.array(aStep, { maxLength: 40 }), async (steps) => {
    await using folder = makeFolder();
    let opened = open(folder.path);
    let model = new Model(), committed = structuredClone(model);
    for (const step of steps) {
      switch (step.do) {
        case "accept": {
          const before = opened.journal.pending(ALL);
          const known = model.outcomes.find(({ outcome }) => outcome.queryId === step.id);
          const accepted = opened.journal.accept(event(step.id));
          if (known) {
            assertEquals(accepted, {
              state: "answered",
              asksAnother: false,
              settled: known.settled,
              outcome: known.outcome,
            });
          } else if (model.pending.includes(step.id)) {
            assertEquals(accepted, { state: "pending", asksAnother: false });
          } else {
            assertEquals(accepted.state, "new");
            if (accepted.state === "new") assertGreater(accepted.seq, before.at(-1)?.seq ?? 0);
            model.pending.push(step.id);
          }
          break;
        }
        case "answer":
        case "fail": {
          if (!model.pending.includes(step.id)) break;
          const outcome = step.do === "answer" ? answer(step.id) : failure(step.id);
          model.pending = model.pending.filter((id) => id !== step.id);
          model.outcomes.push({ outcome, settled: false });
          assertEquals(opened.journal.record(outcome).seq, opened.journal.lastOutcome());
          break;
        }
        case "settle": {
          const known = model.outcomes[step.nth];
          if (!known) break;
          opened.journal.settled(opened.journal.outcomes(ALL)[step.nth]!.seq);
          known.settled = true;
          break;
        }
        case "commit":
          await opened.database.committed();
          committed = structuredClone(model);
          break;
        case "restart":
          opened[Symbol.dispose]();
          committed = structuredClone(model);
          opened = open(folder.path);
          break;
        case "crash":
          crash(opened);
          model = structuredClone(committed);
          opened = open(folder.path);
          break;
      }
      const { journal } = opened;
      const unsettled = model.outcomes.filter(({ settled }) => !settled);
      assertEquals(journal.pending(ALL).map(({ event }) => event), model.pending.map(event));
      assertEquals(journal.outcomes(ALL).map(({ outcome }) => outcome), model.outcomes.map(({ outcome }) => outcome));
      assertEquals(
        journal.unsettled(ALL_UNSETTLED).map(({ outcome }) => outcome),
        unsettled.map(({ outcome }) => outcome),
      );
      const places = journal.outcomes(ALL).map(({ seq }) => seq);
      assertEquals(journal.lastOutcome(), places.at(-1) ?? 0);
      assertEquals(places, [...new Set(places)].sort((a, b) => a - b));
    }
    opened[Symbol.dispose]();
  }));
});
