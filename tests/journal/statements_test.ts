/** How SQLite runs the journal's statements: what stands in the tables must not make each start longer. @module */

import { assertEquals } from "@std/assert";
import { prepareStatements } from "../../src/journal/statements.ts";
import { openStateDatabase } from "../../src/program/state.ts";
import { makeFolder } from "../support/folder.ts";

/** What a start asks, before it answers anything. */
const AT_A_START = [
  "pendingTwice",
  "lastNumbers",
  "checkpoint",
  "chain",
  "lastOutcome",
  "outcomeAt",
  "outage",
] as const;

Deno.test("no statement of a start goes through all answers, or through all ids that were answered", async () => {
  await using folder = makeFolder();
  using database = openStateDatabase(folder.path);
  const statements = prepareStatements(database.sqlite);
  for (const name of AT_A_START) {
    const plan = database.sqlite.prepare(`EXPLAIN QUERY PLAN ${statements[name].sourceSQL}`).all();
    const steps = plan.map(({ detail }) => String(detail));
    // The last outcome is the first row that such a scan finds. `SEARCH event … (id=?)` is how it would look each answered id up among those that wait.
    const all = steps.filter((step) => /^(?:SCAN (?:outcome|answered)|SEARCH event .*\(id=\?\))/.test(step));
    assertEquals(all, name === "lastOutcome" ? ["SCAN outcome"] : [], name);
  }
});
