/** The state directory as the program uses it: the parts' tables in one database, under one seal. @module */

import { type Journal, openJournal } from "../journal/journal.ts";
import { JOURNAL_SCHEMA, JOURNAL_SEALED, OUTAGE_SCHEMA, UNDELIVERED_SCHEMA } from "../journal/journal_schema.ts";
import { MEMORY_SCHEMA, MEMORY_SEALED } from "../memory/schema.ts";
import { KNOWLEDGE_SCHEMA, KNOWLEDGE_SEALED } from "../mind/knowledge/store.ts";
import { type Database, openDatabase } from "../store/database.ts";
import type { Seal } from "../store/seal.ts";
import { openSeal } from "../store/sealing.ts";

/** Grows at its end only: a released line never changes. Its length is the schema version. */
const MIGRATIONS: readonly string[] = [
  JOURNAL_SCHEMA,
  MEMORY_SCHEMA,
  KNOWLEDGE_SCHEMA,
  OUTAGE_SCHEMA,
  UNDELIVERED_SCHEMA,
];

/** Every sealed column of every part. */
export const SEALED_COLUMNS = [...JOURNAL_SEALED, ...MEMORY_SEALED, ...KNOWLEDGE_SEALED];

/** The state of one agent, for this process alone. */
export interface State extends Disposable {
  readonly database: Database;
  readonly seal: Seal;
  readonly journal: Journal;
}

/**
 * Open the state in `directory`, making what is missing.
 *
 * @param options `key`: AGENT_STATE_KEY, if there is one; `now`: milliseconds since the epoch.
 * @throws {FatalError} As {@linkcode openDatabase} and {@linkcode openSeal} do.
 */
export function openState(
  directory: string,
  { key, now }: { key: Uint8Array | undefined; now: () => number },
): State {
  using stack = new DisposableStack();
  const database = stack.use(openStateDatabase(directory));
  const seal = openStateSeal(database, key);
  const journal = openJournal(database, { seal, now });
  const held = stack.move();
  return { database, seal, journal, [Symbol.dispose]: () => held.dispose() };
}

/** The database of a state directory, with every part's tables. @see openDatabase */
export function openStateDatabase(
  directory: string,
  options: Omit<Parameters<typeof openDatabase>[1], "migrations"> = {},
): Database {
  return openDatabase(directory, { ...options, migrations: MIGRATIONS });
}

/** The seal over every sealed column of a state's database. @see openSeal */
export function openStateSeal(database: Database, key?: Uint8Array): Seal {
  return openSeal(database, { columns: SEALED_COLUMNS, key });
}
