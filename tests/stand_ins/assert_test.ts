/** What this project relies on in @std/assert; holds for the stand-in and for the original. @module */

import {
  assert,
  assertEquals,
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
  assertRejects,
  assertStrictEquals,
  assertStringIncludes,
  assertThrows,
  equal,
  fail,
} from "@std/assert";
import { stripVTControlCharacters } from "node:util";

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
  ["assertStrictEquals a value and itself", () => assertStrictEquals(NaN, NaN)],
  ["assertMatch a match", () => assertMatch("abc", /b/)],
  ["assertStringIncludes a part", () => assertStringIncludes("abc", "bc")],
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
];

for (const [what, assertion] of PASSING) {
  Deno.test(`${what}: passes`, () => assertStrictEquals(assertion(), undefined));
}

const FAILING: [assertion: () => unknown, message: string][] = [
  [() => assert(0), ""],
  [() => assert(null, "my words"), "my words"],
  [() => assertFalse(1, "my words"), "my words"],
  [() => assertNotEquals([1], [1]), "Expected actual: [\n  1,\n] not to be: [\n  1,\n]."],
  [() => assertMatch("abc", /x/i), `Expected actual: "abc" to match: "/x/i".`],
  [() => assertStringIncludes("abc", "x"), `Expected actual: "abc" to contain: "x".`],
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
