/** Opening and reading `responses.json`, and outcomes to write into it, for the tests of its parts. @module */

import { assert } from "@std/assert";
import fc from "fast-check";
import { openResponsesFile } from "../../src/journal/responses_file.ts";
import type { ResponsesFile } from "../../src/journal/responses_held.ts";
import type { Expected, Found } from "../../src/journal/responses_inspection.ts";
import type { Outcome } from "../../src/wire.ts";

/** What a strict reader makes of the file: no byte order mark, nothing but JSON. */
export function entriesOf(path: string): unknown[] {
  const value = JSON.parse(new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(Deno.readFileSync(path)));
  assert(Array.isArray(value), "not an array");
  return value;
}

/** Open the file and append what is missing. */
export function openFile(
  path: string,
  expected: Expected = { since: [] },
): { file: ResponsesFile; found: Found; movedTo?: string } {
  const { missing, ...opened } = openResponsesFile(path, expected);
  opened.file.append(missing);
  return opened;
}

/** Open the file, append what is missing, and close it; returns what was found. */
export function open(path: string, expected: Expected): Found["state"] {
  const { file, found } = openFile(path, expected);
  file[Symbol.dispose]();
  return found.state;
}

/** Files in a directory. */
export function namesIn(directory: string): string[] {
  return [...Deno.readDirSync(directory)].map(({ name }) => name).sort();
}

const aText = fc.oneof(
  fc.string({ unit: "binary" }),
  fc.constantFrom("]", "[", "\n]\n", "é\u2028🙂", "x".repeat(20_000)),
);

/** Any outcome. */
export const anOutcome: fc.Arbitrary<Outcome> = fc.oneof(
  fc.record({ queryId: fc.string({ unit: "grapheme" }), response: aText, timestamp: fc.nat(), agentId: fc.uuid() }),
  fc.record({ queryId: fc.string({ unit: "grapheme" }), error: aText, timestamp: fc.nat(), agentId: fc.uuid() }),
);

/** Outcomes of different events. */
export const someOutcomes: fc.Arbitrary<Outcome[]> = fc.uniqueArray(anOutcome, {
  selector: ({ queryId }) => queryId,
  maxLength: 8,
});
