/** Brings the journal's outcomes to `responses.json`: each once, in order, after crashes and other people's edits too. @module */

import { resolve } from "node:path";
import { messageOf } from "../errors.ts";
import type { Log } from "../log.ts";
import type { Journal, RecordedOutcome } from "./journal.ts";
import { openResponsesFile, type ResponsesFile } from "./responses_file.ts";
import type { Found } from "./responses_inspection.ts";

/** Appends outcomes to `responses.json`. */
export interface Publisher extends Disposable {
  /** The last outcome that stands in the file; 0 where there is none. */
  readonly published: number;
  /**
   * Append committed outcomes, in order.
   *
   * @throws {FatalError} If the disk refuses.
   */
  publish(outcomes: readonly RecordedOutcome[]): void;
}

/** After a pause this long nobody is writing: time to note how far the file got. */
const IDLE_MS = 200;
/** Entries after which that is noted even without a pause, so that a restart has little to compare. */
const CHECKPOINT_ENTRIES = 5_000;

/**
 * Open the file and append what the journal has and the file lacks.
 *
 * @throws {FatalError} If the disk refuses.
 */
export function openPublisher(options: { path: string; journal: Journal; log: Log }): Publisher {
  const { journal, log } = options;
  const path = resolve(options.path);
  let published = journal.lastOutcome();
  let sinceCheckpoint = 0;
  let timer: ReturnType<typeof setTimeout> | undefined;
  /** Why nothing more is appended: the file may lack outcomes, or hold some that never reached the disk. */
  let failure: { readonly error: unknown; thrown: boolean } | undefined;
  let file = openAtStart();

  function openAtStart() {
    const mark = journal.checkpoint();
    const isSamePath = mark?.path === path;
    const [last] = isSamePath ? journal.outcomes({ seq: mark.seq - 1, limit: 1 }) : [];
    const { file, found } = openResponsesFile(path, {
      since: journal.outcomes({ seq: mark?.seq ?? 0, limit: -1 }),
      ...(mark && last && { checkpoint: { bytes: mark.bytes, last } }),
    });
    // Whatever is at a path for the first time is no news, unless it had to be mended or moved away.
    const isNews = isSamePath || found.state === "torn" || found.state === "unreadable";
    if (isNews) reportFound(log, options.path, found);
    if (published > 0 && !(isSamePath && mark.seq === published && found.state === "as left")) note(file);
    return file;
  }

  function openAnew(since: readonly RecordedOutcome[]) {
    const { file, found } = openResponsesFile(path, { since });
    // What was as we left it would still be the file that is held.
    reportFound(log, options.path, found.state === "as left" ? { state: "changed" } : found);
    return file;
  }

  /** Note how far the file is known to be on disk. */
  function note(file: ResponsesFile) {
    journal.setCheckpoint({ path, seq: published, bytes: file.sync() });
    sinceCheckpoint = 0;
  }

  /** After a failed write or fsync, a later one that works would hide what is missing: only a new start finds it. */
  function attempt(step: () => void) {
    try {
      if (!failure) step();
    } catch (error) {
      failure = { error, thrown: false };
    }
  }

  function throwFailure() {
    if (!failure) return;
    failure.thrown = true;
    throw failure.error;
  }

  return {
    get published() {
      return published;
    },
    publish(outcomes) {
      if (outcomes.length === 0) return;
      clearTimeout(timer);
      attempt(() => {
        const isInPlace = file.isInPlace();
        if (isInPlace) {
          file.append(outcomes);
        } else {
          file[Symbol.dispose]();
          file = openAnew(outcomes);
        }
        published = outcomes.at(-1)!.seq;
        sinceCheckpoint += outcomes.length;
        // What was in a file that is gone must not come back after a crash.
        if (!isInPlace || sinceCheckpoint >= CHECKPOINT_ENTRIES) note(file);
      });
      throwFailure();
      timer = setTimeout(() => {
        attempt(() => note(file));
        // Nothing is lost: the next append meets this error, and then it is fatal; the next start mends the file.
        if (failure) {
          const error = messageOf(failure.error);
          log.warn("responses file could not be brought to the disk", { path: options.path, error });
        }
      }, IDLE_MS);
    },
    [Symbol.dispose]() {
      clearTimeout(timer);
      if (sinceCheckpoint > 0) attempt(() => note(file));
      try {
        // One that was thrown is on its way to the user: a second error would hide it.
        if (!failure?.thrown) throwFailure();
      } finally {
        file[Symbol.dispose]();
      }
    },
  };
}

function reportFound(log: Log, path: string, found: Found): void {
  switch (found.state) {
    case "as left":
      return;
    case "missing":
      return log.warn("responses file is gone: going on with a new one", { path });
    case "torn":
      return log.warn("responses file had a torn end: mended it from the journal", { path });
    case "changed":
      return log.warn("responses file was changed by somebody else: appending to it as it is", { path });
    case "unreadable":
      return log.warn("responses file is no JSON array: moved it away and going on with a new one", {
        path,
        movedTo: found.movedTo,
      });
  }
}
