/** What storing one answer costs, by how many there are already: journal, commit and `responses.json`, no network. @module */

import { median } from "../../src/test_server/statistics.ts";
import { type AnsweredState, openAnswered } from "./answered.ts";

/** Answers that share a commit: about what gathers in one while it is busy. */
const BATCH = 100;
/** Batches measured at each size: too few to change it much. */
const ROUNDS = 21;

/** Microseconds for one answer, the median, at each of `sizes`; the sizes take turns. */
export function costsBySize(sizes: readonly number[]): number[] {
  using stack = new DisposableStack();
  // One more that is not measured: whoever comes first would pay for the warm-up.
  const [warmUp, ...stores] = [sizes[0]!, ...sizes].map((size) => stack.use(openStore(size)));
  for (let round = 0; round < ROUNDS; round++) warmUp!.add(BATCH);
  const costs = stores.map((): number[] => []);
  for (let round = 0; round < ROUNDS; round++) {
    for (const [index, store] of stores.entries()) {
      const startedMs = performance.now();
      store.add(BATCH);
      costs[index]!.push((performance.now() - startedMs) * 1000 / BATCH);
    }
  }
  return costs.map(median);
}

/** A state with so many answers, in a folder of its own. */
function openStore(size: number): AnsweredState {
  using stack = new DisposableStack();
  const folder = Deno.makeTempDirSync({ prefix: "agent-bench-" });
  stack.defer(() => Deno.removeSync(folder, { recursive: true }));
  const { add } = stack.use(openAnswered({ state: `${folder}/state`, output: `${folder}/responses.json` }, size));
  const owned = stack.move();
  return { add, [Symbol.dispose]: () => owned.dispose() };
}
