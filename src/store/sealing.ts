/** Which seal a database is under: the key is checked, and a state that was not sealed before is sealed only if asked for. @module */

import { timingSafeEqual } from "node:crypto";
import { EXIT, FatalError } from "../errors.ts";
import type { Database } from "./database.ts";
import { aesSeal, newSalt, noSeal, openFirstSeal, type Place, type Seal, type Sealed } from "./seal.ts";

/** A column whose texts are sealed. */
export interface SealedColumn {
  readonly table: string;
  readonly column: string;
  /** SQL that names a row. */
  readonly row: string;
  /** SQL of the row's other values that its text is bound to, in the order of the place's facts. */
  readonly facts: readonly string[];
}

/** What a later version of the schema adds to the table `seal`. */
export const SEAL_SALT_SCHEMA = `
  -- The salt that this database's keys are derived with; none under the first seal, which bound texts to their ids alone.
  ALTER TABLE seal ADD COLUMN salt ANY;
`;

/** How to open the seal. */
export interface SealOptions {
  readonly columns: readonly SealedColumn[];
  /** 32 bytes: AGENT_STATE_KEY. */
  readonly key?: Uint8Array | undefined;
  /** Whether a state that is not under today's seal is sealed anew: AGENT_STATE_TAKE_OVER. Default: it is refused. */
  readonly takeOver?: boolean | undefined;
  /** Called before a state that is taken over is sealed, with its texts in the clear. */
  readonly beforeSealing?: (seal: Seal) => void;
}

const PROOF: Place = ["seal.proof", 1];
const FIRST_PROOF = "seal.proof/1";
const PROOF_TEXT = "opened";

/**
 * The seal for everything in the database.
 *
 * An empty database is sealed with the key that it is given first. One that holds anything and is not sealed may be
 * anybody's work: it is refused, unless `takeOver`.
 *
 * @throws {FatalError} If the database is sealed and this is not its key, or if it would have to be taken over; then
 * nothing is changed.
 */
export function openSeal(database: Database, options: SealOptions): Seal {
  const { key } = options;
  const standing = standingOf(database, options);
  return standing.seal ?? sealAnew(database, { ...options, key: key!, isFirstSeal: standing.isFirstSeal });
}

/**
 * Find out whether {@linkcode openSeal} would open the database, and change nothing.
 *
 * @throws {FatalError} As {@linkcode openSeal} does.
 */
export function checkSeal(database: Database, options: Pick<SealOptions, "columns" | "key" | "takeOver">): void {
  standingOf(database, options);
}

/** The seal that a database is under, or that it has yet to be put under the key's. */
type Standing = { readonly seal: Seal } | { readonly seal: undefined; readonly isFirstSeal: boolean };

function standingOf(
  database: Database,
  { columns, key, takeOver = false }: Pick<SealOptions, "columns" | "key" | "takeOver">,
): Standing {
  const row = database.sqlite.prepare("SELECT proof, salt FROM seal").get() as SealRow | undefined;
  if (!key) {
    if (!row) return { seal: noSeal };
    throw cannot(database, "it is sealed", "Set AGENT_STATE_KEY to its key, or AGENT_STATE_DIR to another directory.");
  }
  if (row && row.salt !== null) {
    if (!(row.salt instanceof Uint8Array)) throw wrongKey(database);
    const seal = aesSeal(key, row.salt);
    if (!proves(seal, row.proof)) throw wrongKey(database);
    return { seal };
  }
  const isFirstSeal = row !== undefined;
  if (isFirstSeal && !isFirstProof(key, row.proof)) throw wrongKey(database);
  const holdsNothing = isEmpty(database);
  if (!isFirstSeal && !holdsNothing && holdsSealed(database, columns)) {
    throw changed(database, "its texts are sealed, but the proof of their key is gone");
  }
  if (!holdsNothing && !takeOver) throw wouldTakeOver(database, isFirstSeal);
  return { seal: undefined, isFirstSeal };
}

interface SealRow {
  readonly proof: Sealed;
  readonly salt: Uint8Array | null;
}

function proves(seal: Seal, proof: Sealed): boolean {
  try {
    const [text, expected] = [seal.open(proof, PROOF), PROOF_TEXT].map((text) => new TextEncoder().encode(text));
    return text!.length === expected!.length && timingSafeEqual(text!, expected!);
  } catch (error) {
    // Authentication failed: whatever the reason, this key does not open it.
    if (error instanceof FatalError) return false;
    throw error;
  }
}

function isFirstProof(key: Uint8Array, proof: Sealed): boolean {
  return typeof proof !== "string" && openFirstSeal(key, proof, FIRST_PROOF) === PROOF_TEXT;
}

/** Whether a sealed column holds anything that is no text. */
function holdsSealed({ sqlite }: Database, columns: readonly SealedColumn[]): boolean {
  return columns.some(({ table, column }) =>
    sqlite.prepare(`SELECT 1 FROM ${table} WHERE typeof(${column}) <> 'text' LIMIT 1`).get() !== undefined
  );
}

/** Whether no table holds a row: only SQLite's own, and those that say nothing, may. */
function isEmpty({ sqlite }: Database): boolean {
  const tables = sqlite.prepare(
    "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite!_%' ESCAPE '!'",
  )
    .all() as { name: string }[];
  return tables.every(({ name }) => sqlite.prepare(`SELECT 1 FROM "${name}" LIMIT 1`).get() === undefined);
}

/** Seal every text, and everything is under today's seal: all of it, or after an error nothing. */
function sealAnew(
  database: Database,
  { columns, key, isFirstSeal, beforeSealing }: SealOptions & { key: Uint8Array; isFirstSeal: boolean },
): Seal {
  const { sqlite } = database;
  const salt = newSalt(), seal = aesSeal(key, salt);
  try {
    if (isFirstSeal) rewrite(database, columns, (text, column) => openFirst(database, { key, text, column }));
    beforeSealing?.(seal);
    rewrite(database, columns, ({ row, text, facts }, { table, column }) => {
      if (typeof text === "string") return seal.seal(text, [`${table}.${column}`, row, ...facts]);
      throw changed(database, `${table}.${column} of ${JSON.stringify(row)} is no text`);
    });
    sqlite.prepare("INSERT OR REPLACE INTO seal (one, proof, salt) VALUES (1, :proof, :salt)")
      .run({ proof: seal.seal(PROOF_TEXT, PROOF), salt });
  } catch (error) {
    sqlite.exec("ROLLBACK; BEGIN");
    throw error;
  }
  database.commit();
  // The write-ahead log still holds the texts as they were, and so would a transaction that began before.
  sqlite.exec("COMMIT; PRAGMA wal_checkpoint(TRUNCATE); BEGIN");
  return seal;
}

/** A text that was sealed under the first seal, opened. */
function openFirst(
  database: Database,
  { key, text: { row, text }, column: { table, column } }: { key: Uint8Array; text: Text; column: SealedColumn },
): string {
  const opened = typeof text === "string" ? undefined : openFirstSeal(key, text, `${table}.${column}/${row}`);
  if (opened !== undefined) return opened;
  throw changed(database, `${table}.${column} of ${JSON.stringify(row)} does not open with AGENT_STATE_KEY`);
}

interface Text {
  readonly row: string | number;
  readonly facts: readonly (string | number | null)[];
  readonly text: Sealed;
}

function rewrite(
  { sqlite }: Database,
  columns: readonly SealedColumn[],
  change: (text: Text, column: SealedColumn) => Sealed,
): void {
  for (const sealed of columns) {
    const { table, column, row, facts } = sealed;
    const named = facts.map((fact, index) => `, ${fact} AS fact${index}`).join("");
    const read = sqlite.prepare(`SELECT rowid AS number, ${row} AS name, ${column} AS text${named} FROM ${table}`);
    const write = sqlite.prepare(`UPDATE ${table} SET ${column} = :text WHERE rowid = :number`);
    for (const found of read.all() as Record<string, string | number | null>[]) {
      const text = {
        row: found.name as string | number,
        facts: facts.map((_, index) => found[`fact${index}`] ?? null),
        text: found.text as unknown as Sealed,
      };
      write.run({ number: found.number as number, text: change(text, sealed) });
    }
  }
}

function changed(database: Database, what: string): FatalError {
  const advice = "Restore it from a copy, or set AGENT_STATE_DIR to another directory.";
  return cannot(database, `${what}: somebody else changed the file`, advice);
}

function wrongKey(database: Database): FatalError {
  return cannot(
    database,
    "AGENT_STATE_KEY is not the key it was sealed with",
    "Set that one, or AGENT_STATE_DIR to another directory.",
  );
}

function wouldTakeOver(database: Database, isFirstSeal: boolean): FatalError {
  return cannot(
    database,
    isFirstSeal
      ? "it was sealed by an earlier version, which did not bind texts to whose they are"
      : "it is not sealed, so anybody may have written it, and AGENT_STATE_KEY is set",
    "If you trust what it holds, start once, outside of a TEE, with AGENT_STATE_TAKE_OVER=true, which seals it anew; else set AGENT_STATE_DIR to another directory.",
  );
}

function cannot({ path }: Database, what: string, advice: string): FatalError {
  return new FatalError(`Cannot use ${path}: ${what}. ${advice} Nothing was changed.`, EXIT.settings);
}
