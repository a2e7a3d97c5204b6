/** Which seal a database is under: the key that opens it is checked, and what was stored before there was one is sealed. @module */

import type { Database } from "./database.ts";
import { EXIT, FatalError } from "../errors.ts";
import { aesSeal, noSeal, type Seal, type Sealed } from "./seal.ts";

/** Every sealed column, and what names its row in the place that its texts are bound to. */
const SEALED_COLUMNS: readonly { readonly table: string; readonly column: string; readonly row: string }[] = [
  { table: "event", column: "body", row: "id" },
  { table: "outcome", column: "body", row: "id" },
  { table: "agent", column: "body", row: "id" },
  { table: "world", column: "body", row: "id" },
  { table: "room", column: "body", row: "id" },
  { table: "entity", column: "body", row: "id" },
  { table: "component", column: "data", row: "id" },
  { table: "relationship", column: "body", row: "id" },
  { table: "memory", column: "body", row: "id" },
  { table: "embedding", column: "vector", row: "(SELECT id FROM memory WHERE memory.seq = memory_seq)" },
  { table: "log", column: "body", row: "id" },
  { table: "task", column: "body", row: "id" },
  { table: "cache", column: "value", row: "agent_id || '/' || key_digest" },
  { table: "cache_secret", column: "secret", row: "one" },
  { table: "knowledge_index", column: "digest", row: "one" },
  { table: "knowledge_index", column: "packed", row: "one" },
  { table: "knowledge_vector", column: "body", row: "seq" },
];

const PROOF = "seal.proof/1";
const PROOF_TEXT = "opened";

/**
 * The seal for everything in the database. With a key given for the first time, all that is there is sealed, at once.
 *
 * @param key 32 bytes: AGENT_STATE_KEY.
 * @throws {FatalError} If the database is sealed and this is not its key; then nothing is changed.
 */
export function openSeal(database: Database, key?: Uint8Array): Seal {
  const proof = database.sqlite.prepare("SELECT proof FROM seal").get() as { proof: Sealed } | undefined;
  if (!key) {
    if (!proof) return noSeal;
    throw new FatalError(
      `Cannot read ${database.path}: it is sealed. Set AGENT_STATE_KEY to its key, or AGENT_STATE_DIR to another directory.`,
      EXIT.settings,
    );
  }
  const seal = aesSeal(key);
  if (!proof) sealAll(database, seal);
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

function sealAll({ sqlite, commit }: Database, seal: Seal): void {
  for (const { table, column, row } of SEALED_COLUMNS) {
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
