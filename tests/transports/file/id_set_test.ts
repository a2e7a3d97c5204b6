/** A compact set of ids, held against the language's own. @module */

import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { createIdSet } from "../../../src/transports/file/id_set.ts";

Deno.test("it holds what was added and nothing else, like a Set", () => {
  fc.assert(fc.property(fc.array(fc.string({ unit: "binary", maxLength: 5 })), fc.array(fc.string()), (ids, others) => {
    const compact = createIdSet(), set = new Set<string>();
    for (const id of ids) {
      assertEquals(compact.add(id), !set.has(id));
      set.add(id);
    }
    for (const id of [...ids, ...others]) assertEquals(compact.has(id), set.has(id));
  }));
});

Deno.test("a hundred thousand ids that differ in one place are all kept apart", () => {
  const ids = createIdSet();
  for (let n = 0; n < 100_000; n++) assertEquals(ids.add(`event-${n}`), true);
  for (let n = 0; n < 100_000; n++) assertEquals(ids.add(`event-${n}`), false);
  assertEquals(ids.has("event-100000"), false);
});
