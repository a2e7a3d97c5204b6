/** The schema of the database: exactly what the migrations make, found out before anything of it can run. @module */

import { hash } from "node:crypto";
import { DatabaseSync } from "node:sqlite";
import { EXIT, FatalError } from "../errors.ts";
import type { BlankDatabase } from "./blank_database.ts";

/** The migrations, and the digest of what they make. */
export interface Schema {
  /** SQL, a text for each version, applied once in this order; the list grows at its end only. */
  readonly migrations: readonly string[];
  /**
   * {@linkcode schemaDigest} of all of them: spares every start the 3 ms that making them in memory takes (measured).
   * A wrong or missing one costs that time, and nothing else.
   */
  readonly digest?: string;
  /**
   * What the migrations make, as a file: spares a first start to make each table, a third of what it takes to open the
   * state. One of another digest is not taken.
   */
  readonly blank?: BlankDatabase;
}

interface SchemaRow {
  readonly type: string;
  readonly name: string;
  readonly tbl_name: string;
  readonly rootpage: number;
  readonly sql: string | null;
}

const ROWS = `SELECT type, name, tbl_name, rootpage, sql FROM sqlite_schema`;

/**
 * Bring the database to the newest version of the schema, in one transaction.
 *
 * A trigger, a view, a virtual table or an index of somebody else's would run inside the agent with the next statement:
 * so what is there must be what the migrations up to its version make, to the letter. Reading the list of it runs nothing.
 *
 * @throws {FatalError} If it is anything else, or a newer program's; then nothing is changed.
 */
export function migrate(database: DatabaseSync, path: string, { migrations, digest }: Schema): void {
  database.exec("BEGIN IMMEDIATE");
  // Reads the whole schema, and so finds out whether it is damaged before anything is written.
  const rows = database.prepare(ROWS).all() as unknown as SchemaRow[];
  const version = Number(database.prepare("PRAGMA user_version").get()?.user_version);
  if (version > migrations.length) {
    throw new FatalError(
      `Cannot use ${path}: its schema is version ${version}, made by a newer agent; this one knows up to ${migrations.length}. Run the newer agent, or set AGENT_STATE_DIR to another directory.`,
      EXIT.inputOutput,
    );
  }
  const isKnown = version === migrations.length && digestOf(rows) === digest;
  if (!isKnown) refuseForeign(rows, path, migrations.slice(0, Math.max(version, 0)));
  refuseSharedPages(rows, path);
  for (const [index, migration] of migrations.entries()) {
    if (index >= version) database.exec(`${migration}; PRAGMA user_version = ${index + 1}`);
  }
  database.exec("COMMIT");
}

/** The digest of the schema that `migrations` make. */
export function schemaDigest(migrations: readonly string[]): string {
  return digestOf(rowsMadeBy(migrations));
}

function digestOf(rows: readonly SchemaRow[]): string {
  return hash("sha256", JSON.stringify([...textsOf(rows)].sort()), "hex");
}

/** A text for each object: all that says what it is and does. */
function textsOf(rows: readonly SchemaRow[]): string[] {
  return rows.map(({ type, name, tbl_name, sql }) => JSON.stringify([type, name, tbl_name, sql]));
}

function rowsMadeBy(migrations: readonly string[]): SchemaRow[] {
  using memory = new DatabaseSync(":memory:");
  for (const migration of migrations) memory.exec(migration);
  return memory.prepare(ROWS).all() as unknown as SchemaRow[];
}

function refuseForeign(rows: readonly SchemaRow[], path: string, migrations: readonly string[]): void {
  const wanted = migrations.length === 0 ? [] : textsOf(rowsMadeBy(migrations)), found = textsOf(rows);
  const [foreign] = rows.filter((_, index) => !wanted.includes(found[index]!));
  const [missing] = wanted.filter((text) => !found.includes(text));
  if (foreign) throw refusal(path, `it has ${foreign.type} ${JSON.stringify(foreign.name)}, which is not this agent's`);
  if (missing) {
    const [type, name] = JSON.parse(missing) as [string, string];
    throw refusal(path, `its ${type} ${JSON.stringify(name)} is missing`);
  }
  if (found.length !== wanted.length) throw refusal(path, "it has something twice");
}

/** Two tables in one place would have the rows of the one read as the other's. */
function refuseSharedPages(rows: readonly SchemaRow[], path: string): void {
  const pages = rows.filter(({ type }) => type === "table" || type === "index").map(({ rootpage }) => rootpage);
  const isSound = pages.every((page) => Number.isInteger(page) && page > 1) && new Set(pages).size === pages.length;
  if (!isSound) throw refusal(path, "two of its tables lie in one place");
}

function refusal(path: string, what: string): FatalError {
  return new FatalError(
    `Cannot use ${path}: ${what}: somebody else changed it. Nothing of it was run, and nothing was changed: restore it from a copy, or set AGENT_STATE_DIR to another directory.`,
    EXIT.inputOutput,
  );
}
