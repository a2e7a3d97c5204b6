/** One file of events, read again and again: yields what is new in it, and complains once of what is wrong. @module */

import { setImmediate } from "node:timers/promises";
import type { Clock } from "../../clock.ts";
import { fingerprintOf } from "../../fingerprint.ts";
import { openPlainSync } from "../../files.ts";
import type { Log } from "../../log.ts";
import type { SourceObserver } from "../../observer.ts";
import type { Delivery } from "../transport.ts";
import { checkEntry, mistakeIn } from "./entries.ts";
import { createIdSet, type IdSet } from "./id_set.ts";
import { arrayElements, type Element, JsonMistake, lines, type Mark, type Source, START } from "./json_elements.ts";
import { type KnownPrefix, type PrefixedSource, readBehind } from "./known_prefix.ts";
import { decodeUtf8 } from "../../utf8.ts";

/**
 * What a file holds: `array`, a JSON array that counts when all of it is JSON; `lines`, an event a line (NDJSON), each
 * counts by itself; `document`, an array or a single event.
 */
export type Format = "array" | "lines" | "document";

/** A file and what is taken of it. */
export interface FileOptions {
  readonly path: string;
  readonly format: Format;
  /** Largest event that is taken, in bytes of JSON. */
  readonly maxBytes: number;
  /** Whether an event must tell its time; otherwise the time of reading stands for it. Default false. */
  readonly needsTime?: boolean;
  readonly log: Log;
  readonly clock: Clock;
  readonly observer?: Pick<SourceObserver, "refused"> | undefined;
}

/** An entry that is no event: its place in the file, from 0, and its id if that can be used. */
export interface RefusedEntry {
  readonly index: number;
  readonly reason: string;
  readonly id?: string;
}

/** Entries that were read together. */
export interface Batch {
  readonly deliveries: readonly Delivery[];
  /** What was wrong with entries that were no events. */
  readonly refused: readonly RefusedEntry[];
}

/** What was last seen of a file. */
export interface ReadState {
  /** Ids in its last valid state, with the fingerprints of their queries; and what was complained of in it. */
  seen: IdSet;
  told: IdSet;
  known: KnownPrefix | undefined;
  /** A last line of NDJSON that nothing ended when it was taken. */
  openLine: { readonly line: number; readonly text: string } | undefined;
}

/** Deliveries that are handed on together, at most. */
const TAKEN_AT_ONCE = 64;
/** Raw bytes of an element that are held, as a multiple of the largest event: there may be blanks in it. */
const HELD_FACTOR = 8;
const DUPLICATE = "an earlier event of the file has its id";

/** Nothing was seen yet. */
export function nothingRead(): ReadState {
  return { seen: createIdSet(), told: createIdSet(), known: undefined, openLine: undefined };
}

/**
 * Read a plain file once: yields what was not in it before, and brings `state` up to date at its end.
 *
 * @throws {JsonMistake} Before anything is yielded, if it is no array; at its end, if the last line is no JSON yet.
 * @throws {NotPlainError} If it is no plain file.
 */
export async function* readFile(options: FileOptions, state: ReadState): AsyncGenerator<Batch> {
  const { file, info } = openPlainSync(options.path);
  try {
    const known = info.size < (state.known?.mark.offset ?? 0) ? undefined : state.known;
    let prefixed = await readBehind(file, known, setImmediate);
    const elements = elementsOf(prefixed, file, options);
    if (elements.isAllOrNothing) {
      // Twice: nothing of an array counts before all of it is known to be JSON, and holding it would take its size.
      await validate(elements.read());
      prefixed = prefixed.again();
    }
    yield* readNew(prefixed, elementsOf(prefixed, file, options).read(), options, state);
    const after = file.statSync();
    if (after.size !== info.size || after.mtime?.getTime() !== info.mtime?.getTime()) state.known = undefined;
  } finally {
    file.close();
  }
}

/** The elements of a file, by its format. `isAllOrNothing`: whether one mistake takes all of it back. */
function elementsOf(prefixed: PrefixedSource, file: Deno.FsFile, { format, maxBytes }: FileOptions) {
  const { from, source } = prefixed;
  const options = { from, maxHeldBytes: HELD_FACTOR * maxBytes };
  const isSingle = format === "document" && firstCharacter(file, from) === "{";
  return {
    isAllOrNothing: format !== "lines",
    read: () => isSingle ? single(source, options) : (format === "lines" ? lines : arrayElements)(source, options),
  };
}

/** The first character of a file that is no blank; reading goes on where it was. */
function firstCharacter(file: Deno.FsFile, { offset }: Mark): string {
  const start = new Uint8Array(4096);
  file.seekSync(0, Deno.SeekMode.Start);
  const size = file.readSync(start) ?? 0;
  file.seekSync(offset, Deno.SeekMode.Start);
  return new TextDecoder().decode(start.subarray(0, size)).trimStart().charAt(0);
}

/** @throws {JsonMistake} At the first element that is no JSON. */
async function validate(chunks: Generator<Element[], Mark>): Promise<void> {
  for (const elements of chunks) {
    for (const element of elements) if (!isJson(element)) throw new JsonMistake(mistakeIn(element));
    await setImmediate();
  }
}

async function* readNew(
  prefixed: PrefixedSource,
  chunks: Generator<Element[], Mark>,
  options: FileOptions,
  state: ReadState,
): AsyncGenerator<Batch> {
  const isBehindKnown = prefixed.from !== START;
  const { seen: seenBefore, told: toldBefore, openLine } = state;
  const seen = isBehindKnown ? seenBefore : createIdSet(), told = isBehindKnown ? toldBefore : createIdSet();
  const complain = complainer(options, { told, toldBefore });
  let index = prefixed.from.count;
  let unfinished: Element | undefined;
  let deliveries: Delivery[] = [], refused: RefusedEntry[] = [];

  const take = (element: Element) => {
    const { maxBytes, needsTime = false, clock } = options;
    const entry = checkEntry(element, { maxBytes, ...(!needsTime && { nowMs: clock.now() }) });
    if (!("event" in entry)) {
      if (element.isOpen && !isJson(element)) unfinished = element;
      else {
        const { reason, id, isTooLarge } = entry;
        refused.push({ index, reason, ...(id !== undefined && { id }) });
        const isNew = complain(reason, { index, element, ...(id !== undefined && { id }) });
        if (isNew) options.observer?.refused(isTooLarge ? "too_large" : "invalid");
        if (isNew && id !== undefined && !seen.has(id)) deliveries.push(refusal(id, reason, options));
      }
      return;
    }
    const { event } = entry;
    for (const what of entry.unknown) complain(what, { element });
    const wasTaken = openLine?.line === element.line && openLine.text === element.text;
    const fingerprint = fingerprintOf(event.query) >>> 0;
    // An event whose query was edited is handed on again: nobody answers it anew, but somebody is told.
    const isKnown = wasTaken || (!isBehindKnown && seenBefore.noteOf(event.id) === fingerprint);
    if (!seen.add(event.id, fingerprint) && !wasTaken) {
      refused.push({ index, reason: DUPLICATE, id: event.id });
      if (complain(DUPLICATE, { index, element, id: event.id })) options.observer?.refused("invalid");
    } else if (!isKnown) deliveries.push({ event });
  };

  let next = chunks.next();
  for (; !next.done; next = chunks.next()) {
    for (const element of next.value) {
      take(element);
      index++;
      if (deliveries.length < TAKEN_AT_ONCE) continue;
      yield { deliveries, refused };
      [deliveries, refused] = [[], []];
    }
    const last = next.value.at(-1);
    state.openLine = last?.isOpen && last.text !== undefined && !unfinished
      ? { line: last.line, text: last.text }
      : undefined;
    await setImmediate();
  }
  yield { deliveries, refused };
  Object.assign(state, { seen, told, known: prefixed.prefixUpTo(next.value) });
  if (unfinished) throw new JsonMistake(mistakeIn(unfinished));
}

/** Tells each complaint once while it lasts. */
function complainer({ path, format, log }: FileOptions, { told, toldBefore }: { told: IdSet; toldBefore: IdSet }) {
  return (reason: string, { index, element, id }: { index?: number; element: Element; id?: string }): boolean => {
    const fields = {
      path,
      ...(index !== undefined && { index }),
      ...(format === "lines" && { line: element.line }),
      reason,
      ...(id !== undefined && { event: id }),
    };
    const key = JSON.stringify(index === undefined ? { reason } : fields);
    // The two are one set where reading goes on behind what was read before.
    const wasTold = toldBefore.has(key);
    const isNew = told.add(key) && !wasTold;
    if (isNew && index !== undefined) log.warn("event refused", fields);
    else if (isNew) log.warn("a field of events is not known, and ignored", fields);
    return isNew;
  };
}

/** An entry that is no event, to be told in `responses.json` under its id. */
function refusal(id: string, reason: string, { clock }: FileOptions): Delivery {
  return { event: { id, query: "", timestamp: clock.now() }, refusal: reason };
}

/** All of the source as one element. */
function* single(source: Source, { maxHeldBytes }: { maxHeldBytes: number }): Generator<Element[], Mark> {
  const whole = new Uint8Array(maxHeldBytes);
  let bytes = 0;
  for (let size: number | null = 0; size !== null && bytes < whole.length; bytes += size ?? 0) {
    size = source(whole.subarray(bytes));
  }
  yield [{ ...(bytes < whole.length && decodeUtf8(whole.subarray(0, bytes))), bytes, line: 1, column: 1 }];
  return START;
}

function isJson({ text }: Element): boolean {
  try {
    if (text !== undefined) JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
