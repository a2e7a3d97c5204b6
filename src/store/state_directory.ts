/** The state directory before SQLite sees it: whoever else can write there must not choose what SQLite reads or deletes. @module */

import { dirname } from "node:path";
import { EXIT, FatalError, messageOf } from "../errors.ts";
import { kindOf, makeAfreshSync, openPlainSync, removeIfThereSync } from "../files.ts";
import type { Log } from "../log.ts";
import { removeRemainsSync } from "../placing.ts";
import { checkHeader } from "./database_header.ts";

/** Names that SQLite opens beside the database, or deletes: nothing else of the directory is ever touched by it. */
const BESIDE = ["agent.db-wal", "agent.db-shm", "agent.db-journal"] as const;

/**
 * Refuse what SQLite must not meet in the state directory: links and special
 * files, files of another user, a rollback journal, and a file that is no database of ours.
 *
 * SQLite obeys none of Deno's permissions: a journal that somebody planted makes it delete any file of its user's.
 * Files of ours that others may read or write are closed to them.
 *
 * @returns `isNew`: whether nothing of a database was there.
 * @throws {FatalError} Naming what is wrong; nothing was changed then but permissions and the remains of a first start.
 * @throws What the file system says, if it refuses.
 */
export function holdStateDirectory(directory: string, log?: Log): { isNew: boolean } {
  const path = Deno.realPathSync(directory);
  const uid = ownerOfNewFiles(path);
  checkDirectory(path, { uid, log });
  const database = `${path}/agent.db`;
  // Listed once: each file that is looked for and missing would cost an exception, some 0.1 ms at a start.
  const names = Array.from(Deno.readDirSync(path), ({ name }) => name);
  // First: a start that was cut off may have left the database with two names.
  removeRemainsSync(database, names);
  for (const name of ["agent.db", ...BESIDE]) if (names.includes(name)) checkFile(`${path}/${name}`, { uid, log });
  if (names.includes("agent.db-journal")) refuseJournal(database);
  if (names.includes("agent.db")) checkHeader(database);
  return { isNew: !["agent.db", ...BESIDE].some((name) => names.includes(name)) };
}

/** Refuse a rollback journal, unless it is that of a first start which was cut off. */
function refuseJournal(database: string): void {
  dropUnfinishedStart(database);
  if (!statIfThere(`${database}-journal`)) return;
  throw refusal(
    `${database}-journal`,
    "this agent never leaves one, and SQLite would delete whatever file it names. Somebody else put it there",
    `Remove it, or move ${dirname(database)} away and start again`,
  );
}

/** Whose a file is that this process makes there; undefined where files have no owners. No permission tells it otherwise. */
function ownerOfNewFiles(directory: string): number | undefined {
  const path = `${directory}/.owner`;
  using file = makeAfreshSync(path, { mode: 0o600 });
  const { uid } = file.statSync();
  Deno.removeSync(path);
  return uid ?? undefined;
}

/**
 * The directory must be this user's, or root's as a mounted volume is: then the platform said who else may write there.
 */
function checkDirectory(path: string, { uid, log }: { uid: number | undefined; log: Log | undefined }): void {
  const info = Deno.lstatSync(path);
  const mode = (info.mode ?? 0) & 0o7777;
  if (uid === undefined || info.uid === null) return;
  if (info.uid === uid) return void close(path, { mode, closed: mode & 0o7700, log });
  if (info.uid !== 0) throw refusal(path, `it belongs to user ${info.uid}, and this is user ${uid}`, OWN_ADVICE);
  const isOpen = (mode & 0o002) !== 0, isSticky = (mode & 0o1000) !== 0;
  if (isOpen && !isSticky) throw refusal(path, "every user may exchange the files in it", OWN_ADVICE);
  if (isOpen) log?.warn("every user may add files to the state directory", { path, mode: octal(mode) });
}

/** Whether something stands in the database's place; true also where that can't be seen, which opening it tells of. */
export function hasState(directory: string): boolean {
  try {
    return statIfThere(`${directory}/agent.db`) !== undefined;
  } catch {
    return true;
  }
}

const OWN_ADVICE = "Set AGENT_STATE_DIR to a directory of this user's";

function checkFile(path: string, { uid, log }: { uid: number | undefined; log: Log | undefined }): void {
  const info = statIfThere(path);
  if (!info) return;
  if (!info.isFile) {
    throw refusal(
      path,
      `it is ${kindOf(info)}, not a plain file`,
      "Remove it, or set AGENT_STATE_DIR to another directory",
    );
  }
  if (info.nlink !== null && info.nlink > 1) {
    throw refusal(path, "it has a second name somewhere else (a hard link)", "Make a copy of it in its place");
  }
  if (uid === undefined || info.uid === null) return;
  if (info.uid !== uid) throw refusal(path, `it belongs to user ${info.uid}, and this is user ${uid}`, OWN_ADVICE);
  const mode = (info.mode ?? 0) & 0o777;
  close(path, { mode, closed: mode & 0o700, log });
}

/** Take from others what they may do with a file or directory of ours. */
function close(path: string, { mode, closed, log }: { mode: number; closed: number; log: Log | undefined }): void {
  if (mode === closed) return;
  try {
    Deno.chmodSync(path, closed);
    log?.warn("state was open to other users: closed it to them", { path, was: octal(mode), is: octal(closed) });
  } catch (error) {
    log?.warn("state is open to other users, and can't be closed to them", { path, error: messageOf(error) });
  }
}

/**
 * The very first start writes one page under a rollback journal. If that was cut off, there is nothing in the file yet:
 * both go, and the start is made again.
 */
function dropUnfinishedStart(database: string): void {
  const journal = `${database}-journal`;
  const isEmpty = (path: string, mostBytes: number) => (statIfThere(path)?.size ?? 0) <= mostBytes;
  if (!isEmpty(`${database}-wal`, 0) || !isEmpty(database, 4096) || holdsTables(database)) return;
  removeIfThereSync(database);
  removeIfThereSync(journal);
}

/** Whether the first page says that there are tables: they would stand in it, as its cells. */
function holdsTables(database: string): boolean {
  if (!statIfThere(database)) return false;
  const { file } = openPlainSync(database, { follow: false });
  using _file = file;
  const page = new Uint8Array(4096);
  file.readSync(page);
  // The b-tree page's header follows the file's 100 bytes; its number of cells is at 3. @see https://sqlite.org/fileformat2.html#b_tree_pages
  return new DataView(page.buffer).getUint16(103) !== 0;
}

function statIfThere(path: string): Deno.FileInfo | undefined {
  try {
    return Deno.lstatSync(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}

function octal(mode: number): string {
  return mode.toString(8);
}

function refusal(path: string, what: string, advice: string): FatalError {
  return new FatalError(`Cannot use ${path}: ${what}. ${advice}; nothing was deleted.`, EXIT.inputOutput);
}
