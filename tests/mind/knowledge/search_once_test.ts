/** Equal questions are looked up once. @module */

import { assertEquals, assertStrictEquals } from "@std/assert";
import type { Knowledge, Passage } from "../../../src/mind/knowledge/search.ts";
import { searchOnce } from "../../../src/mind/knowledge/search_once.ts";

/** Knowledge that counts how often each question is looked up, and finds one passage for each. */
function countingKnowledge() {
  const lookups: string[] = [];
  const passages = new Map<string, Passage>();
  const knowledge: Knowledge = {
    size: 1,
    search(question) {
      lookups.push(question);
      const passage = { text: `on ${question}`, source: "knowledge", score: 1, share: 1 };
      passages.set(question, passage);
      return [passage];
    },
  };
  return { knowledge, lookups, passages };
}

Deno.test("an equal question gets the same passages with no second search, in a list of its own", () => {
  const { knowledge, lookups, passages } = countingKnowledge();
  const { search } = searchOnce(knowledge);
  search("a", 5).length = 0;
  const again = search("a", 5);
  assertStrictEquals(again[0], passages.get("a"));
  assertEquals(lookups, ["a"]);
});

Deno.test("another limit, another topic of the conversation, or passages of the same meaning are another search", () => {
  const { knowledge, lookups } = countingKnowledge();
  const { search } = searchOnce(knowledge);
  search("a", 5);
  search("a", 4);
  search("a", 5, { context: "b" });
  search("a", 5, { nearest: [0] });
  search("a", 5, { nearest: [0] });
  assertEquals(lookups.length, 5);
});

Deno.test("only so many searches are kept, those that were used last, and none for a very long question", () => {
  const { knowledge, lookups } = countingKnowledge();
  const { search } = searchOnce(knowledge, { searches: 2 });
  for (const question of ["a", "b", "a", "c", "a", "b"]) search(question, 5);
  assertEquals(lookups, ["a", "b", "c", "b"]);
  const long = "x".repeat(2_000);
  for (let times = 0; times < 2; times++) search(long, 5);
  assertEquals(lookups.slice(4), [long, long]);
});
