/** The index of the built-in knowledge, for the executable: made when it is compiled, not at every start. @module */

import { systemClock as clock } from "../../clock.ts";
import { silentLog } from "../../log.ts";
import intern from "../../mind/character/intern.json" with { type: "json" };
import { openKnown } from "../../mind/knowledge/known.ts";
import type { KnowledgeStore } from "../../mind/knowledge/store.ts";

/** A packed index, and the digest of the knowledge that it is of. */
export interface BuiltInIndex {
  readonly digest: string;
  readonly packed: string;
}

/** The file in the sources that holds it: empty there, since the sources' knowledge is edited. */
export const BUILT_IN_INDEX = "src/mind/knowledge/built_in_index.json";

/**
 * The index that an agent would make of the built-in knowledge at its first start. It holds the same for the same
 * sources, on every machine.
 */
export function makeBuiltInIndex(): BuiltInIndex {
  let kept: BuiltInIndex | undefined;
  const store: KnowledgeStore = {
    index: () => undefined,
    keepIndex: (digest, packed) => kept = { digest, packed },
    *vectors() {},
    keepVector() {},
    forgetVector() {},
    committed: () => Promise.resolve(),
  };
  const texts = intern.knowledge.map((text) => ({ text, source: "knowledge" }));
  openKnown({ texts }, { store, log: silentLog, clock })[Symbol.dispose]();
  if (!kept) throw new Error("Cannot compile: the built-in knowledge gave no index");
  return kept;
}
