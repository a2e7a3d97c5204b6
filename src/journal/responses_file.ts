/** `responses.json`, grown in place: the hundred-thousandth entry costs what the first did. @module */

import { dirname } from "node:path";
import { EXIT, FatalError, messageOf } from "../errors.ts";
import { encodeEntry, type Outcome } from "../wire.ts";
import { type Expected, type Found, inspect, OPENING_BYTES } from "./responses_inspection.ts";

/** The file, open for more entries: a JSON array at every moment somebody reads it. */
export interface ResponsesFile extends Disposable {
  /**
   * Append an entry for each outcome.
   *
   * @throws {FatalError} If the disk refuses; then nothing is half-written.
   */
  append(outcomes: readonly Outcome[]): void;
  /** Bring it to the disk; returns its length up to and with the last entry. */
  sync(): number;
  /** Whether the path still names this file, as long as it was left: somebody may have moved, deleted or edited it. */
  isInPlace(): boolean;
}

/**
 * At least this much space is held ready behind the closing bracket, as blanks, and many entries are written this many
 * bytes at a time. An entry then lands in bytes that are already there, so that a full disk can't cut it short, and a
 * reader that comes between does not see the file grow or shrink under it, which is when reads are torn: with a reader in
 * a tight loop and an entry a millisecond, 695 of 18,680 reads if it is cut to its length after each entry, 14 of 33,760
 * if it grows right under the next entry, 2 of 38,480 like this (measured on ext4, where no write is atomic for readers).
 */
const RESERVE_BYTES = 16 * 1024;
/** A carriage return is a blank to JSON, and on a terminal takes no room: spaces would push the answers off the screen. */
const BLANK = "\r";
const CLOSING = "\n]\n";
const EMPTY = "[]\n";
const OPENING_BRACKET = 0x5b;
const BYTE_ORDER_MARK = [0xef, 0xbb, 0xbf];

const encoder = new TextEncoder();

/**
 * Open `responses.json` at `path`, or make it, and bring it up to what is expected.
 *
 * @throws {FatalError} If the disk refuses.
 */
export function openResponsesFile(path: string, expected: Expected): { file: ResponsesFile; found: Found } {
  let file: ResponsesFile | undefined;
  try {
    Deno.mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    const { found, keepBytes, missing } = inspect(path, expected);
    if (found.state === "unreadable") Deno.renameSync(path, found.movedTo);
    if (keepBytes === 0) makeEmpty(path);
    file = hold(path, Math.max(keepBytes, OPENING_BYTES));
    file.append(missing);
    return { file, found };
  } catch (error) {
    file?.[Symbol.dispose]();
    throw cannot("open", path, error);
  }
}

/** Put an empty array at the path. */
function makeEmpty(path: string): void {
  try {
    // In place, where there is something: it may be mounted there by itself, or somebody may be about to write in it.
    using file = Deno.openSync(path, { write: true, truncate: true });
    file.writeSync(encoder.encode(EMPTY));
    return;
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
  // Else at once: a reader finds either none or a whole one.
  const fresh = `${path}.new`;
  Deno.openSync(fresh, { write: true, create: true, truncate: true, mode: 0o600 }).close();
  try {
    Deno.writeTextFileSync(fresh, EMPTY);
    Deno.renameSync(fresh, path);
  } catch (error) {
    Deno.removeSync(fresh);
    throw error;
  }
}

function hold(path: string, keepBytes: number): ResponsesFile {
  const file = Deno.openSync(path, { read: true, write: true });
  const { ino, dev, size: sizeAtStart } = file.statSync();
  let size = sizeAtStart;
  /** Where the next entry goes: behind the last one, over the closing bracket. */
  let end = keepBytes;
  let isOpen = true;

  const write = (text: string | Uint8Array, at: number) => {
    const bytes = typeof text === "string" ? encoder.encode(text) : text;
    file.seekSync(at, Deno.SeekMode.Start);
    for (let written = 0; written < bytes.length;) {
      written += file.writeSync(bytes.subarray(written));
      size = Math.max(size, at + written);
    }
    return bytes.length;
  };
  const read = (length: number, at: number) => {
    const bytes = new Uint8Array(length);
    file.seekSync(at, Deno.SeekMode.Start);
    return bytes.subarray(0, file.readSync(bytes) ?? 0);
  };
  const attempt = (step: () => void) => {
    try {
      step();
    } catch (error) {
      throw cannot("append to", path, error);
    }
  };
  const reserve = (needed: number) => {
    try {
      if (needed + RESERVE_BYTES > size) write(BLANK.repeat(needed + 2 * RESERVE_BYTES - size), size);
    } catch (error) {
      // As long as there is room for the entry itself, it can be done with less.
      if (needed > size) throw error;
    }
  };
  /** Give back the space that is held ready. */
  const trim = () => {
    const length = end + CLOSING.length;
    if (size > length) file.truncateSync(length);
    size = Math.min(size, length);
  };

  try {
    // RFC 8259, 8.1: a JSON text has no byte order mark. Blanks are allowed.
    if (read(BYTE_ORDER_MARK.length, 0).every((byte, index) => byte === BYTE_ORDER_MARK[index])) {
      write(" ".repeat(BYTE_ORDER_MARK.length), 0);
    }
    // Whatever else follows the last entry may be longer than the text that goes over it.
    if (!/^[ \t\r\n]{0,2}\][ \t\r\n]*$/.test(new TextDecoder().decode(read(size - end, end)))) {
      write(CLOSING, end);
      trim();
    }
  } catch (error) {
    file.close();
    throw error;
  }
  let isFirst = read(1, end - 1)[0] === OPENING_BRACKET;

  return {
    append: (outcomes) =>
      attempt(() => {
        for (const group of groupsOf(outcomes.map(encodeEntry))) {
          const bytes = encoder.encode((isFirst ? "\n" : ",\n") + group.join(",\n") + CLOSING);
          reserve(end + bytes.length);
          end += write(bytes, end) - CLOSING.length;
          isFirst = false;
        }
      }),
    sync() {
      attempt(() => file.syncDataSync());
      return end;
    },
    isInPlace() {
      try {
        const now = Deno.statSync(path);
        return now.ino === ino && now.dev === dev && now.size === size;
      } catch (error) {
        if (error instanceof Deno.errors.NotFound) return false;
        throw cannot("look at", path, error);
      }
    },
    [Symbol.dispose]() {
      if (!isOpen) return;
      isOpen = false;
      try {
        // Of another size it is not as it was left: somebody wrote in it, and that must not be cut off.
        if (file.statSync().size === size) attempt(trim);
      } finally {
        file.close();
      }
    },
  };
}

/** Entries in groups that are written at once. */
function* groupsOf(entries: readonly string[]): Iterable<string[]> {
  let group: string[] = [], length = 0;
  for (const entry of entries) {
    if (length > 0 && length + entry.length > RESERVE_BYTES) {
      yield group;
      [group, length] = [[], 0];
    }
    group.push(entry);
    length += entry.length;
  }
  if (group.length > 0) yield group;
}

function cannot(verb: string, path: string, error: unknown): FatalError {
  if (error instanceof FatalError) return error;
  const reason = (error as { code?: string }).code === "ENOSPC"
    ? "no space left. Free some and start again; nothing is lost."
    : `${messageOf(error)}. Make it writable, or set EVENT_OUTPUT_PATH to a path that is; nothing is lost.`;
  return new FatalError(`Cannot ${verb} ${path}: ${reason}`, EXIT.inputOutput, { cause: error });
}
