/** Reading answers while an agent writes them into `responses.json`. @module */

import { assertEquals } from "@std/assert";
import { createResponsesReader } from "../../../src/tools/ask/ways/responses.ts";
import { openResponsesFile } from "../../../src/journal/responses_file.ts";
import { makeFolder } from "../../support/folder.ts";

const entry = (queryId: string) => {
  const outcome = { queryId, response: "r".repeat(50), timestamp: 1, agentId: "a" };
  return { outcome, text: JSON.stringify(outcome) };
};

Deno.test("an answer is read as soon as it is written, also where the file holds room for it", async () => {
  await using folder = makeFolder();
  const path = `${folder.path}/responses.json`;
  using file = openResponsesFile(path, { since: [] }).file;
  // While answers keep coming, blanks stand behind the last one for those to come.
  for (let n = 0; n < 100; n++) file.append([entry(`before-${n}`)]);
  using reader = createResponsesReader(path);
  assertEquals(reader.read(), []);
  for (let n = 0; n < 100; n++) {
    file.append([entry(`q${n}`)]);
    assertEquals(reader.read().map(({ queryId }) => queryId).at(-1), `q${n}`);
  }
  file.rest();
  file.append([entry("last")]);
  assertEquals(reader.read().at(-1)?.queryId, "last");
});
