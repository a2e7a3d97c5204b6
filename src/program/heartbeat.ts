/** A sign of life for health checks, of a program without a port to ask at: a file whose time moves on while it runs. @module */

import { EXIT, FatalError, messageOf } from "../errors.ts";
import { kindOf, makeAfreshSync, NotPlainError } from "../files.ts";
import type { Log } from "../log.ts";

/** Without a beat for this long, the program hangs or is gone. A slow answer is no reason: it is waited for, not computed. */
const SILENCE_MS = 30_000;

const pathIn = (directory: string) => `${directory}/alive`;

/** Give signs of life in the state directory, until disposed of. `beatMs`: default 5,000. */
export function startHeartbeat(
  directory: string,
  { log, now, beatMs = 5_000 }: { log: Log; now: () => number; beatMs?: number },
): Disposable {
  const path = pathIn(directory);
  let file: Deno.FsFile | undefined;
  const beat = () => {
    try {
      // By the handle, since a path may have become a link meanwhile.
      if (!file || !isInPlace(file, path)) {
        file?.close();
        file = undefined;
        file = makeAfreshSync(path, { mode: 0o600 });
      }
      const seconds = now() / 1000;
      file.utimeSync(seconds, seconds);
    } catch (error) {
      // Whoever watches will take the agent for dead; that is no reason to be it.
      log.warn("sign of life could not be given", { path, error: messageOf(error) });
    }
  };
  beat();
  const timer = setInterval(beat, beatMs);
  return {
    [Symbol.dispose]() {
      clearInterval(timer);
      file?.close();
      try {
        Deno.removeSync(path);
      } catch (error) {
        log.debug("sign of life could not be taken away", { path, error: messageOf(error) });
      }
    },
  };
}

function isInPlace(file: Deno.FsFile, path: string): boolean {
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
 * @throws {FatalError} 69, if there is none, or it has been silent for too long.
 */
export function checkHeartbeat(directory: string, { now }: { now: () => number }): string {
  const path = pathIn(directory);
  let beatMs: number | undefined;
  try {
    const info = Deno.lstatSync(path);
    if (!info.isFile) throw new NotPlainError(`it is ${kindOf(info)}, not a plain file`);
    beatMs = info.mtime?.getTime();
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) {
      throw new FatalError(`Cannot read ${path}: ${messageOf(error)}`, EXIT.inputOutput, { cause: error });
    }
  }
  if (beatMs === undefined) {
    throw new FatalError(
      `No agent runs on AGENT_STATE_DIR=${directory}: it has not started, or has stopped.`,
      EXIT.unavailable,
    );
  }
  const silentMs = Math.max(0, now() - beatMs);
  if (silentMs > SILENCE_MS) {
    const seconds = Math.round(silentMs / 1000);
    throw new FatalError(
      `The agent on AGENT_STATE_DIR=${directory} has given no sign of life for ${seconds} s: it hangs, or was killed.`,
      EXIT.unavailable,
    );
  }
  return `alive: ${Math.round(silentMs)} ms ago`;
}
