/** Asking over files: questions into the file or directory of events, answers out of `responses.json`. @module */

import { Buffer } from "node:buffer";
import { basename, dirname, join } from "node:path";
import type { Clock } from "../../../clock.ts";
import { EXIT, FatalError } from "../../../errors.ts";
import { pathProblem, realPathOf } from "../../../files.ts";
import { whileLocked } from "../../../locking.ts";
import type { Log } from "../../../log.ts";
import type { Settings } from "../../../program/settings.ts";
import { formatOf } from "../../../transports/file/input.ts";
import { createWatch } from "../../../watching/watch.ts";
import type { AgentEvent } from "../../../wire.ts";
import type { Way, WayHooks } from "../way.ts";
import { createResponsesReader, type ResponsesReader } from "./responses.ts";

/** Milliseconds between two looks at the answers, behind the file system's own notices. */
const LOOK_MS = 250;
const NEWLINE = 0x0a, BLANK = 0x20, BRACKET = 0x5d;

/** Nothing is written before the first question. @throws {FatalError} 78 or 74, where answers can't be read. */
export function openFileWay(settings: Settings, hooks: WayHooks, { log, clock }: { log: Log; clock: Clock }): Way {
  const { EVENT_INPUT_PATH: input, EVENT_OUTPUT_PATH: output, EVENT_OUTPUT: kind } = settings;
  if (kind === "sealed") {
    throw new FatalError(
      "EVENT_OUTPUT=sealed: the answers can be read only with the private key, so asking in this way shows none. " +
        "Ask over the transport that the agent has, or open them with `agent open`.",
      EXIT.settings,
    );
  }
  const over = new AbortController();
  const reader = readerOf(output);
  const read = async () => {
    await using watch = createWatch({ log, otherwise: "its file is read at intervals" });
    while (!over.signal.aborted) {
      await watch.renew([{ directory: dirname(output) }]);
      watch.changes();
      for (const outcome of reader.read()) if (hooks.isMine(outcome.queryId)) hooks.heard(outcome);
      await watch.isQuiet({ signal: over.signal, atMostMs: LOOK_MS, clock });
    }
  };
  const reading = read().catch((error) => hooks.lost(cannot("read", output, error)));
  return {
    place: `${input}, answers in ${output}`,
    send(events) {
      try {
        addEvents(input, events);
      } catch (error) {
        throw error instanceof FatalError ? error : cannot("write", input, error);
      }
      return Promise.resolve();
    },
    async close() {
      over.abort();
      await reading;
      reader[Symbol.dispose]();
    },
  };
}

function readerOf(output: string): ResponsesReader {
  try {
    return createResponsesReader(output);
  } catch (error) {
    throw cannot("read", output, error);
  }
}

/** Add events to a JSON array, to lines of JSON, or as a file in a directory; what does not exist yet is made. */
function addEvents(path: string, events: readonly AgentEvent[]): void {
  if (isDirectory(path)) {
    return replace(join(path, `${events[0]?.id ?? "ask"}.json`), withEvents(path, undefined, events));
  }
  Deno.mkdirSync(dirname(path), { recursive: true });
  if (formatOf(path) === "lines") {
    const before = readIfThere(path) ?? new Uint8Array();
    const lineBreak = before.length === 0 || before.at(-1) === NEWLINE ? "" : "\n";
    const lines = events.map((event) => `${JSON.stringify(event)}\n`).join("");
    return Deno.writeTextFileSync(path, lineBreak + lines, { append: true });
  }
  // Several questions may be asked at once, each by a process of its own.
  const real = realPathOf(path);
  whileLocked(real, () => {
    replace(real, withEvents(path, readIfThere(real), events));
  });
}

/**
 * The bytes of an array with events behind its own. Those stay as they are: they may be no UTF-8, or have numbers that
 * JSON.parse would round.
 */
function withEvents(path: string, before: Uint8Array | undefined, events: readonly AgentEvent[]): Uint8Array {
  const added = `${JSON.stringify(events, undefined, 2)}\n`;
  const text = new TextDecoder().decode(before);
  if (!before || text.trim() === "") return new TextEncoder().encode(added);
  const isEmpty = lengthOfArray(path, text) === 0;
  let end = before.lastIndexOf(BRACKET);
  while (before[end - 1]! <= BLANK) end--;
  return Buffer.concat([before.subarray(0, end), new TextEncoder().encode(`${isEmpty ? "" : ","}${added.slice(1)}`)]);
}

function lengthOfArray(path: string, text: string): number {
  try {
    const value: unknown = JSON.parse(text);
    if (Array.isArray(value)) return value.length;
  } catch {
    // The message would quote the file; what is said below is enough.
  }
  throw new FatalError(
    `Cannot add a question to ${path}: it is no JSON array. Mend it, or move it away: a new one is made.`,
    EXIT.inputOutput,
  );
}

/** Written beside its place and then renamed: the agent never sees half of it. A link stays one. */
function replace(path: string, bytes: Uint8Array): void {
  const real = readIfThere(path) === undefined ? path : Deno.realPathSync(path);
  const fresh = join(dirname(real), `.${basename(real)}.${crypto.randomUUID().slice(0, 8)}`);
  try {
    Deno.writeFileSync(fresh, bytes, { createNew: true });
    Deno.renameSync(fresh, real);
  } catch (error) {
    if (!(error instanceof Deno.errors.AlreadyExists)) Deno.removeSync(fresh);
    throw error;
  }
}

function readIfThere(path: string): Uint8Array | undefined {
  try {
    return Deno.readFileSync(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}

function isDirectory(path: string): boolean {
  try {
    return Deno.statSync(path).isDirectory;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

function cannot(what: "read" | "write", path: string, error: unknown): FatalError {
  return new FatalError(`Cannot ${what} ${path}: ${pathProblem(error).reason}`, EXIT.inputOutput, { cause: error });
}
