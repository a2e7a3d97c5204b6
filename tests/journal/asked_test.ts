/** An id that comes with another query than the one that came first: noticed as long as the id is known. @module */

import { assertEquals } from "@std/assert";
import type { Journal } from "../../src/journal/journal.ts";
import { openState, type State } from "../../src/program/state.ts";
import type { AgentEvent } from "../../src/wire.ts";
import { answer, event } from "../support/events.ts";
import { makeFolder } from "../support/folder.ts";

const KEY = new Uint8Array(32).fill(7);

const open = (directory: string, options: { key?: Uint8Array | undefined; takeOver?: boolean } = {}): State =>
  openState(directory, { key: undefined, ...options, now: () => 0 });

for (const key of [undefined, KEY]) {
  Deno.test(`an id that comes with another query is noticed at any time, ${key ? "sealed" : "in the clear"}`, async () => {
    await using folder = makeFolder();
    const other = (id: string): AgentEvent => ({ ...event(id), query: `${event(id).query}!` });
    const asks = ({ journal }: { journal: Journal }) =>
      ["pending", "answered", "both"].map((id) =>
        [event(id), other(id)].map((event) => {
          const known = journal.accept(event);
          return known.state === "new" ? undefined : `${known.state} ${known.asksAnother}`;
        })
      );
    const answered = ["answered false", "answered true"];
    {
      using opened = open(folder.path, { key });
      const { journal, database } = opened;
      for (const id of ["pending", "answered", "both"]) journal.accept(event(id));
      journal.record(answer("answered"));
      database.commit();
      journal.record(answer("both"));
      assertEquals(asks(opened), [["pending false", "pending true"], answered, answered], "in one life");
    }
    using opened = open(folder.path, { key });
    const { journal, database } = opened;
    assertEquals(asks(opened), [["pending false", "pending true"], answered, answered], "after a restart");
    journal.settled(1);
    journal.settled(2);
    journal.accept(event("last"));
    const { seq } = journal.record(answer("last"));
    journal.setCheckpoint({ path: "responses.json", seq, bytes: 1 });
    assertEquals(journal.prune({ madeBefore: Infinity, seenBefore: 0, limit: 9 }), 2);
    const forgotten = ["forgotten false", "forgotten true"];
    assertEquals(asks(opened), [["pending false", "pending true"], forgotten, forgotten], "after pruning");
    database.sqlite.exec("UPDATE event SET asked = NULL");
    assertEquals(asks(opened)[0], ["pending false", "pending false"], "an event of an earlier version's");
  });
}

Deno.test("a sealed state tells nobody who asked the same, nor what: marks differ for equal queries, and go when it is sealed", async () => {
  await using folder = makeFolder();
  const marks = ({ database }: State) => {
    database.commit();
    return ["event", "outcome"].flatMap((table) =>
      database.sqlite.prepare(`SELECT asked FROM ${table} ORDER BY id`).all().map(({ asked }) => asked)
    );
  };
  const ask = ({ journal }: { journal: Journal }, ids: readonly string[]) => {
    for (const id of ids) journal.accept({ ...event(id), query: "the same" });
  };
  {
    using opened = open(folder.path);
    ask(opened, ["a", "b", "c"]);
    opened.journal.record(answer("c"));
    const [first, ...others] = marks(opened);
    assertEquals(others, [first, first]);
  }
  using opened = open(folder.path, { key: KEY, takeOver: true });
  assertEquals(marks(opened), [null, null, null]);
  ask(opened, ["d", "e"]);
  assertEquals(new Set(marks(opened)).size, 3);
});
