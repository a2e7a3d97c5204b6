/** The state directory as the program uses it: the parts' tables in one database, under one seal. @module */

import blankState from "./blank_state.json" with { type: "json" };
import { type Journal, openJournal } from "../journal/journal.ts";
import {
  ASKED_SCHEMA,
  CHAIN_SCHEMA,
  FORGET_ASKED,
  JOURNAL_SCHEMA,
  JOURNAL_SEALED,
  JOURNAL_UNSUMMED,
  ORIGIN_SCHEMA,
  OUTAGE_SCHEMA,
  UNDELIVERED_SCHEMA,
} from "../journal/journal_schema.ts";
import type { OutcomeSigner } from "../journal/chain.ts";
import { hideIds } from "../memory/hidden_ids.ts";
import {
  EXCHANGE_SCHEMA,
  FORGETTING_SCHEMA,
  MEMORY_SCHEMA,
  MEMORY_SEALED,
  PARTICIPANT_BODY_SCHEMA,
} from "../memory/schema.ts";
import { KNOWLEDGE_PIECE_SCHEMA, KNOWLEDGE_SCHEMA, KNOWLEDGE_SEALED } from "../mind/knowledge/store.ts";
import { type Database, openDatabase } from "../store/database.ts";
import type { Seal } from "../store/seal.ts";
import type { Log } from "../log.ts";
import type { Schema } from "../store/schema.ts";
import { IDENTITY_SCHEMA, IDENTITY_SEALED, ownId } from "./identity.ts";
import { ROW_SUMS_SCHEMA } from "../store/row_sums.ts";
import { checkSeal, openSeal, SEAL_SALT_SCHEMA } from "../store/sealing.ts";

/**
 * Grows at its end only: a released line never changes. Its length is the schema version. A further line may add tables,
 * and columns without a value; one that changes rows has sealed states refused, since it does not know their key.
 */
const MIGRATIONS: readonly string[] = [
  JOURNAL_SCHEMA,
  MEMORY_SCHEMA,
  KNOWLEDGE_SCHEMA,
  OUTAGE_SCHEMA,
  UNDELIVERED_SCHEMA,
  SEAL_SALT_SCHEMA + PARTICIPANT_BODY_SCHEMA,
  EXCHANGE_SCHEMA,
  IDENTITY_SCHEMA,
  CHAIN_SCHEMA,
  ASKED_SCHEMA,
  ORIGIN_SCHEMA + FORGETTING_SCHEMA,
  ROW_SUMS_SCHEMA,
  KNOWLEDGE_PIECE_SCHEMA,
];

/** What the tables are. */
export const SCHEMA: Schema = {
  migrations: MIGRATIONS,
  digest: "c76afa26bc731bdff729f6fbb0dc238863d624bf906e78495a1864e525ca1d3d",
  blank: blankState,
};

/** Every sealed column of every part. */
export const SEALED_COLUMNS = [...JOURNAL_SEALED, ...MEMORY_SEALED, ...KNOWLEDGE_SEALED, ...IDENTITY_SEALED];

/** The state of one agent, for this process alone. */
export interface State extends Disposable {
  readonly database: Database;
  readonly seal: Seal;
  readonly journal: Journal;
  /** The agent's own id: see {@linkcode ownId}. */
  readonly agentId: string;
}

/**
 * Open the state in `directory`, making what is missing.
 *
 * @param options `key`: AGENT_STATE_KEY, if there is one; `takeOver`: AGENT_STATE_TAKE_OVER; `signer`: signs every
 * outcome, default: none is signed; `now`: milliseconds since the epoch.
 * @throws {FatalError} As {@linkcode openDatabase} and {@linkcode openSeal} do.
 */
export function openState(
  directory: string,
  options: {
    key: Uint8Array | undefined;
    takeOver?: boolean;
    signer?: OutcomeSigner | undefined;
    log?: Log;
    now: () => number;
  },
): State {
  const { key, takeOver, signer, log, now } = options;
  using stack = new DisposableStack();
  const database = stack.use(openStateDatabase(directory, { ...log && { log } }));
  const seal = openStateSeal(database, key, { ...takeOver !== undefined && { takeOver } });
  const journal = openJournal(database, { seal, now, signer });
  const agentId = ownId(database, seal);
  database.commit();
  // An earlier run was told to forget, and was cut off before the last of it was gone.
  if (journal.hasRemains()) endRemains({ database, journal }, { mostBytes: MOST_SCRUBBED_BYTES });
  const held = stack.move();
  return { database, seal, journal, agentId, [Symbol.dispose]: () => held.dispose() };
}

/**
 * Find out whether {@linkcode openState} would open the state in `directory`. Makes what is missing, and seals nothing.
 *
 * @throws {FatalError} As {@linkcode openState} does.
 */
export function checkState(
  directory: string,
  options: { key: Uint8Array | undefined; takeOver?: boolean | undefined },
): void {
  const database = openStateDatabase(directory);
  using _database = database;
  checkSeal(database, { ...options, columns: SEALED_COLUMNS, unsummed: JOURNAL_UNSUMMED });
}

/** Largest state that is written anew while an agent runs or starts: some three seconds. */
export const MOST_SCRUBBED_BYTES = 256 * 1024 * 1024;

/**
 * See that no word of what was deleted is left in the files of the state. Blocks.
 *
 * @param options `mostBytes`: a larger state is left as it is.
 * @returns Whether it was done.
 */
export function endRemains(
  { database, journal }: Pick<State, "database" | "journal">,
  options: { mostBytes: number },
): boolean {
  if (!database.scrub(options)) return false;
  journal.endRemains();
  database.commit();
  return true;
}

/** The database of a state directory, with every part's tables. @see openDatabase */
export function openStateDatabase(
  directory: string,
  options: Omit<Parameters<typeof openDatabase>[1], "schema"> = {},
): Database {
  return openDatabase(directory, { ...options, schema: SCHEMA });
}

/** The seal over every sealed column of a state's database. @see openSeal */
export function openStateSeal(database: Database, key?: Uint8Array, options: { takeOver?: boolean } = {}): Seal {
  const beforeSealing = (seal: Seal) => {
    hideIds(database.sqlite, seal);
    database.sqlite.exec(FORGET_ASKED);
  };
  return openSeal(database, { columns: SEALED_COLUMNS, unsummed: JOURNAL_UNSUMMED, key, ...options, beforeSealing });
}
