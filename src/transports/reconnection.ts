/** Dialling again, for every transport that dials: counts failed attempts, waits longer after each, gives up. @module */

import { backoffDelayMs, type Clock } from "../clock.ts";
import { EXIT, FatalError } from "../errors.ts";
import type { Log } from "../log.ts";
import type { SourceObserver } from "../observer.ts";

/** How a connection ended, or the attempt to make one. */
export interface ConnectionEnd {
  /** What went wrong, as a clause without its full stop. The same text twice means that the same thing happened. */
  readonly problem: string;
  /** What the user can do about it, in whole sentences; default: the `advice` of the options. */
  readonly advice?: string;
  /** Milliseconds that the connection was open; absent if it was never made. */
  readonly openMs?: number;
  /** Whether the peer took part, by a message of its own for example; default false. */
  readonly heard?: boolean;
  /** Whether something was achieved that makes the next connection differ from this one; default false. */
  readonly progressed?: boolean;
  /** Failed attempts in a row that are enough for this problem, where more would change nothing: a refused password. */
  readonly maxAttempts?: number;
}

/** How often and how soon to dial. */
export interface ReconnectionOptions {
  /** Whom: a URL without secrets. */
  readonly peer: string;
  /** What the user can check when the peer is out of reach, in whole sentences. */
  readonly advice: string;
  /** Milliseconds before the first attempt to reconnect; they double after each failure, up to a minute. */
  readonly baseMs: number;
  /** Failed attempts in a row after which there is no other one. */
  readonly maxAttempts: number;
  /** Whether there is no end of attempts once a connection has worked; default false. */
  readonly isEndlessOnceWorked?: boolean;
  readonly log: Log;
  readonly clock: Clock;
  readonly observer?: Pick<SourceObserver, "disconnected"> | undefined;
  /** From 0 to below 1; default Math.random. */
  readonly random?: () => number;
}

/** The row of attempts. */
export interface Reconnection {
  /**
   * A connection has ended, or could not be made: wait until the next attempt is due, or until `signal` aborts.
   *
   * @throws {FatalError} 69, when the attempts are used up.
   */
  ended(end: ConnectionEnd, signal: AbortSignal): Promise<void>;
}

/** A connection that was open for this long worked, even if the peer said nothing. */
const WORKING_MS = 10_000;

/**
 * A row of attempts to reach one peer. A connection ends the row of failures when it worked: it was open for ten
 * seconds; or the peer took part in it, and it did not end in the way that the one before did.
 */
export function createReconnection(options: ReconnectionOptions): Reconnection {
  const { peer, log, clock, observer, baseMs, random = Math.random } = options;
  let failures = 0;
  let hasWorked = false;
  let lastProblem: string | undefined;

  const worked = ({ problem, openMs, heard, progressed }: ConnectionEnd) =>
    openMs !== undefined && (openMs >= WORKING_MS || progressed || (heard && problem !== lastProblem));

  return {
    async ended(end, signal) {
      const { problem, advice = options.advice } = end;
      observer?.disconnected();
      if (worked(end)) {
        failures = 0;
        hasWorked = true;
      } else failures++;
      lastProblem = problem;
      const isEndless = hasWorked && options.isEndlessOnceWorked === true;
      const attempts = Math.min(isEndless ? Infinity : options.maxAttempts, end.maxAttempts ?? Infinity);
      if (failures >= attempts) {
        const row = failures === 1 ? "1 attempt failed" : `${failures} attempts failed in a row`;
        throw new FatalError(
          `Cannot reach ${peer}: ${row}, the last one with: ${problem}. ${advice} ` +
            "What was answered is kept, and sent after the next start.",
          EXIT.unavailable,
        );
      }
      const ms = backoffDelayMs(failures, { baseMs, random });
      const attempt = failures + 1;
      if (attempts === Infinity) log.info("🔄 Reconnecting in {ms}ms (attempt {attempt})...", { ms, attempt });
      else log.info("🔄 Reconnecting in {ms}ms (attempt {attempt}/{attempts})...", { ms, attempt, attempts });
      await clock.sleep(ms, signal);
    },
  };
}
