/** Equal questions are read and looked up once. @module */

import { assertEquals, assertStrictEquals } from "@std/assert";
import type { Asked } from "../../../src/mind/knowledge/question.ts";
import type { Knowledge, Passage } from "../../../src/mind/knowledge/search.ts";
import { searchOnce } from "../../../src/mind/knowledge/search_once.ts";

/** Knowledge that counts how often each message is read and looked up, and finds one passage for each. */
function countingKnowledge({ leansBack = false }: { leansBack?: boolean } = {}) {
  const reads: string[] = [], lookups: string[] = [];
  const passages = new Map<string, Passage>();
  const knowledge: Knowledge = {
    size: 1,
    read(message) {
      reads.push(message);
      return askedFor(message, leansBack);
    },
    search({ meaning }) {
      lookups.push(meaning);
      const passage = { text: `on ${meaning}`, source: "knowledge", score: 1, share: 1 };
      passages.set(meaning, passage);
      return [passage];
    },
  };
  return { knowledge, reads, lookups, passages };
}

function askedFor(meaning: string, leansBack = false): Asked {
  const signs = {
    asksWhatItIs: true,
    asksHow: false,
    asksHowMany: false,
    asksOf: false,
    asksAgent: false,
    asksNews: false,
    isUnderstood: true,
  };
  return { language: "en", parts: [{ text: meaning, language: "en", ...signs, given: [] }], leansBack, meaning };
}

Deno.test("an equal question gets the same passages with no second search, in a list of its own", () => {
  const { knowledge, lookups, passages } = countingKnowledge();
  const { search } = searchOnce(knowledge);
  search(askedFor("a"), 5).length = 0;
  const again = search(askedFor("a"), 5);
  assertStrictEquals(again[0], passages.get("a"));
  assertEquals(lookups, ["a"]);
});

Deno.test("another limit, another topic of the conversation, or passages of the same meaning are another search", () => {
  const { knowledge, lookups } = countingKnowledge();
  const { search } = searchOnce(knowledge);
  const asked = askedFor("a");
  search(asked, 5);
  search(asked, 4);
  search({ ...asked, parts: [{ ...asked.parts[0]!, topic: "b" }] }, 5);
  search(asked, 5, { nearest: [0] });
  search(asked, 5, { nearest: [0] });
  assertEquals(lookups.length, 5);
});

Deno.test("only so many searches are kept, those that were used last, and none for a very long question", () => {
  const { knowledge, lookups } = countingKnowledge();
  const { search } = searchOnce(knowledge, { searches: 2 });
  for (const question of ["a", "b", "a", "c", "a", "b"]) search(askedFor(question), 5);
  assertEquals(lookups, ["a", "b", "c", "b"]);
  const long = "x".repeat(2_000);
  for (let times = 0; times < 2; times++) search(askedFor(long), 5);
  assertEquals(lookups.slice(4), [long, long]);
});

Deno.test("an equal message is read once, in any conversation, unless it leans on what was said before", () => {
  const exchanges = [{ question: "b" }];
  const alone = countingKnowledge();
  const { read } = searchOnce(alone.knowledge);
  for (const before of [[], exchanges]) read("a", before);
  assertEquals(alone.reads, ["a"]);
  const leaning = countingKnowledge({ leansBack: true });
  const again = searchOnce(leaning.knowledge);
  for (const before of [exchanges, exchanges]) again.read("a", before);
  assertEquals(leaning.reads.length, 3);
});
