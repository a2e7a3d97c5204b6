/** How agents did over the last minutes: rates, shares and latencies, slice by slice. @module */

import type { FeedFigures, FeedSeries } from "./feed.ts";

/** The outcome of an event that an agent was sent. */
export interface Outcome {
  readonly kind: "answered" | "declined" | "failed";
  /** Milliseconds from sent to answered; of an agent that was never sent it on this connection, unknown. */
  readonly tookMs?: number;
}

/** The figures of one server. */
export interface Figures {
  record(connection: number, outcome: Outcome): void;
  /** The agent has gone: its own figures are forgotten, those of all stay. */
  forget(connection: number): void;
  view(): FeedFigures;
}

/** Length of a slice, in milliseconds, and how many there are: five minutes. */
const SLICE_MS = 10_000;
const SLICES = 30;
/** Latencies are counted in classes, each 5 % above the one before: a percentile is right within 2.5 %. */
const CLASS_RATIO = 1.05;
const SHORTEST_MS = 0.5;

/** The outcomes within one slice. */
interface Slice {
  /** Its number since the epoch. */
  readonly number: number;
  answered: number;
  declined: number;
  failed: number;
  /** Latencies: how many there are of each class. */
  readonly classes: Map<number, number>;
}

/** Keep figures. `now`: milliseconds since the epoch. */
export function createFigures(now: () => number): Figures {
  const all: Slice[] = [];
  const agents = new Map<number, Slice[]>();
  const current = () => Math.floor(now() / SLICE_MS);

  return {
    record(connection, outcome) {
      const own = agents.get(connection) ?? [];
      agents.set(connection, own);
      for (const slices of [all, own]) count(sliceOf(slices, current()), outcome);
    },
    forget: (connection) => void agents.delete(connection),
    view() {
      const last = current();
      return {
        endMs: (last + 1) * SLICE_MS,
        sliceMs: SLICE_MS,
        all: seriesOf(all, last),
        agents: [...agents].map(([connection, slices]) => [connection, seriesOf(slices, last)] as const),
      };
    },
  };
}

/** The slice of this number, which is the last one: added where it is missing, and those that are too old removed. */
function sliceOf(slices: Slice[], number: number): Slice {
  const last = slices.at(-1);
  // A clock that was set back: its time counts for the last slice.
  if (last && last.number >= number) return last;
  const added = { number, answered: 0, declined: 0, failed: 0, classes: new Map<number, number>() };
  slices.push(added);
  while (slices[0] && slices[0].number <= number - SLICES) slices.shift();
  return added;
}

function count(slice: Slice, { kind, tookMs }: Outcome): void {
  if (kind === "failed") slice.failed++;
  else slice.answered++;
  if (kind === "declined") slice.declined++;
  if (kind === "failed" || tookMs === undefined) return;
  const latencyClass = Math.round(Math.log(Math.max(tookMs, SHORTEST_MS)) / Math.log(CLASS_RATIO));
  slice.classes.set(latencyClass, (slice.classes.get(latencyClass) ?? 0) + 1);
}

function seriesOf(slices: readonly Slice[], last: number): FeedSeries {
  const byNumber = new Map(slices.map((slice) => [slice.number, slice]));
  const shown = Array.from({ length: SLICES }, (_, index) => byNumber.get(last - SLICES + 1 + index));
  return {
    answered: shown.map((slice) => slice?.answered ?? 0),
    declined: shown.map((slice) => slice?.declined ?? 0),
    failed: shown.map((slice) => slice?.failed ?? 0),
    p50Ms: shown.map((slice) => percentileOf([slice], 0.5)),
    p95Ms: shown.map((slice) => percentileOf([slice], 0.95)),
    overall: { p50Ms: percentileOf(shown, 0.5), p95Ms: percentileOf(shown, 0.95) },
  };
}

/** The latency, in milliseconds, that `share` of all are not above; null where there is none. */
function percentileOf(slices: readonly (Slice | undefined)[], share: number): number | null {
  const merged = new Map<number, number>();
  let total = 0;
  for (const slice of slices) {
    for (const [latencyClass, times] of slice?.classes ?? []) {
      merged.set(latencyClass, (merged.get(latencyClass) ?? 0) + times);
      total += times;
    }
  }
  let left = Math.ceil(share * total);
  for (const [latencyClass, times] of [...merged].sort(([one], [other]) => one - other)) {
    left -= times;
    if (left <= 0) return Math.round(CLASS_RATIO ** latencyClass * 10) / 10;
  }
  return null;
}
