/** `responses.json` while it is open: grown in place, valid at every moment, without padding at rest. @module */

import { Buffer } from "node:buffer";
import { dirname } from "node:path";
import { EXIT, FatalError } from "../errors.ts";
import { isRefusal, openPlainSync, pathProblem, replaceFileSync, syncDirectorySync } from "../files.ts";
import { lockFile, releaseFile } from "../locking.ts";
import type { Entry } from "../wire.ts";
import { firstEntry } from "./json_array.ts";
import { readAt } from "./responses_inspection.ts";
import { CLOSING, layOut, OPENING_BRACKET } from "./responses_layout.ts";
import type { TakenFile } from "./responses_lock.ts";
import { MAX_COPIED_BYTES, roomFor } from "./responses_room.ts";

/** The file, open for more entries: a JSON array at every moment somebody reads it. */
export interface ResponsesFile extends Disposable {
  /** Length up to and with the last entry. */
  readonly bytes: number;
  /** When the first entry was made, in milliseconds since the epoch; undefined where there is none, or it does not tell. */
  readonly firstMs: number | undefined;
  /** Whether no other agent can open it: not every file system has locks. */
  readonly isLocked: boolean;
  /**
   * Append entries.
   *
   * @throws {FatalError} If the disk refuses; then nothing is half-written.
   */
  append(entries: readonly Pick<Entry, "text">[]): void;
  /**
   * Bring what is in it now to the disk, while more may be appended.
   *
   * @throws {FatalError} If the disk refuses.
   */
  sync(): Promise<void>;
  /**
   * Give back the space that is held ready for more entries, and bring the file to the disk: nothing is coming now, and
   * somebody may be about to look at it.
   *
   * @throws {FatalError} If the disk refuses.
   */
  rest(): void;
  /** Whether the path still names this file, as long as it was left: somebody may have moved, deleted or edited it. */
  isInPlace(): boolean;
}

/** A carriage return is a blank to JSON, and on a terminal takes no room: spaces would push the answers off the screen. */
const BLANK = 0x0d;
const BYTE_ORDER_MARK = [0xef, 0xbb, 0xbf];
/** Blanks between the last entry and the closing bracket that somebody else left are not moved if there are more. */
const MAX_FOREIGN_BLANKS = 1024 * 1024;

/**
 * The open file. Its entries end at `#end`, its closing begins at `#closing`; blanks stand between the two while entries
 * keep coming, and none at rest.
 */
export class HeldResponses implements ResponsesFile {
  /** As it was given, for messages; and with its directory resolved. */
  readonly #path: string;
  readonly #real: string;
  readonly isLocked: boolean;
  #file: Deno.FsFile;
  #ino: number | null;
  #dev: number;
  #size: number;
  #end: number;
  #closing: number;
  #isFirst: boolean;
  /** Whether the disk knows that the path names this file, and no earlier one that it took the place of. */
  #isNamed = false;
  /** Whether the closing was moved since the last rest: then more entries are likely to come. */
  #isBusy = false;
  #isOpen = true;
  #firstEntry: unknown;

  /**
   * @param where `path` as it was given, and `real` with its directory resolved.
   * @param as `keepBytes`: length up to the last entry; `bracketAt`: where the closing bracket stands, if there is one.
   */
  constructor(
    { path, real, taken: { file, isLocked } }: { path: string; real: string; taken: TakenFile },
    { keepBytes, bracketAt }: { keepBytes: number; bracketAt?: number },
  ) {
    this.#path = path;
    this.#real = real;
    this.#file = file;
    this.isLocked = isLocked;
    ({ ino: this.#ino, dev: this.#dev, size: this.#size } = file.statSync());
    this.#replaceByteOrderMark();
    this.#isFirst = this.#read(1, keepBytes - 1)[0] === OPENING_BRACKET;
    const isFar = bracketAt !== undefined && bracketAt - keepBytes > MAX_FOREIGN_BLANKS;
    this.#end = isFar ? bracketAt : keepBytes;
    this.#closing = this.#end;
    this.#makeClosing(bracketAt);
  }

  get bytes(): number {
    return this.#end;
  }

  append(entries: readonly Pick<Entry, "text">[]): void {
    const added = layOut(entries, { end: this.#end, isFirst: this.#isFirst });
    if (added.length === 0) return;
    this.#attempt("append to", () => {
      this.#put(added);
      this.#isFirst = false;
    });
  }

  async sync(): Promise<void> {
    try {
      using file = this.#openAnew();
      if (file) await file.syncData();
      else this.#file.syncDataSync();
      // A copy may have taken the place of the file meanwhile: that has the same entries, on the disk.
      if (this.#isOpen) this.#nameOnDisk();
    } catch (error) {
      throw cannot("append to", this.#path, error);
    }
  }

  rest(): void {
    this.#attempt("append to", () => {
      // Of another size it is not as it was left: somebody wrote in it, and that must not be cut off.
      if (this.#file.statSync().size === this.#size) this.#trim();
      this.#isBusy = false;
      this.#file.syncDataSync();
      this.#nameOnDisk();
    });
  }

  isInPlace(): boolean {
    try {
      const now = Deno.statSync(this.#real);
      return now.ino === this.#ino && now.dev === this.#dev && now.size === this.#size;
    } catch (error) {
      if (error instanceof Deno.errors.NotFound) return false;
      throw cannot("look at", this.#path, error);
    }
  }

  get firstMs(): number | undefined {
    const { timestamp } = (this.#first() ?? {}) as { timestamp?: unknown };
    return typeof timestamp === "number" ? timestamp : undefined;
  }

  [Symbol.dispose](): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    try {
      if (this.#file.statSync().size === this.#size) this.#attempt("append to", () => this.#trim());
    } finally {
      releaseFile(this.#file);
    }
  }

  /** Write bytes behind the last entry. */
  #put(added: Uint8Array): void {
    const newEnd = this.#end + added.length;
    const room = roomFor(newEnd, { end: this.#end, closing: this.#closing, isBusy: this.#isBusy });
    if (room.kind === "held") {
      // In one write: Linux writes page by page, in order, so that a reader finds no more and no less than it would find if
      // each page had a write of its own.
      this.#write(added, this.#end);
      this.#end = newEnd;
      return;
    }
    this.#isBusy = true;
    if (room.kind === "copy" && this.#replace(added, room.blankBytes)) return;
    // The space is taken first, behind the closing: where there is none, nothing has changed.
    const size = this.#makeLonger({ wanted: newEnd + room.blankBytes, needed: newEnd }) + CLOSING.length;
    this.#write(Buffer.concat([added, blanks(size - CLOSING.length - newEnd), CLOSING]), this.#end);
    this.#end = newEnd;
    this.#closing = size - CLOSING.length;
  }

  /** See that a closing can begin at `wanted`, or, on a full disk, at `needed` at least; returns where it can. */
  #makeLonger({ wanted, needed }: { wanted: number; needed: number }): number {
    try {
      this.#write(blanks(Math.max(0, wanted + CLOSING.length - this.#size)), this.#size);
    } catch (error) {
      if (needed + CLOSING.length > this.#size) throw error;
    }
    return this.#size - CLOSING.length;
  }

  /** Replace the file by a copy with what is added and so many blanks, at once; false where that can't be. */
  #replace(added: Uint8Array, blankBytes: number): boolean {
    const copy = makeCopy(this.#real, {
      of: this.#file,
      pieces: [this.#read(this.#end, 0), added, blanks(blankBytes), CLOSING],
      isLocked: this.isLocked,
    });
    if (!copy) return false;
    releaseFile(this.#file);
    this.#isNamed = false;
    this.#file = copy;
    ({ ino: this.#ino, dev: this.#dev, size: this.#size } = copy.statSync());
    this.#end += added.length;
    this.#closing = this.#end + blankBytes;
    return true;
  }

  /**
   * The same file, opened once more: Linux tells each open file once what a disk has refused, and the error of an fsync on
   * a copy of this handle would be missing in the next one here. Undefined where it can't be opened.
   */
  #openAnew(): Deno.FsFile | undefined {
    try {
      const { file, info: { ino, dev } } = openPlainSync(this.#real);
      if (ino === this.#ino && dev === this.#dev) return file;
      file.close();
    } catch {
      // Whatever the reason: then what comes next waits for the disk.
    }
    return undefined;
  }

  /** After a power cut the path would else name the file that a copy has replaced, which lacks what only the copy holds. */
  #nameOnDisk(): void {
    if (this.#isNamed) return;
    try {
      syncDirectorySync(dirname(this.#real));
    } catch (error) {
      // Not every file system brings directories to the disk, and not every directory may be opened.
      if (!isRefusal(error)) throw error;
    }
    this.#isNamed = true;
  }

  /** Bring the closing right behind the last entry. */
  #trim(): void {
    if (this.#closing > this.#end && !(this.#end <= MAX_COPIED_BYTES && this.#replace(new Uint8Array(), 0))) {
      const room = Math.max(0, this.#size - this.#end - CLOSING.length);
      this.#write(Buffer.concat([CLOSING, blanks(room)]), this.#end);
      this.#closing = this.#end;
    }
    const size = this.#end + CLOSING.length;
    if (this.#size > size) {
      this.#file.truncateSync(size);
      this.#size = size;
    }
  }

  /** See that there is a closing, where it was found, or right behind the last entry. */
  #makeClosing(bracketAt: number | undefined): void {
    if (bracketAt === undefined) {
      this.#write(CLOSING, this.#end);
      this.#trim();
      return;
    }
    const hasLine = bracketAt > this.#end && this.#read(1, bracketAt - 1)[0] === CLOSING[0];
    this.#closing = hasLine ? bracketAt - 1 : bracketAt;
  }

  /** RFC 8259, 8.1: a JSON text has no byte order mark. Blanks are allowed. */
  #replaceByteOrderMark(): void {
    const first = this.#read(BYTE_ORDER_MARK.length, 0);
    if (BYTE_ORDER_MARK.every((byte, index) => byte === first[index])) this.#write(Buffer.alloc(first.length, " "), 0);
  }

  /** The first entry, read once. */
  #first(): unknown {
    if (!this.#isFirst) this.#firstEntry ??= this.#attempt("look at", () => firstEntry(this.#file));
    return this.#firstEntry;
  }

  #read(length: number, at: number): Uint8Array {
    return readAt(this.#file, at, length);
  }

  #write(bytes: Uint8Array, at: number): void {
    this.#file.seekSync(at, Deno.SeekMode.Start);
    for (let written = 0; written < bytes.length;) {
      written += this.#file.writeSync(bytes.subarray(written));
      this.#size = Math.max(this.#size, at + written);
    }
  }

  #attempt<T>(verb: string, step: () => T): T {
    try {
      return step();
    } catch (error) {
      throw cannot(verb, this.#path, error);
    }
  }
}

function blanks(bytes: number): Uint8Array {
  return new Uint8Array(bytes).fill(BLANK);
}

/**
 * Another file in the place of the one at `path`, `of` which it is a copy: whole, on the disk, locked as that one is, and
 * the same to its owner. Undefined where it can't be: the disk is full, the directory read-only, or the file is a link or
 * mounted by itself.
 */
function makeCopy(
  path: string,
  { of, pieces, isLocked }: { of: Deno.FsFile; pieces: readonly Uint8Array[]; isLocked: boolean },
): Deno.FsFile | undefined {
  try {
    const before = of.statSync(), { ino, isFile } = Deno.lstatSync(path);
    if (!isFile || ino !== before.ino || before.nlink !== 1) return undefined;
    return replaceFileSync(path, {
      pieces,
      mode: 0o600,
      durable: "content",
      prepare(copy, freshPath) {
        const { uid, gid } = copy.statSync();
        if (uid !== before.uid || gid !== before.gid) throw new Error("it would be another user's");
        // Before it has its name: no other agent can come between.
        if (isLocked && lockFile(copy) !== "locked") throw new Error("it can't be locked");
        Deno.chmodSync(freshPath, (before.mode ?? 0o600) & 0o777);
      },
    });
  } catch {
    // Whatever the reason: then it is done in the file itself, which tells what is wrong with the disk if anything is.
    return undefined;
  }
}

/** The error to throw for what the disk said. */
export function cannot(verb: string, path: string, error: unknown): FatalError {
  if (error instanceof FatalError) return error;
  const { reason, isPlace, remedy } = pathProblem(error);
  const advice = remedy ??
    (isPlace
      ? "Set EVENT_OUTPUT_PATH to a file in a directory that can be written to"
      : "Make it writable, or set EVENT_OUTPUT_PATH to a path that is");
  const message = `Cannot ${verb} ${path}: ${reason}. ${advice}; nothing is lost.`;
  return new FatalError(message, EXIT.inputOutput, { cause: error });
}
