/** A patient mind over one that does as a test says, by a clock that the test moves. @module */

import { type Log, silentLog } from "../../src/log.ts";
import { type FailureKind, ModelError, type RetryAfter } from "../../src/mind/model_error.ts";
import { patient } from "../../src/mind/patience.ts";
import type { Mind, Rest } from "../../src/mind/mind.ts";
import { type ManualClock, manualClock } from "./manual_clock.ts";

const never = new AbortController().signal;

/** What a mind does with one question. */
export type Does = "answers" | FailureKind | Error | { retryAfter: RetryAfter };

/**
 * A patient mind over one that does as the test says, and what is to be known of it.
 *
 * @param does What the mind does with an event; the how-manieth question for that event it is.
 */
export function startPatient(
  does: (id: string, time: number) => Does | Promise<Does>,
  options: {
    /** Default: a quarter of an hour. */
    maxWaitMs?: number;
    /** When an outage began that the last run left. */
    since?: number;
    /** Whether the journal has the events, as it has not the lines of a chat. Default true. */
    isJournaled?: boolean;
    /** Default: no pause is shortened. */
    random?: () => number;
    log?: Log;
    clock?: ManualClock;
  } = {},
) {
  const { maxWaitMs = 15 * 60_000, isJournaled = true, random = () => 0, log = silentLog, clock = manualClock() } =
    options;
  const startMs = clock.now();
  const asked: string[] = [];
  const times: number[] = [];
  const noted: (number | undefined)[] = [];
  const accepted = new Map<string, number>();
  const mind: Mind = {
    agentId: "a",
    async answer({ id }, signal) {
      asked.push(id);
      times.push(clock.now() - startMs);
      const what = await does(id, asked.filter((one) => one === id).length);
      signal.throwIfAborted();
      if (what === "answers") return { text: `answer to ${id}`, sources: [] };
      if (what instanceof Error) throw what;
      if (typeof what === "string") throw new ModelError(what, `it is ${what}`);
      throw new ModelError("unavailable", "it is busy", what);
    },
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
  const subject = patient(mind, {
    maxWaitMs,
    acceptedMs: (id) => isJournaled ? accepted.get(id) : undefined,
    record: { since: () => options.since, note: (ms) => void noted.push(ms) },
    log,
    clock,
    random,
  });
  /** What became of an event, as a text. */
  const outcomes = new Map<string, string>();
  return {
    clock,
    /** Ids in the order they were asked, and when, in milliseconds since the start. */
    asked,
    times,
    /** What was noted of outages, as milliseconds since the start. */
    noted: () => noted.map((ms) => ms === undefined ? undefined : ms - startMs),
    outcomes,
    /** Ask, as if the event had been accepted now. `isWanted`: whether an answer still is; default: it is. */
    ask(id: string, signal = never, isWanted = () => true) {
      accepted.set(id, clock.now());
      const resting = { count: 0 };
      const rest: Rest = async (wait) => {
        resting.count++;
        try {
          return await wait();
        } finally {
          resting.count--;
        }
      };
      void subject.answer({ id, query: "?", timestamp: 0 }, signal, { rest, isWanted }).then(
        ({ text }) => outcomes.set(id, text),
        (error: Error) => outcomes.set(id, error.message),
      );
      return resting;
    },
    underWayMs: () => subject.underWayMs(),
    quietMs: () => subject.quietMs(),
    close: () => subject[Symbol.asyncDispose](),
  };
}
