/** The body of an answer as JSON objects: a stream of server-sent events, of JSON lines, or one object. @module */

import { isObject, type JsonObject } from "../../json_object.ts";
import { ModelError } from "../model_error.ts";

/** Most characters that wait for the rest of their line or object: above any piece's, and below what would fill the memory. */
const MAX_WAITING = 16 * 1024 * 1024;

/** A count, if a value is one. */
export function count(value: unknown): number | undefined {
  return typeof value === "number" && Number.isInteger(value) && value >= 0 ? value : undefined;
}

/**
 * The objects of a body, as they arrive. Its form is told by its text, not by its content type, which some gateways
 * leave out or get wrong.
 *
 * Skipped, since servers send them between the pieces of good answers: comments, empty data, `null`, and data that is no
 * object, such as the time in a ping.
 *
 * `[DONE]`, or Ollama's `"done": true`, ends them. What comes behind it is not waited for: some servers and proxies leave
 * the body open, or break the connection without its last chunk. It says nothing of whether the answer is whole.
 *
 * @param options `where`: the server, as error messages name it; `remedy`: a sentence for the operator if the body is
 * nothing of the kind.
 * @throws {ModelError} `faulty` if an object is broken or the body empty, `refused` if it is something else, such as a
 * web page, or has an object of more than 16 Mi characters.
 * @see https://html.spec.whatwg.org/multipage/server-sent-events.html#parsing-an-event-stream
 */
export async function* recordsOf(
  response: {
    readonly headers: Headers;
    readonly body: AsyncIterable<Uint8Array> | null;
    /** Called when the end of the objects has come before the end of the body. */
    readonly complete?: () => void;
  },
  { where, remedy }: { where: string; remedy: string },
): AsyncGenerator<JsonObject> {
  const reader = createReader(where);
  let hasText = false;
  function* read(lines: readonly string[]) {
    for (const line of lines) {
      hasText ||= line.trim() !== "";
      yield* reader.take(line);
      if (reader.isDone) return;
    }
  }
  const lines = createSplitter();
  // Not `yield*`, which waits once more for each record here.
  for await (const chunk of response.body ?? []) {
    for (const record of read(lines.take(chunk))) yield record;
    if (reader.isDone) return response.complete?.();
    if (lines.waiting + reader.waiting <= MAX_WAITING) continue;
    const why = `${where} sent more than ${MAX_WAITING} characters that make no piece of an answer`;
    throw new ModelError("refused", `${why}. ${remedy}`);
  }
  for (const record of read(lines.end())) yield record;
  for (const record of reader.end()) yield record;
  if (reader.isKnown) return;
  if (!hasText) throw new ModelError("faulty", `${where} sent an empty answer`);
  const type = /^[\w.+-]+\/[\w.+-]+/.exec(response.headers.get("content-type") ?? "")?.[0];
  throw new ModelError("refused", `${where} sent something else than an answer${type ? ` (${type})` : ""}. ${remedy}`);
}

/** The mark at the end of a stream, by itself and as an event's line that may not have come whole. */
const DONE = { data: /^\s*\[DONE\]\s*$/, line: /^data:\s*\[DONE\]\s*$/, maxLength: 20 };

/** Whether a text is the mark; long ones are not looked at. */
function isMark(text: string, pattern: RegExp): boolean {
  return text.length <= DONE.maxLength && pattern.test(text);
}

/** Turns lines into objects. */
interface RecordReader {
  /** Whether the form of the body is one of the known ones. */
  readonly isKnown: boolean;
  /** Whether the mark of the end has come. */
  readonly isDone: boolean;
  /** Characters of which no object has been made yet. */
  readonly waiting: number;
  take(line: string): JsonObject[];
  /** The body has ended. */
  end(): JsonObject[];
}

/** Reads each line in the form that the first ones show. */
function createReader(where: string): RecordReader {
  let reader: LineReader | undefined, unknown = 0;
  return {
    get isKnown() {
      return reader !== undefined;
    },
    get isDone() {
      return reader?.isDone === true;
    },
    get waiting() {
      return reader?.waiting ?? unknown;
    },
    take(line) {
      if (!reader && /^(data|event|id|retry|error)?:/.test(line)) reader = createEventReader(where);
      else if (!reader && /^\s*[{[]/.test(line)) reader = createJsonReader(where);
      if (reader) return reader.take(line);
      unknown += line.length;
      return [];
    },
    end: () => reader?.end() ?? [],
  };
}

type LineReader = Pick<RecordReader, "isDone" | "waiting" | "take" | "end">;

/** Reads lines of JSON, or the lines of one object that is spread over several. */
function createJsonReader(where: string): LineReader {
  let isSpread: boolean | undefined, isDone = false, pending = "";
  return {
    get isDone() {
      return isDone;
    },
    get waiting() {
      return pending.length;
    },
    take(line) {
      if (isSpread) pending += `${line}\n`;
      if (isSpread || line.trim() === "") return [];
      const value = isMark(line, DONE.data) ? null : parsed(line);
      if (value !== undefined) {
        isSpread = false;
        isDone = isMark(line, DONE.data) || (isObject(value) && value.done === true);
        return isObject(value) ? [value] : [];
      }
      if (isSpread === false) throw invalid(where);
      isSpread = true;
      pending = `${line}\n`;
      return [];
    },
    end() {
      if (!isSpread) return [];
      const value = parsed(pending);
      if (value === undefined) throw invalid(where);
      return isObject(value) ? [value] : [];
    },
  };
}

/**
 * Reads server-sent events. Some gateways put no empty line between two events, so each line of data is tried by itself,
 * and an object over several lines ends where its last bracket is closed.
 */
function createEventReader(where: string): LineReader {
  /** Data that is not read yet: the lines of an object that is not closed, or text. */
  let pending = "";
  /** Brackets that are open in it. Counted, since to parse all of it with each line took 31 s for 0.5 MB (measured). */
  let depth = 0;
  let eventName = "", isDone = false;
  /** Ends an event: an object that could not be read until here is broken. */
  const end = (): JsonObject[] => {
    const data = pending, name = eventName;
    pending = eventName = "";
    depth = 0;
    if (isBegun(data)) throw invalid(where);
    // A text without an object is a ping's, unless it is called an error.
    return name === "error" && data !== "" ? [{ error: data }] : [];
  };
  const objectsIn = (data: unknown, name: string): JsonObject[] => {
    if (!isObject(data)) return [];
    return (name === "error" || eventName === "error") && !("error" in data) ? [{ error: data }] : [data];
  };
  return {
    get isDone() {
      return isDone;
    },
    get waiting() {
      return pending.length;
    },
    take(line) {
      if (line === "") return end();
      const [, name = "", value = ""] = /^([^:]*):? ?([^]*)$/.exec(line) ?? [];
      if (name === "event") eventName = value;
      // Older versions of llama.cpp send `error: {…}` as a field of its own.
      if (name !== "data" && name !== "error") return [];
      if (name === "data" && isMark(value, DONE.data)) {
        isDone = true;
        return end();
      }
      if (depth <= 0) {
        const data = parsed(value);
        if (isObject(data)) pending = "";
        if (isObject(data) || (data !== undefined && pending === "")) return objectsIn(data, name);
      }
      const isOpen = depth > 0 || (pending === "" && /^\s*[{[]/.test(value));
      pending = pending === "" ? value : `${pending}\n${value}`;
      if (!isOpen) return [];
      depth += bracketsLeftOpen(value);
      if (depth > 0) return [];
      const data = parsed(pending);
      if (data === undefined && isBegun(pending)) throw invalid(where);
      if (data !== undefined) pending = "";
      return objectsIn(data, name);
    },
    end,
  };
}

/** Whether a text begins as an object does. */
function isBegun(text: string): boolean {
  return text.trimStart().startsWith("{");
}

/** How many more brackets a line of JSON opens than it closes. A string in it ends in it. */
function bracketsLeftOpen(line: string): number {
  let open = 0, isString = false;
  for (let at = 0; at < line.length; at++) {
    const character = line[at];
    if (isString && character === "\\") at++;
    else if (character === '"') isString = !isString;
    else if (isString) continue;
    else if (character === "{" || character === "[") open++;
    else if (character === "}" || character === "]") open--;
  }
  return open;
}

function invalid(where: string): ModelError {
  return new ModelError("faulty", `${where} sent invalid JSON`);
}

/** The value of a JSON text; undefined if it is none. */
function parsed(text: string): unknown {
  // An error of the parser's takes 10 µs, and 0.2 ms after a rest.
  if (!/^\s*[{["\d\-tfn]/.test(text)) return undefined;
  try {
    return JSON.parse(text);
  } catch {
    // The parser's message quotes the text, which may be the user's.
    return undefined;
  }
}

/** Splits a body into its lines, whatever ends them. */
function createSplitter() {
  // It also takes off a byte order mark.
  const decoder = new TextDecoder();
  let rest = "", endsInReturn = false;
  const split = (text: string): string[] => {
    // A long line is not searched again with each of its chunks: one of 7 MB took 1.6 s instead of 0.04 (measured).
    if (!endsInReturn && !/[\r\n]/.test(text)) {
      rest += text;
      return [];
    }
    const lines = (rest + text).split(/\r\n|\n|\r(?!$)/);
    rest = lines.pop() ?? "";
    endsInReturn = rest.endsWith("\r");
    return lines;
  };
  return {
    get waiting() {
      return rest.length;
    },
    take(chunk: Uint8Array): string[] {
      const lines = split(decoder.decode(chunk, { stream: true }));
      if (!isMark(rest, DONE.line)) return lines;
      // Some servers send no line break behind the mark and leave the body open.
      lines.push(rest.trimEnd());
      rest = "";
      endsInReturn = false;
      return lines;
    },
    end: () => (rest + decoder.decode()).replace(/\r$/, "").split(/\r\n|\n|\r/),
  };
}
