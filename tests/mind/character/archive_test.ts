/** Characters in zip archives: as people pack them, as iExec protects data, and as nobody should be able to. @module */

import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { type Zippable, zipSync } from "fflate";
import { FatalError } from "../../../src/errors.ts";
import { silentLog } from "../../../src/log.ts";
import { loadCharacter, type LoadedCharacter } from "../../../src/mind/character/character.ts";
import { ARCHIVE_MAX } from "../../../src/mind/character/unzip.ts";
import { readEntries, startAgent } from "../../support/agent.ts";
import { makeFolder } from "../../support/folder.ts";

const CHARACTER = { name: "Miller", bio: "Minds a mill.", knowledge: ["The mill grinds rye."] };

const utf8 = (text: string) => new TextEncoder().encode(text);
const json = (value: unknown) => utf8(JSON.stringify(value));

/** A text as DataProtector writes it since its first release but one: its length, then its UTF-8. */
function borsh(text: string): Uint8Array {
  const bytes = utf8(text), whole = new Uint8Array(4 + bytes.length);
  new DataView(whole.buffer).setUint32(0, bytes.length, true);
  whole.set(bytes, 4);
  return whole;
}

/** Loads what the archive holds; the file has no ending, as a dataset has none. */
async function load(archive: Zippable | Uint8Array): Promise<LoadedCharacter> {
  const bytes = archive instanceof Uint8Array ? archive : zipSync(archive);
  await using folder = makeFolder({ dataset: bytes });
  return await loadCharacter(`${folder.path}/dataset`, silentLog);
}

async function refused(archive: Zippable | Uint8Array): Promise<string> {
  const error = await assertRejects(() => load(archive), FatalError);
  assertEquals(error.exitCode, 78);
  return error.message;
}

Deno.test("an archive with a character and its knowledge files is read, whatever the files are called", async () => {
  const { character, texts } = await load({
    "mill": {
      "who.txt.json": json({ ...CHARACTER, knowledge: ["The mill grinds rye.", { path: "./notes/a.md" }] }),
      "notes": { "a.md": utf8("# A\n\nFirst."), "b.txt": utf8("\ufeffSecond.") },
      "picture.png": new Uint8Array([137, 80, 78, 71, 255, 254]),
      "package.json": json({ name: "no character", version: "1" }),
    },
    "__MACOSX": { "._a.md": utf8("junk") },
    ".DS_Store": utf8("junk"),
  });
  assertEquals(character.name, "Miller");
  assertEquals(texts.map(({ text, source }) => ({ text, source })), [
    { text: "The mill grinds rye.", source: "knowledge" },
    { text: "# A\n\nFirst.", source: "notes/a.md" },
    { text: "Second.", source: "notes/b.txt" },
  ]);
});

for (const [generation, text] of [["Borsh", borsh], ["plain text, as older releases write it", utf8]] as const) {
  Deno.test(`protected data with the character in one field and knowledge beside it is read (${generation})`, async () => {
    const { character, texts } = await load({
      character: text(JSON.stringify(CHARACTER)),
      knowledge: { bread: text("Rye bread keeps for a week."), "a-letter": text("[The] miller sleeps late.") },
      email: text("miller@example.org"),
      isOpen: new Uint8Array([1]),
    });
    assertEquals(character.name, "Miller");
    assertEquals(texts.map(({ text, source }) => [source, text]), [
      ["knowledge", "The mill grinds rye."],
      ["knowledge/a-letter", "[The] miller sleeps late."],
      ["knowledge/bread", "Rye bread keeps for a week."],
    ]);
  });
}

Deno.test("protected data whose fields are the character's is read", async () => {
  const { character, texts } = await load({
    name: borsh("Miller"),
    bio: borsh("Minds a mill."),
    system: borsh("You are the miller."),
    topics: borsh('["rye", "bread"]'),
    adjectives: borsh("patient"),
    style: { all: borsh('["Be brief."]') },
    settings: { TEXT_LARGE_TEMPERATURE: borsh("0.2"), "__proto__": borsh("no") },
    knowledge: borsh("# Rye\n\nThe mill grinds rye."),
  });
  assertEquals([character.name, character.bio, character.system], ["Miller", "Minds a mill.", "You are the miller."]);
  assertEquals([character.topics, character.adjectives], [["rye", "bread"], ["patient"]]);
  assertEquals(character.style?.all, ["Be brief."]);
  assertEquals(character.settings?.TEXT_LARGE_TEMPERATURE, "0.2");
  assertEquals(texts.map(({ text, source }) => ({ text, source })), [{
    text: "# Rye\n\nThe mill grinds rye.",
    source: "knowledge",
  }]);
});

Deno.test("protected data that carries such an archive as a file is read", async () => {
  const folder = zipSync({ "character.json": json(CHARACTER), "notes.md": utf8("Notes.") });
  const { character, texts } = await load({ file: folder });
  assertEquals(character.name, "Miller");
  assertEquals(texts.map(({ source }) => source), ["knowledge", "notes.md"]);
});

Deno.test("what is wrong with the character in an archive is named with its place there", async () => {
  const message = await refused({ "who.json": json({ ...CHARACTER, bio: 7, knowledge: [{ path: "gone.md" }] }) });
  assertStringIncludes(message, "dataset: who.json: bio: expected ");
  const other = await refused({
    "who.json": json({ ...CHARACTER, knowledge: [{ path: "../x.md" }, { directory: "d" }] }),
  });
  assertStringIncludes(other, "knowledge.0.path: there is no ../x.md in the archive");
  assertStringIncludes(other, "knowledge.1.directory: there is no d in the archive");
  const latin = { "who.json": json(CHARACTER), "a.txt": new Uint8Array([0x63, 0x61, 0x66, 0xe9]) };
  assertStringIncludes(await refused(latin), "a.txt: expected UTF-8");
});

Deno.test("an archive without a character, or with two, is refused with what it holds", async () => {
  assertStringIncludes(await refused({ email: borsh("a@b.c") }), "expected a character's JSON, or its name and bio");
  assertStringIncludes(await refused({ email: borsh("a@b.c") }), "it holds email");
  assertStringIncludes(await refused({}), "it holds nothing");
  const two = await refused({ "a.json": json(CHARACTER), b: borsh(JSON.stringify(CHARACTER)) });
  assertStringIncludes(two, "expected one character, found a.json, b");
});

Deno.test("a damaged archive is refused, cut anywhere", async () => {
  const whole = zipSync({ "who.json": json({ ...CHARACTER, system: "Grind. ".repeat(200) }) });
  for (let length = 4; length < whole.length; length += 7) {
    assertStringIncludes(await refused(whole.subarray(0, length)), "a zip archive: ");
  }
});

Deno.test("no name in an archive leads outside of it or hides another", async () => {
  for (const name of ["../../etc/x.md", "/etc/x.md", "a\\..\\x.md", "C:x.md", "a//x.md", "a/./x.md", "a\nb.md"]) {
    assertStringIncludes(await refused({ [name]: utf8("x"), "who.json": json(CHARACTER) }), "is not allowed");
  }
  const twice = zipSync({ "aa.json": json(CHARACTER), "bb.json": json(CHARACTER) }, { level: 0 });
  for (let at = 0; at + 7 < twice.length; at++) {
    if (new TextDecoder().decode(twice.subarray(at, at + 7)) === "bb.json") twice.set(utf8("aa.json"), at);
  }
  assertStringIncludes(await refused(twice), "aa.json is in it twice");
});

Deno.test("an entry below 64 folders is read, one that lies deeper is refused, however deep", async () => {
  const below = (folders: number) => ({ "who.json": json(CHARACTER), [`${"a/".repeat(folders)}x`]: utf8("x") });
  assertEquals((await load(below(64))).character.name, "Miller");
  for (const folders of [65, 32_000]) {
    assertStringIncludes(await refused(below(folders)), `an entry lies ${folders} folders deep, at most 64 are read`);
  }
});

Deno.test("an archive that unpacks to more than is good is refused before it does", async () => {
  const large = new Uint8Array(ARCHIVE_MAX.entryBytes + 1);
  assertStringIncludes(await refused({ "a.md": large }), `a.md has ${large.length} bytes`);
  const full = large.subarray(1);
  const many = Object.fromEntries(Array.from({ length: 5 }, (_, n) => [`${n}.md`, full]));
  assertStringIncludes(await refused(many), `more than ${ARCHIVE_MAX.bytes} bytes unpacked`);
  const crowd = Object.fromEntries(
    Array.from({ length: ARCHIVE_MAX.entries + 1 }, (_, n) => [`${n}`, new Uint8Array()]),
  );
  assertStringIncludes(await refused(crowd), `more than ${ARCHIVE_MAX.entries} entries`);
  const nested = zipSync({ b: zipSync({ c: zipSync({ "who.json": json(CHARACTER) }) }) });
  assertStringIncludes(await refused({ a: nested }), "an archive in an archive in an archive");
});

Deno.test("an entry that is not what was packed is refused, whatever is wrong with it", async () => {
  const entries = { "who.json": json(CHARACTER), "a.md": new Uint8Array(100_000).fill(65) };
  /** `at`: in the directory's record of the second file. */
  const changed = ({ at, to, level = 6 }: { at: number; to: number; level?: 0 | 6 }) => {
    const whole = zipSync(entries, { level });
    const view = new DataView(whole.buffer, whole.byteOffset);
    const record = whole.findLastIndex((_, at) => at + 4 < whole.length && view.getUint32(at, true) === 0x02014b50);
    view.setUint32(record + at, to, true);
    return whole;
  };
  const SIZE = 24, PACKED_SIZE = 20, CHECKSUM = 16;
  const cases = {
    "smaller than it says": { at: SIZE, to: 200_000 },
    "larger than it says": { at: SIZE, to: 10 },
    "larger than it says, not packed": { at: PACKED_SIZE, to: 10, level: 0 },
    "of another checksum": { at: CHECKSUM, to: 0 },
  } as const;
  for (const [what, change] of Object.entries(cases)) {
    assertStringIncludes(await refused(changed(change)), "a.md is not what was packed", what);
  }
  const flipped = zipSync(entries, { level: 0 });
  flipped[flipped.length >> 1]! ^= 1;
  assertStringIncludes(await refused(flipped), "a.md is not what was packed");
});

Deno.test("a comment behind an archive, and the larger numbers of zip64, are no damage", async () => {
  const plain = zipSync({ "who.json": json(CHARACTER) });
  const end = plain.length - 22, view = new DataView(plain.buffer, plain.byteOffset);
  const commented = new Uint8Array(plain.length + 5);
  commented.set(plain);
  new DataView(commented.buffer).setUint16(end + 20, 5, true);
  const large = new DataView(new ArrayBuffer(56 + 20));
  large.setUint32(0, 0x06064b50, true);
  large.setUint32(32, 1, true); // entries
  large.setUint32(48, view.getUint32(end + 16, true), true); // where they begin
  large.setUint32(56, 0x07064b50, true);
  large.setUint32(56 + 8, end, true);
  const tail = plain.slice(end);
  new DataView(tail.buffer).setUint32(16, 0xffffffff, true);
  const zip64 = new Uint8Array(await new Blob([plain.slice(0, end), large.buffer, tail]).arrayBuffer());
  for (const archive of [commented, zip64]) assertEquals((await load(archive)).character.name, "Miller");
});

Deno.test("entries that share the same bytes count each", async () => {
  const names = Array.from({ length: 9 }, (_, n) => `${n}.md`);
  const whole = zipSync(
    Object.fromEntries(names.map((name, n) => [name, n === 0 ? new Uint8Array(8 << 20) : utf8("")])),
    {
      level: 0,
    },
  );
  const view = new DataView(whole.buffer, whole.byteOffset);
  for (let at = 0; at + 46 < whole.length; at++) {
    if (view.getUint32(at, true) !== 0x02014b50) continue;
    view.setUint32(at + 20, 8 << 20, true); // packed size; the size unpacked stays as it is
    view.setUint32(at + 42, 0, true); // all of them are where the first is
  }
  assertStringIncludes(await refused(whole), `more than ${ARCHIVE_MAX.bytes} bytes unpacked`);
});

Deno.test("as an iExec task the protected data is the character, as JSON or as an archive", async () => {
  const fields = {
    name: borsh("Miller"),
    bio: borsh("Minds a mill."),
    knowledge: { rye: borsh("The mill of Bray grinds rye.") },
  };
  for (const dataset of [zipSync(fields), json({ ...CHARACTER, knowledge: ["The mill of Bray grinds rye."] })]) {
    await using folder = makeFolder();
    const input = `${folder.path}/in`, output = `${folder.path}/out`;
    Deno.mkdirSync(input);
    Deno.writeFileSync(`${input}/0xdata`, dataset);
    const event = { id: "q1", query: "What does the mill of Bray grind?", timestamp: 1 };
    Deno.writeTextFileSync(`${input}/events.json`, JSON.stringify([event]));
    const env = {
      IEXEC_TASK_ID: "0x1",
      IEXEC_IN: input,
      IEXEC_OUT: output,
      IEXEC_DATASET_FILENAME: "0xdata",
      AGENT_STATE_DIR: `${folder.path}/state`,
    };
    await using agent = await startAgent({ folder: folder.path, env });
    assertEquals((await agent.ended).code, 0, agent.lines.join("\n"));
    const [entry] = readEntries(`${output}/responses.json`)!;
    assertStringIncludes(entry!.response!, "grinds rye");
    assert(entry!.metadata!.sources!.length === 1);
  }
});
