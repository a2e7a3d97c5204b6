/** Frames with line breaks and indentation. @module */

import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { indented } from "../../../src/test_server/page/indented.ts";

Deno.test("any JSON object is indented as JSON.stringify does it", () => {
  fc.assert(fc.property(fc.dictionary(fc.string(), fc.jsonValue()), (value) => {
    assertEquals(indented(JSON.stringify(value)), JSON.stringify(value, null, 2));
  }));
});

for (
  const [what, text, shown] of [
    [
      "numbers, escapes and fields that stand twice",
      '{"a":1e999,"a":"\\u00e9"}',
      '{\n  "a": 1e999,\n  "a": "\\u00e9"\n}',
    ],
    ["marks within strings", '{"a":"{,:}\\"["}', '{\n  "a": "{,:}\\"["\n}'],
    ["a frame that is cut", '{"a":{"b":"c d', '{\n  "a": {\n    "b": "c d'],
    ["more ends than beginnings", "{}}]", "{}\n}\n]"],
    ["what is no JSON", "What is iExec? {}", "What is iExec? {}"],
    ["an empty text", "", ""],
  ] as const
) {
  Deno.test(`${what}: every character but blanks stays as it was`, () => {
    assertEquals(indented(text), shown);
    assertEquals(shown.replaceAll(/\s/g, ""), text.replaceAll(/\s/g, ""));
  });
}
