/** The SQLite file of the state directory: opened, locked, brought to the schema that it is given. @module */

import { DatabaseSync } from "node:sqlite";
import { setImmediate } from "node:timers";
import { EXIT, FatalError, messageOf } from "../errors.ts";
import { isRefusal, makeDirectorySync, pathProblem } from "../files.ts";
import type { Log } from "../log.ts";
import { placeDatabase } from "./blank_database.ts";
import { createCommitTimer } from "./commit_timer.ts";
import { damaged, PAGE_BYTES } from "./database_header.ts";
import { watchPlace } from "./place.ts";
import { rewriteTables } from "./rewriting.ts";
import { migrate, type Schema } from "./schema.ts";
import { holdStateDirectory } from "./state_directory.ts";

/** SQLite's result codes that are no bug of ours. @see https://sqlite.org/rescode.html */
const SQLITE = {
  busy: 5,
  readOnly: 8,
  inputOutput: 10,
  corrupt: 11,
  full: 13,
  cantOpen: 14,
  mismatch: 20,
  notADatabase: 26,
} as const;

/** The texts of these errors: those of `exec` and of opening carry no code (Deno 2.7.11 and 2.9.6). */
const SQLITE_TEXTS: readonly (readonly [text: string, code: number])[] = [
  ["database is locked", SQLITE.busy],
  ["attempt to write a readonly database", SQLITE.readOnly],
  ["disk I/O error", SQLITE.inputOutput],
  ["database disk image is malformed", SQLITE.corrupt],
  ["database or disk is full", SQLITE.full],
  ["unable to open database file", SQLITE.cantOpen],
  ["file is not a database", SQLITE.notADatabase],
];

/**
 * When a call comes before a commit: "start" has work begun that is done elsewhere, "write" writes, "collect" writes what
 * that work has made, and "end" sees all that was written.
 */
export type BeforeCommit = "start" | "write" | "collect" | "end";

/**
 * The open database. A transaction is always open: whatever is written is on disk once {@linkcode committed} resolves.
 * After a commit that failed there is no other: each later one fails with the same error.
 */
export interface Database extends Disposable {
  readonly path: string;
  readonly sqlite: DatabaseSync;
  /**
   * Resolves when everything written up to this call is on disk. Calls that come close together share one fsync.
   *
   * @param options `lazily`: nobody is waiting, so that it may take some 20 ms.
   * @throws {FatalError} If the disk refuses.
   */
  committed(options?: { lazily?: boolean }): Promise<void>;
  /** Number of the commit that will hold what is written now. */
  nextCommit(): number;
  /**
   * Commit now, whoever waits for it.
   *
   * @throws {FatalError} If the disk refuses.
   */
  commit(): void;
  /** See that what is written now is on disk soon, also where nobody waits for a commit: see {@linkcode KEPT_MS}. */
  keep(): void;
  /**
   * See that the path still names the file that is open. If it does not, each later commit fails with the same error.
   *
   * @throws {FatalError} If the file, or a directory above it, was removed or replaced.
   */
  checkPlace(): void;
  /**
   * Commit, and write all tables anew, so that nothing of what was deleted stands in unused parts of the file, nor in
   * the write-ahead log: see {@linkcode rewriteTables}. Blocks: some 20 ms for each MB.
   *
   * @param options `mostBytes`: left undone for a larger file.
   * @returns Whether it was done: not for lack of space either, and then the file is as it was.
   */
  scrub(options: { mostBytes: number }): boolean;
  /** Give pages that nothing needs back to the file system, some at a time; returns whether more are left. */
  giveBackSpace(): boolean;
  /** Call `step` before each commit from now on, by default to write what was held back until then. */
  beforeCommit(step: () => void, when?: BeforeCommit): void;
  /** Call `renew` whenever {@linkcode scrub} has dropped all temporary tables and triggers. One such call at most. */
  afterRewriting(renew: () => void): void;
}

/**
 * Databases that this process has open. Closing any handle of a file drops the POSIX locks that the process holds on it,
 * SQLite's too: so a second opener must be refused before it looks into the file.
 */
const openHere = new Set<string>();

/**
 * Open the database in `directory`, making both where they are missing, for this process alone.
 *
 * WAL with `synchronous=FULL`: a commit is on disk when it returns. The exclusive lock goes with the process, however
 * it ends, and spares the shared-memory file, which not every enclave's file system can map.
 *
 * Whoever can write the file is not trusted with more than its rows: no function of the schema's that has side effects,
 * no page whose cells overlap.
 *
 * @param options `schema`: what the tables are; `log`: is told what was mended; `soon`: calls after what is under way in
 * this turn of the event loop, default `setImmediate`.
 * @throws {FatalError} If another agent has it open, a newer program wrote it, somebody else changed its schema or put
 * something else in its place, it is damaged, or the disk refuses.
 */
export function openDatabase(
  directory: string,
  { schema, log, soon = setImmediate }: { schema: Schema; log?: Log; soon?: (call: () => void) => unknown },
): Database {
  let path = `${directory}/agent.db`;
  let sqlite: DatabaseSync | undefined;
  let held = false;
  try {
    path = claim(directory);
    held = true;
    const { isNew } = holdStateDirectory(directory, log);
    if (isNew && schema.blank && schema.blank.digest === schema.digest) placeDatabase(path, schema.blank.packed);
    makePrivate(path);
    sqlite = new DatabaseSync(path);
    sqlite.exec(`
      PRAGMA trusted_schema = OFF;
      PRAGMA cell_size_check = ON;
      PRAGMA locking_mode = EXCLUSIVE;
    `);
    // Before the first page is written; in a file that has pages it would be a change of its header.
    if (numberOf(sqlite, "PRAGMA page_count") === 0) sqlite.exec("PRAGMA auto_vacuum = INCREMENTAL");
    sqlite.exec(`
      PRAGMA journal_mode = WAL;
      PRAGMA synchronous = FULL;
      PRAGMA wal_autocheckpoint = ${LOG_PAGES};
      PRAGMA secure_delete = ON;
      PRAGMA temp_store = MEMORY;
      PRAGMA foreign_keys = ON;
    `);
    migrate(sqlite, path, schema);
    return groupCommits(sqlite, { path, soon, onClosed: () => openHere.delete(path) });
  } catch (error) {
    sqlite?.close();
    if (held) openHere.delete(path);
    throw fileError(error, path) ?? openingError(error, path);
  }
}

/**
 * Pages of 4 kB in the write-ahead log from which on a commit copies them into the database, which takes two fsyncs more:
 * 16 MB, where SQLite's own choice is 4. A signed burst of 5,000 events writes 10 MB, all of it without such a copy, and
 * takes 7 % less time (measured). After a crash the next start reads that log, in 5 ms instead of 2.
 */
const LOG_PAGES = 4_000;

/**
 * Milliseconds until what nobody waits for is committed, unless another commit comes first: what was delivered, and how
 * far `responses.json` got. The next event may come in a day, and a process that is killed before would deliver and write
 * the last answers again. By then the responses file has come to rest, so that one commit takes both.
 */
const KEPT_MS = 600;

/** Pages of 4 kB that are kept free for what comes, and pages that are given back at a time. */
const KEPT_PAGES = 1_024, PAGES_AT_ONCE = 128;

/** Returns whether there was space for it. */
function tryToRewrite(sqlite: DatabaseSync, path: string): boolean {
  try {
    rewriteTables(sqlite, path);
    return true;
  } catch (cause) {
    if (sqliteCode(cause) === SQLITE.full) return false;
    // What stands in a table fits it, unless somebody else wrote it there.
    if (/constraint failed/.test(messageOf(cause))) throw damaged(path, messageOf(cause), { cause });
    throw databaseError(cause, path);
  }
}

/** Give some pages back; returns whether more are left. */
function giveBackSpace(sqlite: DatabaseSync): boolean {
  const free = numberOf(sqlite, "PRAGMA freelist_count") - KEPT_PAGES;
  // To the end: each step of the statement gives one page back.
  if (free > 0) sqlite.prepare(`PRAGMA incremental_vacuum(${Math.min(free, PAGES_AT_ONCE)})`).all();
  return free > PAGES_AT_ONCE;
}

function numberOf(sqlite: DatabaseSync, sql: string): number {
  return Number(Object.values(sqlite.prepare(sql).get() ?? {})[0]);
}

function sizeOf(sqlite: DatabaseSync): number {
  return numberOf(sqlite, "PRAGMA page_count") * PAGE_BYTES;
}

/** Until the schema is known to be ours, whatever SQLite does not understand is somebody else's work, and no bug. */
function openingError(error: unknown, path: string): unknown {
  const known = databaseError(error, path);
  return known === error && isSqliteError(error) ? damaged(path, messageOf(error), { cause: error }) : known;
}

/** Make the directory and take its database for this process; returns the database's real path. */
function claim(directory: string): string {
  makeDirectorySync(directory, { mode: 0o700 });
  const path = `${Deno.realPathSync(directory)}/agent.db`;
  if (openHere.has(path)) throw inUse(path);
  openHere.add(path);
  return path;
}

/** SQLite would make the file readable to others. Its write-ahead log takes the mode over. */
function makePrivate(path: string): void {
  try {
    Deno.openSync(path, { write: true, createNew: true, mode: 0o600 }).close();
  } catch (error) {
    if (!(error instanceof Deno.errors.AlreadyExists)) throw error;
  }
}

// deno-lint-ignore house/function-length -- the verbs of the database, a few lines each, over one transaction
function groupCommits(
  sqlite: DatabaseSync,
  { path, soon, onClosed }: { path: string; soon: (call: () => void) => unknown; onClosed: () => void },
): Database {
  const begin = sqlite.prepare("BEGIN"), end = sqlite.prepare("COMMIT");
  const steps: Record<BeforeCommit, (() => void)[]> = { start: [], write: [], collect: [], end: [] };
  let renew = () => {};
  let waiting: PromiseWithResolvers<void> | undefined;
  let failure: { readonly error: unknown } | undefined;
  let nextCommit = 1;
  let keeping: ReturnType<typeof setTimeout> | undefined;
  const timer = createCommitTimer({ commit, soon });
  const placeError = watchPlace(path);

  function commit() {
    timer.begin();
    clearTimeout(keeping);
    keeping = undefined;
    const shared = waiting;
    waiting = undefined;
    const startedMs = performance.now();
    try {
      // SQLite may have ended the transaction: what is written now would be kept statement by statement.
      if (failure) throw failure.error;
      for (const step of [...steps.start, ...steps.write, ...steps.collect, ...steps.end]) step();
      end.run();
      begin.run();
      nextCommit++;
    } catch (cause) {
      const error = databaseError(cause, path);
      failure ??= { error };
      shared?.reject(error);
      if (!shared) throw error;
      return;
    }
    timer.done(startedMs, performance.now());
    shared?.resolve();
  }

  function commitNow() {
    commit();
    // Those who waited for it were told; whoever called has to know, too.
    if (failure) throw failure.error;
  }

  function committed({ lazily = false } = {}) {
    waiting ??= Promise.withResolvers();
    timer.ask({ lazily });
    return waiting.promise;
  }

  begin.run();
  return {
    path,
    sqlite,
    nextCommit: () => nextCommit,
    commit() {
      commitNow();
      // Nobody asked for it, so it says nothing of how many more will be: the first answer need not wait for that.
      timer.forgetPause();
    },
    checkPlace() {
      const error = placeError();
      if (!error) return;
      failure ??= { error };
      throw error;
    },
    committed,
    keep() {
      // If it fails, the next commit fails too, and somebody waits for that one.
      keeping ??= setTimeout(() => void committed({ lazily: true }).catch(() => {}), KEPT_MS);
    },
    scrub({ mostBytes }) {
      commitNow();
      if (sizeOf(sqlite) > mostBytes) return false;
      end.run();
      try {
        return tryToRewrite(sqlite, path);
      } finally {
        renew();
        begin.run();
      }
    },
    giveBackSpace: () => giveBackSpace(sqlite),
    beforeCommit: (step, when = "write") => void steps[when].push(step),
    afterRewriting: (call) => void (renew = call),
    [Symbol.dispose]() {
      try {
        // After a failure, here or in a statement that took the transaction with it, whoever wrote has been told.
        if (!failure && sqlite.isTransaction) commit();
      } finally {
        timer.begin();
        clearTimeout(keeping);
        sqlite.close();
        onClosed();
      }
    },
  };
}

/** What a failure of SQLite means to the operator; any other error is handed back as it is. */
export function databaseError(error: unknown, path: string): unknown {
  const fatal = (message: string) => new FatalError(message, EXIT.inputOutput, { cause: error });
  switch (sqliteCode(error)) {
    case SQLITE.busy:
      return inUse(path, { cause: error });
    case SQLITE.full:
      return fatal(`Cannot write ${path}: no space left. Free some and start again; nothing is lost.`);
    case SQLITE.corrupt:
    case SQLITE.mismatch:
    case SQLITE.notADatabase:
      return damaged(path, messageOf(error), { cause: error });
    case SQLITE.readOnly:
    case SQLITE.inputOutput:
    case SQLITE.cantOpen:
      return fatal(
        `Cannot write ${path}: ${messageOf(error)}. Make it writable, or set AGENT_STATE_DIR to a directory that is.`,
      );
  }
  return error;
}

function inUse(path: string, options?: ErrorOptions): FatalError {
  return new FatalError(
    `Cannot use ${path}: another agent has it open. Stop that one, or give this one an AGENT_STATE_DIR and an EVENT_OUTPUT_PATH of its own.`,
    EXIT.inputOutput,
    options,
  );
}

function isSqliteError(error: unknown): boolean {
  return (error as { code?: unknown } | null | undefined)?.code === "ERR_SQLITE_ERROR";
}

function sqliteCode(error: unknown): number | undefined {
  // A number that no JavaScript number holds: this agent writes none.
  if ((error as { code?: unknown } | null | undefined)?.code === "ERR_OUT_OF_RANGE") return SQLITE.corrupt;
  if (!isSqliteError(error)) return undefined;
  const { errcode } = error as { errcode?: number };
  // The low byte is the primary code, the rest tells it apart further.
  if (errcode !== undefined) return errcode & 0xff;
  return SQLITE_TEXTS.find(([text]) => messageOf(error).startsWith(text))?.[1];
}

/** The error of a file system that refused the directory or the file; none for errors of another kind. */
function fileError(error: unknown, path: string): FatalError | undefined {
  if (!isRefusal(error)) return undefined;
  const { reason, isPlace, remedy } = pathProblem(error);
  const advice = remedy ??
    (isPlace
      ? "Set AGENT_STATE_DIR to a directory that can be written to"
      : "Make it writable, or set AGENT_STATE_DIR to a directory that is");
  return new FatalError(
    `Cannot make ${path}: ${reason}. ${advice}.`,
    EXIT.inputOutput,
    { cause: error },
  );
}
