/** Which seal a database is under: the key that opens it is checked, and what was stored before there was one is sealed. @module */

import type { Database } from "./database.ts";
import { EXIT, FatalError } from "../errors.ts";
import { aesSeal, noSeal, type Seal, type Sealed } from "./seal.ts";

/** A column whose texts are sealed. */
export interface SealedColumn {
  readonly table: string;
  readonly column: string;
  /** SQL that names a row in the place that its texts are bound to. */
  readonly row: string;
}

const PROOF = "seal.proof/1";
const PROOF_TEXT = "opened";

/**
 * The seal for everything in the database. With a key given for the first time, all that is there is sealed, at once.
 *
 * @param options `columns`: every sealed column of the schema; `key`: 32 bytes, AGENT_STATE_KEY.
 * @throws {FatalError} If the database is sealed and this is not its key; then nothing is changed.
 */
export function openSeal(
  database: Database,
  { columns, key }: { columns: readonly SealedColumn[]; key: Uint8Array | undefined },
): Seal {
  const proof = database.sqlite.prepare("SELECT proof FROM seal").get() as { proof: Sealed } | undefined;
  if (!key) {
    if (!proof) return noSeal;
    throw new FatalError(
      `Cannot read ${database.path}: it is sealed. Set AGENT_STATE_KEY to its key, or AGENT_STATE_DIR to another directory.`,
      EXIT.settings,
    );
  }
  const seal = aesSeal(key);
  if (!proof) sealAll(database, seal, columns);
  else if (!opens(seal, proof.proof)) {
    throw new FatalError(
      `Cannot read ${database.path}: AGENT_STATE_KEY is not the key it was sealed with. Set that one, or AGENT_STATE_DIR to another directory; nothing was changed.`,
      EXIT.settings,
    );
  }
  return seal;
}

function opens(seal: Seal, proof: Sealed): boolean {
  try {
    return seal.open(proof, PROOF) === PROOF_TEXT;
  } catch {
    // Authentication failed: whatever the reason, this key does not open it.
    return false;
  }
}

function sealAll({ sqlite, commit }: Database, seal: Seal, columns: readonly SealedColumn[]): void {
  for (const { table, column, row } of columns) {
    const read = sqlite.prepare(`SELECT rowid AS number, ${row} AS name, ${column} AS text FROM ${table}`);
    const write = sqlite.prepare(`UPDATE ${table} SET ${column} = :sealed WHERE rowid = :number`);
    for (const { number, name, text } of read.all() as { number: number; name: string; text: string }[]) {
      write.run({ number, sealed: seal.seal(text, `${table}.${column}/${name}`) });
    }
  }
  sqlite.prepare("INSERT INTO seal (one, proof) VALUES (1, :proof)").run({ proof: seal.seal(PROOF_TEXT, PROOF) });
  commit();
  // The write-ahead log still holds the texts as they were, and so would a transaction that began before.
  sqlite.exec("COMMIT; PRAGMA wal_checkpoint(TRUNCATE); BEGIN");
}
