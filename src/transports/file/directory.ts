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
  /** How each file was when it was read; nothing else is kept of it. */
  const read = new Map<string, string>();
  /** Files that could not be read to their end yet. */
  const unread = new Map<string, FileInput>();
  let complaint: string | undefined;

  const list = (): string[] => {
    try {
      const names = eventFilesIn(path);
      complaint = undefined;
      return names;
    } catch (error) {
      const reason = messageOf(error);
      if (complaint !== reason) log.warn("a directory of events can't be read", { path, reason });
      complaint = reason;
      return [...read.keys()];
    }
  };
  const forgetGone = (names: readonly string[]) => {
    const there = new Set(names);
    for (const known of [read, unread]) for (const name of known.keys()) if (!there.has(name)) known.delete(name);
  };

  return {
    isInDoubt: () => [...unread.values()].some((input) => input.isInDoubt()),
    async *read({ changes, isQuiet }: Look) {
      const names = list();
      forgetGone(names);
      for (const name of names) {
        const file = join(path, name);
        const stamp = stampAt(file);
        // A file that changes without a new stamp is noticed by the watch.
        if (stamp === undefined || (read.get(name) === stamp && !changes.has(name))) continue;
        const input = unread.get(name) ?? createFileInput({
          ...options,
          path: file,
          format: formatInDirectory(name),
          isRead() {
            read.set(name, stamp);
            unread.delete(name);
          },
        });
        unread.set(name, input);
        yield* input.read({ changes, isQuiet });
      }
    },
  };
}

/** The stamp of a file; undefined if it has gone. */
function stampAt(file: string): string | undefined {
  try {
    return stampOf(Deno.statSync(file));
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}
