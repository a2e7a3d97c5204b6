/** The index of the knowledge: made once, kept, sealed, and made anew when it has to be. @module */

import { assert, assertEquals, assertGreater, assertMatch, assertNotEquals, assertStringIncludes } from "@std/assert";
import { createHash } from "node:crypto";
import { systemClock } from "../../../src/clock.ts";
import { openKnown } from "../../../src/mind/knowledge/known.ts";
import { buildKnowledge, searchIn } from "../../../src/mind/knowledge/search.ts";
import { INDEX_VERSION, indexPassages, openIndex, packIndex } from "../../../src/mind/knowledge/index.ts";
import { createSlices } from "../../../src/mind/knowledge/slices.ts";
import { passagesOf } from "../../../src/mind/knowledge/passage_list.ts";
import type { KnowledgeText } from "../../../src/mind/knowledge/texts.ts";
import { openKnowledgeStore } from "../../../src/mind/knowledge/store.ts";
import { isInFiles, startAgent } from "../../support/agent.ts";
import { corpus, NEEDLE } from "../../support/corpus.ts";
import { makeFolder } from "../../support/folder.ts";
import { keptLog } from "../../support/kept_log.ts";
import { silentLog } from "../../../src/log.ts";
import { openStateDatabase, openStateSeal } from "../../../src/program/state.ts";

const KEY = "00112233445566778899aabbccddeeff".repeat(2);

const TEXTS: readonly KnowledgeText[] = [
  {
    text: "# Oven\n\nThe oven bakes bread at dawn.\n\n## Fuel\n\nIt burns beech wood, 3 kg an hour.",
    source: "oven.md",
  },
  { text: "The café's DataProtector encrypts recipes; see IEXEC_OUT/computed.json.", source: "knowledge" },
];

/** Opens the index and keeps it as a run does, in a state directory of its own. */
async function start(
  directory: string,
  texts: readonly KnowledgeText[],
  { key, isKilled = false }: { key?: string | undefined; isKilled?: boolean } = {},
) {
  using database = openStateDatabase(directory);
  const seal = openStateSeal(database, key === undefined ? undefined : Uint8Array.fromHex(key));
  const index = await openIndex(texts, {
    store: openKnowledgeStore(database.sqlite, { seal, committed: database.committed }),
    slices: createSlices(new AbortController().signal),
    log: silentLog,
  });
  if (!isKilled) index.keep();
  return index;
}

Deno.test("the same text has the same index as ever: raise INDEX_VERSION where this fails, and write the new digest", () => {
  const varied =
    `Parties verify verified verifications; VMs and TEEs run running ran, successfully. Café, naïve, 10^9 nRLC,
state-of-the-art Web3Mail. ${"A long sentence of many words that is cut somewhere, and not in a word. ".repeat(30)}
~~~
# code, no heading
~~~

Underlined
==========
Organisations organize the organisation's largest releases, paying payments to buyers and authors of libraries.`;
  const packed = packIndex(indexPassages(passagesOf([...TEXTS, { text: varied, source: "varied.md" }])));
  const digest = createHash("sha256").update([...packed].join("\n")).digest("hex").slice(0, 16);
  assertEquals([INDEX_VERSION, digest], [8, "92b5a2212b76057a"]);
});

Deno.test("the index is made once, and anew when a text, its source or their order has changed", async () => {
  await using folder = makeFolder();
  const [oven, cafe] = TEXTS as [KnowledgeText, KnowledgeText];
  const isNew = async (texts: readonly KnowledgeText[]) => (await start(`${folder.path}/state`, texts)).isNew;
  assertEquals([await isNew(TEXTS), await isNew(TEXTS)], [true, false]);
  assertEquals([await isNew([oven, { ...cafe, text: `${cafe.text}!` }]), await isNew(TEXTS)], [true, true]);
  assertEquals([await isNew([oven, { ...cafe, source: "cafe.md" }]), await isNew(TEXTS)], [true, true]);
  assertEquals([await isNew([cafe, oven]), await isNew([cafe, oven]), await isNew(TEXTS)], [true, false, true]);
  // The same characters, cut elsewhere.
  assertEquals([await isNew([{ text: "ab", source: "c" }]), await isNew([{ text: "b", source: "ca" }])], [true, true]);
  assertEquals([await isNew([]), await isNew([])], [true, false]);
});

Deno.test("a kept index finds what a new one finds, to the byte", async () => {
  await using folder = makeFolder();
  for (const key of [undefined, KEY]) {
    const directory = `${folder.path}/${key}`;
    await start(directory, TEXTS, { key });
    const kept = await start(directory, TEXTS, { key });
    assertEquals(kept.isNew, false);
    const search = searchIn(kept), fresh = buildKnowledge(TEXTS);
    for (const question of ["When does the oven bake?", "beech", "recipies?", "cafe", "computed.json", "What is it?"]) {
      assertEquals(search.search(search.read(question), 5), fresh.search(fresh.read(question), 5));
    }
    assertEquals(search.size, fresh.size);
  }
});

Deno.test("ten megabytes are cut, indexed once and kept at once, and what is in the middle of them is found", async () => {
  await using folder = makeFolder();
  const texts = [{ text: corpus(10_000_000), source: "corpus.md" }];
  assertEquals((await start(folder.path, texts, { isKilled: true })).isNew, true);
  const kept = await start(folder.path, texts);
  assertEquals(kept.isNew, false);
  assertGreater(kept.passages.length, 10_000);
  const knowledge = searchIn(kept);
  const [best] = knowledge.search(knowledge.read(NEEDLE.question), 5);
  assertMatch(best!.text, NEEDLE.answer);
  assertEquals(knowledge.search(knowledge.read("Who is the mayor of Cork?"), 5).filter(({ score }) => score > 0.3), []);
});

Deno.test("with a key no word of the knowledge is in the state directory, nor a digest of it; without one both are", async () => {
  await using files = makeFolder({
    "c.json": { name: "A", bio: "b", knowledge: [{ path: "notes.md" }] },
    "notes.md": "# Zymurgist\n\nThe xylocanary warbles.",
  });
  const env = { AGENT_CHARACTER: `${files.path}/c.json` };
  // As terms: without their endings.
  const words = ["xylocanar", "warbl", "zymurg"];
  for (const sealed of [false, true]) {
    const state = `${files.path}/${sealed ? "sealed" : "open"}`;
    await using agent = await startAgent({
      folder: `${files.path}/.`,
      env: { ...env, AGENT_STATE_DIR: state, ...(sealed && { AGENT_STATE_KEY: KEY }) },
    });
    await agent.logged("knowledge indexed");
    await agent.stop();
    for (const word of words) assertEquals(isInFiles(state, word), !sealed, word);
    for (const { name } of Deno.readDirSync(state)) {
      assertEquals(Deno.statSync(`${state}/${name}`).mode! & 0o777, 0o600, name);
    }
    if (!sealed) continue;
    using database = openStateDatabase(state);
    for (const row of database.sqlite.prepare("SELECT * FROM knowledge_index").all()) {
      assert(row.digest instanceof Uint8Array && row.packed instanceof Uint8Array);
    }
  }
});

Deno.test("the real program indexes once, again when a file of the knowledge changed, and answers the same from either", async () => {
  await using files = makeFolder({
    "c.json": { name: "A", bio: "b", knowledge: [{ directory: "notes" }] },
    "notes/oven.md": "# Oven\n\nThe oven bakes bread at dawn.",
  });
  const ask = (id: string) =>
    Deno.writeTextFileSync(
      `${files.path}/events.json`,
      JSON.stringify([{ id, query: "When does the oven bake bread?", timestamp: 1 }]),
    );
  const run = async (id: string) => {
    ask(id);
    await using agent = await startAgent({
      folder: `${files.path}/.`,
      env: { AGENT_CHARACTER: "c.json", EVENT_INPUT_PATH: "events.json" },
      args: ["--once"],
    });
    assertEquals((await agent.ended).code, 0);
    const answer = (await agent.responses(1)).find(({ queryId }) => queryId === id)!;
    return { indexed: agent.log.filter(({ message }) => message === "knowledge indexed").length, answer };
  };
  const first = await run("q1"), second = await run("q2");
  assertEquals([first.indexed, second.indexed], [1, 0]);
  assertEquals(second.answer.response, first.answer.response);
  assertEquals(second.answer.metadata, { sources: ["notes/oven.md"] });
  await Deno.writeTextFile(`${files.path}/notes/oven.md`, "# Oven\n\nThe oven bakes bread at noon.");
  const third = await run("q3");
  assertEquals(third.indexed, 1);
  assertNotEquals(third.answer.response, first.answer.response);
  assertStringIncludes(third.answer.response!, "noon");
});

Deno.test("the log tells when questions are answered from the old knowledge while the new one is indexed", async () => {
  await using folder = makeFolder();
  using database = openStateDatabase(folder.path);
  const { lines, log } = keptLog({ now: () => 0 });
  const store = openKnowledgeStore(database.sqlite, {
    seal: openStateSeal(database),
    committed: database.committed,
  });
  const library = (word: string) =>
    Array.from({ length: 1_000 }, (_, n) => ({ text: `${word} number ${n}.`, source: `${n}.md` }));
  const sizes = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  let known = 0;
  using knowledge = openKnown({ texts: library("Oven") }, {
    store,
    log,
    clock: systemClock,
    observer: { knows: () => sizes[known++]!.resolve() },
  });
  await sizes[0]!.promise;
  knowledge.replace({ texts: library("Stove") });
  await sizes[1]!.promise;
  const told = lines.filter((line) => line.includes("indexing the knowledge"));
  assertEquals(told.length, 2);
  assertMatch(told[0]!, /answered after it/);
  assertMatch(told[1]!, /answered from the old/);
});
