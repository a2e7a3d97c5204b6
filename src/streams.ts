/** The standard streams: what becomes of a text that stdout or stderr does not take. @module */

import { pauseSync } from "./clock.ts";
import { EXIT, FatalError, messageOf } from "./errors.ts";
import { pathProblem } from "./files.ts";

/** A stream that is written to, such as `Deno.stdout`. */
interface Stream {
  writeSync(bytes: Uint8Array): number;
}

/** A result could not be written to stdout. */
export class OutputError extends FatalError {
  override name = "OutputError";
}

/**
 * Write a result to stdout. If nobody reads it any more (a closed pipe), it is dropped, and the program goes on.
 *
 * @param pause Waits while a pipe that does not block is full.
 * @throws {OutputError} If the disk behind it is full, or the terminal is gone.
 */
export function printSync(to: Stream, text: string, pause = pauseForReader): void {
  const { error } = writeMost(to, new TextEncoder().encode(text), { pauses: Infinity, pause });
  if (error === undefined || error instanceof Deno.errors.BrokenPipe) return;
  throw new OutputError(
    `Cannot write to the standard output: ${pathProblem(error).reason}. What was to be printed is lost, or cut off.`,
    EXIT.inputOutput,
    { cause: error },
  );
}

const PAUSE_MS = 5;

function pauseForReader(): void {
  pauseSync(PAUSE_MS);
}

/** How often a full pipe is tried again before lines of the log are dropped: a second in all. */
const LOG_PAUSES = 1000 / PAUSE_MS;

/** Where the log goes. */
export interface LogStream {
  /** Write whole lines. Never throws. */
  write(text: string): void;
  /** Is called once lines are written again: how many were dropped before, and why. */
  onResumed: (lost: { lines: number; reason: string }) => void;
}

/**
 * A stream for log lines. What it does not take is dropped: its disk is full, its terminal is gone, or its reader stands
 * still. Events are worth more than what is said of them, so the program goes on.
 *
 * @param pause Waits while a pipe that does not block is full.
 */
export function logStream(to: Stream, pause = pauseForReader): LogStream {
  const encoder = new TextEncoder();
  let lines = 0, reason = "", isTorn = false;
  const stream: LogStream = {
    write(text) {
      // A line that was cut off is ended, so that the next one begins on a line of its own.
      const bytes = encoder.encode(isTorn ? `\n${text}` : text);
      // Whoever did not read for a second is not waited for again, until it reads.
      const { written, error } = writeMost(to, bytes, { pauses: lines === 0 ? LOG_PAUSES : 0, pause });
      if (written > 0) isTorn = bytes[written - 1] !== NEWLINE;
      if (error !== undefined) {
        lines += countLines(bytes.subarray(written));
        reason = messageOf(error);
      } else if (lines > 0) {
        const lost = { lines, reason };
        lines = 0;
        stream.onResumed(lost);
      }
    },
    onResumed() {},
  };
  return stream;
}

const NEWLINE = 0x0a;

function countLines(bytes: Uint8Array): number {
  return bytes.reduce((count, byte) => byte === NEWLINE ? count + 1 : count, 0);
}

/**
 * Write as much as the stream takes.
 *
 * @param wait `pauses`: how many in a row, while it is full and does not block; `pause`: waits for its reader.
 */
function writeMost(
  to: Stream,
  bytes: Uint8Array,
  wait: { pauses: number; pause: () => void },
): { written: number; error?: unknown } {
  let written = 0, pauses = 0;
  while (written < bytes.length) {
    try {
      written += to.writeSync(bytes.subarray(written));
      pauses = 0;
    } catch (error) {
      // Another program that has the same pipe may have made it one that does not block: Node and Python do.
      if (!(error instanceof Deno.errors.WouldBlock) || pauses++ >= wait.pauses) return { written, error };
      wait.pause();
    }
  }
  return { written };
}
