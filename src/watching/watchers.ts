/** Deno's watchers of directories, begun and ended so that none of them can hold up the program. @module */

import { basename, dirname, resolve } from "node:path";
import { setTimeout } from "node:timers/promises";
import { messageOf } from "../errors.ts";
import type { Log } from "../log.ts";
import { blockingEntriesIn, directoriesIn, holdFifos } from "./blocking_entries.ts";

/** A directory to be watched, alone or with all that is below it. */
export interface Place {
  readonly directory: string;
  /** The directories below it, as far as they are known; absent: it is watched alone. */
  readonly below?: readonly string[];
}

/** One place being watched. */
export interface Watched extends Place {
  /** Which directory it is; empty if it has been removed. */
  readonly identity: string;
}

/** Directories being watched. */
export interface Watchers {
  watched(): readonly Watched[];
  /** Watch one more place. Only if {@linkcode Watchers.isRunning}. @throws What `Deno.watchFs` does. */
  begin(place: Place): void;
  /**
   * End watches, unless that might wait for ever; returns whether it has.
   *
   * @param blocking What {@linkcode blockingEntriesIn} finds in these {@linkcode Watchers}' directories. It looks itself
   * through those that others in this process watch.
   */
  end(watched: readonly Watched[], blocking: readonly string[]): Promise<boolean>;
  /** Whether the notices of all changes come, if need be soon: only then does the thread that sends them surely run. */
  isRunning(): Promise<boolean>;
}

/** See {@linkcode createWatchers}. */
interface WatchersOptions {
  readonly log: Log;
  readonly otherwise: string;
  readonly countsReads: boolean;
  readonly note: (name: string) => void;
}

interface Entry extends Watched {
  identity: string;
  /**
   * When each of its directories had last changed, in milliseconds since the epoch, at the newest notice of it. One that
   * is made, moved or removed while it is watched is none of them any more.
   */
  readonly noticed: Map<string, number | undefined>;
  readonly watcher: Deno.FsWatcher;
  /** Resolves when the notices have ended. */
  ended: Promise<void>;
}

/** What all watchers of the process have in common, since one thread of Deno serves them all. */
const thread: { notices: number; readonly entries: Set<Entry> } = { notices: 0, entries: new Set() };

/** How often, and how far apart, it is looked whether a notice has come. */
const NOTICE_LOOKS = 200, NOTICE_LOOK_MS = 10;

/**
 * Watch nothing yet.
 *
 * One thread of Deno serves all watchers. It opens each entry that changes, so that a FIFO without a writer stops it, while
 * it holds a lock that `watchFs` and `close` wait for: then either would stop the whole program (2.7.11 and 2.9.6).
 *
 * @param options `otherwise`: what is done instead when a watch ends by itself, for the log; `countsReads`: whether a
 * file that was only read counts as changed; `note`: is given the name of whatever changes, `""` for anything.
 * @see https://github.com/denoland/deno/blob/main/runtime/ops/fs_events.rs `event_matches_watched_paths`
 */
export function createWatchers(options: WatchersOptions): Watchers {
  const { countsReads, note } = options;
  const entries = new Map<string, Entry>();
  /** Whether notices have stopped coming: then they are not waited for any more. */
  let isSilent = false;

  const hear = (name: string, kind: Deno.FsEvent["kind"]) => {
    thread.notices++;
    if (countsReads || kind !== "access") note(name);
  };
  const isRunning = async (): Promise<boolean> => {
    const before = thread.notices;
    const isHeard = () => thread.notices > before || [...thread.entries].every(isNoticed);
    for (let look = 0; !isSilent && !isHeard() && look < NOTICE_LOOKS; look++) await setTimeout(NOTICE_LOOK_MS);
    isSilent = !isHeard();
    return !isSilent;
  };

  return {
    watched: () => [...entries.values()],
    isRunning,
    begin(place) {
      const { directory, below = [] } = place;
      // Before the watch begins: a change between the two counts as one that brought no notice.
      const identity = identityOf(Deno.statSync(directory));
      const noticed = new Map([directory, ...below].map((one) => [one, changedMs(one)]));
      const watcher = Deno.watchFs(directory, { recursive: place.below !== undefined });
      const entry: Entry = { ...place, identity, noticed, watcher, ended: Promise.resolve() };
      entries.set(directory, entry);
      thread.entries.add(entry);
      entry.ended = follow(entry, hear, options);
      note("");
    },
    async end(watched, blocking) {
      if (watched.length === 0) return true;
      // Let go only after the watches have ended: closing a FIFO makes the thread open it again.
      const others = [...thread.entries].filter((entry) => entries.get(entry.directory) !== entry);
      const held = holdFifos([...blocking, ...others.flatMap(directoriesOf).flatMap(blockingEntriesIn)]);
      using _held = held;
      if (!held.isComplete || !await isRunning()) return false;
      for (const { directory } of watched) {
        const entry = entries.get(directory)!, { watcher, ended } = entry;
        watcher.close();
        // Deno counts watches by path, and one is only taken off the count when its last read has returned: before that,
        // a new watch on the same path would hear nothing (2.9.6; denoland/deno#34467).
        await ended;
        entries.delete(directory);
        thread.entries.delete(entry);
      }
      return true;
    },
  };
}

/** Whether the directory at a path is still the one being watched, or may be: nothing is there just now. */
export function isStillThere({ directory, identity }: Watched): boolean {
  const info = statOf(directory);
  return identity !== "" && (info === undefined || identityOf(info) === identity);
}

/** The directories of a place as they are now. */
export function directoriesOf({ directory, below }: Place): string[] {
  return below ? directoriesIn(directory) : [directory];
}

/** Whether no directory has changed since its newest notice. Of one that was removed or exchanged nothing is known. */
function isNoticed({ directory, identity, noticed }: Entry): boolean {
  const info = statOf(directory);
  if (!info || identityOf(info) !== identity) return true;
  for (const [one, ms] of noticed) {
    const now = one === directory ? info.mtime?.getTime() : changedMs(one);
    if (now !== undefined && now !== ms) return false;
  }
  return true;
}

function changedMs(directory: string): number | undefined {
  return statOf(directory)?.mtime?.getTime();
}

function identityOf({ dev, ino }: Deno.FileInfo): string {
  return `${dev}:${ino}`;
}

function statOf(path: string): Deno.FileInfo | undefined {
  try {
    return Deno.statSync(path);
  } catch {
    return undefined;
  }
}

/** Tell of every notice until the watcher is closed. */
async function follow(
  entry: Entry,
  hear: (name: string, kind: Deno.FsEvent["kind"]) => void,
  { log, otherwise }: WatchersOptions,
): Promise<void> {
  const { directory, watcher } = entry;
  try {
    for await (const { kind, paths } of watcher) {
      if (paths.length === 0 || !entry.below) entry.noticed.set(directory, changedMs(directory));
      for (const path of paths) {
        if (entry.below && kind !== "access") noteIn(entry.noticed, path, { root: directory, kind });
        // The watch went with it, and a directory that is made anew is often given the same number.
        if (kind === "remove" && resolve(path) === resolve(directory)) entry.identity = "";
        hear(basename(path), kind);
      }
      // A notice without a path is an overflow: anything may have changed.
      if (paths.length === 0) hear("", kind);
    }
  } catch (error) {
    log.warn(`watching a directory ended: ${otherwise}`, { path: directory, error: messageOf(error) });
  }
}

/** Note a notice from a place with all that is below it. */
function noteIn(
  noticed: Map<string, number | undefined>,
  path: string,
  { root, kind }: { root: string; kind: Deno.FsEvent["kind"] },
): void {
  for (const one of [path, dirname(path)]) if (noticed.has(one)) noticed.set(one, changedMs(one));
  // Whatever has that name now, its own changes may bring no notice.
  if (path !== root && kind !== "modify" && kind !== "any") noticed.delete(path);
}
