/** A file that is looked at again and again: when it is worth reading, and what is said when it can't be. @module */

import { basename } from "node:path";
import type { Clock } from "../../clock.ts";
import { pathProblem } from "../../files.ts";
import type { Log } from "../../log.ts";
import type { SourceObserver } from "../../observer.ts";
import type { Delivery } from "../transport.ts";
import { JsonMistake } from "./json_elements.ts";
import { type Format, nothingRead, readFile } from "./reader.ts";

/** What is known before a look. */
export interface Look {
  /** Names of files in the directory that changed since the last look; `""`: any of them may have. */
  readonly changes: ReadonlySet<string>;
  /** Whether nothing has changed for a while. */
  readonly isQuiet: boolean;
}

/** Something that events are read from. */
export interface FileInput {
  /** Yields what is new, and nothing of a file that has none, so that whoever reads can stop behind each. */
  read(look: Look): AsyncIterable<readonly Delivery[]>;
  /** Whether it could not be read, which may be because somebody is writing it. */
  isInDoubt(): boolean;
  /** Whether an event with this id is in it, or may be. */
  mayHave(id: string): boolean;
  /** How many ids it holds in memory. */
  idsHeld(): number;
}

/** Two changes can bear the same time stamp; a file is taken for unchanged only when its stamp is older than this. */
const STAMP_MS = 2_000;

const UNREADABLE = "events file can't be read: what it held before stands, and it is read again when it changes";

/** The format of a file, by its name. */
export function formatOf(path: string): Format {
  return /\.(ndjson|jsonl)$/i.test(path) ? "lines" : "array";
}

/**
 * Look at one file.
 *
 * @param options `isRead`: called each time when it was read to its end, or is as it was then.
 */
export function createFileInput(
  options: {
    path: string;
    format: Format;
    maxBytes: number;
    log: Log;
    clock: Clock;
    observer?: Pick<SourceObserver, "refused"> | undefined;
    isRead?: () => void;
  },
): FileInput {
  const { path, log, clock } = options, name = basename(path), state = nothingRead();
  let stamp: { text: string; readMs: number; modifiedMs: number } | undefined;
  let broken: { reason: string; warned: boolean } | undefined;
  let missing = false, wasRead = false;

  const isUnchanged = (info: Deno.FileInfo) =>
    stamp?.text === stampOf(info) && stamp.readMs - stamp.modifiedMs > STAMP_MS;
  const isInDoubt = () => broken?.warned === false;

  const noteBroken = (reason: string, isQuiet: boolean) => {
    // Being half-written looks just like being broken: only what stays so is worth a warning.
    if (isQuiet && broken?.reason === reason && !broken.warned) {
      log.warn(UNREADABLE, { path, reason });
      broken.warned = true;
    } else if (broken?.reason !== reason) broken = { reason, warned: false };
  };

  return {
    isInDoubt,
    mayHave: (id) => !wasRead || state.seen.has(id),
    idsHeld: () => state.seen.size() + state.told.size(),
    async *read({ changes, isQuiet }) {
      const mayHaveChanged = changes.has(name) || changes.has("");
      try {
        const info = Deno.statSync(path);
        if (!mayHaveChanged && !isInDoubt() && isUnchanged(info)) {
          if (!broken) options.isRead?.();
          return;
        }
        stamp = { text: stampOf(info), readMs: clock.now(), modifiedMs: info.mtime?.getTime() ?? clock.now() };
        missing = false;
        for await (const { deliveries } of readFile(options, state)) yield deliveries;
      } catch (error) {
        // Whatever else keeps it from being read may end without a change of the file.
        if (!(error instanceof JsonMistake)) stamp = undefined;
        if (!(error instanceof Deno.errors.NotFound)) return noteBroken(pathProblem(error).reason, isQuiet);
        if (!missing) log.info("{path} is not there: waiting for it", { path });
        missing = true;
        broken = undefined;
        return;
      }
      if (broken?.warned) log.info("events file can be read again", { path });
      broken = undefined;
      wasRead = true;
      options.isRead?.();
    },
  };
}

/** Tells whether a file is the one that it was: any change makes another text. */
export function stampOf({ dev, ino, size, mtime }: Deno.FileInfo): string {
  return [dev, ino, size, mtime?.getTime()].join(":");
}
