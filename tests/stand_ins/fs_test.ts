/** What this project relies on in @std/fs; holds for the stand-in and for the original. @module */

import { assertEquals, assertIsError, assertRejects, assertThrows } from "@std/assert";
import { ensureDir, ensureDirSync, existsSync, walk, type WalkOptions } from "@std/fs";
import { basename, dirname, join, relative } from "node:path";
import { pathToFileURL } from "node:url";

Deno.test("existsSync tells what is there and what kind it is", async () => {
  await using folder = await temporaryFolder();
  const file = folder.path("file"), link = folder.path("link"), dangling = folder.path("dangling");
  await Deno.writeTextFile(file, "x");
  await Deno.symlink(file, link);
  await Deno.symlink(folder.path("nowhere"), dangling);
  const cases: [path: string | URL, isThere: boolean, isReadable: boolean, isDirectory: boolean, isFile: boolean][] = [
    [file, true, true, false, true],
    [pathToFileURL(file), true, true, false, true],
    [link, true, true, false, true],
    [folder.root, true, true, true, false],
    [dangling, false, false, false, false],
    [folder.path("nowhere"), false, false, false, false],
  ];
  for (const [path, ...expected] of cases) {
    const found = [existsSync(path)];
    for (const option of ["isReadable", "isDirectory", "isFile"]) found.push(existsSync(path, { [option]: true }));
    assertEquals(found, expected, String(path));
  }
  assertThrows(() => existsSync(file, { isFile: true, isDirectory: true }), TypeError, "must not be true together");
});

Deno.test({
  name: "existsSync goes by the mode when asked whether a file is readable",
  ignore: Deno.build.os === "windows",
  fn: async () => {
    await using folder = await temporaryFolder();
    await Deno.writeTextFile(folder.path("file"), "x");
    await Deno.chmod(folder.path("file"), 0o200);
    assertEquals(existsSync(folder.path("file")), true);
    assertEquals(existsSync(folder.path("file"), { isReadable: true }), false);
  },
});

Deno.test("existsSync fails without permission instead of guessing", { permissions: { read: false } }, () => {
  assertThrows(() => existsSync("anything"), Deno.errors.NotCapable);
});

const ensureDirBothWays: [name: string, ensure: (dir: string | URL) => void | Promise<void>][] = [
  ["ensureDir", ensureDir],
  ["ensureDirSync", ensureDirSync],
];

for (const [name, ensure] of ensureDirBothWays) {
  Deno.test(`${name} creates a directory with those above it, and keeps one that is there`, async () => {
    await using folder = await temporaryFolder();
    await ensure(folder.path("a/b"));
    await Deno.writeTextFile(folder.path("a/b/file"), "kept");
    await ensure(pathToFileURL(folder.path("a/b")));
    assertEquals(await Deno.readTextFile(folder.path("a/b/file")), "kept");
    await Deno.symlink(folder.path("a"), folder.path("link"));
    await ensure(folder.path("link"));
  });

  Deno.test(`${name} fails where a file has the place`, async () => {
    await using folder = await temporaryFolder();
    await Deno.writeTextFile(folder.path("file"), "");
    const error = await thrownBy(() => ensure(folder.path("file")));
    assertIsError(error, Error, "Failed to ensure directory exists: expected 'dir', got 'file'");
  });
}

const WALKS: [what: string, options: WalkOptions | undefined, paths: string[]][] = [
  ["everything", undefined, ["", "a.ts", "b", "b/c", "b/c/d.ts", "b/e.md", "link"]],
  ["the root alone", { maxDepth: 0 }, [""]],
  ["nothing below a depth of 0", { maxDepth: -1 }, []],
  ["one level", { maxDepth: 1 }, ["", "a.ts", "b", "link"]],
  ["no files", { includeFiles: false }, ["", "b", "b/c", "link"]],
  ["no directories", { includeDirs: false }, ["a.ts", "b/c/d.ts", "b/e.md", "link"]],
  ["no links", { includeSymlinks: false, maxDepth: 1 }, ["", "a.ts", "b"]],
  ["an extension, with or without its dot", { exts: ["ts", ".md"] }, ["a.ts", "b/c/d.ts", "b/e.md"]],
  ["what matches one pattern", { match: [/d\.ts$/g, /e\.md$/g] }, ["b/c/d.ts", "b/e.md"]],
  ["nothing in a directory it skips", { skip: [/c$/] }, ["", "a.ts", "b", "b/e.md", "link"]],
  ["what is behind a link, by its real path", { followSymlinks: true, includeDirs: false }, [
    "../behind/f.ts",
    "a.ts",
    "b/c/d.ts",
    "b/e.md",
  ]],
  ["what is behind a link, by the link's path", { followSymlinks: true, canonicalize: false, includeDirs: false }, [
    "a.ts",
    "b/c/d.ts",
    "b/e.md",
    "link/f.ts",
  ]],
];

for (const [what, options, paths] of WALKS) {
  Deno.test(`walk yields ${what}`, async () => {
    await using folder = await temporaryFolder();
    for (const file of ["root/a.ts", "root/b/c/d.ts", "root/b/e.md", "behind/f.ts"]) {
      await makeFile(folder.path(file));
    }
    await Deno.symlink(folder.path("behind"), folder.path("root/link"));
    const root = folder.path("root"), found: string[] = [];
    for await (const { path, name } of walk(root, options)) {
      found.push(relative(root, path));
      assertEquals(name, basename(path));
    }
    assertEquals(found.toSorted(), paths);
  });
}

Deno.test("walk tells the kind of each entry and takes the root as a URL", async () => {
  await using folder = await temporaryFolder();
  await makeFile(folder.path("file"));
  await Deno.symlink(folder.path("file"), folder.path("link"));
  const entries = await Array.fromAsync(walk(pathToFileURL(folder.root)));
  const none = { isFile: false, isDirectory: false, isSymlink: false };
  assertEquals(entries.toSorted((a, b) => a.path < b.path ? -1 : 1), [
    { ...none, path: folder.root, name: basename(folder.root), isDirectory: true },
    { ...none, path: folder.path("file"), name: "file", isFile: true },
    { ...none, path: folder.path("link"), name: "link", isSymlink: true },
  ]);
});

Deno.test("walk fails if the root does not exist", async () => {
  await using folder = await temporaryFolder();
  await assertRejects(() => Array.fromAsync(walk(folder.path("nowhere"))), Deno.errors.NotFound);
});

/** An empty file with the directories above it. */
async function makeFile(path: string): Promise<void> {
  await ensureDir(dirname(path));
  await Deno.writeTextFile(path, "");
}

async function temporaryFolder() {
  const root = await Deno.realPath(await Deno.makeTempDir()); // on macOS the temporary directory is behind a link
  return {
    root,
    path: (inside: string) => join(root, inside),
    [Symbol.asyncDispose]: () => Deno.remove(root, { recursive: true }),
  };
}

async function thrownBy(action: () => unknown): Promise<unknown> {
  try {
    await action();
  } catch (error) {
    return error;
  }
  throw new Error("Nothing was thrown");
}
