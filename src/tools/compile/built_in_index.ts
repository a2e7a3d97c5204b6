/**
 * The index of the built-in knowledge: made by `deno task docs`, and when an executable is compiled, not at a first start.
 * @module
 */

import { silentLog } from "../../log.ts";
import intern from "../../mind/character/intern.json" with { type: "json" };
import { openIndex } from "../../mind/knowledge/index.ts";
import { createSlices } from "../../mind/knowledge/slices.ts";

/** A packed index, and the digest of the knowledge that it is of. */
export interface BuiltInIndex {
  readonly digest: string;
  readonly packed: readonly string[];
}

/** The file in the sources that holds it. Where it is not of the knowledge beside it, nobody takes it. */
export const BUILT_IN_INDEX = "src/mind/knowledge/built_in_index.json";

/**
 * The index that an agent would make of the built-in knowledge at its first start. It holds the same for the same
 * sources, on every machine.
 */
export async function makeBuiltInIndex(): Promise<BuiltInIndex> {
  let kept: BuiltInIndex | undefined;
  const packed: string[] = [];
  const index = await openIndex(intern.knowledge.map((text) => ({ text, source: "knowledge" })), {
    store: {
      index: () => undefined,
      keepIndex: (digest) => ({ add: (piece) => packed.push(piece), end: () => kept = { digest, packed } }),
    },
    slices: createSlices(new AbortController().signal),
    log: silentLog,
  });
  index.keep();
  if (!kept) throw new Error("Cannot compile: the built-in knowledge gave no index");
  return kept;
}
