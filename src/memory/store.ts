/** The ground of every part of the memory: typed statements, sealed columns, transactions. @module */

import type { DatabaseSync, SQLInputValue, StatementSync } from "node:sqlite";
import type { IDatabaseAdapter, UUID } from "@elizaos/core";
import type { Clock } from "../clock.ts";
import { databaseError } from "../store/database.ts";
import { type Insertion, prepareInsertion } from "../store/insertion.ts";
import { openJson, type Place, type Seal, type Sealed } from "../store/seal.ts";

/** Methods of the adapter in their synchronous form: `openMemory` wraps them in promises. */
export type Direct<Name extends keyof IDatabaseAdapter> = {
  [N in Name]: NonNullable<IDatabaseAdapter[N]> extends (...args: infer Args) => Promise<infer Result>
    ? (...args: Args) => Result
    : never;
};

/** Values for the named parameters of a statement, all of them. */
export type Bindings = Record<string, SQLInputValue>;

/** A statement that reads rows of a known shape. */
export interface Query<Row> {
  all(bindings: Bindings): Row[];
  get(bindings: Bindings): Row | undefined;
  /** One row at a time; nothing may be written until it is done. */
  each(bindings: Bindings): Iterable<Row>;
}

/** A statement that writes. */
export interface Command {
  /** Returns how many rows were changed, and the `seq` of the last one ever inserted. */
  run(bindings: Bindings): { changes: number; seq: number };
  /** Write with values by their places, which is faster. */
  runWith(...values: SQLInputValue[]): void;
}

/** The database as the parts of the memory see it. */
export interface Store {
  readonly agentId: UUID;
  readonly clock: Clock;
  /** A statement, prepared when it is first used. */
  query<Row>(sql: string): Query<Row>;
  /** A statement, prepared when it is first used. */
  command(sql: string): Command;
  /** Inserts rows: see {@linkcode prepareInsertion}. */
  insertion(sql: { into: string; row: string }): Insertion;
  /** All that `work` writes, or nothing of it; inside a transaction of the caller's too. */
  atomically<T>(work: () => T): T;
  /** @param place What the row says of it, as `MEMORY_SEALED` lists it. */
  seal(value: unknown, place: Place): Sealed;
  /** Back from {@linkcode seal}. `T` is the caller's word for what was sealed at this place. */
  open<T>(stored: Sealed, place: Place, isOne?: (value: Partial<Record<keyof T, unknown>>) => boolean): T;
  /** Seal a text that is no JSON. */
  sealText(text: string, place: Place): Sealed;
  /** Back from {@linkcode sealText}. */
  openText(stored: Sealed, place: Place): string;
}

/**
 * A store over an open database.
 *
 * @throws {Error} If the connection does not enforce foreign keys: deleting would leave rows behind.
 */
export function openStore(database: DatabaseSync, options: { agentId: UUID; seal: Seal; clock: Clock }): Store {
  const { agentId, seal, clock } = options;
  if (database.prepare("PRAGMA foreign_keys").get()?.foreign_keys !== 1) {
    throw new Error("Cannot keep memories: this connection ignores foreign keys. Run PRAGMA foreign_keys = ON first");
  }
  return {
    agentId,
    clock,
    query<Row>(sql: string) {
      const statement = prepareOnce(database, sql);
      return {
        all: (bindings) => reading(() => statement().all(bindings)) as Row[],
        get: (bindings) => reading(() => statement().get(bindings)) as Row | undefined,
        each: (bindings) => statement().iterate(bindings) as Iterable<Row>,
      };
    },
    command(sql) {
      const statement = prepareOnce(database, sql);
      return {
        run(bindings) {
          const { changes, lastInsertRowid } = statement().run(bindings);
          return { changes: Number(changes), seq: Number(lastInsertRowid) };
        },
        runWith: (...values) => void statement().run(...values),
      };
    },
    insertion: (sql) => prepareInsertion(database, sql),
    atomically: (work) => atomically(database, work),
    // JSON keeps what SQLite's texts lose: NUL and lone surrogates.
    seal(value, place) {
      const text: string | undefined = JSON.stringify(value);
      if (text === undefined) throw new TypeError(`Cannot store ${place[0]}: there is no JSON for ${typeof value}`);
      return seal.seal(text, place);
    },
    sealText: seal.seal,
    openText: seal.open,
    open: (...stored) => openJson(seal, ...stored),
  };
}

/** SQLITE_CONSTRAINT_FOREIGNKEY. @see https://sqlite.org/rescode.html */
const FOREIGN_KEY_FAILED = 787;

/** Whether the database refused a row because one that it refers to is missing. */
export function refersToNothing(error: unknown): boolean {
  return error instanceof Error && "errcode" in error && error.errcode === FOREIGN_KEY_FAILED;
}

/**
 * The result of `write`.
 *
 * @param what The row, for the error.
 * @param parents What it refers to, for the error.
 * @throws {Error} If one of `parents` is missing; whatever else `write` throws.
 */
export function referring<T>(what: string, parents: string, write: () => T): T {
  try {
    return write();
  } catch (error) {
    if (!refersToNothing(error)) throw error;
    throw new Error(`Cannot store ${what}: it refers to ${parents}, and one of these is missing. Create it first`, {
      cause: error,
    });
  }
}

/**
 * A row limit for SQL.
 *
 * @param count undefined: no limit.
 * @throws {RangeError} If it is not a whole number from 0 up.
 */
export function limitOf(name: string, count: number | undefined): number {
  if (count === undefined) return -1;
  if (!Number.isInteger(count) || count < 0) {
    throw new RangeError(`Cannot read from the memory: ${name} must be a whole number from 0 up, got ${count}`);
  }
  return count;
}

/** What is read. A file that can't be is no failure of the event that it is read for: it ends the agent. */
function reading<T>(read: () => T): T {
  try {
    return read();
  } catch (error) {
    throw databaseError(error, "the memory");
  }
}

function prepareOnce(database: DatabaseSync, sql: string): () => StatementSync {
  let statement: StatementSync | undefined;
  return () => statement ??= database.prepare(sql);
}

function atomically<T>(database: DatabaseSync, work: () => T): T {
  const nested = database.isTransaction;
  database.exec(nested ? "SAVEPOINT memory" : "BEGIN IMMEDIATE");
  try {
    const result = work();
    database.exec(nested ? "RELEASE memory" : "COMMIT");
    return result;
  } catch (error) {
    // A full disk may have rolled everything back already. @see https://sqlite.org/lang_transaction.html, 2.2
    if (database.isTransaction) database.exec(nested ? "ROLLBACK TO memory; RELEASE memory" : "ROLLBACK");
    throw error;
  }
}
