/** The index that an executable has with it: of just what the built-in character knows, and as good as one made anew. @module */

import { assertEquals, assertGreater } from "@std/assert";
import { silentLog } from "../../../src/log.ts";
import { loadCharacter } from "../../../src/mind/character/character.ts";
import { openIndex, unpackIndex } from "../../../src/mind/knowledge/index.ts";
import { passagesOf } from "../../../src/mind/knowledge/passages.ts";
import { searchIn } from "../../../src/mind/knowledge/search.ts";
import { makeBuiltInIndex } from "../../../src/tools/compile/built_in_index.ts";

Deno.test("the index in an executable is the one that the built-in character asks for", async () => {
  const { texts } = await loadCharacter(undefined, silentLog);
  const made = makeBuiltInIndex(), wanted: string[] = [];
  openIndex(texts, { index: (digest) => (wanted.push(digest), made.packed), keepIndex() {} });
  assertEquals(wanted, [made.digest]);
});

Deno.test("the index in an executable finds what a new one finds", async () => {
  const { texts } = await loadCharacter(undefined, silentLog);
  const passages = passagesOf(texts);
  const made = searchIn(openIndex(texts, { index: () => undefined, keepIndex() {} }));
  const builtIn = searchIn(unpackIndex(makeBuiltInIndex().packed, passages));
  for (const question of ["What is iExec?", "Come si paga un task?", "How do I run a confidential task?"]) {
    const found = made.search(made.read(question), 5);
    assertGreater(found.length, 0);
    assertEquals(builtIn.search(builtIn.read(question), 5), found);
  }
});

Deno.test("the index in an executable is the same each time it is made", () => {
  assertEquals(makeBuiltInIndex(), makeBuiltInIndex());
});
