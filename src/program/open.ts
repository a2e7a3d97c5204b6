/** `agent open`: prints a responses file with its sealed entries opened, for whoever has the private key. @module */

import { escapeControls, escapeControlsInLines } from "../control_characters.ts";
import type { Environment } from "../environment.ts";
import { EXIT, FatalError } from "../errors.ts";
import { MAX_SMALL_FILE_BYTES, openPlainSync, pathProblem, readPlainTextSync } from "../files.ts";
import { NotAnArrayError, readArray } from "../journal/json_array.ts";
import { ClosedError, createOpener, type Opener } from "../journal/sealed_entries.ts";
import { isDeeperThan, MAX_DEPTH } from "../wire.ts";
import { OPENING_KEY } from "./settings.ts";

/** What is opened, and where the result goes. */
export interface OpenParts {
  /** The responses file. */
  readonly path: string;
  /** The file with the private key; undefined: the key is in the environment. */
  readonly keyPath: string | undefined;
  readonly environment: Environment;
  readonly write: (text: string) => void;
  readonly writeError: (text: string) => void;
}

/** Entries that are opened at the same time: their keys are agreed on in other threads. */
const TOGETHER = 64;

/**
 * Print the array, an entry a line. Entries that are not sealed are printed as they are, and so are those that can't be
 * opened, which are told of; `null` stands for one that is nested too deep. Returns the exit code: 65 if there were any.
 *
 * @throws {FatalError} If a file can't be read, the key is none, or the responses are no array.
 */
export async function openResponses(parts: OpenParts): Promise<number> {
  const { path, write, writeError } = parts;
  const opener = await createOpener(readKey(parts));
  using file = readable(path, () => openPlainSync(path).file);
  let count = 0, closed = 0;
  const print = async (entries: readonly unknown[]) => {
    const texts = await Promise.all(entries.map((entry) => openEntry(opener, entry)));
    for (const [index, { text, reason }] of texts.entries()) {
      // Such characters stand only inside of JSON's texts, where their escapes mean the same.
      write(`${count === 0 ? "[\n" : ",\n"}${escapeControlsInLines(text)}`);
      count++;
      if (reason === undefined) continue;
      closed++;
      writeError(`entry ${count} (${escapeControls(idText(entries[index]))}) can't be opened: ${reason}\n`);
    }
  };
  try {
    let waiting: unknown[] = [];
    for (const entry of readArray(file)) {
      waiting.push(entry);
      if (waiting.length < TOGETHER) continue;
      await print(waiting);
      waiting = [];
    }
    await print(waiting);
  } catch (error) {
    if (!(error instanceof NotAnArrayError)) throw error;
    throw new FatalError(`Cannot read ${path}: it is no JSON array: ${error.message}.`, EXIT.inputOutput);
  }
  write(count === 0 ? "[]\n" : "\n]\n");
  return closed > 0 ? EXIT.unanswered : 0;
}

function readKey({ keyPath, environment }: OpenParts): string {
  if (keyPath !== undefined) {
    return readable(keyPath, () => readPlainTextSync(keyPath, { maxBytes: MAX_SMALL_FILE_BYTES }));
  }
  const key = environment(OPENING_KEY);
  if (key) return key.replaceAll("\\n", "\n");
  throw new FatalError(
    `To open what is sealed, the private key is needed: name its file with --key FILE, or set ${OPENING_KEY}.`,
    EXIT.settings,
  );
}

function readable<T>(path: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    throw new FatalError(
      `Cannot read ${path}: ${pathProblem(error).reason}. Name a file that can be read.`,
      EXIT.inputOutput,
      { cause: error },
    );
  }
}

async function openEntry(opener: Opener, entry: unknown): Promise<{ text: string; reason?: string }> {
  // JSON.stringify overflows the stack for an entry that is nested some thousands of levels deep.
  if (isDeeperThan(MAX_DEPTH, entry)) {
    return { text: "null", reason: `it is nested more than ${MAX_DEPTH} levels deep` };
  }
  const asItIs = JSON.stringify(entry);
  try {
    return { text: await opener.open(entry) ?? asItIs };
  } catch (error) {
    if (!(error instanceof ClosedError)) throw error;
    return { text: asItIs, reason: error.message };
  }
}

function idText(entry: unknown): string {
  const id = (entry as { queryId?: unknown } | null)?.queryId;
  return JSON.stringify(typeof id === "string" ? id : null);
}
