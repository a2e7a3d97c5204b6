/** Watches over directories: tells when something in them changes, and waits where nothing does. @module */

import { basename, resolve } from "node:path";
import type { Clock } from "../../clock.ts";
import { messageOf } from "../../errors.ts";
import type { Log } from "../../log.ts";

/** Tells of changes. */
export interface Watch extends AsyncDisposable {
  /** Watch these directories, from now on or still; anew, where one is not the one that was watched. */
  renew(directories: readonly string[]): Promise<void>;
  /** Names of what changed since the last call; `""`: anything may have changed. */
  changes(): ReadonlySet<string>;
  /** Whether nothing changes for `atMostMs`; resolves earlier at a change, or when `signal` aborts. */
  isQuiet(options: { signal: AbortSignal; atMostMs: number; clock: Clock }): Promise<boolean>;
}

/** One directory being watched. */
interface Watched {
  readonly identity: string;
  /** Ends the watch, and resolves when it has ended. */
  stop(): Promise<void>;
}

/** Watch nothing yet. Where a directory can't be watched the waits just end. */
export function createWatch(log: Log): Watch {
  let changed = new Set<string>();
  let wake: (() => void) | undefined;
  const directories = watchDirectories(log, (name) => {
    changed.add(name);
    wake?.();
  });
  return {
    renew: directories.renew,
    changes() {
      const seen = changed;
      changed = new Set();
      return seen;
    },
    async isQuiet({ signal, atMostMs, clock }) {
      if (changed.size > 0) return false;
      const woken = new AbortController();
      wake = () => woken.abort();
      const enough = AbortSignal.any([signal, woken.signal]);
      await clock.sleep(atMostMs, enough);
      wake = undefined;
      return changed.size === 0;
    },
    [Symbol.asyncDispose]: () => directories.renew([]),
  };
}

/** Watches a changing list of directories; `note` is given the name of whatever changes in them, `""` for anything. */
function watchDirectories(log: Log, note: (name: string) => void) {
  const watched = new Map<string, Watched>();
  let failed = false;

  const begin = (directory: string, identity: string): Watched => {
    const watcher = Deno.watchFs(directory, { recursive: false });
    const following = follow(watcher, directory, {
      note,
      // The watch went with it, and one that is made anew is often given the same number.
      gone: () => watched.set(directory, { identity: "", stop }),
      log,
    });
    const stop = async () => {
      watcher.close();
      // Deno counts watches by path, and one is only taken off the count when its last read has returned: before that, a
      // new watch on the same path would hear nothing (2.9.6; denoland/deno#34467).
      await following;
    };
    return { identity, stop };
  };
  const renewOne = async (directory: string) => {
    try {
      const info = Deno.statSync(directory);
      const identity = `${info.dev}:${info.ino}`;
      const before = watched.get(directory);
      if (before?.identity === identity) return;
      await before?.stop();
      watched.delete(directory);
      watched.set(directory, begin(directory, identity));
      note("");
    } catch (error) {
      // A directory that is not there yet is asked for again at the next look.
      if (error instanceof Deno.errors.NotFound || failed) return;
      failed = true;
      log.warn("a directory can't be watched: its file is read at intervals", {
        path: directory,
        error: messageOf(error),
      });
    }
  };

  return {
    /** Watch these and no others. */
    async renew(directories: readonly string[]) {
      for (const [directory, { stop }] of watched) {
        if (directories.includes(directory)) continue;
        await stop();
        watched.delete(directory);
      }
      for (const directory of directories) await renewOne(directory);
    },
  };
}

/** Tell of every notice until the watcher is closed. */
async function follow(
  watcher: Deno.FsWatcher,
  directory: string,
  { note, gone, log }: { note: (name: string) => void; gone: () => void; log: Log },
): Promise<void> {
  try {
    for await (const { kind, paths } of watcher) {
      for (const path of paths) {
        if (kind === "remove" && resolve(path) === resolve(directory)) gone();
        note(basename(path));
      }
      // A notice without a path is an overflow: anything may have changed.
      if (paths.length === 0) note("");
    }
  } catch (error) {
    log.warn("watching a directory ended: its file is read at intervals", { path: directory, error: messageOf(error) });
  }
}
