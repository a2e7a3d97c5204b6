/** Watches over directories: tells when something in them changes, and waits where nothing does. @module */

import { relative } from "node:path";
import type { Clock } from "../clock.ts";
import { messageOf } from "../errors.ts";
import type { Log, LogFields } from "../log.ts";
import { createBlockingEntries } from "./blocking_entries.ts";
import { createWatchers, directoriesOf, isStillThere, type Place } from "./watchers.ts";

/** Tells of changes. */
export interface Watch extends AsyncDisposable {
  /** Watch these places, from now on or still; anew, where a directory is not the one that was watched. */
  renew(places: readonly Place[]): Promise<void>;
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

/** Watches a changing list of places; `note` is given the name of whatever changes in them, `""` for anything. */
function watchDirectories({ log, otherwise, countsReads = true }: WatchOptions, note: (name: string) => void) {
  const watchers = createWatchers({ log, otherwise, countsReads, note });
  const blockingIn = createBlockingEntries();
  const told = new Set<string>();
  /** Warns of each thing once. */
  const warn = (message: string, fields: LogFields) => {
    if (!told.has(message)) log.warn(message, fields);
    told.add(message);
  };
  const begin = (place: Place) => {
    try {
      watchers.begin(place);
    } catch (error) {
      // A directory that is not there yet is asked for again at the next look.
      if (!(error instanceof Deno.errors.NotFound)) {
        warn(`a directory can't be watched: ${otherwise}`, { path: place.directory, error: messageOf(error) });
      }
    }
  };
  const blockingOf = ({ directory, below = [] }: Place) => [directory, ...below].flatMap(blockingIn);

  return {
    /** Watch these and no others. */
    async renew(places: readonly Place[]) {
      const before = watchers.watched();
      const blocking = new Map(places.map((place) => [place, blockingOf(place)]));
      const [blocked, free] = partition(places, (place) => blocking.get(place)!.length > 0);
      for (const place of blocked) {
        const why = "a directory is not watched while there is a FIFO or a device in it";
        const path = place.directory, entry = relative(path, blocking.get(place)![0]!);
        warn(`${why}: ${otherwise}`, { path, entry });
      }
      const isWanted = (one: Place) =>
        free.some(({ directory, below }) => directory === one.directory && !below === !one.below);
      const [kept, unwanted] = partition(before, (one) => isWanted(one) && isStillThere(one));
      // Together: a FIFO in a directory that is still watched must not be let go.
      const all = unwanted.length > 0 ? [...[...blocking.values()].flat(), ...before.flatMap(blockingOf)] : [];
      const isDone = await watchers.end(unwanted, [...new Set(all)]);
      if (!isDone || !await watchers.isRunning()) {
        if (blocked.length === 0) {
          warn(`changes in a directory are not noticed any more: ${otherwise}`, { path: places.at(-1)?.directory });
        }
        return;
      }
      const watched = new Set(kept.map(({ directory }) => directory));
      for (const place of free) if (!watched.has(place.directory)) begin(place);
    },
    /** End all watches. Those that might make it wait for ever are left to the end of the program. */
    async stop() {
      const watched = watchers.watched();
      await watchers.end(watched, watched.flatMap(directoriesOf).flatMap(blockingIn));
    },
  };
}

function partition<T>(all: readonly T[], isFirst: (one: T) => boolean): [first: T[], second: T[]] {
  return [all.filter((one) => isFirst(one)), all.filter((one) => !isFirst(one))];
}
