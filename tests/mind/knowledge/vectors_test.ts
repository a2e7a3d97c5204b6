/** Retrieval by meaning: with an embedding model, with one that fails, and across restarts. @module */

import { assert, assertEquals } from "@std/assert";
import type { Clock } from "../../../src/clock.ts";
import { type Log, silentLog } from "../../../src/log.ts";
import { searchIn } from "../../../src/mind/knowledge/search.ts";
import { indexPassages } from "../../../src/mind/knowledge/index.ts";
import { passagesOf as cutPassages } from "../../../src/mind/knowledge/passage_list.ts";
import type { KnowledgeText } from "../../../src/mind/knowledge/texts.ts";
import { openKnowledgeStore } from "../../../src/mind/knowledge/store.ts";
import { openVectors } from "../../../src/mind/knowledge/vectors.ts";
import { ModelError } from "../../../src/mind/model_error.ts";
import { startAgent } from "../../support/agent.ts";
import { allSettled, manualClock } from "../../support/manual_clock.ts";
import { startModelServer } from "../../support/model_server.ts";
import { makeFolder } from "../../support/folder.ts";
import { openStateDatabase, openStateSeal } from "../../../src/program/state.ts";

const KEY = new Uint8Array(32).fill(7);
const passagesOf = (texts: readonly KnowledgeText[]) => [...cutPassages(texts)];
const TEXTS = ["The library lends a book for three weeks.", "A dog needs two walks a day.", "The dog barks."]
  .map((text) => ({ text, source: "knowledge" }));
const PASSAGES = passagesOf(TEXTS);

/** Meanings that a model might know: one dimension each. */
const MEANINGS = [["dog", "hound", "canine"], ["walk", "stroll", "outing"], ["book", "novel"], ["lend", "borrow"]];

/** An embedding model that counts what it is asked, and fails while it is down. */
function embeddingModel() {
  const asked: string[] = [];
  const model = {
    asked,
    isDown: false,
    hangs: false,
    embed(text: string): Promise<number[]> {
      asked.push(text);
      if (model.isDown) return Promise.reject(new Error("connection refused"));
      if (model.hangs) return new Promise<never>(() => {});
      return Promise.resolve([0.01, ...MEANINGS.map((words) => words.some((word) => text.includes(word)) ? 1 : 0)]);
    },
  };
  return model;
}

function start(options: {
  directory: string;
  model: ReturnType<typeof embeddingModel>;
  name?: string;
  passages?: typeof PASSAGES;
  clock?: Clock;
}) {
  const { directory, model, name = "m", passages = PASSAGES, clock = manualClock() } = options;
  const lines: string[] = [];
  const log: Log = { ...silentLog, info: (message) => lines.push(message), warn: (message) => lines.push(message) };
  const database = openStateDatabase(directory);
  const store = openKnowledgeStore(database.sqlite, {
    seal: openStateSeal(database, KEY),
    committed: () => Promise.resolve(),
  });
  const vectors = openVectors({ passages, store, embed: model.embed, model: name, log, clock });
  return {
    ...vectors,
    lines,
    kept: () => [...store.vectors()].length,
    [Symbol.dispose]() {
      vectors.close();
      database[Symbol.dispose]();
    },
  };
}

Deno.test("a question in other words finds the passage that means the same", async () => {
  await using folder = makeFolder();
  const model = embeddingModel();
  using vectors = start({ directory: folder.path, model });
  await allSettled();
  assertEquals(await vectors.nearest("How many outings does a hound want?", 2), [1, 2]);
  const knowledge = searchIn(indexPassages(cutPassages(TEXTS)));
  const nearest = await vectors.nearest("outings of a hound", 24);
  assertEquals(knowledge.search(knowledge.read("outings of a hound"), 1), []);
  assertEquals(
    knowledge.search(knowledge.read("outings of a hound"), 1, { nearest })[0]?.text,
    "A dog needs two walks a day.",
  );
});

Deno.test("what stands high in both orders comes first", () => {
  const knowledge = searchIn(indexPassages(cutPassages(TEXTS)));
  const best = (nearest: number[]) =>
    knowledge.search(knowledge.read("Is the dog there?"), 3, { nearest }).map(({ text }) => text);
  assertEquals(best([])[0], "A dog needs two walks a day.");
  assertEquals(best([2, 0])[0], "The dog barks.");
  assertEquals(best([0]).length, 3);
  assertEquals(best([99, -1]), best([]));
});

Deno.test("embeddings are made once for each passage, and again only for what changed or for another model", async () => {
  await using folder = makeFolder();
  const model = embeddingModel();
  const startAnd = async (options: { name?: string; passages?: typeof PASSAGES }) => {
    model.asked.length = 0;
    using vectors = start({ directory: folder.path, model, ...options });
    await allSettled();
    return { asked: model.asked.length, kept: vectors.kept(), said: vectors.lines };
  };
  assertEquals(await startAnd({}), { asked: 3, kept: 3, said: ["knowledge embedded"] });
  assertEquals(await startAnd({}), { asked: 0, kept: 3, said: [] });
  const changed = passagesOf([{ text: "The dog sleeps.", source: "knowledge" }]);
  assertEquals((await startAnd({ passages: [...PASSAGES.slice(0, 2), ...changed] })).asked, 1);
  assertEquals((await startAnd({ passages: [...PASSAGES.slice(0, 2), ...changed] })).kept, 3);
  assertEquals((await startAnd({ name: "other" })).asked, 3);
  assertEquals((await startAnd({ passages: [PASSAGES[0]!, PASSAGES[0]!], name: "other" })).kept, 1);
});

Deno.test("another model under the same name, told by its dimensions, embeds the knowledge anew, once", async () => {
  await using folder = makeFolder();
  const model = embeddingModel(), { embed } = model;
  {
    using _before = start({ directory: folder.path, model });
    await allSettled();
  }
  let more = [0];
  model.embed = async (text) => [...await embed(text), ...more];
  using vectors = start({ directory: folder.path, model });
  await allSettled();
  const question = "How many outings does a hound want?";
  assertEquals(await vectors.nearest(question, 2), []);
  await allSettled();
  assertEquals(await vectors.nearest(question, 2), [1, 2]);
  assertEquals([vectors.kept(), vectors.lines], [3, [
    "the embedding model gives other dimensions than before: the knowledge is embedded anew",
    "knowledge embedded",
  ]]);
  // A third one, or one beside it, is not followed.
  more = [0, 0];
  model.asked.length = 0;
  assertEquals(await vectors.nearest(question, 2), []);
  await allSettled();
  assertEquals(model.asked.length, 1);
});

Deno.test("a model that is down is warned of once, asked again after pauses, and words find what there is meanwhile", async () => {
  await using folder = makeFolder();
  const model = embeddingModel(), clock = manualClock();
  model.isDown = true;
  using vectors = start({ directory: folder.path, model, clock });
  await allSettled();
  assertEquals(await vectors.nearest("hound", 2), []);
  await clock.advance(5 * 60_000);
  assertEquals(await vectors.nearest("hound", 2), []);
  assertEquals(vectors.lines, ["embedding model failed: passages are found by words until it works again"]);
  assertEquals(model.asked.length, 3 * clock.sleeps.length, "a question does not ask it meanwhile");
  // Each a little shorter at random.
  for (const [at, seconds] of [1, 2, 4, 8, 16, 32, 60, 60].entries()) {
    const pause = clock.sleeps[at]! / 1000;
    assert(pause <= seconds && pause >= 0.75 * seconds, `${clock.sleeps}`);
  }
  model.isDown = false;
  await clock.advance(60_000);
  assertEquals(await vectors.nearest("hound", 1), [2]);
  assertEquals(vectors.lines.length, 2);
  model.isDown = true;
  assertEquals(await vectors.nearest("hound", 1), []);
  const asked = model.asked.length;
  assertEquals(await vectors.nearest("hound", 1), []);
  assertEquals([model.asked.length - asked, vectors.lines.length], [0, 3]);
});

Deno.test("a model that has failed is asked again, though the clock was set back since", async () => {
  await using folder = makeFolder();
  const model = embeddingModel(), clock = manualClock();
  let backMs = 0;
  using vectors = start({ directory: folder.path, model, clock: { ...clock, now: () => clock.now() - backMs } });
  await allSettled();
  model.isDown = true;
  assertEquals(await vectors.nearest("hound", 1), []);
  model.isDown = false;
  backMs = 3_600_000;
  assertEquals(await vectors.nearest("hound", 1), [2]);
});

Deno.test("a question does not wait for an embedding that does not come", async () => {
  await using folder = makeFolder();
  const model = embeddingModel(), clock = manualClock();
  using vectors = start({ directory: folder.path, model, clock });
  await allSettled();
  model.hangs = true;
  const nearest = vectors.nearest("hound", 2);
  await allSettled();
  await clock.advance(3_000);
  assertEquals(await nearest, []);
  assert(vectors.lines.at(-1)!.startsWith("embedding model failed"));
});

Deno.test("a question does not stand in line behind the passages", async () => {
  await using folder = makeFolder();
  const many = passagesOf(Array.from({ length: 65 }, (_, n) => ({ text: `dog ${n}`, source: "knowledge" })));
  const model = embeddingModel(), last = Promise.withResolvers<void>();
  const embed = async (text: string) => {
    if (text === "dog 64") await last.promise;
    return await model.embed(text);
  };
  using vectors = start({ directory: folder.path, model: { ...model, embed }, passages: many });
  await allSettled();
  assertEquals([vectors.kept(), model.asked.length], [64, 64]);
  assertEquals(await vectors.nearest("hound", 2), []);
  assertEquals(model.asked.length, 64, "its own is not even asked for");
  last.resolve();
  await allSettled();
  assertEquals(await vectors.nearest("hound", 2), [0, 1]);
  assertEquals(vectors.lines, ["knowledge embedded"]);
});

Deno.test("a passage that the model refuses is left out, and spoils neither the others nor the questions", async () => {
  await using folder = makeFolder();
  const { embed, asked } = embeddingModel();
  let together: string[] | undefined;
  /** As servers do, it refuses all that comes in one request: what is asked in one turn of the event loop. */
  const model = {
    ...embeddingModel(),
    async embed(text: string) {
      const request = together ??= [];
      request.push(text);
      await Promise.resolve();
      together = undefined;
      if (request.some((one) => one.includes("walks"))) throw new ModelError("refused", "too long");
      return await embed(text);
    },
  };
  using vectors = start({ directory: folder.path, model });
  await allSettled();
  assertEquals(vectors.kept(), 2);
  assertEquals(vectors.lines, [
    "the embedding model does not take some passages: words alone find these",
    "knowledge embedded",
  ]);
  assertEquals(await vectors.nearest("hound with a book", 3), [2, 0]);
  assertEquals(asked.length, 3);
});

Deno.test("a model that refuses every passage is taken for one that fails", async () => {
  await using folder = makeFolder();
  const model = { ...embeddingModel(), embed: () => Promise.reject(new ModelError("refused", "wrong key")) };
  using vectors = start({ directory: folder.path, model });
  await allSettled();
  assertEquals(vectors.lines, ["embedding model failed: passages are found by words until it works again"]);
});

Deno.test("embeddings that are no vectors are not kept", async () => {
  await using folder = makeFolder();
  for (const vector of [[], [0, 0], [NaN, 1], [Infinity]]) {
    const model = { ...embeddingModel(), embed: () => Promise.resolve(vector) };
    using vectors = start({ directory: folder.path, model });
    await allSettled();
    assertEquals(vectors.kept(), 0);
    assertEquals(await vectors.nearest("hound", 2), []);
  }
});

Deno.test("closing does not wait for the model, and what it makes after that is not kept", async () => {
  await using folder = makeFolder();
  const late = Promise.withResolvers<number[]>();
  const model = { ...embeddingModel(), embed: () => late.promise };
  {
    using _vectors = start({ directory: folder.path, model });
  }
  late.resolve([1, 2]);
  await allSettled();
  using vectors = start({ directory: folder.path, model: { ...model, embed: () => new Promise<never>(() => {}) } });
  assertEquals(vectors.kept(), 0);
});

for (const dialect of ["ollama", "openai"] as const) {
  Deno.test(`the real program finds by meaning with ${dialect}, and makes no embedding twice`, async () => {
    await using files = makeFolder({
      "c.json": { name: "A", bio: "b", knowledge: [{ directory: "notes" }] },
      // The server's embeddings tell texts apart by their length and first letter.
      "notes/long.md": `Zoos open at nine in the morning${" on every day of the week but one".repeat(9)}.`,
      "notes/short.md": "Zebras graze.",
    });
    await using server = await startModelServer(dialect);
    const env: Record<string, string> = {
      MODEL_PROVIDER: dialect,
      AGENT_CHARACTER: "c.json",
      EVENT_POLL_INTERVAL: "20",
      ...(dialect === "ollama"
        ? { OLLAMA_SERVER_URL: server.url, OLLAMA_MODEL: "test-model", OLLAMA_EMBEDDING_MODEL: "test-embedding" }
        : { OPENAI_BASE_URL: server.url, OPENAI_MODEL: "test-model", OPENAI_EMBEDDING_MODEL: "test-embedding" }),
    };
    const embedded = () =>
      server.requests.filter(({ path }) => /embed/.test(path)).flatMap(({ body }) => body.input as string[]);
    Deno.mkdirSync(`${files.path}/iexec_in`);
    {
      await using agent = await startAgent({ folder: `${files.path}/.`, env });
      await agent.logged("knowledge embedded");
      agent.kill("SIGKILL");
      await agent.ended;
    }
    for (const id of ["q1", "q2"]) {
      await using agent = await startAgent({ folder: `${files.path}/.`, env });
      const event = { id, query: "Zxq wvut srq?", timestamp: 1 };
      Deno.writeTextFileSync(`${files.path}/iexec_in/events.json`, JSON.stringify([event]));
      const answer = (await agent.responses(id === "q1" ? 1 : 2)).find(({ queryId }) => queryId === id)!;
      assertEquals(answer.metadata?.sources, ["notes/short.md", "notes/long.md"]);
      assertEquals((await agent.stop()).code, 0);
    }
    assertEquals(embedded().filter((text) => text.startsWith("Zo") || text.startsWith("Ze")).length, 2);
    assertEquals(embedded().filter((text) => text === "Zxq wvut srq?").length, 2);
  });
}

Deno.test("passages that do not stand out among many are not near, whatever level a model's cosines have", async () => {
  await using folder = makeFolder();
  const many = passagesOf(
    Array.from({ length: 40 }, (_, n) => ({ text: `${n % 20 ? "book" : "dog"} ${n}`, source: "k" })),
  );
  // Every two texts have a cosine of at least 0.9.
  const { embed, ...model } = embeddingModel();
  const close = async (text: string) => (await embed(text)).map((value, index) => index === 0 ? 3 : value);
  using vectors = start({ directory: folder.path, model: { ...model, embed: close }, passages: many });
  await allSettled();
  assertEquals(await vectors.nearest("hound", 24), [0, 20]);
});
