/** Character files: what is taken, what is refused with its place, and which knowledge is read. @module */

import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { FatalError } from "../../../src/errors.ts";
import { type Log, silentLog } from "../../../src/log.ts";
import { loadCharacter } from "../../../src/mind/character/character.ts";
import { validateCharacter } from "../../../src/mind/character/validation.ts";
import { loadCore } from "../../../src/mind/core_log.ts";
import { findJsonError } from "../../../src/json_error.ts";
import { makeFolder } from "../../support/folder.ts";

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[1-8][0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

async function refused(path: string): Promise<FatalError> {
  const error = await assertRejects(() => loadCharacter(path, silentLog), FatalError);
  assertEquals(error.exitCode, 78);
  return error;
}

Deno.test("the built-in character has at least 60 statements and a UUID of its own", async () => {
  const { character, agentId, texts } = await loadCharacter(undefined, silentLog);
  assertEquals(character.name, "iExec Intern");
  assert(UUID.test(agentId), agentId);
  assert(texts.length >= 60, `${texts.length} statements`);
  assertEquals(new Set(texts.map(({ text }) => text)).size, texts.length);
});

Deno.test("the built-in character, which no start checks, is as the core's check would leave it", async () => {
  const core = await loadCore();
  const { character } = await loadCharacter(undefined, silentLog);
  assertEquals(validateCharacter(core, character).data, character);
});

Deno.test("a character file as other ElizaOS agents have them is read", async () => {
  await using files = makeFolder({
    "c.json": {
      name: "Ada",
      username: "ada",
      bio: ["Knows engines."],
      system: "Be exact.",
      lore: undefined,
      topics: ["engines"],
      adjectives: ["exact"],
      postExamples: ["An engine!"],
      messageExamples: [[{ name: "{{name1}}", content: { text: "Hi" } }, { name: "Ada", content: { text: "Hello" } }]],
      style: { all: ["be brief"], chat: [], post: [] },
      settings: { secrets: {}, voice: { model: "en_US" }, TEXT_LARGE_TEMPERATURE: 0.2 },
      secrets: { KEY: "s3cret" },
      knowledge: ["The engine has a mill.", { path: "notes/store.md" }, { directory: "more", shared: true }],
    },
    "notes/store.md": "# Store\n\nThe store holds a thousand numbers.",
    "more/b.txt": "Second.",
    "more/a.txt": "\ufeffFirst.",
    "more/picture.png": "",
  });
  const warnings: unknown[] = [];
  const log: Log = { ...silentLog, warn: (message, fields) => warnings.push([message, fields]) };
  const { character, texts } = await loadCharacter(`${files.path}/c.json`, log);
  assertEquals(character.name, "Ada");
  assertEquals(texts.map(({ text, source }) => ({ text, source })), [
    { text: "The engine has a mill.", source: "knowledge" },
    { text: "# Store\n\nThe store holds a thousand numbers.", source: "notes/store.md" },
    { text: "First.", source: "more/a.txt" },
    { text: "Second.", source: "more/b.txt" },
  ]);
  assertEquals(warnings, [["knowledge in {directory}: files that are not text were left out", {
    directory: "more",
    files: 1,
  }], ["the character has parts that this agent does not use: {parts}", { parts: "username, postExamples" }]]);
});

Deno.test("an agent without an id gets the one that ElizaOS makes of its name", async () => {
  await using files = makeFolder({
    "a.json": { name: "Eliza", bio: "b" },
    "b.json": { name: "Eliza", bio: "other" },
  });
  const first = await loadCharacter(`${files.path}/a.json`, silentLog);
  assertEquals(first.agentId, "b850bc30-45f8-0041-a00a-83df46d8555d");
  assertEquals((await loadCharacter(`${files.path}/b.json`, silentLog)).agentId, first.agentId);
});

Deno.test("a model that a character sets, as for ElizaOS's plugins, is named as without effect, and no value is", async () => {
  const canary = "value-canary";
  await using files = makeFolder({
    "c.json": {
      name: "A",
      bio: "b",
      settings: { OPENAI_LARGE_MODEL: canary, MODEL_TEMPERATURE: 0, secrets: { OPENAI_API_KEY: canary } },
      secrets: { OLLAMA_API_ENDPOINT: canary, OTHER: canary },
    },
  });
  const warnings: unknown[] = [];
  await loadCharacter(`${files.path}/c.json`, {
    ...silentLog,
    warn: (message, fields) => warnings.push(message, fields),
  });
  assertEquals(warnings, [
    "the character sets what this agent reads from its own settings alone, so that has no effect: {parts}",
    { parts: "settings.OPENAI_LARGE_MODEL, settings.secrets.OPENAI_API_KEY, secrets.OLLAMA_API_ENDPOINT" },
  ]);
});

Deno.test("plugins that are not loaded are named once", async () => {
  await using files = makeFolder({
    "c.json": { name: "A", bio: "b", plugins: ["@elizaos/plugin-discord", "x"] },
  });
  const warnings: unknown[] = [];
  await loadCharacter(`${files.path}/c.json`, {
    ...silentLog,
    warn: (message, fields) => warnings.push(message, fields),
  });
  assertEquals(warnings, [
    "the character has parts that this agent does not use: {parts}",
    { parts: "plugins (@elizaos/plugin-discord, x)" },
  ]);
});

Deno.test("every mistake is named with its place, and no value", async () => {
  await using files = makeFolder({
    "c.json": {
      name: 7,
      knowledge: ["fine", 3],
      messageExamples: [[{ name: "A" }]],
      secrets: { KEY: ["s3cret"] },
      topics: ["s3cret", 7],
    },
  });
  const { message } = await refused(`${files.path}/c.json`);
  for (
    const place of [
      "c.json: name: expected string, received number",
      "c.json: bio: missing",
      "c.json: knowledge.1: expected ",
      "c.json: messageExamples.0.0.content: missing",
      "c.json: secrets.KEY: ",
      "c.json: topics.1: expected string, received number",
    ]
  ) assertStringIncludes(message, place);
  assert(!message.includes("s3cret"), message);
});

Deno.test("a mistake in lore is told of as lore's, and one in bio as bio's", async () => {
  const cases: [bio: unknown, lore: unknown, bio: RegExp | undefined, lore: RegExp | undefined][] = [
    [["a", "b"], ["x", 3], undefined, /lore: .*\b1: expected string, received number/],
    [["a", 7], ["x"], /bio: .*\b1: expected string, received number/, undefined],
    [7, { x: 1 }, /bio: expected string, received number/, /lore: expected string, received object/],
    [undefined, 42, undefined, /lore: expected string, received number/],
  ];
  for (const [bio, lore, wrongBio, wrongLore] of cases) {
    await using files = makeFolder({ "c.json": { name: "A", bio, lore } });
    const { message } = await refused(`${files.path}/c.json`);
    const lines = message.split("\n").slice(1);
    for (const [field, wrong] of [["bio", wrongBio], ["lore", wrongLore]] as const) {
      const said = lines.filter((line) => line.includes(`c.json: ${field}: `));
      assertEquals([said.length, wrong?.test(said.join()) ?? true], [wrong ? 1 : 0, true], message);
    }
  }
});

Deno.test("JSON that is none is refused with its line and column, and without its text", async () => {
  await using files = makeFolder({
    "comma.json": '{\n  "name": "s3cret",\n}',
    "cut.json": '{ "name": "s3',
    "empty.json": "",
  });
  assertStringIncludes((await refused(`${files.path}/comma.json`)).message, "line 3, column 1: not valid JSON");
  assertStringIncludes((await refused(`${files.path}/cut.json`)).message, "line 1, column 11: not valid JSON");
  assertStringIncludes((await refused(`${files.path}/empty.json`)).message, "line 1, column 1: not valid JSON");
  for (const name of ["comma.json", "cut.json"]) {
    const error = await refused(`${files.path}/${name}`);
    assert(!Deno.inspect(error).includes("s3"), Deno.inspect(error));
  }
});

Deno.test("a file that is missing, a directory or too large is refused", async () => {
  await using files = makeFolder({ "d/x": "" });
  assertStringIncludes((await refused(`${files.path}/none.json`)).message, "none.json: there is no such file");
  assertStringIncludes((await refused(`${files.path}/d`)).message, "d: expected a file");
  await Deno.truncate(`${files.path}/d/x`, 65 * 1024 * 1024);
  assertStringIncludes((await refused(`${files.path}/d/x`)).message, "expected at most 67108864 bytes");
});

Deno.test("knowledge files that can't be used are all named, and nothing outside the directory is read", async () => {
  await using files = makeFolder({
    "secret.txt": "outside",
    "c/c.json": {
      name: "A",
      bio: "b",
      knowledge: [
        { path: "none.md" },
        { path: "x.pdf" },
        { path: "../secret.txt" },
        { path: "link.txt" },
        {
          directory: "none",
        },
        { directory: "latin" },
        { path: "a\0b.md" },
      ],
    },
    "c/x.pdf": "",
    "c/latin/a.txt": new Uint8Array([0x63, 0x61, 0x66, 0xe9]),
  });
  await Deno.symlink(`${files.path}/secret.txt`, `${files.path}/c/link.txt`);
  const { message } = await refused(`${files.path}/c/c.json`);
  assertStringIncludes(message, "knowledge.0.path: there is no none.md");
  assertStringIncludes(message, "knowledge.1.path: x.pdf: expected .md or .txt");
  assertStringIncludes(message, "knowledge.2.path: ../secret.txt is outside the character's directory");
  assertStringIncludes(message, "knowledge.3.path: link.txt is outside the character's directory");
  assertStringIncludes(message, "knowledge.4.directory: there is no none");
  assertStringIncludes(message, "knowledge.5.directory: latin/a.txt: expected UTF-8");
  assertStringIncludes(message, 'knowledge.6.path: "a\\u0000b.md" has a NUL in it');
});

Deno.test("the place of a mistake in JSON is where the text stops being JSON", () => {
  const places: [string, number | undefined][] = [
    ['{"a": [1, -2.5e+3, "\\u00e9", true, null, {}], "b": []} ', undefined],
    ['{"a" 1}', 6],
    ['{"a": 1 "b": 2}', 9],
    ['{"a": 01}', 8],
    ['{"a": tru}', 7],
    ["[1, 2", 6],
    ["[1, ]", 5],
    ["{'a': 1}", 2],
    ['["\\x"]', 2],
    ["[] []", 4],
    ["[}", 2],
  ];
  for (const [text, column] of places) {
    assertEquals(findJsonError(text)?.column, column, text);
    let isJson = true;
    try {
      JSON.parse(text);
    } catch {
      isJson = false;
    }
    assertEquals(isJson, column === undefined, text);
  }
});
