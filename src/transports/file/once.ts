/** Events from files that are read once: an iExec task's input. @module */

import { basename, join } from "node:path";
import type { Clock } from "../../clock.ts";
import { EXIT, FatalError } from "../../errors.ts";
import { isRefusal, pathProblem } from "../../files.ts";
import type { Log } from "../../log.ts";
import type { SourceObserver } from "../../observer.ts";
import type { Delivery, Transport } from "../transport.ts";
import { eventFilesIn, formatInDirectory } from "./directory.ts";
import { formatOf } from "./input.ts";
import { JsonMistake } from "./json_elements.ts";
import { type FileOptions, nothingRead, readFile } from "./reader.ts";

/** Where the input is. */
export interface InputOptions {
  /** The file of events, or a directory of such files. */
  readonly path: string;
  /** Files to read instead where that one is missing. */
  readonly otherPaths: readonly string[];
  /** Largest event that is taken, in bytes of JSON. */
  readonly maxBytes: number;
  readonly log: Log;
  readonly clock: Clock;
  readonly observer?: Pick<SourceObserver, "refused"> | undefined;
}

/** A source that ends when its input does. */
export interface Input extends Transport {
  /** How many entries were no events. */
  refused(): number;
  /** Where each of those stands that has no id to be told by, and what is wrong with it; the first ten. */
  nameless(): readonly string[];
  /** Whether all of it was read: whoever is told to stop reads no further. */
  wasRead(): boolean;
}

/** Entries without an id that are told of one by one. */
const MAX_NAMELESS = 10;

/** Read the input once; an event that stands in several files is one event. */
export function openInput({ path, otherPaths, ...options }: InputOptions): Input {
  let refused = 0, wasRead = false;
  const nameless: string[] = [];

  async function* events(signal: AbortSignal): AsyncGenerator<readonly Delivery[]> {
    for (const file of filesOf(path, otherPaths)) {
      try {
        for await (const batch of readFile({ ...options, ...file, needsTime: true }, nothingRead())) {
          for (const { index, reason, id } of batch.refused) {
            refused++;
            if (id === undefined && nameless.length < MAX_NAMELESS) {
              nameless.push(`entry ${index} of ${basename(file.path)}: ${reason}`);
            }
          }
          if (batch.deliveries.length > 0) yield batch.deliveries;
          if (signal.aborted) return;
        }
      } catch (error) {
        throw unreadable(file.path, error);
      }
    }
    wasRead = true;
  }

  return {
    name: "input",
    events,
    refused: () => refused,
    nameless: () => nameless,
    wasRead: () => wasRead,
    // It may not have been read yet, and the next task may be given it again.
    stillHas: () => true,
    settle: () => Promise.resolve(true),
    close: () => Promise.resolve(),
  };
}

/** The files to read. @throws {FatalError} If one of them is not there, or there is none. */
function filesOf(path: string, otherPaths: readonly string[]): Pick<FileOptions, "path" | "format">[] {
  const kind = kindOf(path);
  if (kind === "directory") {
    return eventFilesIn(path).map((name) => ({ path: join(path, name), format: formatInDirectory(name) }));
  }
  if (kind === "file") return [{ path, format: formatOf(path) }];
  if (otherPaths.length === 0) {
    throw new FatalError(
      `Nothing to answer: ${path} is not there, and IEXEC_INPUT_FILE_NAME_1 names no other file. Put the events in one of them.`,
      EXIT.inputOutput,
    );
  }
  return otherPaths.map((other) => {
    if (kindOf(other) === undefined) throw new FatalError(`Cannot read ${other}: it is not there.`, EXIT.inputOutput);
    return { path: other, format: formatOf(other) };
  });
}

/** What is at a path; undefined if nothing is. */
function kindOf(path: string): "file" | "directory" | undefined {
  try {
    return Deno.statSync(path).isDirectory ? "directory" : "file";
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw unreadable(path, error);
  }
}

/** What the user is told of a file; any other error is a bug, and stays what it is. */
function unreadable(path: string, error: unknown): unknown {
  if (!(error instanceof JsonMistake || isRefusal(error))) return error;
  return new FatalError(`Cannot read ${path}: ${pathProblem(error).reason}`, EXIT.inputOutput, { cause: error });
}
