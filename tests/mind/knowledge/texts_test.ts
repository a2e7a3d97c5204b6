/** Texts that are held as UTF-8, and the passages that are places in them. @module */

import { assert, assertEquals, assertStrictEquals } from "@std/assert";
import { createHash } from "node:crypto";
import { loadCharacter } from "../../../src/mind/character/character.ts";
import { passagesOf } from "../../../src/mind/knowledge/passage_list.ts";
import { splitIntoPassages } from "../../../src/mind/knowledge/passages.ts";
import { FileText } from "../../../src/mind/knowledge/texts.ts";
import { silentLog } from "../../../src/log.ts";
import { makeFolder } from "../../support/folder.ts";

const encode = (text: string) => new TextEncoder().encode(text);
const fileText = (text: string) => FileText.from(encode(text), { source: "a.md" })!;
const cutWhole = (text: string) => [...splitIntoPassages(text)].map(({ heading, text }) => ({ heading, text }));

Deno.test("a file's text is what its UTF-8 says, without a byte order mark and with plain line ends", () => {
  for (const text of ["", "plain", "é – “ü” 🥖\n", "\ufeff\ufeffx", "\r", "\r\r\n\n\r\nx\ry\r\n", "x\r\n\r\ny"]) {
    const [bytes, content] = [encode(text), text.replace(/^\ufeff/, "")];
    const file = FileText.from(bytes.slice(), { source: "a.md" })!;
    assertEquals(file.text, content.replaceAll("\r\n", "\n"), JSON.stringify(text));
    assertEquals(file.sha256, createHash("sha256").update(content).digest("hex"));
  }
  assertEquals(FileText.from(new Uint8Array([0x78, 0xff]), { source: "a.md" }), undefined);
});

Deno.test("passages read from their places are those that were cut, in whatever script and whatever they are made of", () => {
  const paragraph = (word: string) => `${`${word} is “${word}” – `.repeat(30)}end.`;
  const table = [
    "| wo | preis |",
    "| --- | --- |",
    ...Array.from({ length: 80 }, (_, n) => `| straße ${n} | ${n} € |`),
  ];
  const texts = [
    ["# Öfen", paragraph("Brot"), paragraph("пекарня"), "## 木", paragraph("木材"), paragraph("🥖"), ...table].join(
      "\n\n",
    ),
    ["# Öfen", "one\ntwo", "three", "", "  ", "four", "```ts", "x();", "", "y();", "```"].join("\r\n\r\n"),
    table.join("\n"),
    "🥖".repeat(3_000),
    "A line.",
    "",
  ];
  for (const text of texts) {
    const expected = cutWhole(text).map((passage) => ({ ...passage, source: "a.md" }));
    for (const held of [fileText(text), { text, source: "a.md" }]) {
      const passages = passagesOf([{ text: "Before.", source: "knowledge" }, held, { text: "Behind.", source: "k" }]);
      assertEquals([...passages].slice(1, -1), expected);
      assertEquals([passages.at(-1), passages.at(passages.length)], [undefined, undefined]);
      assertEquals(passages.at(passages.length - 1)?.text, "Behind.");
    }
  }
});

Deno.test("knowledge that is read again and has not changed is not held twice", async () => {
  await using folder = makeFolder({
    "c.json": { name: "A", bio: "b", knowledge: [{ path: "same.md" }, { path: "other.md" }] },
    "same.md": "The same.",
    "other.md": "Another.",
  });
  const path = `${folder.path}/c.json`;
  const first = await loadCharacter(path, silentLog);
  await Deno.writeTextFile(`${folder.path}/other.md`, "Yet another.");
  const second = await loadCharacter(path, silentLog, { known: first.texts });
  assertStrictEquals(second.texts[0], first.texts[0]);
  assert(second.texts[1] !== first.texts[1]);
  assertEquals(second.texts.map(({ text }) => text), ["The same.", "Yet another."]);
  assert(first.digest !== second.digest);
});
