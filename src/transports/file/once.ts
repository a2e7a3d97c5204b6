/** Events from files that are read once: an iExec task's input. @module */

import { basename } from "node:path";
import { EXIT, FatalError, messageOf } from "../../errors.ts";
import type { Log } from "../../log.ts";
import { checkEntries, parseEntries } from "./events_file.ts";
import type { Transport } from "../transport.ts";

/** Where the input is. */
export interface InputOptions {
  /** The file of events. */
  readonly path: string;
  /** Files to read instead where that one is missing. */
  readonly otherPaths: readonly string[];
  /** Largest event that is taken, in bytes of JSON. */
  readonly maxBytes: number;
  readonly log: Log;
}

/** A source that ends when its input does. */
export interface Input extends Transport {
  /** Entries that were no events. */
  refused(): number;
  /** Where each of those stands that has no id to be told by, and what is wrong with it; the first ten. */
  nameless(): readonly string[];
}

/** Entries without an id that are told of one by one. */
const MAX_NAMELESS = 10;

/** Read the input once; an event that stands in several files is one event. */
export function openInput({ path, otherPaths, maxBytes, log }: InputOptions): Input {
  let refused = 0;
  const nameless: string[] = [];

  async function* events(signal: AbortSignal) {
    const texts = readTexts(path, otherPaths);
    for (const [path, text] of texts) {
      for (const entry of checkEntries(parse(path, text), { maxBytes })) {
        if (signal.aborted) return;
        if ("event" in entry) {
          yield await Promise.resolve([{ event: entry.event }]);
          continue;
        }
        refused++;
        const { index, reason, id } = entry;
        if (id === undefined && nameless.length < MAX_NAMELESS) {
          nameless.push(`entry ${index} of ${basename(path)}: ${reason}`);
        }
        log.warn("event refused", { path, index, reason, ...(id !== undefined && { event: id }) });
      }
    }
  }

  return {
    name: "input",
    events,
    refused: () => refused,
    nameless: () => nameless,
    settle: () => Promise.resolve(true),
    close: () => Promise.resolve(),
  };
}

function readTexts(path: string, otherPaths: readonly string[]): Map<string, string> {
  const whole = read(path);
  if (whole !== undefined) return new Map([[path, whole]]);
  const texts = new Map<string, string>();
  for (const other of otherPaths) {
    const text = read(other);
    if (text === undefined) throw new FatalError(`Cannot read ${other}: it is not there.`, EXIT.inputOutput);
    texts.set(other, text);
  }
  if (texts.size > 0) return texts;
  throw new FatalError(
    `Nothing to answer: ${path} is not there, and IEXEC_INPUT_FILE_NAME_1 names no other file. Put the events in one of them.`,
    EXIT.inputOutput,
  );
}

/** The text of a file; none if there is no such file. */
function read(path: string): string | undefined {
  try {
    return Deno.readTextFileSync(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw new FatalError(`Cannot read ${path}: ${messageOf(error)}`, EXIT.inputOutput, { cause: error });
  }
}

function parse(path: string, text: string): unknown[] {
  try {
    return parseEntries(text);
  } catch (error) {
    throw new FatalError(`Cannot read ${path}: ${messageOf(error)}`, EXIT.inputOutput, { cause: error });
  }
}
