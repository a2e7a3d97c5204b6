/** The body of an answer as JSON objects: a stream of server-sent events, of JSON lines, or one object. @module */

import { isObject, type JsonObject } from "../../json_object.ts";
import { ModelError } from "../model_error.ts";

/** A count, if a value is one. */
export function count(value: unknown): number | undefined {
  return typeof value === "number" && Number.isInteger(value) && value >= 0 ? value : undefined;
}

/**
 * The objects of a body, as they arrive. Its form is told by its text, not by its content type, which some gateways
 * leave out or get wrong.
 *
 * Skipped, since servers send them between the pieces of good answers: comments, empty data, `null`, `[DONE]`, and data
 * that is no object, such as the time in a ping.
 *
 * @param options `where`: the server, as error messages name it; `remedy`: a sentence for the operator if the body is
 * nothing of the kind.
 * @throws {ModelError} `faulty` if an object is broken or the body empty, `refused` if it is something else, such as a
 * web page.
 * @see https://html.spec.whatwg.org/multipage/server-sent-events.html#parsing-an-event-stream
 */
export async function* recordsOf(
  response: { readonly headers: Headers; readonly body: AsyncIterable<Uint8Array> | null },
  { where, remedy }: { where: string; remedy: string },
): AsyncGenerator<JsonObject> {
  const reader = createReader(where);
  let hasText = false;
  function* read(lines: readonly string[]) {
    for (const line of lines) {
      hasText ||= line.trim() !== "";
      yield* reader.take(line);
    }
  }
  const lines = createSplitter();
  // Not `yield*`, which waits once more for each record here.
  for await (const chunk of response.body ?? []) for (const record of read(lines.take(chunk))) yield record;
  for (const record of read(lines.end())) yield record;
  for (const record of reader.end()) yield record;
  if (reader.isKnown) return;
  if (!hasText) throw new ModelError("faulty", `${where} sent an empty answer`);
  const type = /^[\w.+-]+\/[\w.+-]+/.exec(response.headers.get("content-type") ?? "")?.[0];
  throw new ModelError("refused", `${where} sent something else than an answer${type ? ` (${type})` : ""}. ${remedy}`);
}

/** Turns lines into objects. */
interface RecordReader {
  /** Whether the form of the body is one of the known ones. */
  readonly isKnown: boolean;
  take(line: string): JsonObject[];
  /** The body has ended. */
  end(): JsonObject[];
}

/** Reads each line in the form that the first ones show. */
function createReader(where: string): RecordReader {
  let reader: LineReader | undefined;
  return {
    get isKnown() {
      return reader !== undefined;
    },
    take(line) {
      if (!reader && /^(data|event|id|retry|error)?:/.test(line)) reader = createEventReader(where);
      else if (!reader && /^\s*[{[]/.test(line)) reader = createJsonReader(where);
      return reader?.take(line) ?? [];
    },
    end: () => reader?.end() ?? [],
  };
}

type LineReader = Pick<RecordReader, "take" | "end">;

/** Reads lines of JSON, or the lines of one object that is spread over several. */
function createJsonReader(where: string): LineReader {
  let isSpread: boolean | undefined, pending = "";
  return {
    take(line) {
      if (isSpread) pending += `${line}\n`;
      if (isSpread || line.trim() === "") return [];
      const value = parsed(line);
      if (value !== undefined) {
        isSpread = false;
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

/** Reads server-sent events. */
function createEventReader(where: string): LineReader {
  let pending = "", eventName = "";
  /** Ends an event: data that could not be read until here is broken, if it was meant to be an object. */
  const end = (): JsonObject[] => {
    const data = pending, name = eventName;
    pending = eventName = "";
    if (data.trimStart().startsWith("{")) throw invalid(where);
    // A text without an object is a ping's, unless it is called an error.
    return name === "error" && data !== "" ? [{ error: data }] : [];
  };
  return {
    take(line) {
      if (line === "") return end();
      const [, name = "", value = ""] = /^([^:]*):? ?([^]*)$/.exec(line) ?? [];
      if (name === "event") eventName = value;
      // Older versions of llama.cpp send `error: {…}` as a field of its own.
      if (name !== "data" && name !== "error") return [];
      // Some gateways put no empty line between two events, so each line is tried by itself first.
      pending = pending === "" ? value : `${pending}\n${value}`;
      const data = parsed(pending);
      if (data === undefined) return [];
      pending = "";
      if (!isObject(data)) return [];
      return (name === "error" || eventName === "error") && !("error" in data) ? [{ error: data }] : [data];
    },
    end,
  };
}

function invalid(where: string): ModelError {
  return new ModelError("faulty", `${where} sent invalid JSON`);
}

/** The value of a JSON text; undefined if it is none. The mark at a stream's end is as good as `null`. */
function parsed(text: string): unknown {
  // An error of the parser's takes 0.2 ms after a rest.
  if (text === "[DONE]") return null;
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
  return {
    take(chunk: Uint8Array): string[] {
      const text = decoder.decode(chunk, { stream: true });
      // A long line is not searched again with each of its chunks: one of 7 MB took 1.6 s instead of 0.04 (measured).
      if (!endsInReturn && !/[\r\n]/.test(text)) {
        rest += text;
        return [];
      }
      const lines = (rest + text).split(/\r\n|\n|\r(?!$)/);
      rest = lines.pop() ?? "";
      endsInReturn = rest.endsWith("\r");
      return lines;
    },
    end: () => (rest + decoder.decode()).replace(/\r$/, "").split(/\r\n|\n|\r/),
  };
}
