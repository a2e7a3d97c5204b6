/** A directory into which others drop files of events: each is read once, and again when it changes. @module */

import { join } from "node:path";
import type { Clock } from "../../clock.ts";
import { messageOf } from "../../errors.ts";
import type { Log } from "../../log.ts";
import type { SourceObserver } from "../../observer.ts";
import { createFileInput, type FileInput, formatOf, type Look, stampOf } from "./input.ts";
import type { Format } from "./reader.ts";

/** Names of files that are read; others, and those that begin with a dot, belong to somebody else. */
const NAME = /^[^.].*\.(json|ndjson|jsonl)$/i;

/** The format of a file in a directory: one that ends in `.json` may hold a single event. */
export function formatInDirectory(name: string): Format {
  return formatOf(name) === "lines" ? "lines" : "document";
}

/** Names of the files of events in a directory, in ascending order. */
export function eventFilesIn(path: string): string[] {
  const names: string[] = [];
  for (const { name, isDirectory } of Deno.readDirSync(path)) if (!isDirectory && NAME.test(name)) names.push(name);
  return names.sort();
}

/** What of the files that were read is kept in memory: ids, at 32 to 64 bytes each. */
const MAX_KEPT_IDS = 1 << 18;
/** What a file costs beside its ids, as a number of ids. */
const FILE_COST = 64;

/** Look at the files of a directory, in the order of their names. */
export function createDirectoryInput(
  options: {
    path: string;
    maxBytes: number;
    log: Log;
    clock: Clock;
    observer?: Pick<SourceObserver, "refused"> | undefined;
  },
): FileInput {
  const { path, log } = options;
  /** How each file was when it was read to its end. */
  const read = new Map<string, string>();
  /** Files that could not be read to their end yet. */
  const unread = new Map<string, FileInput>();
  const kept = keepInputs(MAX_KEPT_IDS);
  const list = createListing(path, log);
  let wasRead = false, wasLookedThrough = false;

  const forgetGone = (names: readonly string[]) => {
    const there = new Set(names);
    for (const known of [read, unread]) for (const name of known.keys()) if (!there.has(name)) known.delete(name);
    kept.forgetAllBut(there);
  };
  const inputOf = (name: string, file: string): FileInput =>
    unread.get(name) ?? kept.take(name) ?? createFileInput({
      ...options,
      path: file,
      format: formatInDirectory(name),
      isRead: () => wasRead = true,
    });

  return {
    isInDoubt: () => [...unread.values()].some((input) => input.isInDoubt()),
    mayHave: (id) => !wasLookedThrough || unread.size > 0 || kept.size() < read.size || kept.mayHave(id),
    idsHeld: () => 0,
    async *read({ changes, isQuiet }: Look) {
      const listed = list(), names = listed ?? [...read.keys()];
      forgetGone(names);
      for (const name of names) {
        const file = join(path, name);
        const stamp = stampAt(file);
        // A file that changes without a new stamp is noticed by the watch.
        if (stamp === undefined || (read.get(name) === stamp && !changes.has(name))) continue;
        const input = inputOf(name, file);
        unread.set(name, input);
        wasRead = false;
        yield* input.read({ changes, isQuiet });
        if (!wasRead) continue;
        read.set(name, stamp);
        unread.delete(name);
        kept.put(name, input);
      }
      wasLookedThrough ||= listed !== undefined;
    },
  };
}

/** Lists the files of events in a directory; undefined if it can't be read, which is told once while it lasts. */
function createListing(path: string, log: Log): () => string[] | undefined {
  let complaint: string | undefined;
  return () => {
    try {
      const names = eventFilesIn(path);
      complaint = undefined;
      return names;
    } catch (error) {
      const reason = messageOf(error);
      if (complaint !== reason) log.warn("a directory of events can't be read", { path, reason });
      complaint = reason;
      return undefined;
    }
  };
}

/**
 * Files that were read, so that what was read before is passed over when they change. Of more than `maxIds` those that
 * were read longest ago are dropped: if one of them changes, all its events are handed on again, and known by their ids.
 */
function keepInputs(maxIds: number) {
  const inputs = new Map<string, { input: FileInput; cost: number }>();
  let total = 0;
  const take = (name: string): FileInput | undefined => {
    const found = inputs.get(name);
    inputs.delete(name);
    total -= found?.cost ?? 0;
    return found?.input;
  };
  return {
    take,
    size: () => inputs.size,
    mayHave: (id: string) => inputs.values().some(({ input }) => input.mayHave(id)),
    put(name: string, input: FileInput) {
      const cost = FILE_COST + input.idsHeld();
      inputs.set(name, { input, cost });
      total += cost;
      for (const oldest of inputs.keys()) {
        // The newest stays, however large it is, as a file alone does.
        if (total <= maxIds || oldest === name) break;
        take(oldest);
      }
    },
    forgetAllBut(names: ReadonlySet<string>) {
      for (const name of inputs.keys()) if (!names.has(name)) take(name);
    },
  };
}

/** The stamp of a file, "" if it can't be looked at, which reading it tells of; undefined if it has gone. */
function stampAt(file: string): string | undefined {
  try {
    return stampOf(Deno.statSync(file));
  } catch (error) {
    return error instanceof Deno.errors.NotFound ? undefined : "";
  }
}
