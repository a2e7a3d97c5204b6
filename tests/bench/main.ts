/** `deno task bench`: our figures beside their budgets (DESIGN.md), as ratios within this run. @module */

import { buildBenthos } from "./benthos.ts";
import {
  fileLatencies,
  lateStartLatencies,
  pacedLatencies,
  startLatencies,
  summary,
  webSocketLatencies,
} from "./latency.ts";
import { fileRun } from "./events_file.ts";
import { costsBySize } from "./growth.ts";
import { knowledgeFigures } from "./knowledge.ts";
import { footprint } from "./memory.ts";
import { modelShares, PAGES } from "./model.ts";
import { EXECUTABLE } from "../support/agent.ts";
import { compareStarts } from "./start.ts";
import { median } from "../../src/test_server/statistics.ts";
import { ourMs, prepareBaseline, type Throughput, throughput } from "./throughput.ts";
import { ourIntern, ourUnsigned } from "./peer.ts";
import { BROKERS, queueFigures } from "./queues.ts";

const ROUNDS = 3;

const withBaseline = await prepareBaseline();
if (!withBaseline) console.log("There is no `node` on the PATH: no baseline, and so no ratio\n");

console.log(
  "Events at once over WebSocket, instant model, fsync before ack (budget 50×, goal 100×). First as the guide's",
);
console.log("are: 100 users, the built-in character, its knowledge looked up, everything remembered.");
const baselines = withBaseline ? ["whole", "sampled"] as const : ["none", "none"] as const;
using benthos = buildBenthos();
report(
  "5,000 events, the guide's own",
  await throughput({
    count: 5_000,
    rounds: ROUNDS,
    users: 100,
    baseline: baselines[0],
    agent: ourIntern,
    others: {
      "ours with AGENT_SIGN=false": (count) => ourMs(ourUnsigned, count, 100),
      ...benthos && { "Benthos, not durable": benthos.burst },
    },
  }),
);
report("5,000 events that stand alone", await throughput({ count: 5_000, rounds: ROUNDS, baseline: baselines[0] }));
// All of it would take the baseline over five minutes.
report("20,000 events", await throughput({ count: 20_000, rounds: ROUNDS, baseline: baselines[1] }), " sampled");
report(
  "5,000 events, knowledge looked up",
  await throughput({ count: 5_000, rounds: ROUNDS, baseline: "none", agent: ourIntern }),
);
report(
  "5,000 of 100 users, remembered",
  await throughput({ count: 5_000, rounds: ROUNDS, users: 100, baseline: "none" }),
);

console.log("\nCost of storing one answer, by entries in responses.json (budget ±20 %):");
const sizes = [1_000, 10_000, 100_000];
const costs = costsBySize(sizes);
for (const [index, size] of sizes.entries()) {
  line(integer(size), `${(costs[index]! / costs[0]!).toFixed(2)}× (${costs[index]!.toFixed(1)} µs)`);
}

console.log(
  "\nOne process, 100,000 events of 1,000 users in waves of 5,000 (budget: 1.5 times as much as after 1,000):",
);
const { idleMb, thousandMb, afterMb, busyMb, earlyMs, lateMs } = await footprint({ waves: 20, count: 5_000 });
line("memory, idle", `${idleMb.toFixed(0)} MB`);
line("memory, at rest after 1,000", `${thousandMb.toFixed(0)} MB`);
line("memory, at rest after 100,000", `${(afterMb / thousandMb).toFixed(2)}× (${afterMb.toFixed(0)} MB)`);
line("memory, as the last was answered", `${busyMb.toFixed(0)} MB`);
line("a late wave to an early one", `${(lateMs / earlyMs).toFixed(2)}×`);

console.log("\nAn events.json, the real program as a task (budgets: as fast as a short one; 300 MB):");
const short = await fileRun(10_000), long = await fileRun(1_000_000);
const perEvent = ({ ms }: typeof short, count: number) => ms / count;
const slower = perEvent(long, 1_000_000) / perEvent(short, 10_000);
line("a million events to 10,000", `${slower.toFixed(2)}× the processor time an event`);
line("memory, at most", `${integer(long.peakMb)} MB (10,000 events: ${integer(short.peakMb)} MB)`);
line("bytes an event", `${integer(long.stateBytes)} of state, ${integer(long.responsesBytes)} of responses.json`);

console.log("\nOver queues, the real program, prefetch 200 (budget: half of a bare loop with the same client):");
if (BROKERS.length === 0) console.log("  no broker is installed");
for (const { name, start } of BROKERS) {
  const { bare, one, two, latenciesMs } = await queueFigures(start, { count: 5_000, rounds: ROUNDS, single: 50 });
  line(`${name}, bare loop`, `${integer(bare)} a second`);
  line(`${name}, one agent`, `${(one / bare).toFixed(2)}× (${integer(one)} a second)`);
  line(`${name}, two agents`, `${(two / bare).toFixed(2)}× (${integer(two)} a second)`);
  line(`${name}, published to outcome`, summary(latenciesMs));
}

console.log("\nOne event at a time, the real program (budgets: medians of 200 ms and 20 ms):");
line("start to first answer", summary(await startLatencies(5)));
line("the same behind 100,000 answers", summary(await lateStartLatencies(5, 100_000)));
line("file, written to readable", summary(await fileLatencies(50)));
line("WebSocket, sent to answer", summary(await webSocketLatencies(50)));

console.log("\nQuestions at a pace, instant model (Nagle's algorithm: a Deno that turns it off shows twice the same):");
line("10 a second", summary(await pacedLatencies({ count: 50, everyMs: 100 })));
line("100 a second", summary(await pacedLatencies({ count: 500, everyMs: 10 })));

console.log(
  "\nA model's answer beside a bare request for it, without the model's time (budgets: 5 ms, first piece 1 ms more):",
);
const { ways, diskMs, memoryMs, processorMs } = await modelShares(30);
for (const [who, ones] of Object.entries(ways)) {
  line(`${who}, all`, summary(ones.map(({ toMs, fromMs }) => toMs + fromMs)));
  if (who !== "whole") line(`${who}, first piece`, summary(ones.map(({ firstMs }) => firstMs)));
}
line("the disk alone, 4 kB", summary(diskMs));
line(`memory alone, ${integer(PAGES)} pages`, summary(memoryMs));
line("processor time of an answer", `${processorMs.toFixed(1)} ms`);

if (EXECUTABLE !== undefined) {
  console.log("\nThe sources beside the executable (budgets: 200 ms; idle 110 and 95 MB):");
  const starts = await compareStarts(EXECUTABLE, 9);
  for (const what of ["sources", "executable"] as const) {
    line(`${what}, start to answer`, summary(starts[what].map(({ answerMs }) => answerMs)));
    line(`${what}, memory idle`, `${(median(starts[what].map(({ idleBytes }) => idleBytes)) / 1e6).toFixed(0)} MB`);
  }
  line("executable, size", `${(Deno.statSync(EXECUTABLE).size / 1e6).toFixed(1)} MB`);
} else console.log("\nAGENT_EXECUTABLE names no executable: nothing to compare the sources with");

console.log("\nTen megabytes of knowledge, the real program as a task (processor time):");
const small = await knowledgeFigures(0), large = await knowledgeFigures(10_000_000);
for (const start of ["cold", "warm"] as const) {
  const { ms, peakMb } = large[start], times = (ms / small[start].ms).toFixed(1);
  line(
    `one question, index ${start}`,
    `${times}× the built-in character (${integer(ms)} ms, at most ${integer(peakMb)} MB)`,
  );
}
line("a further question", `${large.answerMs.toFixed(1)} ms`);

function report(what: string, { ours, baseline, others }: Throughput, how = ""): void {
  const rate = `${integer(ours)} a second`;
  if (baseline === undefined) line(what, rate);
  else line(what, `${(ours / baseline).toFixed(0)}× the guide's design (${rate} to ${integer(baseline)}${how})`);
  for (const [name, other] of Object.entries(others)) {
    line(`  beside ${name}`, `${(ours / other).toFixed(2)}× (${integer(other)} a second)`);
  }
}

function line(what: string, figure: string): void {
  console.log(`  ${what.padEnd(36)} ${figure}`);
}

function integer(value: number): string {
  return Math.round(value).toLocaleString("en-US");
}
