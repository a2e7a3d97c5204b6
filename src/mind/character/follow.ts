/** A character's files followed while the agent runs: when they change, what it knows is read again. @module */

import { createHash } from "node:crypto";
import { dirname, extname, join, resolve } from "node:path";
import type { Clock } from "../../clock.ts";
import { FatalError, messageOf } from "../../errors.ts";
import { type Log, silentLog } from "../../log.ts";
import { hashTexts } from "../knowledge/texts.ts";
import { loadCharacter, type LoadedCharacter } from "./character.ts";

/** What is followed, and who is told. */
export interface Following {
  /** The character file. */
  readonly path: string;
  /** The character as it was read at the start. */
  readonly character: LoadedCharacter;
  /** Called with the character whenever its knowledge or its words have changed. */
  readonly onChange: (character: LoadedCharacter) => void;
  /** Milliseconds between two looks, behind the file system's own notices. */
  readonly rescanMs: number;
  readonly log: Log;
  readonly clock: Clock;
}

/** Milliseconds without a further change before files are read: whoever saves several is not read half-way. */
const SETTLE_MS = 100;

/**
 * Follow the files until `signal` aborts. A mistake in them is told once, leaves in force what was read before, and is
 * told of once more when it is mended.
 */
export async function followCharacter(following: Following, signal: AbortSignal): Promise<void> {
  const { path, onChange, rescanMs, log, clock } = following;
  let current = following.character;
  let known = digestOf(current);
  using notices = openNotices(directoriesOf(path, current), log);
  // Read once more now that it is watched: it may have changed since it was read at the start.
  let seen: string | undefined;
  let isBroken = false;
  while (!signal.aborted) {
    await notices.next(rescanMs, { clock, signal });
    if (signal.aborted) return;
    const stamp = await stampOf(path, current);
    if (stamp === seen) continue;
    seen = stamp;
    try {
      const read = await loadCharacter(path, silentLog, { known: current.texts });
      const digest = digestOf(read);
      if (isBroken) {
        isBroken = false;
        log.info("the knowledge can be used again", { path });
        // A directory that was put back is another one than the one that was watched.
        notices.watch(directoriesOf(path, read));
      }
      if (personaOf(read) !== personaOf(current)) {
        log.warn("the character has changed in more than what it knows: that needs a restart", { path });
      }
      current = read;
      if (digest === known) continue;
      known = digest;
      notices.watch(directoriesOf(path, read));
      // Files that the character has named only now are seen from here on.
      seen = await stampOf(path, read);
      onChange(read);
      log.info("📚 Knowledge read again", { path, texts: read.texts.length });
    } catch (error) {
      // What is wrong with the files is told; anything else is no matter of theirs.
      if (!(error instanceof FatalError)) throw error;
      isBroken = true;
      log.error("the knowledge has changed and can't be used: what was known before stays in force", {
        error: messageOf(error),
      });
    }
  }
}

/** Where files lie that a change may be in: `files` of these directories, and all below `trees`. */
interface Directories {
  readonly files: readonly string[];
  readonly trees: readonly string[];
}

function directoriesOf(path: string, { character }: LoadedCharacter): Directories {
  const home = dirname(resolve(path));
  const entries = (character.knowledge ?? []).filter((entry) => typeof entry !== "string");
  return {
    files: [home, ...entries.flatMap((entry) => "path" in entry ? dirname(resolve(home, entry.path)) : [])],
    trees: entries.flatMap((entry) => "directory" in entry ? resolve(home, entry.directory) : []),
  };
}

/** A text that is another one when any of the files has changed, been added or taken away. */
async function stampOf(path: string, { character }: LoadedCharacter): Promise<string> {
  const home = dirname(resolve(path));
  const files: string[] = [resolve(path)];
  for (const entry of character.knowledge ?? []) {
    if (typeof entry === "string") continue;
    if ("path" in entry) files.push(resolve(home, entry.path));
    else files.push(...await textsBelow(resolve(home, entry.directory)));
  }
  const stamps = await Promise.all(files.map(async (file) => {
    try {
      const { dev, ino, size, mtime } = await Deno.stat(file);
      return [file, dev, ino, size, mtime?.getTime()].join(":");
    } catch (error) {
      return `${file}: ${error instanceof Error ? error.name : error}`;
    }
  }));
  return stamps.sort().join("\n");
}

async function textsBelow(directory: string): Promise<string[]> {
  const files: string[] = [];
  try {
    for await (const { name, isDirectory } of Deno.readDir(directory)) {
      const path = join(directory, name);
      if (isDirectory) files.push(...await textsBelow(path));
      else if (TEXTS.includes(extname(name))) files.push(path);
    }
  } catch (error) {
    // It went meanwhile, or may not be read: reading the knowledge says so.
    if (!(error instanceof Deno.errors.NotFound || error instanceof Deno.errors.PermissionDenied)) throw error;
  }
  return files;
}

const TEXTS = [".md", ".txt"];

/** What an agent knows and its words for it: nothing that the runtime was built with. */
function digestOf({ texts, synonyms, translations }: LoadedCharacter): string {
  const hash = createHash("sha256").update(JSON.stringify([synonyms, translations]));
  return hashTexts(hash, texts).digest("hex");
}

/** Everything else of a character. */
function personaOf({ character }: LoadedCharacter): string {
  const { knowledge: _, settings = {}, ...persona } = character;
  const { synonyms: _synonyms, translations: _translations, ...others } = settings;
  return JSON.stringify([persona, others]);
}

/** Notices of the file system that something in some directories has changed. */
interface Notices extends Disposable {
  /** Watch other directories, from here on. */
  watch(directories: Directories): void;
  /** Resolves soon after a change, after `atMostMs` without one, or when `signal` aborts. */
  next(atMostMs: number, options: { clock: Clock; signal: AbortSignal }): Promise<void>;
}

function openNotices(directories: Directories, log: Log): Notices {
  let watchers: Deno.FsWatcher[] = [];
  let changed = false, wake = () => {};

  async function follow(watcher: Deno.FsWatcher) {
    for await (const { kind } of watcher) {
      if (kind === "access") continue;
      changed = true;
      wake();
    }
  }

  function watch({ files, trees }: Directories) {
    for (const watcher of watchers) watcher.close();
    watchers = [];
    for (const [paths, recursive] of [[files, false], [trees, true]] as const) {
      if (paths.length === 0) continue;
      try {
        const watcher = Deno.watchFs([...new Set(paths)], { recursive });
        watchers.push(watcher);
        void follow(watcher);
      } catch (error) {
        log.warn("knowledge can't be watched: it is looked at at intervals", { error: messageOf(error) });
      }
    }
    // What changed before the watch began is seen by the next look.
    changed = true;
  }

  watch(directories);
  return {
    watch,
    async next(atMostMs, { clock, signal }) {
      if (!changed) {
        const woken = new AbortController();
        wake = () => woken.abort();
        await clock.sleep(atMostMs, AbortSignal.any([signal, woken.signal]));
        wake = () => {};
      }
      while (changed && !signal.aborted) {
        changed = false;
        await clock.sleep(SETTLE_MS, signal);
      }
    },
    [Symbol.dispose]() {
      for (const watcher of watchers) watcher.close();
      watchers = [];
    },
  };
}
