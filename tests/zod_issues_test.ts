/** How zod's issues are put into words. @module */

import { assertEquals } from "@std/assert";
import * as z from "zod";
import { describeIssues } from "../src/zod_issues.ts";

const schema = z.object({
  id: z.string(),
  status: z.enum(["processed", "error"]).optional(),
  examples: z.array(z.object({ name: z.string() })).optional(),
  source: z.union([z.object({ path: z.string() }), z.object({ directory: z.string() })]).optional(),
});

for (
  const [what, value, words] of [
    ["a field", { id: 7 }, "id: expected string, received number"],
    [
      "two fields",
      { id: 7, status: "x" },
      'id: expected string, received number; status: expected one of "processed"|"error"',
    ],
    [
      "a field deep inside",
      { id: "", examples: [{ name: "a" }, {}] },
      "examples.1.name: missing",
    ],
    ["the whole value", "secret", "expected object, received string"],
    [
      "a union",
      { id: "", source: {} },
      "source: path: missing, or directory: missing",
    ],
  ] as const
) {
  Deno.test(`an issue of ${what} names the place and the mistake, not the value`, () => {
    assertEquals(describeIssues(schema.safeParse(value).error!), words);
  });
}
