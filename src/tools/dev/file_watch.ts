/** Waits for the first change among some files, which may not be there yet. @module */

import { existsSync } from "@std/fs";
import { dirname, sep } from "node:path";
import type { WatchedFiles } from "./watched_files.ts";

/** Changes that come within this many milliseconds of one another are one: an editor writes, renames and sets times. */
const SETTLED_MS = 100;

export interface FileWatch extends AsyncDisposable {
  /** Resolves with the path of the first change once no more follow it. */
  changed(): Promise<{ readonly path: string }>;
}

/** Watch files and whole directories; those that are missing count from when they appear. */
export function openFileWatch({ files, directories }: WatchedFiles): FileWatch {
  // A file is watched through its directory: editors replace files, and a missing one has nothing to watch.
  const around = open([...new Set(files.map((file) => dirname(file)))], { recursive: false });
  const inside = open(directories, { recursive: true });
  const isWatched = (path: string) =>
    files.includes(path) || directories.some((directory) => path === directory || path.startsWith(directory + sep));
  const { promise, resolve } = Promise.withResolvers<{ path: string }>();
  let first: string | undefined, timer: ReturnType<typeof setTimeout> | undefined;
  const follow = async (watcher: Deno.FsWatcher) => {
    for await (const { kind, paths } of watcher) {
      const path = kind === "access" ? undefined : paths.find(isWatched);
      if (path === undefined) continue;
      const settled = first ??= path;
      clearTimeout(timer);
      timer = setTimeout(() => resolve({ path: settled }), SETTLED_MS);
    }
  };
  const watchers = [around, inside].filter((watcher) => watcher !== undefined);
  const following = watchers.map(follow);
  return {
    changed: () => promise,
    async [Symbol.asyncDispose]() {
      clearTimeout(timer);
      for (const watcher of watchers) watcher.close();
      // A new watch on the same path hears nothing before the last read of the old one has returned (denoland/deno#34467).
      await Promise.all(following);
    },
  };
}

function open(paths: readonly string[], options: { recursive: boolean }): Deno.FsWatcher | undefined {
  // A directory that is missing is found at the next start of the agent.
  const found = paths.filter((path) => existsSync(path, { isDirectory: true }));
  return found.length > 0 ? Deno.watchFs(found, options) : undefined;
}
