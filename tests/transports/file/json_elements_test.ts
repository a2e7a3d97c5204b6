/** The elements of JSON arrays and the lines of NDJSON, however the bytes are cut into chunks. @module */

import { assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import {
  arrayElements,
  type Element,
  JsonMistake,
  lines,
  type Mark,
  type Source,
  START,
} from "../../../src/transports/file/json_elements.ts";

/** A source that gives `bytes` from `offset` on, at most `step` at a time. */
function sourceOf(bytes: Uint8Array, step: number, offset = 0): Source {
  return (into) => {
    const size = Math.min(step, into.length, bytes.length - offset);
    if (size <= 0) return null;
    into.set(bytes.subarray(offset, offset + size));
    offset += size;
    return size;
  };
}

/** All elements, and the mark behind them. */
function readAll(generator: Generator<Element[], Mark>): { elements: Element[]; mark: Mark } {
  const elements: Element[] = [];
  for (let next = generator.next();; next = generator.next()) {
    if (next.done) return { elements, mark: next.value };
    elements.push(...next.value);
  }
}

const encode = (text: string) => new TextEncoder().encode(text);
const aValue = fc.jsonValue({ maxDepth: 3 });
const aStep = fc.integer({ min: 1, max: 40 });

Deno.test("the elements of any array are its values, in any layout and any chunks", () => {
  fc.assert(fc.property(fc.array(aValue), fc.constantFrom(undefined, 1, "\t\n"), aStep, (values, space, step) => {
    const bytes = encode(JSON.stringify(values, null, space));
    const { elements, mark } = readAll(arrayElements(sourceOf(bytes, step), { maxHeldBytes: 1_000_000 }));
    assertEquals(elements.map(({ text }) => JSON.parse(text!)), JSON.parse(JSON.stringify(values)));
    assertEquals(mark.count, values.length);
  }));
});

Deno.test("from the mark behind them, the elements that were appended are found, with the places of the whole", () => {
  fc.assert(fc.property(fc.array(aValue), fc.array(aValue), aStep, fc.nat(2), (before, after, step, space) => {
    const first = encode(`${JSON.stringify(before, null, space)}\n`);
    const whole = encode(`${JSON.stringify([...before, ...after], null, space)}\n`);
    const { mark } = readAll(arrayElements(sourceOf(first, step), { maxHeldBytes: 1_000_000 }));
    const all = readAll(arrayElements(sourceOf(whole, step), { maxHeldBytes: 1_000_000 }));
    // What is appended to begins in the same way up to the mark; that of no elements is the start.
    const rest = readAll(arrayElements(sourceOf(whole, step, mark.offset), { from: mark, maxHeldBytes: 1_000_000 }));
    assertEquals(rest.elements, all.elements.slice(mark.count));
    assertEquals(rest.mark, all.mark);
  }));
});

Deno.test("of an element that is too large only its size is told, and the next one is read", () => {
  const bytes = encode(`["${"x".repeat(500)}",2]`);
  for (const step of [1, 100, 10_000]) {
    const { elements } = readAll(arrayElements(sourceOf(bytes, step), { maxHeldBytes: 100 }));
    assertEquals(elements.map(({ text, bytes }) => [text, bytes]), [[undefined, 502], ["2", 1]]);
  }
});

const MISTAKES: [text: string, message: string][] = [
  ["", "not valid JSON: it ends too early"],
  ["[1", "not valid JSON: it ends too early"],
  ['["\\"]', "not valid JSON: it ends too early"],
  ["[1]\n\n x", "not valid JSON at line 3 column 2"],
  ["[,1]", "not valid JSON at line 1 column 2"],
  ["[1,\n]", "not valid JSON at line 2 column 1"],
  ["[1]]", "not valid JSON at line 1 column 4"],
  ["{}", "expected a JSON array of events"],
  ["hello", "not valid JSON at line 1 column 1, expected a JSON array of events"],
];

for (const [text, message] of MISTAKES) {
  Deno.test(`${JSON.stringify(text)} is no array: ${message}`, () => {
    for (const step of [1, 1000]) {
      const read = () => readAll(arrayElements(sourceOf(encode(text), step), { maxHeldBytes: 1000 }));
      assertEquals(assertThrows(read, JsonMistake).message, message);
    }
  });
}

Deno.test("a byte order mark before an array, or before lines, is no mistake", () => {
  const array = readAll(arrayElements(sourceOf(encode("\ufeff[1]"), 2), { maxHeldBytes: 1000 }));
  assertEquals(array.elements.map(({ text }) => text), ["1"]);
  const { elements } = readAll(lines(sourceOf(encode("\ufeff1\n2\n"), 2), { maxHeldBytes: 1000 }));
  assertEquals(elements.map(({ text }) => text), ["1", "2"]);
});

Deno.test("lines are found in any chunks, blank ones left out, and the last one is open if nothing ends it", () => {
  fc.assert(
    fc.property(fc.array(fc.constantFrom("", "  ", '{"a":1}', "é"), { maxLength: 20 }), aStep, (texts, step) => {
      const { elements, mark } = readAll(lines(sourceOf(encode(texts.join("\n")), step), { maxHeldBytes: 1000 }));
      const wanted = texts.flatMap((text, index) =>
        text.trim() === "" ? [] : [{ text, line: index + 1, ...(index === texts.length - 1 && { isOpen: true }) }]
      );
      assertEquals(elements.map(({ bytes: _bytes, column: _column, ...rest }) => rest), wanted);
      const ended = encode(texts.slice(0, -1).map((text) => `${text}\n`).join("")).length;
      assertEquals(mark.offset, texts.length > 1 ? ended : START.offset);
    }),
  );
});
