/** Character files with the structure of public ones, from several years of the ecosystem: all load as they are. @module */

import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { type Log, silentLog } from "../../../src/log.ts";
import { loadCharacter, type LoadedCharacter } from "../../../src/mind/character/character.ts";
import { validateCharacter } from "../../../src/mind/character/validation.ts";
import { loadCore } from "../../../src/mind/core_log.ts";
import { systemText } from "../../../src/mind/context.ts";

const FOLDER = new URL("../../fixtures/characters/", import.meta.url).pathname;

/** The character, and what the log was told of it. */
async function load(name: string): Promise<LoadedCharacter & { unused: string[] }> {
  const unused: string[] = [];
  const log: Log = { ...silentLog, warn: (message, fields) => unused.push(`${message} ${fields?.parts}`) };
  const loaded = await loadCharacter(`${FOLDER}${name}.json`, log);
  return { ...loaded, unused };
}

Deno.test("every character file loads unchanged, and what is not used is named in one line", async () => {
  const names = [...Deno.readDirSync(FOLDER)].filter(({ isFile }) => isFile).map(({ name }) => name);
  assert(names.length >= 5, `${names.length} files`);
  const core = await loadCore();
  for (const name of names) {
    const { character, unused } = await load(name.replace(/\.json$/, ""));
    assert(validateCharacter(core, character).data, name);
    assertEquals(unused.length, 1, name);
  }
});

Deno.test("a file of the first release: lore counts as bio, and who speaks is kept", async () => {
  const { character, unused } = await load("first_release");
  assertEquals(character.bio.length, 4);
  assertEquals(character.messageExamples?.[1]?.map(({ name, content }) => [name, content.text]), [
    ["{{user1}}", "i had a long day"],
    ["{{user1}}", "and it rained"],
    ["Marlow.exe", "then come in and dry your boots"],
  ]);
  const system = systemText(character);
  assertStringIncludes(system, "the lamp was built in 1883");
  assertStringIncludes(system, "User: and it rained\nMarlow.exe: then come in and dry your boots");
  assertEquals(unused, [
    "the character has parts that this agent does not use: {parts} clients (twitter, discord), modelProvider (grok), postExamples",
  ]);
});

Deno.test("secrets that are empty, and settings without a value, are no mistake", async () => {
  const { character, texts } = await load("with_secrets");
  assertEquals(texts.length, 3);
  assertEquals((character.settings?.secrets as Record<string, unknown>).SMALL_ANTHROPIC_MODEL, "some-small-model");
});

Deno.test("fields that only other agents know are named without what they hold", async () => {
  const { character, agentId, texts, unused } = await load("everything");
  const core = await loadCore();
  assertEquals(agentId, core.stringToUuid("workshop-bot"));
  assertEquals(character.bio, ["Tinker mends bicycles, radios and the odd umbrella.", "Learned to solder at nine."]);
  assertEquals(character.system, "You are Tinker, who mends things.");
  assertEquals(character.messageExamples?.[0]?.[0], { name: "{{user1}}", content: { text: "My radio hums." } });
  assertEquals(texts.map(({ source }) => source), ["knowledge", "knowledge/radio.md"]);
  assertEquals(unused, [
    "the character has parts that this agent does not use: {parts} extends, plugins (plugin-image), clients (telegram, direct), " +
    "modelProvider (llama_local), imageModelProvider, modelEndpointOverride, clientConfig, twitterProfile, nft, people, templates",
  ]);
});

Deno.test("a directory of knowledge beside the file is read", async () => {
  const { texts } = await load("with_directory");
  assertEquals(texts.map(({ source }) => source), ["knowledge/harbour/berths.md", "knowledge/harbour/lock.txt"]);
});

Deno.test("a file of the next release: examples in objects, the name filled in, knowledge as items", async () => {
  const { character, texts } = await load("next_release");
  assertEquals(character.bio, ["Orla looks after a small library.", "Orla would rather look it up than guess."]);
  assertEquals(character.messageExamples?.[0]?.map(({ name }) => name), ["{{user1}}", "Orla"]);
  assertEquals(texts.map(({ source }) => source), ["knowledge/library.md"]);
});
