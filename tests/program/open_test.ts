/** `agent open`: what is printed of entries that no agent wrote. @module */

import { assertEquals, assertFalse, assertStringIncludes } from "@std/assert";
import { generateKeyPairSync } from "node:crypto";
import { EXIT } from "../../src/errors.ts";
import { createOutputSeal } from "../../src/journal/sealed_entries.ts";
import { openResponses } from "../../src/program/open.ts";
import { entryOf } from "../../src/wire.ts";
import { makeFolder } from "../support/folder.ts";

const keys = generateKeyPairSync("x25519");
const seal = await createOutputSeal(keys.publicKey.export({ format: "jwk" }).x!);

/** The text of a sealed entry. */
async function sealed(queryId: string): Promise<string> {
  const entry = entryOf({ queryId, response: `Answer to ${queryId}.`, timestamp: 1, agentId: "agent" });
  return (await seal.seal({ ...entry, seq: 1 })).text;
}

/** What opening a file with these entries prints. */
async function open(entries: readonly string[]) {
  await using folder = makeFolder();
  const path = `${folder.path}/responses.json`, keyPath = `${folder.path}/key.pem`;
  Deno.writeTextFileSync(path, `[${entries.join(",")}]`);
  Deno.writeTextFileSync(keyPath, keys.privateKey.export({ type: "pkcs8", format: "pem" }).toString());
  let stdout = "", stderr = "";
  const code = await openResponses({
    path,
    keyPath,
    environment: () => undefined,
    write: (text) => void (stdout += text),
    writeError: (text) => void (stderr += text),
  });
  return { code, entries: JSON.parse(stdout), stdout, stderr };
}

Deno.test("an entry that is nested too deep is told of, and all others are opened", async () => {
  const nested = '{"0":'.repeat(20_000) + "1" + "}".repeat(20_000);
  const deep = [`{"queryId":"deep","metadata":${nested}}`, `{"queryId":${nested}}`, nested];
  const { code, entries, stderr } = await open([await sealed("q1"), ...deep, await sealed("q2")]);
  assertEquals(code, EXIT.unanswered);
  assertEquals(entries.map((entry: { response?: string } | null) => entry?.response), [
    "Answer to q1.",
    undefined,
    undefined,
    undefined,
    "Answer to q2.",
  ]);
  assertEquals(stderr.trimEnd().split("\n"), [
    `entry 2 ("deep") can't be opened: it is nested more than 64 levels deep`,
    `entry 3 (null) can't be opened: it is nested more than 64 levels deep`,
    `entry 4 (null) can't be opened: it is nested more than 64 levels deep`,
  ]);
});

Deno.test("neither an id nor an answer can move the terminal's cursor, or turn the line around, and the JSON is the same", async () => {
  const marks = "a\u007f\u009b\u202e";
  const closed = { queryId: marks, sealed: "none" };
  const { entries, stdout, stderr } = await open([await sealed(marks), JSON.stringify(closed)]);
  assertFalse(/[\u007f\u009b\u202e]/.test(stdout + stderr));
  assertStringIncludes(stderr, String.raw`entry 2 ("a\u007f\u009b\u202e") can't be opened`);
  assertEquals([entries[0].response, entries[1]], [`Answer to ${marks}.`, closed]);
});
