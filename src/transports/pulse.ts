/** Signs of life on a connection: given again and again, and a connection that does not answer them is ended. @module */

import type { Clock } from "../clock.ts";
import { messageOf } from "../errors.ts";

/** Beats until it is over. */
export interface Pulse {
  /** One beat now. */
  beat(): Promise<void>;
}

/** Milliseconds between two beats, at most: so soon a broken connection is found. */
const MAX_BEAT_MS = 10_000;
/** Milliseconds that a beat may take at least, however often they come. */
const PATIENCE_MS = 2_000;

/** A third of `silenceMs`, after which others take the agent for dead, but no more than ten seconds. */
export function beatMsOf(silenceMs: number): number {
  return Math.min(silenceMs / 3, MAX_BEAT_MS);
}

/**
 * Beat now, and then again until `over` aborts.
 *
 * @param options `beat`: asks the broker for something; `end`: is told why a beat failed, or that none was answered.
 */
export function startPulse(options: {
  everyMs: () => number;
  beat: () => Promise<void>;
  onBeat: () => void;
  clock: Clock;
  over: AbortSignal;
  end: (problem: string) => void;
}): Pulse {
  const { everyMs, onBeat, clock, over, end } = options;
  const beat = async () => {
    const enough = new AbortController();
    const waited = clock.sleep(Math.max(everyMs(), PATIENCE_MS), enough.signal).then(() => "late");
    if (await Promise.race([options.beat(), waited]) === "late") end("the broker does not answer");
    enough.abort();
  };
  const beats = async () => {
    try {
      while (!over.aborted) {
        await beat();
        onBeat();
        await clock.sleep(everyMs(), over);
      }
    } catch (error) {
      end(messageOf(error));
    }
  };
  void beats();
  return { beat };
}
