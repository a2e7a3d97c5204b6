/** Which changes make a build dirty. @module */

import { assertEquals, assertMatch } from "@std/assert";
import { commitOf } from "../../../src/tools/compile/commit.ts";
import { type Folder, makeFolder } from "../../support/folder.ts";

/** A repository with one commit of these files. */
async function makeRepository(): Promise<Folder> {
  const folder = makeFolder({
    "main.ts": "",
    "deno.json": "{}",
    "deno.lock": "{}",
    "tests/deno.lock": "{}",
    "src/log.ts": "",
    "src/test_server/main.ts": "",
    "iexec_in/events.json": "[]",
    "README.md": "",
  });
  const identity = ["-c", "user.name=Ada", "-c", "user.email=ada@example.org", "-c", "commit.gpgsign=false"];
  for (const args of [["init", "--quiet"], ["add", "."], [...identity, "commit", "--quiet", "--message=first"]]) {
    const { code, stderr } = await new Deno.Command("git", { args, cwd: folder.path }).output();
    assertEquals(code, 0, new TextDecoder().decode(stderr));
  }
  return folder;
}

for (
  const [path, isDirty] of [
    ["main.ts", true],
    ["src/log.ts", true],
    ["tests/deno.lock", true],
    ["deno.lock", false],
    ["README.md", false],
    ["iexec_in/events.json", false],
    ["src/test_server/main.ts", false],
    ["notes.txt", false],
  ] as const
) {
  Deno.test(`a change of ${path} makes a build ${isDirty ? "dirty" : "no other"}`, async () => {
    await using folder = await makeRepository();
    const clean = await commitOf(folder.path);
    assertMatch(clean, /^[0-9a-f]{40}$/);
    Deno.writeTextFileSync(`${folder.path}/${path}`, "changed");
    assertEquals(await commitOf(folder.path), isDirty ? `${clean}-dirty` : clean);
  });
}

Deno.test("without a repository the commit is unknown", async () => {
  await using folder = makeFolder({ "main.ts": "" });
  assertEquals(await commitOf(folder.path), "unknown");
});
