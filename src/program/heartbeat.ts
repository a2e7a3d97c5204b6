/** Liveness of a program that has no port: it writes a file again and again while it runs, and health checks read it. @module */

import { EXIT, FatalError, messageOf } from "../errors.ts";
import { kindOf, makeAfreshSync, NotPlainError, pathProblem, readPlainTextSync, writeAllSync } from "../files.ts";
import type { Log } from "../log.ts";

/** Milliseconds without a sign of life after which the program hangs or is gone. A slow model does not stop the signs. */
const SILENCE_MS = 30_000;

/** Largest sign of life, in bytes: a number of milliseconds, or nothing. */
const MAX_BYTES = 32;

/** Gives signs of life until disposed of. */
export interface Heartbeat extends Disposable {
  /**
   * From here on, tell with each sign of life how long an answer has been under way, if that is beyond every limit.
   *
   * @param overdueMs Milliseconds; undefined while all is well.
   */
  watch(overdueMs: () => number | undefined): void;
  /** Whether the last sign could be given, and the disk has room: the directory can be written to. */
  readonly isWritable: boolean;
}

/** What has to fit on the disk for it to have room: one block of most file systems. */
const ROOM = new Uint8Array(4_096);

const pathIn = (directory: string) => `${directory}/alive`;

/**
 * Give signs of life in the state directory, until disposed of.
 *
 * @param options `beatMs`: default 5,000; `isInPlace`: whether the directory is still the one that the agent works with,
 * asked before each sign: none is given in another one. Default: always.
 */
export function startHeartbeat(
  directory: string,
  { log, now, beatMs = 5_000, isInPlace = () => true }: {
    log: Log;
    now: () => number;
    beatMs?: number;
    isInPlace?: () => boolean;
  },
): Heartbeat {
  const path = pathIn(directory);
  let file: Deno.FsFile | undefined;
  let overdueMs: () => number | undefined = () => undefined;
  let isGiven = false, hasRoom = true;
  const lookForRoom = () => {
    const problem = roomProblem(`${path}.room`);
    if (problem !== undefined && hasRoom) log.warn("nothing can be written to AGENT_STATE_DIR", { error: problem });
    hasRoom = problem === undefined;
  };
  const beat = () => {
    if (!isInPlace()) {
      isGiven = false;
      return;
    }
    try {
      // Set through the handle, since the path may have become a link meanwhile.
      if (!file || !isNamed(file, path)) {
        file?.close();
        file = undefined;
        file = makeAfreshSync(path, { mode: 0o600 });
      }
      file.truncateSync(0);
      file.seekSync(0, Deno.SeekMode.Start);
      writeAllSync(file, new TextEncoder().encode(String(overdueMs() ?? "")));
      const seconds = now() / 1000;
      file.utimeSync(seconds, seconds);
      isGiven = true;
      // A sign of life needs no new block, so it can be given on a full disk, too.
      lookForRoom();
    } catch (error) {
      isGiven = false;
      // The health check will fail, but the agent can go on working.
      log.warn("sign of life could not be given", { path, error: messageOf(error) });
    }
  };
  beat();
  const timer = setInterval(beat, beatMs);
  return {
    watch(told) {
      overdueMs = told;
    },
    get isWritable() {
      return isGiven && hasRoom;
    },
    [Symbol.dispose]() {
      clearInterval(timer);
      if (file) takeAway(file, { path, log });
    },
  };
}

/** Close the last sign of life and remove it. Another agent's in its place stays. */
function takeAway(file: Deno.FsFile, { path, log }: { path: string; log: Log }): void {
  using given = file;
  try {
    if (isNamed(given, path)) Deno.removeSync(path);
  } catch (error) {
    log.debug("sign of life could not be taken away", { path, error: messageOf(error) });
  }
}

/** Why no new file can be written; undefined if one can. It is taken away again. */
function roomProblem(path: string): string | undefined {
  try {
    using file = makeAfreshSync(path, { mode: 0o600 });
    try {
      writeAllSync(file, ROOM);
    } finally {
      Deno.removeSync(path);
    }
    return undefined;
  } catch (error) {
    return messageOf(error);
  }
}

/** Whether the path names this file. */
function isNamed(file: Deno.FsFile, path: string): boolean {
  try {
    const held = file.statSync(), there = Deno.lstatSync(path);
    return held.ino === there.ino && held.dev === there.dev;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

/**
 * What `--health` says of the agent that runs on a state directory.
 *
 * @throws {FatalError} 69, if there is none, it has been silent for too long, or an answer is under way beyond all limits.
 */
export function checkHeartbeat(directory: string, { now }: { now: () => number }): string {
  const path = pathIn(directory);
  let beatMs: number | undefined, overdueMs = 0;
  try {
    const info = Deno.lstatSync(path);
    if (!info.isFile) throw new NotPlainError(`it is ${kindOf(info)}, not a plain file`);
    beatMs = info.mtime?.getTime();
    overdueMs = Number(readPlainTextSync(path, { maxBytes: MAX_BYTES }));
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) {
      throw new FatalError(`Cannot read ${path}: ${pathProblem(error).reason}`, EXIT.inputOutput, { cause: error });
    }
  }
  if (beatMs === undefined) {
    throw new FatalError(
      `No agent runs on AGENT_STATE_DIR=${directory}: it has not started, or has stopped.`,
      EXIT.unavailable,
    );
  }
  // A sign of the future was given before the clock was set back: who is alive gives the next one soon.
  const silentMs = Math.abs(now() - beatMs);
  if (silentMs > SILENCE_MS) {
    const seconds = Math.round(silentMs / 1000);
    throw new FatalError(
      `The agent on AGENT_STATE_DIR=${directory} has given no sign of life for ${seconds} s: it hangs, or was killed.`,
      EXIT.unavailable,
    );
  }
  if (overdueMs > 0) {
    throw new FatalError(
      `The agent on AGENT_STATE_DIR=${directory} has waited for one answer for ${Math.round(overdueMs / 1000)} s, ` +
        "longer than MODEL_ANSWER_TIMEOUT allows: restart it. No event is lost.",
      EXIT.unavailable,
    );
  }
  return `alive: ${Math.round(silentMs)} ms ago`;
}
