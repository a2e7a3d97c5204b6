/** Watches over directories: tells when something in them changes, and waits where nothing does. @module */

import { basename } from "node:path";
import type { Clock } from "../clock.ts";
import { messageOf } from "../errors.ts";
import type { Log, LogFields } from "../log.ts";
import { blockingEntriesIn, createBlockingEntries } from "./blocking_entries.ts";
import { createWatchers, isStillThere } from "./watchers.ts";

/** Tells of changes. */
export interface Watch extends AsyncDisposable {
  /** Watch these directories, from now on or still; anew, where one is not the one that was watched. */
  renew(directories: readonly string[]): Promise<void>;
  /** Names of what changed since the last call; `""`: anything may have changed. */
  changes(): ReadonlySet<string>;
  /** Whether nothing changes for `atMostMs`; resolves earlier at a change, or when `signal` aborts. */
  isQuiet(options: { signal: AbortSignal; atMostMs: number; clock: Clock }): Promise<boolean>;
}

/** How directories are watched. */
export interface WatchOptions {
  readonly log: Log;
  /** What is done about a directory that can't be watched, as the end of a warning. */
  readonly otherwise: string;
  /** Whether a file that was only read counts as changed; default true. */
  readonly countsReads?: boolean;
}

/** Watch nothing yet. Where a directory can't be watched the waits just end. */
export function createWatch(options: WatchOptions): Watch {
  let changed = new Set<string>();
  let wake: (() => void) | undefined;
  const directories = watchDirectories(options, (name) => {
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
    [Symbol.asyncDispose]: directories.stop,
  };
}

/** Watches a changing list of directories; `note` is given the name of whatever changes in them, `""` for anything. */
function watchDirectories({ log, otherwise, countsReads = true }: WatchOptions, note: (name: string) => void) {
  const watchers = createWatchers({ log, otherwise, countsReads, note });
  const blockingIn = createBlockingEntries();
  const told = new Set<string>();
  /** Warns of each thing once. */
  const warn = (message: string, fields: LogFields) => {
    if (!told.has(message)) log.warn(message, fields);
    told.add(message);
  };
  const begin = (directory: string) => {
    try {
      watchers.begin(directory);
    } catch (error) {
      // A directory that is not there yet is asked for again at the next look.
      if (!(error instanceof Deno.errors.NotFound)) {
        warn(`a directory can't be watched: ${otherwise}`, { path: directory, error: messageOf(error) });
      }
    }
  };

  return {
    /** Watch these and no others. */
    async renew(directories: readonly string[]) {
      const before = watchers.watched();
      const all = new Set([...directories, ...before.map(({ directory }) => directory)]);
      const blocking = new Map([...all].map((directory) => [directory, blockingIn(directory)]));
      const [blocked, free] = partition(directories, (directory) => blocking.get(directory)!.length > 0);
      for (const path of blocked) {
        const why = "a directory is not watched while there is a FIFO or a device in it";
        warn(`${why}: ${otherwise}`, { path, entry: basename(blocking.get(path)![0]!) });
      }
      const [kept, unwanted] = partition(before, (it) => free.includes(it.directory) && isStillThere(it));
      // Together: a FIFO in a directory that is still watched must not be let go.
      const isDone = await watchers.end(unwanted, before.flatMap(({ directory }) => blocking.get(directory)!));
      if (!isDone || !await watchers.isRunning()) {
        if (blocked.length === 0) {
          warn(`changes in a directory are not noticed any more: ${otherwise}`, { path: directories.at(-1) });
        }
        return;
      }
      const watched = new Set(kept.map(({ directory }) => directory));
      for (const directory of free) if (!watched.has(directory)) begin(directory);
    },
    /** End all watches. Those that might make it wait for ever are left to the end of the program. */
    async stop() {
      const watched = watchers.watched();
      await watchers.end(watched, watched.flatMap(({ directory }) => blockingEntriesIn(directory)));
    },
  };
}

function partition<T>(all: readonly T[], isFirst: (one: T) => boolean): [first: T[], second: T[]] {
  return [all.filter((one) => isFirst(one)), all.filter((one) => !isFirst(one))];
}
