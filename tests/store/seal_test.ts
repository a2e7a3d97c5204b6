/** The seal of single texts: bound to key, database and place, and changed by nobody. @module */

import {
  assertEquals,
  assertInstanceOf,
  assertMatch,
  assertNotEquals,
  assertStrictEquals,
  assertThrows,
} from "@std/assert";
import { Buffer } from "node:buffer";
import fc from "fast-check";
import { FatalError } from "../../src/errors.ts";
import { aesSeal, noSeal, openJson, type Place } from "../../src/store/seal.ts";

const KEY = new Uint8Array(32).fill(7), SALT = new Uint8Array(32).fill(1);
const PLACE: Place = ["event.body", "q1", 1, 1_700_000_000_000];
const NOT_OURS = "it was not sealed with this key for this row as it is now";

const aKey = fc.uint8Array({ minLength: 32, maxLength: 32 });
const aText = fc.string({ unit: "binary" });
const aFact = fc.oneof(aText, fc.integer(), fc.constant(null));
const aPlace: fc.Arbitrary<Place> = fc.tuple(aText, aText, fc.array(aFact, { maxLength: 4 }))
  .map(([column, row, facts]) => [column, row, ...facts]);
/** Nonce and tag, with nothing between them: what an empty text takes. */
const OVERHEAD_BYTES = 28;

/** `text` sealed, as SQLite gives it back: not a Buffer any more. */
function sealed(text: string, place: Place = PLACE, { key = KEY, salt = SALT } = {}): Uint8Array {
  const stored = aesSeal(key, salt).seal(text, place);
  assertInstanceOf(stored, Uint8Array);
  return new Uint8Array(stored);
}

function refused(stored: string | Uint8Array, place: Place = PLACE, { key = KEY, salt = SALT } = {}): FatalError {
  const error = assertThrows(() => aesSeal(key, salt).open(stored, place), FatalError);
  assertEquals(error.exitCode, 74);
  return error;
}

Deno.test("a sealed text opens at its place, with its key, as it was", () => {
  fc.assert(fc.property(aKey, aKey, aText, aPlace, (key, salt, text, place) => {
    assertStrictEquals(aesSeal(key, salt).open(sealed(text, place, { key, salt }), place), text);
  }));
});

Deno.test("a sealed text opens nowhere but at its place: every fact of the place counts", () => {
  fc.assert(
    fc.property(aText, aPlace, aPlace, (text, place, elsewhere) => {
      fc.pre(JSON.stringify(place) !== JSON.stringify(elsewhere));
      assertMatch(refused(sealed(text, place), elsewhere).message, new RegExp(NOT_OURS));
    }),
    {
      examples: [
        ["text", ["event.body", "1"], ["event.body", "11"]],
        ["text", ["event.body", "1"], ["outcome.body", "1"]],
        ["text", ["event.body", "1", "2"], ["event.body", "12"]],
        ["text", ["event.body", "1", 2], ["event.body", "1", "2"]],
        ["text", ["event.body", "1", null], ["event.body", "1"]],
        ["text", ["event.body", "\ud800"], ["event.body", "\ufffd"]],
      ],
    },
  );
});

Deno.test("a sealed text opens with no other key, and in no other database of the same key", () => {
  fc.assert(fc.property(aKey, aKey, aText, (one, other, text) => {
    fc.pre(one.some((byte, index) => byte !== other[index]));
    refused(sealed(text, PLACE, { key: one }), PLACE, { key: other });
    refused(sealed(text, PLACE, { salt: one }), PLACE, { salt: other });
  }));
});

Deno.test("a sealed text with any one bit changed does not open", () => {
  fc.assert(fc.property(aText, fc.nat(), fc.integer({ min: 0, max: 7 }), (text, at, bit) => {
    const stored = sealed(text), index = at % stored.length;
    stored.set([(stored[index] ?? 0) ^ (1 << bit)], index);
    refused(stored);
  }));
});

Deno.test("a sealed text cut short anywhere does not open, and no tag shorter than the whole one will do", () => {
  for (const text of ["", "a question"]) {
    const stored = sealed(text);
    assertEquals(stored.length, OVERHEAD_BYTES + text.length);
    for (let length = 0; length < stored.length; length++) refused(stored.subarray(0, length));
  }
});

Deno.test("whatever else a column may hold is refused where texts are sealed", () => {
  assertMatch(refused("plain").message, /event\.body of "q1" in the state: it is not sealed/);
  for (const other of [null, 7, 1.5, 7n]) refused(other as unknown as string);
});

Deno.test("the same text sealed twice looks different, and neither holds it", () => {
  const text = "what is my balance?";
  const [first, second] = [sealed(text), sealed(text)];
  assertNotEquals(first, second);
  for (const stored of [first, second]) assertEquals(Buffer.from(stored).indexOf(text), -1);
});

Deno.test("a nonce is not used twice", () => {
  const nonces = Array.from({ length: 256 }, () => Buffer.from(sealed("").subarray(0, 12)).toString("hex"));
  assertEquals(new Set(nonces).size, nonces.length);
});

Deno.test("a key of any other length is refused before anything is sealed", () => {
  for (const bytes of [0, 16, 31, 33]) {
    assertThrows(() => aesSeal(new Uint8Array(bytes), SALT), RangeError, `the key must have 32 bytes, got ${bytes}`);
  }
});

Deno.test("without a key texts are stored as they are, and a sealed one is refused with the remedy", () => {
  fc.assert(fc.property(aText, (text) => {
    assertStrictEquals(noSeal.seal(text, PLACE), text);
    assertStrictEquals(noSeal.open(text, PLACE), text);
  }));
  const error = assertThrows(() => noSeal.open(sealed("text"), PLACE), FatalError);
  assertMatch(error.message, /there is no key: set AGENT_STATE_KEY/);
});

Deno.test("what is no JSON is told by its place, and not quoted", () => {
  assertEquals(openJson(noSeal, `{"a":1}`, PLACE), { a: 1 });
  const error = assertThrows(() => openJson(noSeal, "SECRET", PLACE), FatalError, "it is no JSON");
  assertEquals([error.exitCode, error.message.includes("SECRET")], [74, false]);
});

Deno.test("a hidden id is a UUID, the same each time, another one under another key or in another database", () => {
  const id = "6f0a4b52-3c1e-8d7a-9b65-2e8d1f7c0a34";
  const hidden = aesSeal(KEY, SALT).hide(id);
  assertMatch(hidden, /^[\da-f]{8}-[\da-f]{4}-8[\da-f]{3}-[89ab][\da-f]{3}-[\da-f]{12}$/);
  assertEquals(aesSeal(KEY, SALT).hide(id), hidden);
  const others = [id, aesSeal(new Uint8Array(32), SALT).hide(id), aesSeal(KEY, new Uint8Array(32)).hide(id)];
  assertEquals(new Set([hidden, ...others]).size, 4);
  assertEquals(noSeal.hide(id), id);
});

Deno.test("a stored value that is nested deeper than any that this agent stores is refused, before anybody writes it again", () => {
  const nested = (levels: number) => `${'{"0":'.repeat(levels)}1${"}".repeat(levels)}`;
  assertEquals(JSON.stringify(openJson(noSeal, nested(128), PLACE)), nested(128));
  const error = assertThrows(() => openJson(noSeal, nested(20_000), PLACE), FatalError);
  assertEquals(error.exitCode, 74);
  assertMatch(error.message, /event\.body of "q1" in the state: it is nested too deep/);
});
