/** The index that comes with the program: of just what the built-in character knows, and as good as one made anew. @module */

import { assertEquals, assertGreater } from "@std/assert";
import { silentLog } from "../../../src/log.ts";
import kept from "../../../src/mind/knowledge/built_in_index.json" with { type: "json" };
import { loadCharacter } from "../../../src/mind/character/character.ts";
import { indexPassages, openIndex } from "../../../src/mind/knowledge/index.ts";
import { passagesOf } from "../../../src/mind/knowledge/passage_list.ts";
import { createSlices } from "../../../src/mind/knowledge/slices.ts";
import { searchIn } from "../../../src/mind/knowledge/search.ts";
import { makeBuiltInIndex } from "../../../src/tools/compile/built_in_index.ts";

/** What opening the index of the built-in knowledge finds in the executable. */
async function openBuiltIn() {
  const { texts } = await loadCharacter(undefined, silentLog);
  const { digest, packed } = await makeBuiltInIndex();
  const index = await openIndex(texts, {
    store: { index: (wanted) => wanted === digest ? packed : undefined, keepIndex: () => ({ add() {}, end() {} }) },
    slices: createSlices(new AbortController().signal),
    log: silentLog,
  });
  return { index, fresh: indexPassages(passagesOf(texts)) };
}

Deno.test("the index in an executable is the one that the built-in character asks for", async () => {
  assertEquals((await openBuiltIn()).index.isNew, false);
});

Deno.test("the index in an executable finds what a new one finds", async () => {
  const { index, fresh } = await openBuiltIn();
  const builtIn = searchIn(index), made = searchIn(fresh);
  for (const question of ["What is iExec?", "Come si paga un task?", "How do I run a confidential task?"]) {
    const found = made.search(made.read(question), 5);
    assertGreater(found.length, 0);
    assertEquals(builtIn.search(builtIn.read(question), 5), found);
  }
});

Deno.test("the sources have the index of their built-in knowledge: run deno task docs where this fails", async () => {
  assertEquals(kept, await makeBuiltInIndex());
});

Deno.test("the index in an executable is the same each time it is made", async () => {
  assertEquals(await makeBuiltInIndex(), await makeBuiltInIndex());
});
