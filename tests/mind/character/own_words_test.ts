/** A character's own synonyms and translations. @module */

import { assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { FatalError } from "../../../src/errors.ts";
import { silentLog } from "../../../src/log.ts";
import { loadCharacter } from "../../../src/mind/character/character.ts";
import { readOwnWords } from "../../../src/mind/character/own_words.ts";
import { makeFolder } from "../../support/folder.ts";

Deno.test("groups of words are read for one language or for all, and folded", () => {
  const { words, mistakes } = readOwnWords({ synonyms: [["App", "iApp"], { it: ["Città", "paese"], en: ["town"] }] });
  assertEquals(mistakes, []);
  assertEquals(words.synonyms[0]?.de, ["app", "iapp"]);
  assertEquals(words.synonyms[1], { it: ["citta", "paese"], en: ["town"] });
  assertEquals(readOwnWords(undefined).words, { synonyms: [], translations: {} });
});

Deno.test("what is wrong is told with its place", () => {
  const { mistakes } = readOwnWords({
    synonyms: [["a"], "b", { xx: ["c"] }],
    translations: { it: { bio: ["Sono Ada."] }, xx: {}, fr: { topics: "mills" } },
  });
  assertEquals(mistakes.map((mistake) => mistake.split(":")[0]), [
    "settings.synonyms.1",
    "settings.synonyms.2",
    "settings.translations.xx",
    "settings.translations.fr",
  ]);
});

Deno.test("a character file with wrong words is refused", async () => {
  await using files = makeFolder({ "c.json": { name: "A", bio: "b", settings: { synonyms: "all" } } });
  const error = await assertRejects(() => loadCharacter(`${files.path}/c.json`, silentLog), FatalError);
  assertStringIncludes(error.message, "settings.synonyms: expected a list");
});
