/** What storing one answer costs, by how many there are already: journal, commit and `responses.json`, no network. @module */

import { systemClock } from "../../src/clock.ts";
import { openJournal } from "../../src/journal/journal.ts";
import { openPublisher } from "../../src/journal/publisher.ts";
import { silentLog } from "../../src/log.ts";
import { noSeal } from "../../src/store/seal.ts";
import { median } from "../../src/test_server/statistics.ts";
import { openStateDatabase } from "../../src/program/state.ts";

/** Answers that share a commit: about what gathers in one while it is busy. */
const BATCH = 100;
/** Batches measured at each size: too few to change it much. */
const ROUNDS = 21;
/** Answers added at a time while a file is grown. */
const GROWING_BATCH = 1000;

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

/** Put `size` answers into a state directory and a `responses.json`, as an agent leaves them. */
export function leaveAnswers(size: number, places: { state: string; output: string }): void {
  openStore(size, places)[Symbol.dispose]();
}

/** State and output with so many answers in them, in a folder of their own unless `places` are given. */
function openStore(
  size: number,
  places?: { state: string; output: string },
): Disposable & { add(count: number): void } {
  using stack = new DisposableStack();
  const { state, output } = places ?? temporaryPlaces(stack);
  const database = stack.use(openStateDatabase(state));
  const journal = openJournal(database, { seal: noSeal, now: systemClock.now });
  const publisher = stack.use(openPublisher({ path: output, journal, log: silentLog }));
  const agentId = crypto.randomUUID();
  let added = 0;
  const add = (count: number) => {
    const recorded = Array.from({ length: count }, () => {
      const timestamp = systemClock.now(), id = `q${++added}`;
      journal.accept({ id, query: "What is iExec?", timestamp });
      const outcome = { queryId: id, response: "A marketplace for computing power.".repeat(3), timestamp, agentId };
      return journal.record(outcome);
    });
    database.commit();
    publisher.publish(recorded);
    for (const { seq } of recorded) journal.settled(seq);
  };
  while (added < size) add(Math.min(GROWING_BATCH, size - added));
  const owned = stack.move();
  return { add, [Symbol.dispose]: () => owned.dispose() };
}

function temporaryPlaces(stack: DisposableStack): { state: string; output: string } {
  const folder = Deno.makeTempDirSync({ prefix: "agent-bench-" });
  stack.defer(() => Deno.removeSync(folder, { recursive: true }));
  return { state: `${folder}/state`, output: `${folder}/responses.json` };
}
