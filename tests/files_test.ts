/** Files in a directory that somebody else can write to: only plain ones are read, and nothing is written through a link. @module */

import { assertEquals, assertMatch, assertThrows } from "@std/assert";
import {
  freshName,
  makeAfreshSync,
  makeDirectorySync,
  NotPlainError,
  openPlainSync,
  pathProblem,
  readPlainSync,
  readPlainTextSync,
  realPathOf,
  replaceFileSync,
} from "../src/files.ts";
import { makeFolder } from "./support/folder.ts";
import { run } from "./support/mount.ts";

const bytes = (text: string) => new TextEncoder().encode(text);
const MAX = { maxBytes: 100 };

Deno.test("a plain file is read, and one behind a link too", async () => {
  await using folder = makeFolder();
  Deno.writeTextFileSync(`${folder.path}/plain`, "text");
  Deno.symlinkSync("plain", `${folder.path}/link`);
  for (const name of ["plain", "link"]) assertEquals(readPlainTextSync(`${folder.path}/${name}`, MAX), "text");
});

Deno.test("what is missing is said to be so", async () => {
  await using folder = makeFolder();
  Deno.symlinkSync("nowhere", `${folder.path}/link`);
  for (const name of ["none", "link"]) {
    assertThrows(() => readPlainSync(`${folder.path}/${name}`, MAX), Deno.errors.NotFound);
  }
});

Deno.test("a FIFO, a directory and a device are refused by name, behind a link too, and nothing waits for them", async () => {
  await using folder = makeFolder();
  run("mkfifo", `${folder.path}/fifo`);
  Deno.mkdirSync(`${folder.path}/directory`);
  const targets = {
    "a FIFO": `${folder.path}/fifo`,
    "a directory": `${folder.path}/directory`,
    "a device": "/dev/zero",
  };
  for (const [kind, target] of Object.entries(targets)) {
    Deno.symlinkSync(target, `${folder.path}/link`);
    for (const path of [target, `${folder.path}/link`]) {
      const error = assertThrows(() => openPlainSync(path), NotPlainError);
      assertEquals(error.message, `${path} is ${kind}, not a plain file`);
    }
    Deno.removeSync(`${folder.path}/link`);
  }
});

Deno.test("a file of up to the most bytes is read, a larger one is refused before it is, however large", async () => {
  await using folder = makeFolder();
  const path = `${folder.path}/file`;
  Deno.writeTextFileSync(path, "x".repeat(100));
  assertEquals(readPlainSync(path, MAX).length, 100);
  for (const size of [101, 2 ** 40]) {
    Deno.truncateSync(path, size);
    assertThrows(() => readPlainSync(path, MAX), NotPlainError, `${path} has ${size} bytes, more than the 100`);
  }
});

Deno.test("a new file takes the place of a link, a FIFO or a file, and what a link led to stays", async () => {
  await using folder = makeFolder();
  const path = `${folder.path}/new`, precious = `${folder.path}/precious`;
  Deno.writeTextFileSync(precious, "PRECIOUS");
  const makers = [
    () => Deno.symlinkSync(precious, path),
    () => Deno.symlinkSync("nowhere", path),
    () => Deno.linkSync(precious, path),
    () => run("mkfifo", path),
    () => Deno.writeTextFileSync(path, "old"),
    () => {},
  ];
  for (const make of makers) {
    make();
    makeAfreshSync(path, { mode: 0o600 }).close();
    const { isFile, size, mode } = Deno.lstatSync(path);
    assertEquals([isFile, size, mode! & 0o777], [true, 0, 0o600]);
    assertEquals(Deno.readTextFileSync(precious), "PRECIOUS");
    Deno.removeSync(path);
  }
});

Deno.test("a file is replaced whole, and nothing is left beside it, whatever lay there", async () => {
  await using folder = makeFolder();
  const path = `${folder.path}/file`, precious = `${folder.path}/precious`;
  Deno.writeTextFileSync(precious, "PRECIOUS");
  for (const durable of [undefined, "content", "name"] as const) {
    Deno.symlinkSync(precious, freshName(path));
    replaceFileSync(path, { pieces: [bytes("a"), bytes("b")], mode: 0o640, ...durable && { durable } }).close();
    assertEquals([Deno.readTextFileSync(path), Deno.readTextFileSync(precious)], ["ab", "PRECIOUS"]);
    assertEquals([...Deno.readDirSync(folder.path)].map(({ name }) => name).sort(), ["file", "precious"]);
  }
});

Deno.test("a replacement that fails leaves the old file, and nothing beside it", async () => {
  await using folder = makeFolder();
  const path = `${folder.path}/file`;
  Deno.writeTextFileSync(path, "old");
  const prepare = () => {
    throw new Error("not now");
  };
  assertThrows(() => replaceFileSync(path, { pieces: [bytes("new")], mode: 0o600, prepare }), Error, "not now");
  assertEquals(Deno.readTextFileSync(path), "old");
  assertEquals([...Deno.readDirSync(folder.path)].map(({ name }) => name), ["file"]);
});

Deno.test("a directory is made with those above it, through a link too, and one that is there is left alone", async () => {
  await using folder = makeFolder();
  Deno.mkdirSync(`${folder.path}/real`, { mode: 0o755 });
  Deno.symlinkSync("real", `${folder.path}/link`);
  for (const path of ["link/a/b", "link/a/b", "real"]) makeDirectorySync(`${folder.path}/${path}`, { mode: 0o700 });
  const modeOf = (path: string) => Deno.statSync(`${folder.path}/${path}`).mode! & 0o777;
  assertEquals([modeOf("real"), modeOf("real/a"), modeOf("real/a/b")], [0o755, 0o700, 0o700]);
});

Deno.test("a path is resolved through every link, those that lead nowhere and those above what is missing too", async () => {
  await using folder = makeFolder();
  const { path } = folder;
  Deno.mkdirSync(`${path}/real/below`, { recursive: true });
  Deno.symlinkSync("real", `${path}/link`);
  Deno.symlinkSync("missing", `${path}/dangling`);
  Deno.symlinkSync("circle", `${path}/circle`);
  assertEquals(realPathOf(`${path}/link/below`), `${path}/real/below`);
  assertEquals(realPathOf(`${path}/link/a/b`), `${path}/real/a/b`);
  assertEquals(realPathOf(`${path}/dangling/a`), `${path}/missing/a`);
  assertEquals(realPathOf(`${path}/a/b`), `${path}/a/b`);
  assertThrows(() => realPathOf(`${path}/circle/a`), NotPlainError, "its links go round in circles");
});

/** What a program that may read and write `inside` alone meets at each of these; the paths are `inside`'s. */
const WAYS_OUT = `
  import { makeAfreshSync, makeDirectorySync, readPlainSync, replaceFileSync } from FILES;
  const attempt = (call) => { try { call(); return "done"; } catch (error) { return error.name; } };
  const content = { pieces: [new Uint8Array(1)], mode: 0o600 };
  console.log(JSON.stringify([
    attempt(() => makeAfreshSync("link/new", { mode: 0o600 }).close()),
    attempt(() => replaceFileSync("link/new", content).close()),
    attempt(() => makeDirectorySync("link/new")),
    attempt(() => makeDirectorySync("dangling/new")),
    attempt(() => readPlainSync("link/secret", { maxBytes: 9 })),
    attempt(() => readPlainSync("secret", { maxBytes: 9 })),
    attempt(() => replaceFileSync("secret", content).close()),
    attempt(() => replaceFileSync("within/new", content).close()),
  ]));`;

Deno.test("no link leads a program out of its permissions, to read, to write or to make directories", async () => {
  await using folder = makeFolder();
  const inside = `${folder.path}/inside`, outside = `${folder.path}/outside`;
  for (const path of [inside, `${inside}/deep`, outside]) Deno.mkdirSync(path);
  Deno.writeTextFileSync(`${outside}/secret`, "SECRET");
  Deno.symlinkSync(outside, `${inside}/link`);
  Deno.symlinkSync(`${outside}/missing`, `${inside}/dangling`);
  Deno.symlinkSync(`${outside}/secret`, `${inside}/secret`);
  Deno.symlinkSync(`${inside}/deep`, `${inside}/within`);
  const program = WAYS_OUT.replace("FILES", JSON.stringify(new URL("../src/files.ts", import.meta.url).href));
  Deno.writeTextFileSync(`${folder.path}/program.js`, program);
  const args = ["run", "--quiet", "--no-prompt", "--no-config", "--allow-read=.", "--allow-write=.", "../program.js"];
  const { stdout } = await new Deno.Command(Deno.execPath(), { args, cwd: inside }).output();
  const found: string[] = JSON.parse(new TextDecoder().decode(stdout));
  const out = found.slice(0, -2);
  for (const name of out) assertMatch(name, /^(NotPlainError|NotCapable)$/);
  // A link in the place of the file itself is replaced, not followed.
  assertEquals(found.slice(-2), ["done", "done"]);
  assertEquals([...Deno.readDirSync(outside)].map(({ name }) => name), ["secret"]);
  assertEquals(Deno.readTextFileSync(`${outside}/secret`), "SECRET");
  assertEquals([...Deno.readDirSync(`${inside}/deep`)].map(({ name }) => name), ["new"]);
});

Deno.test("what the system refuses is said in its words and with the path, without codes and calls", () => {
  const said = (message: string) => pathProblem(new Deno.errors.PermissionDenied(message)).reason;
  assertEquals(said("Permission denied (os error 13): mkdir '/app/.agent'"), "permission denied at /app/.agent");
  assertEquals(said("Permission denied (os error 13): open '/app/it's.json'"), "permission denied at /app/it's.json");
  assertEquals(
    said("Read-only file system (os error 30): open '/out/responses.json.0b7c.new'"),
    "read-only file system at /out",
  );
  assertEquals(said("Permission denied (os error 13): rename '/a/b.new' -> '/a/b'"), "permission denied at /a");
  assertEquals(said("Permission denied (os error 13): open '/app/.agent/.owner'"), "permission denied at /app/.agent");
  assertEquals(said("Permission denied (os error 13): tmpfile"), "permission denied");
  assertEquals(said("Permission denied (os error 13)"), "permission denied");
  assertEquals(said("anything else"), "anything else");
});

Deno.test("what is short is told apart from what is wrong with a path", () => {
  const problem = (code: string) => pathProblem(Object.assign(new Error("Refused (os error 1)"), { code }));
  assertEquals(problem("ENOSPC").remedy, "Free some and start again");
  assertEquals(problem("EDQUOT").remedy, "Free some and start again");
  assertEquals(problem("EMFILE").remedy, "Raise the limit (ulimit -n) and start again");
  assertEquals(problem("EACCES"), { reason: "refused", isPlace: false });
});
