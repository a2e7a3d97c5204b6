/** Writes outcomes into `responses.json`, and notes in the journal how far the file got. @module */

import { resolve } from "node:path";
import { messageOf } from "../errors.ts";
import type { Log } from "../log.ts";
import type { Entry } from "../wire.ts";
import type { Journal, RecordedOutcome, ResponsesCheckpoint } from "./journal.ts";
import { type OpenedResponses, openResponsesFile } from "./responses_file.ts";
import type { ResponsesFile } from "./responses_held.ts";
import { OPENING_BYTES } from "./responses_layout.ts";
import { isDue, moveAside, type Rotation } from "./responses_rotation.ts";

/** What a writer needs. */
export interface WriterOptions {
  /** EVENT_OUTPUT_PATH. */
  readonly path: string;
  readonly journal: Pick<Journal, "checkpoint" | "setCheckpoint" | "outcomes" | "lastOutcome">;
  readonly log: Log;
  /** When a new file begins; left out, never. */
  readonly rotation?: Rotation | undefined;
  /** Called whenever a new file has taken the place of the one that was open, before anything is appended to it. */
  readonly onNewFile?: (() => void) | undefined;
  /** The text that an outcome is expected to have in the file, if that is not the outcome's own. */
  readonly expectedText?: (outcome: RecordedOutcome) => string;
}

/** After a pause this long nobody is writing: time to bring the file to rest. */
const IDLE_MS = 500;
/** Entries after which a checkpoint is made even without a pause, so that a restart has little to compare. */
const CHECKPOINT_ENTRIES = 5_000;

/** An entry is an object: so it ends, whatever it said. */
const ENTRY_END = "}";

/** The outcome that was the last in the file at a checkpoint, unless it was forgotten since. */
function lastNoted(journal: WriterOptions["journal"], seq: number): RecordedOutcome | "forgotten" {
  const [last] = journal.outcomes({ seq: seq - 1, limit: 1 });
  return last?.seq === seq ? last : "forgotten";
}

/** The open file, with what the journal knows of it. */
export class ResponsesWriter implements Disposable {
  /** Outcomes of the journal that the file lacks; {@linkcode begin} takes their entries. */
  readonly missing: readonly RecordedOutcome[];
  readonly #options: WriterOptions;
  readonly #path: string;
  #file: ResponsesFile;
  #published: number;
  /** Entries since the last checkpoint. */
  #unnoted = 0;
  /** A checkpoint that waits for the disk, unless a later one came first. */
  #awaited: ResponsesCheckpoint | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;
  /** Why nothing more is appended: the file may lack outcomes, or hold some that never reached the disk. */
  #failure: { readonly error: unknown; thrown: boolean } | undefined;
  /** Whether a new file can be begun: a file that is mounted by itself can't be moved. */
  #canRotate = true;
  #isChanged: boolean;
  /** Whether the file ends with an outcome of the journal, and not with what somebody else put there. */
  #endsWithOwn: boolean;

  /**
   * Open the file.
   *
   * @throws {FatalError} If another agent has it, or the disk refuses.
   */
  constructor(options: WriterOptions) {
    const { journal, log, expectedText = ({ text }) => text } = options;
    this.#options = options;
    this.#path = resolve(options.path);
    this.#published = journal.lastOutcome();
    const mark = journal.checkpoint(), isSamePath = mark?.path === this.#path;
    const asExpected = (outcome: RecordedOutcome) => ({ ...outcome, text: expectedText(outcome) });
    const bytes = Math.abs(mark?.bytes ?? 0), wasOwn = mark === undefined || mark.bytes >= 0;
    // Where the file was empty at the checkpoint, no entry tells its place.
    const noted = mark && bytes > OPENING_BYTES ? lastNoted(journal, mark.seq) : undefined;
    // At another path it may be the same file, moved with its directory: then its last entry says so.
    const last = isSamePath || (wasOwn && noted !== "forgotten") ? noted : undefined;
    const since = journal.outcomes({ seq: mark?.seq ?? 0, limit: -1 });
    const opened = openResponsesFile(this.#path, {
      since: since.map(asExpected),
      ...(last && {
        checkpoint: { bytes, lastText: !wasOwn ? "" : last === "forgotten" ? ENTRY_END : expectedText(last) },
      }),
    });
    this.#file = opened.file;
    this.#endsWithOwn = wasOwn && opened.found.state !== "changed";
    const missing = new Set(opened.missing.map(({ outcome }) => outcome.queryId));
    this.missing = since.filter(({ outcome }) => missing.has(outcome.queryId));
    this.#isChanged = !(isSamePath && mark.seq === this.#published && opened.found.state === "as left");
    if (isSamePath) this.#report(opened);
    else this.#reportFirst(opened);
    if (!this.#file.isLocked) {
      log.warn("responses file can't be locked on this file system: see that no other agent writes into it", {
        path: options.path,
      });
    }
  }

  /** The last outcome that stands in the file; 0 where there is none. */
  get published(): number {
    return this.#published;
  }

  /**
   * Append what was missing, as it is to stand in the file.
   *
   * @throws {FatalError} If the disk refuses.
   */
  begin(missing: readonly RecordedOutcome[]): void {
    this.#append(missing);
    if ((this.#published > 0 || !this.#endsWithOwn) && this.#isChanged) this.#note();
  }

  /**
   * Append outcomes, in order, as they are to stand in the file.
   *
   * @throws {FatalError} If the disk refuses, or refused before: only a new start finds what is missing then.
   */
  append(outcomes: readonly RecordedOutcome[]): void {
    if (outcomes.length === 0) return;
    clearTimeout(this.#timer);
    this.#attempt(() => {
      const isSameFile = this.#write(outcomes);
      this.#published = outcomes.at(-1)!.seq;
      this.#unnoted += outcomes.length;
      if (!isSameFile || this.#unnoted >= CHECKPOINT_ENTRIES) void this.#noteSoon();
    });
    this.#throwFailure();
    this.#timer = setTimeout(() => this.#restAfterPause(), IDLE_MS);
  }

  /**
   * Bring the file to the disk, and note how far it got.
   *
   * @throws {FatalError} If the disk refuses, or refused before.
   */
  note(): void {
    if (this.#published > 0) this.#attempt(() => this.#note());
    this.#throwFailure();
  }

  [Symbol.dispose](): void {
    clearTimeout(this.#timer);
    this.#awaited = undefined;
    if (this.#unnoted > 0) this.#attempt(() => this.#note());
    try {
      // One that was thrown is on its way to the user: a second error would hide it.
      if (!this.#failure?.thrown) this.#throwFailure();
    } finally {
      this.#file[Symbol.dispose]();
    }
  }

  /** Returns whether the entries went into the same file as those before. */
  #write(outcomes: readonly RecordedOutcome[]): boolean {
    if (!this.#file.isInPlace()) {
      this.#file[Symbol.dispose]();
      const opened = openResponsesFile(this.#path, { since: outcomes });
      this.#file = opened.file;
      this.#endsWithOwn = opened.found.state !== "changed";
      // A file as it was left would still be the one that is held.
      this.#report(opened, { isAnother: true });
      this.#options.onNewFile?.();
      this.#noteBeforeNew();
      this.#append(opened.missing);
      return false;
    }
    const isRotated = this.#canRotate && isDue(this.#file, this.#options.rotation) && this.#rotate();
    this.#append(outcomes);
    return !isRotated;
  }

  #append(entries: readonly Pick<Entry, "text">[]): void {
    this.#file.append(entries);
    this.#endsWithOwn ||= entries.length > 0;
  }

  /** Begin a new file; false if the old one can't be moved. */
  #rotate(): boolean {
    const { path, log, rotation } = this.#options;
    this.#file.rest();
    // Before it is moved.
    this.#noteBeforeNew();
    try {
      const movedTo = moveAside(this.#path, rotation!.now());
      log.info("🗂️ Responses file {path} is kept as {movedTo}: going on with a new one", { path, movedTo });
    } catch (error) {
      this.#canRotate = false;
      log.warn("responses file could not be moved aside, as EVENT_OUTPUT_ROTATE says: going on with it", {
        path,
        error: messageOf(error),
      });
      return false;
    }
    this.#file[Symbol.dispose]();
    this.#file = openResponsesFile(this.#path, { since: [] }).file;
    this.#options.onNewFile?.();
    // After a crash it is not taken for somebody else's.
    this.#noteBeforeNew();
    return true;
  }

  #restAfterPause(): void {
    this.#attempt(() => this.#note());
    this.#warnOfFailure();
  }

  /** Nothing is lost: the next append meets this error, and then it is fatal; the next start mends the file. */
  #warnOfFailure(): void {
    if (!this.#failure) return;
    const error = messageOf(this.#failure.error);
    this.#options.log.warn("responses file could not be brought to the disk", { path: this.#options.path, error });
  }

  /**
   * Note on the disk, before anything is appended to a new file, that the earlier outcomes are not missing in it: after a
   * crash they must not come back.
   */
  #noteBeforeNew(): void {
    this.#setCheckpoint(this.#checkpoint(), { now: true });
  }

  /** Bring the file to the disk, and note how far it got. */
  #note(): void {
    this.#file.rest();
    this.#setCheckpoint(this.#checkpoint());
    this.#unnoted = 0;
  }

  /** The same while more is appended: answers that are on their way do not wait for the disk. */
  async #noteSoon(): Promise<void> {
    if (this.#awaited) return;
    const checkpoint = this.#checkpoint(), noted = this.#unnoted;
    this.#awaited = checkpoint;
    try {
      await this.#file.sync();
      if (this.#failure || this.#awaited !== checkpoint) return;
      this.#setCheckpoint(checkpoint);
      this.#unnoted -= noted;
    } catch (error) {
      this.#failure ??= { error, thrown: false };
      this.#warnOfFailure();
    }
  }

  #setCheckpoint(checkpoint: ResponsesCheckpoint, options?: { now: boolean }): void {
    this.#awaited = undefined;
    this.#options.journal.setCheckpoint(checkpoint, options);
  }

  #checkpoint(): ResponsesCheckpoint {
    const { bytes } = this.#file;
    return { path: this.#path, seq: this.#published, bytes: this.#endsWithOwn ? bytes : -bytes };
  }

  /** After a failed write or fsync, a later one that works would hide what is missing. */
  #attempt(step: () => void): void {
    try {
      if (!this.#failure) step();
    } catch (error) {
      this.#failure = { error, thrown: false };
    }
  }

  #throwFailure(): void {
    if (!this.#failure) return;
    this.#failure.thrown = true;
    throw this.#failure.error;
  }

  /** Say what was found at a path where nothing was written before: no news, unless it is other people's. */
  #reportFirst(opened: OpenedResponses): void {
    const { found } = opened;
    if (found.state === "torn" || found.state === "unreadable") return this.#report(opened);
    if (found.state !== "changed" || found.entries === 0) return;
    const { path, log } = this.#options;
    log.warn("responses file holds entries that this state does not know: keeping them, and appending its own", {
      path,
      entries: found.entries,
    });
  }

  #report({ found, movedTo }: OpenedResponses, { isAnother = false } = {}): void {
    const { path, log } = this.#options;
    switch (found.state) {
      case "missing":
        return log.warn("responses file is gone: going on with a new one", { path });
      case "torn":
        return log.warn("responses file had a torn end: mended it from the journal", { path });
      case "unreadable":
        return log.warn("responses file is no JSON array: moved it away and going on with a new one", {
          path,
          movedTo,
        });
      case "as left":
        if (!isAnother) return;
    }
    const orElse = isAnother ? "" : ", or is newer than the state";
    log.warn(`responses file was changed by somebody else${orElse}: appending to it as it is`, { path });
  }
}
