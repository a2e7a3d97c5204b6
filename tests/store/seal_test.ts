import { assert, assertEquals, assertInstanceOf, assertNotEquals, assertStrictEquals, assertThrows } from "@std/assert";
import { Buffer } from "node:buffer";
import fc from "fast-check";
import { aesSeal, noSeal } from "../../src/store/seal.ts";

const KEY = new Uint8Array(32).fill(7);
const NOT_OURS = "it was not sealed with this key for this place";

const aKey = fc.uint8Array({ minLength: 32, maxLength: 32 });
const aText = fc.string({ unit: "binary" });
/** Nonce and tag, with nothing between them: what an empty text takes. */
const OVERHEAD_BYTES = 28;

/** `text` sealed, as SQLite gives it back: not a Buffer any more. */
function sealed(key: Uint8Array, text: string, place: string): Uint8Array {
  const stored = aesSeal(key).seal(text, place);
  assertInstanceOf(stored, Uint8Array);
  return new Uint8Array(stored);
}

Deno.test("a sealed text opens at its place, with its key, as it was", () => {
  fc.assert(fc.property(aKey, aText, aText, (key, text, place) => {
    assertStrictEquals(aesSeal(key).open(sealed(key, text, place), place), text);
  }));
});

Deno.test("a sealed text opens nowhere but at its place", () => {
  fc.assert(
    fc.property(aText, aText, aText, (text, place, elsewhere) => {
      fc.pre(place !== elsewhere);
      assertThrows(
        () => aesSeal(KEY).open(sealed(KEY, text, place), elsewhere),
        Error,
        `Cannot open ${elsewhere}: ${NOT_OURS}`,
      );
    }),
    { examples: [["text", "event.body/1", "event.body/11"], ["text", "event.body/1", "outcome.body/1"]] },
  );
});

Deno.test("a sealed text opens with no other key", () => {
  fc.assert(fc.property(aKey, aKey, aText, (key, other, text) => {
    fc.pre(key.some((byte, index) => byte !== other[index]));
    assertThrows(() => aesSeal(other).open(sealed(key, text, "event.body/1"), "event.body/1"), Error, NOT_OURS);
  }));
});

Deno.test("a sealed text with any one bit changed does not open", () => {
  fc.assert(fc.property(aText, fc.nat(), fc.integer({ min: 0, max: 7 }), (text, at, bit) => {
    const stored = sealed(KEY, text, "event.body/1"), index = at % stored.length;
    stored.set([(stored[index] ?? 0) ^ (1 << bit)], index);
    assertThrows(() => aesSeal(KEY).open(stored, "event.body/1"), Error, NOT_OURS);
  }));
});

Deno.test("a sealed text cut short anywhere does not open, and no tag shorter than the whole one will do", () => {
  for (const text of ["", "a question"]) {
    const stored = sealed(KEY, text, "event.body/1");
    assertEquals(stored.length, OVERHEAD_BYTES + text.length);
    for (let length = 0; length < stored.length; length++) {
      assertThrows(() => aesSeal(KEY).open(stored.subarray(0, length), "event.body/1"), Error, NOT_OURS);
    }
  }
});

Deno.test("a text that was never sealed is refused where texts are sealed", () => {
  assertThrows(() => aesSeal(KEY).open("plain", "event.body/1"), Error, "Cannot open event.body/1: it is not sealed");
});

Deno.test("the same text sealed twice looks different, and neither holds it", () => {
  const text = "what is my balance?";
  const [first, second] = [sealed(KEY, text, "event.body/1"), sealed(KEY, text, "event.body/1")];
  assertNotEquals(first, second);
  for (const stored of [first, second]) assertEquals(Buffer.from(stored).indexOf(text), -1);
});

Deno.test("a nonce is not used twice", () => {
  const nonces = Array.from({ length: 256 }, () => Buffer.from(sealed(KEY, "", "p").subarray(0, 12)).toString("hex"));
  assertEquals(new Set(nonces).size, nonces.length);
});

Deno.test("a key of any other length is refused before anything is sealed", () => {
  for (const bytes of [0, 16, 31, 33]) {
    assertThrows(() => aesSeal(new Uint8Array(bytes)), RangeError, `the key must have 32 bytes, got ${bytes}`);
  }
});

Deno.test("without a key texts are stored as they are, and a sealed one is refused with the remedy", () => {
  fc.assert(fc.property(aText, (text) => {
    assertStrictEquals(noSeal.seal(text, "event.body/1"), text);
    assertStrictEquals(noSeal.open(text, "event.body/1"), text);
  }));
  const { message } = assertThrows(() => noSeal.open(sealed(KEY, "text", "event.body/1"), "event.body/1"), Error);
  assert(message.endsWith("set AGENT_STATE_KEY"), message);
});
