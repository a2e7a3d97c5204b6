/** What this project relies on in @std/assert, @std/dotenv and @std/fs; holds for the stand-ins and for the originals. */
import {
  assert,
  assertArrayIncludes,
  assertEquals,
  assertExists,
  assertFalse,
  assertGreater,
  assertGreaterOrEqual,
  assertInstanceOf,
  AssertionError,
  assertIsError,
  assertLess,
  assertLessOrEqual,
  assertMatch,
  assertNotEquals,
  assertNotMatch,
  assertObjectMatch,
  assertRejects,
  assertStrictEquals,
  assertStringIncludes,
  assertThrows,
  equal,
  fail,
  unreachable,
} from "@std/assert";
import { parse } from "@std/dotenv";
import { emptyDir, ensureDir, ensureDirSync, ensureFile, exists, walk, type WalkOptions } from "@std/fs";
import { basename, join, relative } from "node:path";
import { pathToFileURL } from "node:url";
import { stripVTControlCharacters } from "node:util";

/** The originals hang or fail where tests with this option say what the stand-ins do instead. */
const intendedDifference = { ignore: !import.meta.resolve("@std/dotenv").endsWith("/src/stand_ins/dotenv/mod.ts") };

class Point {
  #hidden = Math.random();
  constructor(public x: number) {}
  get double() {
    return this.#hidden && this.x * 2;
  }
}

function circle(radius: number): object {
  const round: Record<string, unknown> = { radius };
  return Object.assign(round, { self: round });
}

const EQUAL: [what: string, a: unknown, b: unknown, isEqual: boolean][] = [
  ["a number and itself", 1, 1, true],
  ["a number and its text", 1, "1", false],
  ["0 and -0", [0], [-0], true],
  ["NaN and NaN", { x: NaN }, { x: NaN }, true],
  ["null and undefined", null, undefined, false],
  ["the keys of an object in any order", { a: 1, b: { c: 2 } }, { b: { c: 2 }, a: 1 }, true],
  ["undefined and a missing key", { a: undefined }, {}, false],
  ["undefined under two names", { a: undefined }, { b: undefined }, false],
  ["symbol keys", { [Symbol.for("s")]: 1 }, { [Symbol.for("s")]: 2 }, false],
  ["a plain object and one without prototype", { a: 1 }, Object.assign(Object.create(null), { a: 1 }), true],
  ["an object and an array", {}, [], false],
  ["arrays in another order", [1, 2], [2, 1], false],
  ["arrays of another length", [1, 2], [1, 2, 3], false],
  ["sets in any order", new Set([1, { a: 1 }]), new Set([{ a: 1 }, 1]), true],
  ["sets of other members", new Set([1, 2]), new Set([1, 3]), false],
  ["maps in any order", new Map([["a", [1]], ["b", [2]]]), new Map([["b", [2]], ["a", [1]]]), true],
  ["maps of other values", new Map([["a", 1]]), new Map([["a", 2]]), false],
  ["maps with equal objects for keys", new Map([[{ a: 1 }, 1]]), new Map([[{ a: 1 }, 1]]), true],
  ["dates", new Date(1), new Date(1), true],
  ["dates a millisecond apart", new Date(1), new Date(2), false],
  ["patterns with other flags", /a/, /a/g, false],
  ["addresses", new URL("http://a/b"), new URL("http://a/b"), true],
  ["bytes", new Uint8Array([1, 2]), new Uint8Array([1, 2]), true],
  ["other bytes", new Uint8Array([1, 2]), new Uint8Array([1, 3]), false],
  ["bytes and an array", new Uint8Array([1]), [1], false],
  ["buffers", new Uint8Array([1, 2]).buffer, new Uint8Array([1, 3]).buffer, false],
  ["objects of a class, whatever is private", new Point(1), new Point(1), true],
  ["objects of a class, by what they show", new Point(1), new Point(2), false],
  ["an object of a class and a plain one", new Point(1), { x: 1 }, false],
  ["circles", circle(1), circle(1), true],
  ["other circles", circle(1), circle(2), false],
  ["functions that read alike", () => 1, () => 1, false],
];

for (const [what, a, b, isEqual] of EQUAL) {
  Deno.test(`equal says ${isEqual ? "yes" : "no"} to ${what}`, () => {
    assertStrictEquals(equal(a, b), isEqual);
    assertStrictEquals(equal(b, a), isEqual);
    (isEqual ? assertEquals : assertNotEquals)(a, b);
    assertThrows(() => (isEqual ? assertNotEquals : assertEquals)(a, b), AssertionError);
  });
}

Deno.test("equal refuses weak collections, which nobody can list", () => {
  assertThrows(() => equal(new WeakMap(), new WeakMap()), TypeError, "Cannot compare WeakMap instances");
  assertThrows(() => equal(new WeakSet(), new WeakSet()), TypeError, "Cannot compare WeakSet instances");
});

const PASSING: [what: string, assertion: () => unknown][] = [
  ["assert a truthy value", () => assert("x")],
  ["assertFalse a falsy value", () => assertFalse("")],
  ["assertExists whatever is not null or undefined", () => assertExists(0)],
  ["assertStrictEquals a value and itself", () => assertStrictEquals(NaN, NaN)],
  ["assertMatch a match", () => assertMatch("abc", /b/)],
  ["assertNotMatch no match", () => assertNotMatch("abc", /x/)],
  ["assertStringIncludes a part", () => assertStringIncludes("abc", "bc")],
  ["assertArrayIncludes equal members in any order", () => assertArrayIncludes([{ a: 1 }, NaN, 2], [NaN, { a: 1 }])],
  ["assertArrayIncludes bytes", () => assertArrayIncludes(new Uint8Array([1, 2]), new Uint8Array([2]))],
  ["assertGreater more", () => assertGreater(2n, 1n)],
  ["assertGreaterOrEqual as much", () => assertGreaterOrEqual("a", "a")],
  ["assertLess less", () => assertLess(new Date(1), new Date(2))],
  ["assertLessOrEqual as much", () => assertLessOrEqual(1, 1)],
  ["assertInstanceOf an object of a subclass", () => assertInstanceOf(new RangeError(), Error)],
  ["assertIsError any error", () => assertIsError(new Error("x"))],
  ["assertIsError a message that contains the text, colours aside", () => {
    assertIsError(new RangeError("\x1b[31mtoo\x1b[39m big"), RangeError, "too big");
  }],
  ["assertIsError a message that matches", () => assertIsError(new Error("too big"), Error, /^too/)],
  ["assertObjectMatch part of an object", () => assertObjectMatch({ a: 1, b: { c: 2, d: 3 } }, { b: { c: 2 } })],
  ["assertObjectMatch the first members of an array", () => {
    assertObjectMatch({ a: [{ b: 1, c: 2 }, 3] }, { a: [{ b: 1 }] });
  }],
  ["assertObjectMatch an object of a class", () => assertObjectMatch({ at: new Point(1) }, { at: { x: 1 } })],
  ["assertObjectMatch part of a map and a set", () => {
    assertObjectMatch({ m: new Map([["a", 1], ["b", 2]]), s: new Set([1, 2]) }, {
      m: new Map([["a", 1]]),
      s: new Set([2]),
    });
  }],
  ["assertObjectMatch a circle", () => assertObjectMatch({ ...circle(1) }, { ...circle(1) })],
];

for (const [what, assertion] of PASSING) {
  Deno.test(`${what}: passes`, () => assertStrictEquals(assertion(), undefined));
}

const FAILING: [assertion: () => unknown, message: string][] = [
  [() => assert(0), ""],
  [() => assert(null, "my words"), "my words"],
  [() => assertFalse(1, "my words"), "my words"],
  [() => assertExists(null), `Expected actual: "null" to not be null or undefined.`],
  [() => assertExists(undefined, "why"), `Expected actual: "undefined" to not be null or undefined: why`],
  [() => assertNotEquals([1], [1]), "Expected actual: [\n  1,\n] not to be: [\n  1,\n]."],
  [() => assertMatch("abc", /x/i), `Expected actual: "abc" to match: "/x/i".`],
  [() => assertNotMatch("abc", /b/, "why"), `Expected actual: "abc" to not match: "/b/": why`],
  [() => assertStringIncludes("abc", "x"), `Expected actual: "abc" to contain: "x".`],
  [
    () => assertArrayIncludes([1], [1, 2]),
    `Expected actual: "[\n  1,\n]" to include: "[\n  1,\n  2,\n]".\nmissing: [\n  2,\n]`,
  ],
  [() => assertGreater(1, 1), "Expect 1 > 1"],
  [() => assertGreaterOrEqual("a", "b"), `Expect "a" >= "b"`],
  [() => assertLess(NaN, 1), "Expect NaN < 1"],
  [() => assertLessOrEqual(2, 1, "my words"), "my words"],
  [() => assertInstanceOf(1, Date), `Expected object to be an instance of "Date" but was "number".`],
  [() => assertInstanceOf({}, Date, "why"), `Expected object to be an instance of "Date" but was "Object": why`],
  [() => assertInstanceOf(Date, Date), `Expected object to be an instance of "Date" but was not an instanced object.`],
  [() => assertIsError("x"), `Expected "error" to be an Error object.`],
  [
    () => assertIsError(new TypeError("x"), RangeError),
    `Expected error to be instance of "RangeError", but was "TypeError".`,
  ],
  [() => assertIsError(new Error("x"), Error, "y"), `Expected error message to include "y", but got "x".`],
  [() => assertIsError(new Error("x"), Error, /y/, "why"), `Expected error message to include /y/, but got "x": why`],
  [() => assertThrows(() => {}), "Expected function to throw."],
  [() => assertThrows(() => {}, "why"), "Expected function to throw: why"],
  [() => assertThrows(throwing("x"), Error), "A non-Error object was thrown."],
  [() => assertThrows(throwing(new Error("x")), Error, "y"), `Expected error message to include "y", but got "x".`],
  [() => assertRejects(() => Promise.resolve()), "Expected function to reject."],
  [() => assertRejects(() => Promise.reject("x"), Error), "A non-Error object was rejected."],
  [() => assertRejects(throwing(new Error("x"))), "Function throws when expected to reject."],
  [
    () => assertRejects(() => Promise.reject(new TypeError("x")), RangeError, "x", "why"),
    `Expected error to be instance of "RangeError", but was "TypeError": why`,
  ],
  [() => fail(), "Failed assertion."],
  [() => fail("why"), "Failed assertion: why"],
  [() => unreachable(), "Unreachable."],
  [() => unreachable("why"), "Unreachable: why"],
];

for (const [assertion, message] of FAILING) {
  Deno.test(`${assertion.toString().replace(/^\(\)\s*=>\s*/, "")} fails and says why`, async () => {
    assertStrictEquals(await failureOf(assertion), message);
  });
}

const DIFFERENCES: [what: string, assertion: () => unknown, sentence: string, lines: string[]][] = [
  ["two numbers", () => assertEquals(1, 2), "Values are not equal.", ["-   1", "+   2"]],
  ["an object line by line", () => assertEquals({ b: 2, a: 1 }, { a: 1, b: 3 }, "why"), "Values are not equal: why", [
    "    {",
    "      a: 1,",
    "-     b: 2,",
    "+     b: 3,",
    "    }",
  ]],
  [
    "a text line by line, ends and tabs spelled out",
    () => assertEquals("a\nb\t\nc", "a\nb\nc"),
    "Values are not equal.",
    [
      "    a\\n",
      "-   b\\t\\n",
      "+   b\\n",
      "    c",
      "",
    ],
  ],
  [
    "only what an expected object names",
    () => {
      assertObjectMatch({ a: 1, b: 2 }, { b: 3 });
    },
    "Values are not equal.",
    ["    {", "-     b: 2,", "+     b: 3,", "    }"],
  ],
  ["a missing member", () => assertEquals([1, 2, 3], [1, 3]), "Values are not equal.", [
    "    [",
    "      1,",
    "-     2,",
    "      3,",
    "    ]",
  ]],
  ["0 and -0 where it counts", () => assertStrictEquals(0, -0), "Values are not strictly equal.", ["-   0", "+   -0"]],
];

for (const [what, assertion, sentence, lines] of DIFFERENCES) {
  Deno.test(`the message shows ${what}`, async () => {
    const shown = ["", "", "    [Diff] Actual / Expected", "", "", ...lines, ""];
    assertStrictEquals(await failureOf(assertion), [sentence, ...shown].join("\n"));
  });
}

Deno.test("assertStrictEquals tells two objects that only look alike from different ones", async () => {
  assertStrictEquals(
    await failureOf(() => assertStrictEquals({ a: 1 }, { a: 1 })),
    "Values have the same structure but are not reference-equal.\n\n    {\n      a: 1,\n    }\n",
  );
});

Deno.test("assertObjectMatch refuses what is no object", () => {
  assertThrows(() => assertObjectMatch(Object(null) && JSON.parse("null"), {}), TypeError, "Cannot assertObjectMatch");
});

Deno.test("assertThrows and assertRejects hand over what was thrown, typed by its class", async () => {
  const error = new Deno.errors.NotFound("gone");
  const thrown: Deno.errors.NotFound = assertThrows(throwing(error), Deno.errors.NotFound, "gone");
  const rejected: Deno.errors.NotFound = await assertRejects(() => Promise.reject(error), Deno.errors.NotFound);
  assertStrictEquals(thrown, error);
  assertStrictEquals(rejected, error);
  assertStrictEquals(assertThrows(throwing("anything")), "anything");
  assertStrictEquals(await assertRejects(() => Promise.reject("anything")), "anything");
});

Deno.test("assertions narrow the type of what they checked", () => {
  const date: unknown = new Date(1);
  assertInstanceOf(date, Date);
  assertStrictEquals(date.getTime(), 1);
  const name: string | undefined = ["x"][0];
  assertExists(name);
  assertStrictEquals(name.length, 1);
  const error: unknown = new RangeError("x");
  assertIsError(error, RangeError);
  assertStrictEquals(error.message, "x");
  const text: unknown = "x";
  assertStrictEquals(text, "x");
  assertStrictEquals(text.length, 1);
  const list: number[] | null = [1];
  assert(list);
  assertStrictEquals(list.length, 1);
});

Deno.test("an AssertionError is an Error of that name and keeps its cause", () => {
  const error = new AssertionError("x", { cause: "y" });
  assert(error instanceof Error);
  assertEquals([error.name, error.message, error.cause], ["AssertionError", "x", "y"]);
});

const DOTENV: [what: string, text: string, variables: Record<string, string>][] = [
  ["nothing", "", {}],
  ["a value", "A=b", { A: "b" }],
  ["spaces around", " \tA =  b c \t", { A: "b c" }],
  ["an empty value", "A=\nB=''\nC=\"\"", { A: "", B: "", C: "" }],
  ["lines and comments between", "\n# A=a\n\nB=b\r\n  #C=c\r\nD=d", { B: "b", D: "d" }],
  ["lines that assign nothing", "hello\nhow are you=x\n=x\nA=b", { A: "b" }],
  ["export", "export A=b\nexport=c", { A: "b", export: "c" }],
  ["a comment behind a value", "A=b # c\nB=b#c\nC='b' # c\nD=\"b\" # c", { A: "b", B: "b", C: "b", D: "b" }],
  ["# within quotes", "A='b # c'\nB=\"b # c\"", { A: "b # c", B: "b # c" }],
  ["= within a value", "A=b==c", { A: "b==c" }],
  ["quotes within a value", `A={"b": "c"}\nB=it's`, { A: `{"b": "c"}`, B: "it's" }],
  ["a quote that is never closed", `A='b\nB="c`, { A: "'b", B: `"c` }],
  ["spaces within quotes", "A=' b '\nB=\" b \"", { A: " b ", B: " b " }],
  ["lines within quotes", "A='b\nc'\nB=\"\nb\n\nc\n\"\nC=d", { A: "b\nc", B: "b\n\nc", C: "d" }],
  ["an assignment within quotes", "A='\nB=b\n'\nC=c", { A: "B=b", C: "c" }],
  ["escapes within double quotes", String.raw`A="\n\r\t\"\'\\\x"`, { A: "\n\r\t\"'\\\\x" }],
  ["escapes elsewhere", String.raw`A='b\nc'` + "\n" + String.raw`B=b\nc`, { A: "b\\nc", B: "b\\nc" }],
  ["a name given twice", "A=b\nA=c", { A: "c" }],
  ["the name __proto__", "__proto__=a", Object.fromEntries([["__proto__", "a"]])],
  ["a reference", "A=b\nB=$A\nC=${A}", { A: "b", B: "b", C: "b" }],
  ["a reference to what follows", "A=$B\nB=b", { A: "b", B: "b" }],
  ["a reference to a reference", "A=a\nB=b${A}\nC=c${B}c", { A: "a", B: "ba", C: "cbac" }],
  ["one name referred to twice, by two ways", "A=$B$C\nB=$D\nC=$D\nD=d", { A: "dd", B: "d", C: "d", D: "d" }],
  ["a reference to quoted text", "A=' b '\nB=<$A>", { A: " b ", B: "< b >" }],
  ["references within quotes", "A=a\nB='$A'\nC=\"${A}\"", { A: "a", B: "$A", C: "${A}" }],
  ["an escaped reference", "A=a\nB=\\$A", { A: "a", B: "\\$A" }],
  ["a $ that is no reference", "A=5$\nB=$ 5", { A: "5$", B: "$ 5" }],
  ["a default", "B=${STD_TEST_NO:-b}\nC=$STD_TEST_NO:-c/d", { B: "b", C: "c/d" }],
  ["a default not needed", "A=a\nB=${A:-b}\nC=$A:-c", { A: "a", B: "a", C: "a" }],
  ["a default with a default", "A=a\nB=${STD_TEST_NO:-${STD_TEST_NO:-b}}\nC=${STD_TEST_NO:-${A:-c}}", {
    A: "a",
    B: "b",
    C: "a",
  }],
  ["a variable of the environment", "A=$STD_TEST_YES", { A: "from the environment" }],
  ["a variable of the file before the environment's", "STD_TEST_YES=a\nA=$STD_TEST_YES", { STD_TEST_YES: "a", A: "a" }],
  ["a name nobody knows", "A=<$STD_TEST_NO>", { A: "<undefined>" }],
];

for (const [what, text, variables] of DOTENV) {
  Deno.test(`parse reads ${what}`, () => {
    using _ = environment("STD_TEST_YES", "from the environment");
    assertEquals(parse(text), variables);
  });
}

Deno.test("parse warns of an invalid name and leaves it out", () => {
  const warnings: unknown[][] = [], { warn } = console;
  console.warn = (...data) => warnings.push(data);
  try {
    assertEquals(parse("1A=a\nB-C=b\nD=d"), { D: "d" });
  } finally {
    console.warn = warn;
  }
  assertEquals(warnings.length, 2);
  assertStringIncludes(String(warnings[0]), `Ignored the key "1A"`);
  assertStringIncludes(String(warnings[1]), `Ignored the key "B-C"`);
});

Deno.test("parse leaves nothing of Object.prototype in its result", () => {
  assertStrictEquals(parse("A=a").toString, undefined);
});

const CIRCULAR: [what: string, text: string, names: string[]][] = [
  ["itself", "A=secret$A", ["A"]],
  ["itself, to extend the environment's", "PATH=$PATH:secret", ["PATH"]],
  ["itself in a default", "A=${STD_TEST_NO:-secret$A}", ["A"]],
  ["another that refers back", "A=secret$B\nB=${A}", ["A", "B"]],
  ["a circle of three it is not part of", "START=$A\nA=$B\nB=$C\nC=secret$A", ["A", "B", "C"]],
  ["itself, by the environment", "A=$STD_TEST_BACK", ["A", "STD_TEST_BACK"]],
  ["itself, by a reference made of pieces", "A=$B{A}\nB='$'", ["A", "B"]],
  ["others, growing without end", "A=$${M}\nM={M}{M}$$", ["M"]],
];

for (const [what, text, names] of CIRCULAR) {
  Deno.test(`parse fails on a variable that refers to ${what}, and names no value`, intendedDifference, () => {
    using _ = environment("STD_TEST_BACK", "secret$A");
    const { message } = assertThrows(() => parse(text), Error, "Cannot expand the variable");
    assertEquals(message.match(/variables? ([\w, ]+):/)?.[1]?.split(", ").toSorted(), names);
    assertFalse(message.includes("secret"));
  });
}

Deno.test({
  name: "parse takes a variable it may not read for unset",
  permissions: { env: ["STD_TEST_YES"] },
  ...intendedDifference,
  fn() {
    using _ = environment("STD_TEST_YES", "seen");
    assertEquals(parse("A=$HOME\nB=${HOME:-b}\nC=$STD_TEST_YES"), { A: "undefined", B: "b", C: "seen" });
  },
});

Deno.test("exists tells what is there and what kind it is", async () => {
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
    const found = [await exists(path)];
    for (const option of ["isReadable", "isDirectory", "isFile"]) found.push(await exists(path, { [option]: true }));
    assertEquals(found, expected, String(path));
  }
  await assertRejects(() => exists(file, { isFile: true, isDirectory: true }), TypeError, "must not be true together");
});

Deno.test({
  name: "exists goes by the mode when asked whether a file is readable",
  ignore: Deno.build.os === "windows",
  fn: async () => {
    await using folder = await temporaryFolder();
    await Deno.writeTextFile(folder.path("file"), "x");
    await Deno.chmod(folder.path("file"), 0o200);
    assertEquals(await exists(folder.path("file")), true);
    assertEquals(await exists(folder.path("file"), { isReadable: true }), false);
  },
});

Deno.test("exists fails without permission instead of guessing", { permissions: { read: false } }, async () => {
  await assertRejects(() => exists("anything"), Deno.errors.NotCapable);
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

Deno.test("ensureFile creates an empty file with the directories above it, and keeps one that is there", async () => {
  await using folder = await temporaryFolder();
  await ensureFile(folder.path("a/file"));
  assertEquals(await Deno.readTextFile(folder.path("a/file")), "");
  await Deno.writeTextFile(folder.path("a/file"), "kept");
  await ensureFile(pathToFileURL(folder.path("a/file")));
  assertEquals(await Deno.readTextFile(folder.path("a/file")), "kept");
});

Deno.test("ensureFile fails where something else has the place, even a link to a file", async () => {
  await using folder = await temporaryFolder();
  await Deno.writeTextFile(folder.path("file"), "");
  await Deno.symlink(folder.path("file"), folder.path("link"));
  await assertRejects(() => ensureFile(folder.root), Error, "expected 'file', got 'dir'");
  await assertRejects(() => ensureFile(folder.path("link")), Error, "expected 'file', got 'symlink'");
});

Deno.test("emptyDir removes all that is in a directory and creates one that is missing", async () => {
  await using folder = await temporaryFolder();
  await ensureFile(folder.path("full/a/b/file"));
  await ensureFile(folder.path("full/file"));
  for (const dir of [folder.path("full"), pathToFileURL(folder.path("new/one"))]) {
    await emptyDir(dir);
    assertEquals(await Array.fromAsync(Deno.readDir(dir)), []);
  }
});

Deno.test("emptyDir leaves alone what a link leads to", async () => {
  await using folder = await temporaryFolder();
  await ensureFile(folder.path("kept/file"));
  await ensureDir(folder.path("full"));
  await Deno.symlink(folder.path("kept"), folder.path("full/link"));
  await emptyDir(folder.path("full"));
  assert(await exists(folder.path("kept/file")));
});

Deno.test("emptyDir fails on a file", async () => {
  await using folder = await temporaryFolder();
  await ensureFile(folder.path("file"));
  await assertRejects(() => emptyDir(folder.path("file")), Deno.errors.NotADirectory);
});

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
];

for (const [what, options, paths] of WALKS) {
  Deno.test(`walk yields ${what}`, async () => {
    await using folder = await temporaryFolder();
    for (const file of ["root/a.ts", "root/b/c/d.ts", "root/b/e.md", "behind/f.ts"]) {
      await ensureFile(folder.path(file));
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
  await ensureFile(folder.path("file"));
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

function throwing(error: unknown): () => never {
  return () => {
    throw error;
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

/** The message a failing assertion ends with, without colours. */
async function failureOf(assertion: () => unknown): Promise<string> {
  const error = await thrownBy(assertion);
  assertInstanceOf(error, AssertionError);
  return stripVTControlCharacters(error.message);
}

function environment(name: string, value: string): Disposable {
  Deno.env.set(name, value);
  return { [Symbol.dispose]: () => Deno.env.delete(name) };
}

async function temporaryFolder() {
  const root = await Deno.realPath(await Deno.makeTempDir()); // on macOS the temporary directory is behind a link
  return {
    root,
    path: (inside: string) => join(root, inside),
    [Symbol.asyncDispose]: () => Deno.remove(root, { recursive: true }),
  };
}
