/** One agent for each `responses.json`: a second one is refused, and nothing of the first outlives it. @module */

import { assertEquals, assertGreater, assertStringIncludes, assertThrows } from "@std/assert";
import { FatalError } from "../../src/errors.ts";
import { entryOf } from "../../src/wire.ts";
import { answer, answers } from "../support/events.ts";
import { makeFolder } from "../support/folder.ts";
import { testUnless } from "../support/optional.ts";
import { entriesOf, namesIn, openFile } from "./responses_fixture.ts";

const taken = (path: string) =>
  assertThrows(() => openFile(path), FatalError, "another agent writes its answers there");

Deno.test("a second agent on one file is refused with 74 and told a way out, and the first goes on", async () => {
  await using folder = makeFolder();
  const path = `${folder.path}/responses.json`;
  const first = openFile(path).file;
  const error = taken(path);
  assertEquals(error.exitCode, 74);
  assertStringIncludes(error.message, `Cannot use ${path}: `);
  assertStringIncludes(error.message, "set EVENT_OUTPUT_PATH to a file for this one alone");
  first.append([entryOf(answer("a"))]);
  assertEquals(entriesOf(path), [answer("a")]);
  first[Symbol.dispose]();
  using second = openFile(path).file;
  second.append([entryOf(answer("b"))]);
  assertEquals(namesIn(folder.path), ["responses.json"]);
});

Deno.test("a file stays taken when a copy has its place, after a rest, and by any of its names", async () => {
  await using folder = makeFolder();
  const path = `${folder.path}/responses.json`, link = `${folder.path}/link.json`;
  Deno.symlinkSync(path, link);
  using file = openFile(path).file;
  const inodes = new Set<number | null>();
  for (let round = 0; round < 3; round++) {
    for (const outcome of answers(200)) {
      file.append([entryOf(outcome)]);
      inodes.add(Deno.statSync(path).ino);
    }
    taken(path);
    taken(link);
    file.rest();
    taken(path);
  }
  assertGreater(inodes.size, 1);
});

Deno.test("a new file at the path of one that was moved away can be taken by another agent", async () => {
  await using folder = makeFolder();
  const path = `${folder.path}/responses.json`;
  using first = openFile(path).file;
  Deno.renameSync(path, `${folder.path}/kept.json`);
  using _ = openFile(path).file;
  assertEquals(first.isInPlace(), false);
  taken(path);
});

Deno.test("a link that leads to nothing is replaced by a file", async () => {
  await using folder = makeFolder();
  const path = `${folder.path}/responses.json`;
  Deno.symlinkSync(`${folder.path}/nothing/there.json`, path);
  openFile(path).file[Symbol.dispose]();
  assertEquals([Deno.lstatSync(path).isFile, entriesOf(path)], [true, []]);
  assertEquals(namesIn(folder.path), ["responses.json"]);
});

Deno.test("what a killed start left beside the file goes, and a file of somebody else's stays", async () => {
  await using folder = makeFolder();
  const path = `${folder.path}/responses.json`, others = ["responses.json.mine.new", "other.json.new"];
  for (const name of others) Deno.writeTextFileSync(`${folder.path}/${name}`, "x");
  for (const isThere of [false, true]) {
    Deno.writeTextFileSync(`${path}.${crypto.randomUUID()}.new`, "[");
    using opened = openFile(path).file;
    if (isThere) opened.append([entryOf(answer("a"))]);
    assertEquals(namesIn(folder.path).toSorted(), ["responses.json", ...others].toSorted());
  }
  assertEquals(entriesOf(path), [answer("a")]);
});

/** A process that holds the file until it is killed; `wrapper`: a command to run it in. */
async function startHolder(path: string, wrapper: readonly string[] = []) {
  const script = `
    import { openResponsesFile } from ${JSON.stringify(import.meta.resolve("../../src/journal/responses_file.ts"))};
    const { file } = openResponsesFile(${JSON.stringify(path)}, { since: [] });
    for (let index = 0; index < 300; index++) file.append([{ text: JSON.stringify({ queryId: "q" + index }) }]);
    console.log("held");
    setInterval(() => file.isInPlace(), 1000);`;
  const url = `data:application/typescript,${encodeURIComponent(script)}`;
  const config = new URL("../../deno.json", import.meta.url).pathname;
  const command = [...wrapper, Deno.execPath(), "run", "-q", "-A", "--no-lock", "--config", config, url];
  const process = new Deno.Command(command[0]!, { args: command.slice(1), stdout: "piped", stderr: "inherit" }).spawn();
  const reader = process.stdout.getReader();
  const said = new TextDecoder().decode((await reader.read()).value);
  return {
    said,
    async kill() {
      process.kill("SIGKILL");
      await reader.cancel();
      await process.status;
    },
  };
}

Deno.test("an agent that was killed leaves no lock behind", async () => {
  await using folder = makeFolder();
  const path = `${folder.path}/responses.json`;
  const holder = await startHolder(path);
  assertEquals(holder.said, "held\n");
  taken(path);
  await holder.kill();
  using _ = openFile(path).file;
  assertEquals(entriesOf(path).length, 300);
});

const UNSHARED = ["unshare", "--pid", "--fork", "--kill-child", "--mount-proc"];
const whyNoNamespace = () => {
  try {
    return new Deno.Command(UNSHARED[0]!, { args: [...UNSHARED.slice(1), "true"] }).outputSync().success
      ? undefined
      : "no process namespaces here";
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    return "no unshare(1) here";
  }
};

testUnless(whyNoNamespace(), "an agent in another process namespace, as in another container, is noticed", async () => {
  await using folder = makeFolder();
  const path = `${folder.path}/responses.json`;
  const holder = await startHolder(path, UNSHARED);
  assertEquals(holder.said, "held\n");
  taken(path);
  await holder.kill();
});
