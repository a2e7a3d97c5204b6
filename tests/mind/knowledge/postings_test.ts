/** The lists of terms: what they find, and kept as a text. @module */

import { assertEquals, assertRejects } from "@std/assert";
import { bestOf } from "../../../src/mind/knowledge/best.ts";
import type { Postings } from "../../../src/mind/knowledge/postings.ts";
import { createPacker, createUnpacker } from "../../../src/mind/knowledge/packing.ts";
import { packPostings, packTerms, unpackPostings, unpackTerms } from "../../../src/mind/knowledge/postings_archive.ts";
import { createSlices } from "../../../src/mind/knowledge/slices.ts";
import { createPostingsBuilder } from "../../../src/mind/knowledge/postings_builder.ts";

const slices = createSlices(new AbortController().signal);

/** Each passage as its heading and its text, words between blanks. */
function postingsOf(...passages: (readonly [heading: string, text: string])[]): Postings {
  const builder = createPostingsBuilder();
  const words = (text: string) => text.split(" ").filter(Boolean);
  for (const [heading, text] of passages) builder.add({ heading: words(heading), text: words(text) });
  return builder.build();
}

function found(postings: Postings, weights: Record<string, number>, limit = 10): number[] {
  return postings.match(new Map(Object.entries(weights)), limit).map(({ id }) => id);
}

Deno.test("passages with more of the terms, rarer terms, or terms in a heading come first", () => {
  const postings = postingsOf(
    ["", "oven bread flour salt"],
    ["", "oven wood ash"],
    ["bread", "flour yeast salt"],
    ["", "ferry quay tide"],
  );
  assertEquals(found(postings, { oven: 1, bread: 1 }), [0, 2, 1]);
  assertEquals(found(postings, { bread: 1 }), [2, 0]);
  assertEquals(found(postings, { flour: 1, ash: 1 }), [1, 2, 0]);
  assertEquals(found(postings, { oven: 1, ash: 5 }), [1, 0]);
  assertEquals(found(postings, { oven: 1, bread: 1 }, 1), [0]);
  assertEquals([found(postings, { pier: 1 }), found(postings, {})], [[], []]);
});

Deno.test("a search leaves nothing behind for the next one", () => {
  const postings = postingsOf(["", "oven bread"], ["", "oven wood"]);
  const first = postings.match(new Map([["oven", 1], ["wood", 2]]), 10);
  postings.match(new Map([["bread", 9]]), 10);
  assertEquals(postings.match(new Map([["oven", 1], ["wood", 2]]), 10), first);
});

Deno.test("in how many passages a term is, and in which", () => {
  const { frequency, holdersOf } = bound(postingsOf(["tide", "ferry tide"], ["", "quay"], ["", "tide"]));
  assertEquals([frequency.get("tide"), frequency.get("quay"), frequency.get("pier")], [2, 1, undefined]);
  assertEquals([frequency.has("ferry"), frequency.has("pier")], [true, false]);
  assertEquals([...frequency.keys()].sort(), ["ferry", "quay", "tide"]);
  assertEquals([[...holdersOf("tide")], [...holdersOf("pier")]], [[0, 2], []]);
});

Deno.test("packed lists come back as they were, however many passages and repetitions there are", async () => {
  const passages = Array.from({ length: 20_000 }, (_, n) =>
    [
      n % 7 === 0 ? `h${n % 50} common` : "",
      `common ${"often ".repeat(n % 400)}${n % 3_001 === 0 ? "rare" : ""} t${n % 999} ùñï${n}`,
    ] as const);
  for (const postings of [postingsOf(...passages), postingsOf()]) {
    const size = postings.lists.lengths.text.length;
    const packer = createPacker();
    packTerms(postings, packer);
    const pieces = Array.from(packPostings(postings, packer), () => packer.full()).flat();
    pieces.push(...packer.rest());
    const unpack = async (pieces: readonly string[]) => {
      const unpacker = createUnpacker(pieces), terms = unpackTerms(unpacker);
      return await unpackPostings(unpacker, { terms, size, slices });
    };
    assertEquals((await unpack(pieces)).lists, postings.lists);
    for (const missing of pieces.keys()) {
      await assertRejects(() => unpack(pieces.filter((_, piece) => piece !== missing)), RangeError);
    }
  }
});

/** Its functions as they can be taken apart. */
function bound(postings: Postings) {
  return { frequency: postings.frequency, holdersOf: (term: string) => postings.holdersOf(term) };
}

Deno.test("the best few of many are those that sorting all of them puts first", () => {
  const values = Array.from({ length: 200 }, (_, id) => (id * 7919) % 23);
  const ids = values.map((_, id) => (id * 67) % values.length);
  const sorted = ids.toSorted((a, b) => values[b]! - values[a]! || a - b);
  for (const limit of [0, 1, 20, 200, 300]) {
    assertEquals(bestOf(ids, limit, (id) => values[id]!), sorted.slice(0, limit), String(limit));
  }
});
