/** Which seal a database is under: the key is checked, and a state that was not sealed before is sealed only if asked for. @module */

import { timingSafeEqual } from "node:crypto";
import { EXIT, FatalError } from "../errors.ts";
import type { Database } from "./database.ts";
import { checkRows, followRows, type RowSummer, sealedSums, sumRows } from "./row_sums.ts";
import { aesSeal, deriveKey, newSalt, noSeal, openFirstSeal, type Place, type Seal, type Sealed } from "./seal.ts";

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
  /** Tables whose rows may be of another time: see {@linkcode checkRows}. */
  readonly unsummed: readonly string[];
  /** 32 bytes: AGENT_STATE_KEY. */
  readonly key?: Uint8Array | undefined;
  /**
   * Whether a state that is not under today's seal is sealed anew, and rows are taken as they are that are not those
   * that it was left with: AGENT_STATE_TAKE_OVER. Default: it is refused.
   */
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
  if (standing.state === "open") return standing.seal;
  const kept = standing.state === "sealed"
    ? { summer: standing.summer, sums: standing.sums ?? sumAnew(database, standing.summer) }
    : sealAnew(database, { ...options, key: key!, isFirstSeal: standing.isFirstSeal });
  followRows(database, kept.summer, kept.sums);
  return kept.summer.seal;
}

/**
 * Find out whether {@linkcode openSeal} would open the database, and change nothing.
 *
 * @throws {FatalError} As {@linkcode openSeal} does.
 */
export function checkSeal(database: Database, options: Omit<SealOptions, "beforeSealing">): void {
  standingOf(database, options);
}

type Sums = ReturnType<typeof sumRows>;

/**
 * What a database is under: no seal and no key; the key's seal, with the sums of its rows where it has any; or nothing
 * yet that the key opens.
 */
type Standing =
  | { readonly state: "open"; readonly seal: Seal }
  | { readonly state: "sealed"; readonly summer: RowSummer; readonly sums: Sums | undefined }
  | { readonly state: "to be sealed"; readonly isFirstSeal: boolean };

function standingOf(database: Database, options: Omit<SealOptions, "beforeSealing">): Standing {
  const { columns, key, takeOver = false, unsummed } = options;
  const row = database.sqlite.prepare("SELECT proof, salt, sums FROM seal").get() as SealRow | undefined;
  if (!key) {
    if (!row) return { state: "open", seal: noSeal };
    throw cannot(database, "it is sealed", "Set AGENT_STATE_KEY to its key, or AGENT_STATE_DIR to another directory.");
  }
  if (row && row.salt !== null) {
    if (!(row.salt instanceof Uint8Array)) throw wrongKey(database);
    const summer = summerOf({ key, salt: row.salt, unsummed });
    if (!proves(summer.seal, row.proof)) throw wrongKey(database);
    if (takeOver) return { state: "sealed", summer, sums: undefined };
    if (row.sums === null) throw wouldTakeOver(database, { isSealed: true });
    return { state: "sealed", summer, sums: checkRows(database, summer, row.sums) };
  }
  const isFirstSeal = row !== undefined;
  if (isFirstSeal && !isFirstProof(key, row.proof)) throw wrongKey(database);
  const holdsNothing = isEmpty(database);
  if (!isFirstSeal && !holdsNothing && holdsSealed(database, columns)) {
    throw changed(database, "its texts are sealed, but the proof of their key is gone");
  }
  if (!holdsNothing && !takeOver) throw wouldTakeOver(database, { isSealed: isFirstSeal });
  return { state: "to be sealed", isFirstSeal };
}

function summerOf(
  { key, salt, unsummed }: { key: Uint8Array; salt: Uint8Array; unsummed: readonly string[] },
): RowSummer {
  return { seal: aesSeal(key, salt), unsummed, secret: deriveKey({ key, salt, use: "rows" }).toHex() };
}

interface SealRow {
  readonly proof: Sealed;
  readonly salt: Uint8Array | null;
  readonly sums: Sealed | null;
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

/** Sum up the rows of a sealed state that is taken over as it is. */
function sumAnew(database: Database, summer: RowSummer): Sums {
  const sums = sumRows(database, summer);
  database.sqlite.prepare("UPDATE seal SET sums = ?").run(sealedSums(sums, summer));
  database.commit();
  return sums;
}

/** Seal every text, and everything is under today's seal: all of it, or after an error nothing. */
function sealAnew(
  database: Database,
  { columns, unsummed, key, isFirstSeal, beforeSealing }: SealOptions & { key: Uint8Array; isFirstSeal: boolean },
): { summer: RowSummer; sums: Sums } {
  const { sqlite } = database;
  const salt = newSalt(), summer = summerOf({ key, salt, unsummed }), { seal } = summer;
  let sums: Sums;
  try {
    if (isFirstSeal) rewrite(database, columns, (text, column) => openFirst(database, { key, text, column }));
    beforeSealing?.(seal);
    rewrite(database, columns, ({ row, text, facts }, { table, column }) => {
      if (typeof text === "string") return seal.seal(text, [`${table}.${column}`, row, ...facts]);
      throw changed(database, `${table}.${column} of ${JSON.stringify(row)} is no text`);
    });
    sums = sumRows(database, summer);
    sqlite.prepare("INSERT OR REPLACE INTO seal (one, proof, salt, sums) VALUES (1, :proof, :salt, :sums)")
      .run({ proof: seal.seal(PROOF_TEXT, PROOF), salt, sums: sealedSums(sums, summer) });
  } catch (error) {
    sqlite.exec("ROLLBACK; BEGIN");
    throw error;
  }
  database.commit();
  // The write-ahead log still holds the texts as they were, and so would a transaction that began before.
  sqlite.exec("COMMIT; PRAGMA wal_checkpoint(TRUNCATE); BEGIN");
  return { summer, sums };
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

function wouldTakeOver(database: Database, { isSealed }: { isSealed: boolean }): FatalError {
  return cannot(
    database,
    isSealed
      ? "it was sealed by an earlier version, which bound texts to less than this one does"
      : "it is not sealed, so anybody may have written it, and AGENT_STATE_KEY is set",
    "If you trust what it holds, start once, outside of a TEE, with AGENT_STATE_TAKE_OVER=true, which seals it anew; else set AGENT_STATE_DIR to another directory.",
  );
}

function cannot({ path }: Database, what: string, advice: string): FatalError {
  return new FatalError(`Cannot use ${path}: ${what}. ${advice} Nothing was changed.`, EXIT.settings);
}
