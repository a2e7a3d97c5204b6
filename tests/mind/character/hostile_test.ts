/** Characters and archives that were made to do harm: each is refused with 78, or read and nothing else comes of it. @module */

import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { type Zippable, zipSync } from "fflate";
import { FatalError } from "../../../src/errors.ts";
import { silentLog } from "../../../src/log.ts";
import { loadCharacter, type LoadedCharacter } from "../../../src/mind/character/character.ts";
import { ARCHIVE_MAX } from "../../../src/mind/character/unzip.ts";
import { isInFiles, readEntries, startAgent } from "../../support/agent.ts";
import { makeFolder } from "../../support/folder.ts";
import { run } from "../../support/mount.ts";

const CHARACTER = { name: "Miller", bio: "Minds a mill.", knowledge: ["The mill grinds rye."] };

const utf8 = (text: string) => new TextEncoder().encode(text);
const json = (value: unknown) => utf8(JSON.stringify(value));

async function load(file: Uint8Array | string): Promise<LoadedCharacter> {
  await using folder = makeFolder({ character: file });
  return await loadCharacter(`${folder.path}/character`, silentLog);
}

async function refused(file: Uint8Array | string): Promise<string> {
  const error = await assertRejects(() => load(file), FatalError);
  assertEquals(error.exitCode, 78);
  return error.message;
}

/** Every object that is made from now on would have what the property names. */
function assertUnpolluted(): void {
  assertEquals(Object.keys(Object.prototype), []);
  assertEquals(({} as Record<string, unknown>).polluted, undefined);
}

/** An archive in which "__PROTO__" is "__proto__", a name that no program that packs archives lets pass. */
function zipWithPrototype(entries: Zippable): Uint8Array {
  const whole = zipSync(entries, { level: 0 }), wanted = utf8("__PROTO__");
  for (let at = 0; at + wanted.length <= whole.length; at++) {
    if (wanted.every((byte, index) => whole[at + index] === byte)) whole.set(utf8("__proto__"), at);
  }
  return whole;
}

/** Archives whose names or fields are those of every object. */
const PROTOTYPES: Record<string, Zippable> = {
  "as an entry": { "who.json": json(CHARACTER), "__PROTO__": json({ polluted: true }) },
  "as a folder": { "who.json": json(CHARACTER), "__PROTO__/polluted": utf8("yes") },
  "as a field of protected data": {
    name: utf8("Miller"),
    bio: utf8("Minds a mill."),
    "__PROTO__/polluted": utf8("yes"),
    "settings/__PROTO__/polluted": utf8("yes"),
    "settings/constructor/prototype/polluted": utf8("yes"),
  },
  "as all there is of a field": { name: utf8("Miller"), bio: utf8("Minds a mill."), "settings/__PROTO__": utf8("yes") },
};

for (const [what, archive] of Object.entries(PROTOTYPES)) {
  Deno.test(`__proto__ in an archive, ${what}, changes no object`, async () => {
    const loaded = await load(zipWithPrototype(archive));
    assertUnpolluted();
    assertEquals(loaded.character.name, "Miller");
    assertEquals((loaded.character as unknown as Record<string, unknown>).polluted, undefined);
  });
}

for (
  const place of ["", '"settings":', '"secrets":', '"style":', '"settings":{"secrets":'] as const
) {
  Deno.test(`__proto__ and constructor in a character, at ${place || "the top"}, change no object`, async () => {
    const trap = '"__proto__":{"polluted":true},"constructor":{"prototype":{"polluted":true}}';
    const inner = place === "" ? trap : `${place}{${trap}}${place.includes("{") ? "}" : ""}`;
    const text = `{${inner},${JSON.stringify(CHARACTER).slice(1)}`;
    const outcome = await load(text).catch((error: unknown) => error);
    assertUnpolluted();
    if (outcome instanceof Error) assertEquals((outcome as FatalError).exitCode, 78);
    else assertEquals((outcome as LoadedCharacter).character.name, "Miller");
  });
}

Deno.test("a character that is nested hundreds of thousands of levels deep is refused, wherever it is", async () => {
  const levels = 200_000;
  const lists = `${"[".repeat(levels)}${"]".repeat(levels)}`,
    objects = `${'{"a":'.repeat(levels)}1${"}".repeat(levels)}`;
  for (const deep of [lists, objects]) {
    for (const field of ["settings", "secrets", "bio", "knowledge", "messageExamples", "plugins", "unknown"]) {
      const text = `{"name":"A","bio":"b","${field}":${deep}}`;
      assertStringIncludes(await refused(text), "nested more than 64 levels deep", field);
      assertStringIncludes(await refused(zipSync({ "who.json": utf8(text) })), "who.json: nested more than 64 levels");
    }
    assertStringIncludes(await refused(deep), "nested more than 64 levels deep");
    const fields = zipSync({ name: utf8("A"), bio: utf8("b"), "settings/deep": utf8(deep) });
    assertStringIncludes(await refused(fields), "nested more than 64 levels deep");
  }
});

Deno.test("half a million brackets that nothing closes are no JSON, and the place is told", async () => {
  for (const text of ["[", '{"a":']) {
    const message = await refused(text.repeat(500_000));
    assertStringIncludes(message, `line 1, column ${500_000 * text.length + 1}: not valid JSON`);
  }
});

Deno.test("a name of 5 MB is a name, and one of another kind is refused without being quoted", async () => {
  const name = "n".repeat(5_000_000);
  assertEquals((await load(JSON.stringify({ ...CHARACTER, name }))).character.name.length, name.length);
  const message = await refused(JSON.stringify({ ...CHARACTER, name: [name] }));
  assert(message.length < 1_000, `${message.length} characters`);
});

/** Ways out of the character's directory, `HOME` being its path. */
const ESCAPES = [
  "../secret.md",
  "./../secret.md",
  "notes/../../secret.md",
  "notes/./.././../secret.md",
  "..//secret.md",
  "/etc/../HOME/../secret.md",
  "HOME/../secret.md",
  "HOME2/secret.md",
  "/proc/self/cwd/secret.md",
  "/proc/self/root/HOME/../secret.md",
  "link/secret.md",
  "link.md",
];

Deno.test("no path of knowledge leads out of the character's directory, however it is written", async () => {
  await using folder = makeFolder({
    "secret.md": "outside",
    "home2/secret.md": "outside",
    "home/notes/a.md": "inside",
  });
  const home = `${folder.path}/home`;
  Deno.symlinkSync("..", `${home}/link`);
  Deno.symlinkSync("../secret.md", `${home}/link.md`);
  for (const kind of ["path", "directory"]) {
    for (const escape of ESCAPES) {
      const path = escape.replaceAll("HOME", home);
      const target = kind === "path" ? path : path.replace(/\/?[^/]*$/, "") || path;
      const knowledge = ["Known.", { [kind]: target }];
      Deno.writeTextFileSync(`${home}/c.json`, JSON.stringify({ ...CHARACTER, knowledge }));
      const error = await assertRejects(() => loadCharacter(`${home}/c.json`, silentLog), FatalError, "knowledge.1");
      assertEquals(error.exitCode, 78, target);
    }
  }
});

Deno.test("a FIFO, a device and links in a directory of knowledge are left out, and nothing waits for them", async () => {
  await using folder = makeFolder({
    "secret.md": "outside",
    "home/c.json": { ...CHARACTER, knowledge: [{ directory: "notes" }] },
    "home/notes/a.md": "inside",
  });
  const notes = `${folder.path}/home/notes`;
  run("mkfifo", `${notes}/fifo.md`);
  for (const [name, target] of [["out", "../../secret.md"], ["zero", "/dev/zero"], ["up", ".."], ["self", "self.md"]]) {
    Deno.symlinkSync(target!, `${notes}/${name}.md`);
  }
  const { texts } = await loadCharacter(`${folder.path}/home/c.json`, silentLog);
  assertEquals(texts.map(({ text, source }) => ({ text, source })), [{ text: "inside", source: "notes/a.md" }]);
  for (const name of ["fifo", "zero"]) {
    const file = { ...CHARACTER, knowledge: [{ path: `notes/${name}.md` }] };
    Deno.writeTextFileSync(`${folder.path}/home/c.json`, JSON.stringify(file));
    await assertRejects(() => loadCharacter(`${folder.path}/home/c.json`, silentLog), FatalError, "knowledge.0.path");
  }
});

/** Paths that no file system opens, and what is said of them; the character lies beside them, or is one itself. */
const WRONG_PATHS: readonly (readonly [path: string, said: string])[] = [
  ["round.md", "its links go round in circles"],
  ["plain.md/below.md", "a file stands where a directory is needed"],
  [`${"long".repeat(80)}.md`, "a name in it is too long"],
];

for (const [path, said] of WRONG_PATHS) {
  Deno.test(`a path is a mistake of the settings or of the character, and no bug: ${said}`, async () => {
    await using folder = makeFolder({ "plain.md": "Plain.", "c.json": { ...CHARACTER, knowledge: [{ path }] } });
    Deno.symlinkSync("round.md", `${folder.path}/round.md`);
    for (const character of ["c.json", path]) {
      const error = await assertRejects(
        () => loadCharacter(`${folder.path}/${character}`, silentLog),
        FatalError,
        said,
      );
      assertEquals(error.exitCode, 78);
    }
  });
}

Deno.test("a character whose bytes are no UTF-8 is refused with their place, and no letter of it is made up", async () => {
  const latin1 = Uint8Array.from(`{ "name": "Miller",\n "bio": "Caf\u00e9" }`, (letter) => letter.charCodeAt(0));
  assertStringIncludes(await refused(latin1), "line 2, column 13: not UTF-8. Save the file in that encoding");
  const utf16 = new Uint8Array(new Uint16Array([0xfeff, ...Array.from("{}", (one) => one.charCodeAt(0))]).buffer);
  assertStringIncludes(await refused(utf16), "line 1, column 1: not UTF-8. Save the file in that encoding");
  const marked = Uint8Array.of(0xef, 0xbb, 0xbf, ...json({ ...CHARACTER, bio: "Caf\u00e9" }));
  assertEquals((await load(marked)).character.bio, "Caf\u00e9");
});

/** Change the records of all entries of an archive: those in its directory and those before the contents. */
function withRecords(archive: Uint8Array, change: (view: DataView, at: { local?: number; central?: number }) => void) {
  const view = new DataView(archive.buffer, archive.byteOffset, archive.byteLength);
  for (let at = 0; at + 30 < archive.length; at++) {
    const signature = view.getUint32(at, true);
    if (signature === 0x04034b50) change(view, { local: at });
    else if (signature === 0x02014b50) change(view, { central: at });
  }
  return archive;
}

Deno.test("an archive whose entries are encrypted is refused, and says so", async () => {
  const entries = { "who.json": json(CHARACTER), "a.md": utf8("Rye keeps for a week. ".repeat(20)) };
  const encrypted = withRecords(zipSync(entries), (view, { local, central }) => {
    const flags = local !== undefined ? local + 6 : central! + 8;
    view.setUint16(flags, view.getUint16(flags, true) | 1, true);
  });
  // What a password leaves of the bytes.
  for (let at = 40; at < 60; at++) encrypted[at]! ^= 0x5a;
  assertStringIncludes(await refused(encrypted), "encrypted");
});

Deno.test("50 MB behind an entry that says 100 bytes are refused, and not unpacked", async () => {
  const whole = zipSync({ "who.json": json(CHARACTER), "a.md": new Uint8Array(50_000_000) }, { level: 1 });
  let records = 0;
  withRecords(whole, (view, { central }) => {
    if (central !== undefined && view.getUint32(central + 24, true) === 50_000_000) {
      view.setUint32(central + 24, 100, true);
      records++;
    }
  });
  assertEquals(records, 1);
  assertStringIncludes(await refused(whole), "a.md is not what was packed");
});

Deno.test("hidden entries count for nothing, however many; those that are seen are counted", async () => {
  const hidden = Object.fromEntries(Array.from({ length: 60_000 }, (_, n) => [`.h${n}`, new Uint8Array()]));
  const { character, texts } = await load(zipSync({ ...hidden, "who.json": json(CHARACTER) }, { level: 0 }));
  assertEquals([character.name, texts.length], ["Miller", 1]);
  const junk = Object.fromEntries(Array.from({ length: 60_000 }, (_, n) => [`h${n}`, new Uint8Array()]));
  const crowd = zipSync({ ...junk, "who.json": json(CHARACTER) }, { level: 0 });
  assertStringIncludes(await refused(crowd), `more than ${ARCHIVE_MAX.entries} entries`);
});

Deno.test("thousands of folders that each look like a character are told apart without going through all for each", async () => {
  const folders = (entries: Readonly<Record<string, Uint8Array>>) =>
    zipSync(
      Object.fromEntries(
        Array.from({ length: 4_900 }, (_, nth) =>
          Object.entries(entries).map(([name, text]) => [`d${nth}/${name}`, text]))
          .flat(),
      ),
      { level: 0 },
    );
  assertStringIncludes(await refused(folders({ name: utf8("n") })), "expected a character's JSON");
  assertStringIncludes(await refused(folders({ name: utf8("[1]"), bio: utf8("b") })), "expected a character's JSON");
  const many = await refused(folders({ name: utf8("n"), bio: utf8("b") }));
  assertStringIncludes(many, "expected one character, found d0/, d1/");
  assert(many.length < 1_000, `${many.length} characters`);
});

Deno.test("secrets of a character are in no log line and in no file of the agent, sealed or not", async () => {
  const SECRET = "cAnArY-of-the-character";
  for (const key of ["", "00112233445566778899aabbccddeeff".repeat(2)]) {
    await using folder = makeFolder({
      "character.json": {
        ...CHARACTER,
        secrets: { KEY: SECRET },
        settings: { secrets: { INNER: SECRET }, voice: SECRET },
      },
      "iexec_in/events.json": [{ id: "q1", query: "What does the mill grind?", timestamp: 1 }],
    });
    const env = { AGENT_CHARACTER: "character.json", LOG_LEVEL: "debug", LOG_CONTENT: "true", AGENT_STATE_KEY: key };
    for (const args of [["--check"], ["--once"]]) {
      await using agent = await startAgent({ folder: folder.path, args, env });
      const { code, stdout } = await agent.ended;
      assertEquals(code, 0, agent.lines.join("\n"));
      assert(!(agent.lines.join("\n") + stdout).includes(SECRET), args[0]);
    }
    const [entry] = readEntries(`${folder.path}/iexec_out/responses.json`)!;
    assertStringIncludes(entry!.response!, "grinds rye");
    for (const directory of [".agent", "iexec_out"]) {
      assert(!isInFiles(`${folder.path}/${directory}`, SECRET), directory);
    }
  }
});
