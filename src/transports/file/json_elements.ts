/** The elements of a JSON array, or the lines of NDJSON, found in bytes as they are read: no more than one is held. @module */

import { type BytePlace, decodeUtf8 } from "../../utf8.ts";

/** One element, not parsed yet. */
export interface Element {
  /** Its text; absent if it is larger than what is held. */
  readonly text?: string;
  /** The first place in its text where the bytes are no UTF-8. */
  readonly invalidAt?: BytePlace;
  readonly bytes: number;
  /** Where it begins: line and column from 1 up, the column in bytes. */
  readonly line: number;
  readonly column: number;
  /** Whether it is the last line of NDJSON, and nothing ends it yet. */
  readonly isOpen?: boolean;
}

/** A place behind an element, from which reading can go on. */
export interface Mark {
  readonly offset: number;
  /** Lines before it, and where its own begins. */
  readonly line: number;
  readonly lineStart: number;
  /** Elements before it. */
  readonly count: number;
}

/** Where bytes come from, one after the other. Returns how many it has put into the array; null at the end. */
export type Source = (into: Uint8Array) => number | null;

/** A place where the bytes are no JSON array. */
export class JsonMistake extends Error {
  override name = "JsonMistake";
}

/** The beginning of a file. */
export const START: Mark = { offset: 0, line: 1, lineStart: 0, count: 0 };

const CHUNK_BYTES = 1024 * 1024;
const QUOTE = 0x22, BACKSLASH = 0x5c, COMMA = 0x2c, OPEN = 0x5b, CLOSE = 0x5d, BRACE = 0x7b, END_BRACE = 0x7d;
const NEWLINE = 0x0a;
const BYTE_ORDER_MARK = [0xef, 0xbb, 0xbf];

/**
 * The elements of a JSON array, those of a chunk of bytes together. Only where elements begin and end is looked at: whether
 * each is JSON is for its parser to say.
 *
 * @param options `from`: a mark that an earlier call returned, if the source begins there; `maxHeldBytes`: of one element.
 * @returns The place behind the last element.
 * @throws {JsonMistake} Where the bytes are no array, saying where.
 */
export function* arrayElements(
  source: Source,
  { from = START, maxHeldBytes }: { from?: Mark; maxHeldBytes: number },
): Generator<Element[], Mark> {
  const buffer = new Uint8Array(CHUNK_BYTES);
  const scanner = scanArray(from, maxHeldBytes);
  for (let size = source(buffer); size !== null; size = source(buffer)) {
    const elements = scanner.scan(buffer.subarray(0, size));
    if (elements.length > 0) yield elements;
  }
  return scanner.end();
}

/** What is expected next: the array, its first value or its end, a value, the rest of one, a comma or the end, nothing. */
type Phase = "array" | "first" | "value" | "inside" | "behind" | "nothing";

/** Goes through the chunks of an array, one after the other. */
function scanArray(from: Mark, maxHeldBytes: number) {
  const held = holdBytes(maxHeldBytes);
  const place = createPlace(from);
  const skipElement = createElementSkipper(place);
  let phase = (from.offset === 0 ? "array" : "behind") as Phase;
  let { count } = from;
  /** Behind the last element; where the element that is being read begins, and where it ends as far as it is known. */
  let mark = from, begin = { line: 1, column: 1 }, end = from;

  /** Handles a byte between elements; returns whether an element begins with it. */
  const step = (byte: number, at: number): boolean => {
    const here = place.at(at);
    phase = phaseAfter(phase, byte, here);
    if (phase === "inside") begin = here;
    return phase === "inside";
  };

  return {
    /** The elements that end in a chunk. */
    scan(chunk: Uint8Array): Element[] {
      const elements: Element[] = [];
      place.enter(chunk);
      for (let at = 0; at < chunk.length; at++) {
        if (phase !== "inside") {
          const byte = chunk[at]!;
          if (byte === NEWLINE) place.newline(at);
          if (isBlank(byte) || !step(byte, at)) continue;
        }
        const start = at;
        at = skipElement(chunk, start);
        const part = chunk.subarray(start, at);
        end = place.behindLast(start, at) ?? end;
        if (at === chunk.length) {
          held.add(part);
          break;
        }
        elements.push({ ...held.endWith(part), line: begin.line, column: begin.column });
        mark = { ...end, count: ++count };
        phase = "behind";
        step(chunk[at]!, at);
      }
      place.leave();
      return elements;
    },
    /** @throws {JsonMistake} If more should have come. */
    end(): Mark {
      if (phase !== "nothing") throw new JsonMistake("not valid JSON: it ends too early");
      return mark;
    },
  };
}

/** What is expected behind a byte between elements that is no blank. @throws {JsonMistake} If it may not come there. */
function phaseAfter(phase: Phase, byte: number, here: { offset: number; line: number; column: number }): Phase {
  switch (phase) {
    case "array":
      if (here.offset < 3 && byte === BYTE_ORDER_MARK[here.offset]) return "array";
      if (byte !== OPEN) throw noArray(byte, here);
      return "first";
    case "behind":
      if (byte !== COMMA && byte !== CLOSE) throw mistakeAt(here);
      return byte === COMMA ? "value" : "nothing";
    case "nothing":
      throw mistakeAt(here);
    default:
      if (byte === COMMA || (byte === CLOSE && phase === "value")) throw mistakeAt(here);
      return byte === CLOSE ? "nothing" : "inside";
  }
}

/** Lines and columns in chunks that follow one another. */
type PlaceInChunks = ReturnType<typeof createPlace>;

function createPlace(from: Mark) {
  let { offset, line, lineStart } = from;
  let chunk: Uint8Array = new Uint8Array(0);
  /** Where the line began that goes on at the start of the chunk. */
  let firstLineStart = lineStart;
  return {
    enter(next: Uint8Array) {
      chunk = next;
      firstLineStart = lineStart;
    },
    leave() {
      offset += chunk.length;
    },
    newline(at: number) {
      line++;
      lineStart = offset + at + 1;
    },
    at: (at: number) => ({ offset: offset + at, line, column: offset + at - lineStart + 1 }),
    /** The place behind the last byte of a part of the chunk that is no blank; undefined if all of it is blank. */
    behindLast(start: number, end: number): Mark | undefined {
      let last = end - 1, newlines = 0;
      for (; last >= start && isBlank(chunk[last]!); last--) if (chunk[last] === NEWLINE) newlines++;
      if (last < start) return undefined;
      const newline = newlines === 0 ? -1 : chunk.lastIndexOf(NEWLINE, last);
      const begin = newlines === 0 ? lineStart : newline < 0 ? firstLineStart : offset + newline + 1;
      return { offset: offset + last + 1, line: line - newlines, lineStart: begin, count: 0 };
    },
  };
}

/** Makes the function that goes on in an element to the comma or bracket behind it; to the chunk's end if that comes first. */
function createElementSkipper(place: PlaceInChunks) {
  let depth = 0, inString = false, escaped = false;
  return (chunk: Uint8Array, start: number): number => {
    let at = start;
    for (; at < chunk.length; at++) {
      if (inString) {
        const quote = chunk.indexOf(QUOTE, at);
        const isEscaped = endsEscaped(chunk, at, quote < 0 ? chunk.length : quote, escaped);
        escaped = quote < 0 && isEscaped;
        if (quote < 0) return chunk.length;
        inString = isEscaped;
        at = quote;
        continue;
      }
      const byte = chunk[at]!;
      if (byte === QUOTE) inString = true;
      else if (byte === NEWLINE) place.newline(at);
      else if (depth === 0 && (byte === COMMA || byte === CLOSE)) break;
      else if (byte === OPEN || byte === BRACE) depth++;
      else if (depth > 0 && (byte === CLOSE || byte === END_BRACE)) depth--;
    }
    return at;
  };
}

/** Whether a part of a string ends in a backslash that escapes what follows; `escaped`: whether its first byte is escaped. */
function endsEscaped(chunk: Uint8Array, start: number, end: number, escaped: boolean): boolean {
  let backslashes = 0;
  while (end - backslashes > start && chunk[end - backslashes - 1] === BACKSLASH) backslashes++;
  const isAll = end - backslashes === start;
  return (backslashes + (isAll && escaped ? 1 : 0)) % 2 === 1;
}

function isBlank(byte: number): boolean {
  return byte === 0x20 || byte === NEWLINE || byte === 0x0d || byte === 0x09;
}

/**
 * The lines of NDJSON that are not blank, those of a chunk of bytes together.
 *
 * @returns The place behind the last line that is ended.
 */
export function* lines(
  source: Source,
  { from = START, maxHeldBytes }: { from?: Mark; maxHeldBytes: number },
): Generator<Element[], Mark> {
  const buffer = new Uint8Array(CHUNK_BYTES);
  const held = holdBytes(maxHeldBytes);
  let { offset, line, count } = from;
  let mark = from;
  const taken = (part: Uint8Array): Element | undefined => {
    const { text, ...others } = held.endWith(part);
    const shown = line === 1 ? text?.replace(/^\ufeff/, "") : text;
    if (others.bytes === 0 || shown?.trim() === "") return undefined;
    count++;
    return { ...(shown !== undefined && { text: shown }), ...others, line, column: 1 };
  };
  for (let size = source(buffer); size !== null; size = source(buffer)) {
    const elements: Element[] = [];
    let start = 0;
    const chunk = buffer.subarray(0, size);
    for (let at = chunk.indexOf(NEWLINE); at >= 0; at = chunk.indexOf(NEWLINE, start)) {
      const element = taken(chunk.subarray(start, at));
      if (element) elements.push(element);
      start = at + 1;
      mark = { offset: offset + start, line: ++line, lineStart: offset + start, count };
    }
    held.add(chunk.subarray(start));
    offset += size;
    if (elements.length > 0) yield elements;
  }
  const open = taken(new Uint8Array(0));
  if (open) yield [{ ...open, isOpen: true }];
  return mark;
}

/** What does not begin with a bracket may be other JSON: of a letter only `true`, `false` and `null` are known to be. */
function noArray(byte: number, place: { line: number; column: number }): JsonMistake {
  const isOtherJson = '{"-0123456789tfn'.includes(String.fromCharCode(byte));
  const expected = "expected a JSON array of events";
  return new JsonMistake(isOtherJson ? expected : `${mistakeAt(place).message}, ${expected}`);
}

function mistakeAt({ line, column }: { line: number; column: number }): JsonMistake {
  return new JsonMistake(`not valid JSON at line ${line} column ${column}`);
}

/** Bytes of one element that came in several chunks; those over the limit are only counted. */
function holdBytes(maxHeldBytes: number) {
  let parts: Uint8Array[] = [], bytes = 0;
  const add = (part: Uint8Array) => {
    bytes += part.length;
    if (bytes > maxHeldBytes) parts = [];
    // The chunk's buffer is filled again before the element ends.
    else if (part.length > 0) parts.push(part.slice());
  };
  return {
    add,
    /** The whole element; nearly every one lies in one chunk, and is not copied. */
    endWith(part: Uint8Array): Pick<Element, "text" | "invalidAt" | "bytes"> {
      if (bytes === 0 && part.length <= maxHeldBytes) return { ...decodeUtf8(part), bytes: part.length };
      add(part);
      const taken = bytes > maxHeldBytes ? { bytes } : { ...decodeUtf8(joined(parts, bytes)), bytes };
      [parts, bytes] = [[], 0];
      return taken;
    },
  };
}

function joined(parts: readonly Uint8Array[], bytes: number): Uint8Array {
  const whole = new Uint8Array(bytes);
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
