/** `responses.json`, grown in place: the hundred-thousandth entry costs what the first did. @module */

import { dirname } from "node:path";
import { EXIT, FatalError, messageOf } from "../errors.ts";
import type { Entry } from "../wire.ts";
import { writeAllSync } from "../files.ts";
import { type Expected, type Found, inspect } from "./responses_inspection.ts";
import { layOut, OPENING_BRACKET, OPENING_BYTES } from "./responses_layout.ts";

/** The file, open for more entries: a JSON array at every moment somebody reads it. */
export interface ResponsesFile extends Disposable {
  /**
   * Append entries.
   *
   * @throws {FatalError} If the disk refuses; then nothing is half-written.
   */
  append(entries: readonly Entry[]): void;
  /** Bring it to the disk; returns its length up to and with the last entry. */
  sync(): number;
  /** Whether the path still names this file, as long as it was left: somebody may have moved, deleted or edited it. */
  isInPlace(): boolean;
}

/**
 * Space is held ready between the last entry and the closing bracket, as blanks: at least this much, an eighth of the
 * file or several times what is just appended if that is more, and no more than the most. An entry lands in bytes that
 * are already there, with a bracket behind them all the time, so that neither a full disk nor a kill nor a reader that
 * comes meanwhile finds the array open.
 */
const RESERVE = { leastBytes: 16 * 1024, share: 1 / 8, appends: 8, mostBytes: 1024 * 1024 };
/**
 * When the bracket moves, at the first entry, when the space is used up and at the end, a file of up to this many bytes is
 * replaced by a copy, so that a reader finds the one or the other. A larger one would take too long: there it is one write.
 */
const MAX_COPIED_BYTES = 4 * 1024 * 1024;
/** A carriage return is a blank to JSON, and on a terminal takes no room: spaces would push the answers off the screen. */
const BLANK = "\r";
const CLOSING = "\n]\n";
const EMPTY = "[]\n";
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
    removeIfThere(freshName(path)); // a copy that a crash left half made
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
  const fresh = freshName(path);
  Deno.openSync(fresh, { write: true, create: true, truncate: true, mode: 0o600 }).close();
  try {
    Deno.writeTextFileSync(fresh, EMPTY);
    Deno.renameSync(fresh, path);
  } catch (error) {
    removeIfThere(fresh);
    throw error;
  }
}

function hold(path: string, keepBytes: number): ResponsesFile {
  let file = Deno.openSync(path, { read: true, write: true });
  let { ino, dev, size } = file.statSync();
  /** Where the last entry ends, and where the closing bracket begins; there are blanks between them. */
  let end = keepBytes, closing = keepBytes;
  let isOpen = true;

  const write = (text: string | Uint8Array, at: number) => {
    const bytes = typeof text === "string" ? encoder.encode(text) : text;
    file.seekSync(at, Deno.SeekMode.Start);
    for (let written = 0; written < bytes.length;) {
      written += file.writeSync(bytes.subarray(written));
      size = Math.max(size, at + written);
    }
  };
  /** Replace the file by a copy with so many blanks, at once; false where that can't be. */
  const replace = (blankBytes: number): boolean => {
    if (end > MAX_COPIED_BYTES) return false;
    const copy = makeCopy(path, { of: file, text: [read(end, 0), encoder.encode(BLANK.repeat(blankBytes) + CLOSING)] });
    if (!copy) return false;
    file.close();
    file = copy;
    ({ ino, dev, size } = file.statSync());
    closing = end + blankBytes;
    return true;
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
  /** Move the closing bracket so far that `bytes` fit before it: first take the space behind it, then write over it. */
  const makeRoom = (bytes: number) => {
    if (end + bytes <= closing) return;
    const needed = end + bytes + CLOSING.length;
    const { leastBytes, share, appends, mostBytes } = RESERVE;
    const reserve = Math.round(Math.min(Math.max(leastBytes, needed * share, bytes * appends), mostBytes));
    if (replace(bytes + reserve)) return;
    try {
      write(BLANK.repeat(Math.max(0, needed + reserve - size)), size);
    } catch (error) {
      // As long as there is room for the entry itself, it can be done with less.
      if (needed > size) throw error;
    }
    write(BLANK.repeat(size - CLOSING.length - closing) + CLOSING, closing);
    closing = size - CLOSING.length;
  };
  /** Give back the space that is held ready. */
  const trim = () => {
    if (closing > end && replace(0)) return;
    if (closing > end) write(CLOSING + BLANK.repeat(Math.max(0, size - end - CLOSING.length)), end);
    closing = end;
    if (size > end + CLOSING.length) file.truncateSync(end + CLOSING.length);
    size = Math.min(size, end + CLOSING.length);
  };

  try {
    // RFC 8259, 8.1: a JSON text has no byte order mark. Blanks are allowed.
    if (read(BYTE_ORDER_MARK.length, 0).every((byte, index) => byte === BYTE_ORDER_MARK[index])) {
      write(" ".repeat(BYTE_ORDER_MARK.length), 0);
    }
    const left = /^([ \t\r\n]*?)\n?\][ \t\r\n]*$/.exec(new TextDecoder().decode(read(size - end, end)));
    if (left) closing += left[1]!.length;
    else {
      write(CLOSING, end);
      trim();
    }
  } catch (error) {
    file.close();
    throw error;
  }
  let isFirst = read(1, end - 1)[0] === OPENING_BRACKET;

  return {
    append: (entries) =>
      attempt(() => {
        const pieces = [...layOut(entries, { end, isFirst })];
        const last = pieces.at(-1);
        if (last) makeRoom(last.at + last.bytes.length - end);
        for (const { bytes, at } of pieces) {
          write(bytes, at);
          end = at + bytes.length;
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

/**
 * Another file in the place of the one at `path`, `of` which it is a copy: whole, on the disk, and the same to its owner.
 * Undefined where it can't be: the disk is full, the folder read-only, or the file is a link or mounted by itself.
 */
function makeCopy(
  path: string,
  { of, text }: { of: Deno.FsFile; text: readonly Uint8Array[] },
): Deno.FsFile | undefined {
  const fresh = freshName(path);
  let copy: Deno.FsFile | undefined;
  try {
    const before = of.statSync(), { ino, isFile } = Deno.lstatSync(path);
    if (!isFile || ino !== before.ino || before.nlink !== 1) return undefined;
    copy = Deno.openSync(fresh, { read: true, write: true, create: true, truncate: true, mode: 0o600 });
    const { uid, gid } = copy.statSync();
    if (uid !== before.uid || gid !== before.gid) throw new Error("it would be another user's");
    Deno.chmodSync(fresh, (before.mode ?? 0o600) & 0o777);
    for (const bytes of text) writeAllSync(copy, bytes);
    copy.syncSync();
    Deno.renameSync(fresh, path);
    return copy;
  } catch {
    // Whatever the reason: then it is done in the file itself, which tells what is wrong with the disk if anything is.
    copy?.close();
    removeIfThere(fresh);
    return undefined;
  }
}

function freshName(path: string): string {
  return `${path}.new`;
}

function removeIfThere(path: string): void {
  try {
    Deno.removeSync(path);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
}

function cannot(verb: string, path: string, error: unknown): FatalError {
  if (error instanceof FatalError) return error;
  const reason = (error as { code?: string }).code === "ENOSPC"
    ? "no space left. Free some and start again; nothing is lost."
    : `${messageOf(error)}. Make it writable, or set EVENT_OUTPUT_PATH to a path that is; nothing is lost.`;
  return new FatalError(`Cannot ${verb} ${path}: ${reason}`, EXIT.inputOutput, { cause: error });
}
