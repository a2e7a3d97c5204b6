/** The SQL of the journal: every statement once, prepared. @module */

import type { DatabaseSync } from "node:sqlite";
import { type Insertion, prepareInsertion } from "../store/insertion.ts";
import type { Place } from "../store/seal.ts";

/** A row of `event` or `outcome`, as the statements select it. */
export interface Row {
  readonly seq: number;
  readonly id: string;
  readonly body: string | Uint8Array;
  /** When it was accepted or answered, in milliseconds since the epoch. */
  readonly at: number;
}

/** What an id names: a row of one of three tables. */
export interface KnownRow extends Row {
  readonly state: "answered" | "forgotten" | "pending";
  readonly settled: number;
  /** The mark of its query, if that is known. */
  readonly asked: number | null;
}

/** What the text of an event is bound to. */
export function eventPlace({ id, seq, at }: Omit<Row, "body">): Place {
  return ["event.body", id, seq, at];
}

/** What the text of an outcome is bound to. */
export function outcomePlace({ id, seq, at }: Omit<Row, "body">): Place {
  return ["outcome.body", id, seq, at];
}

/** What the digest of the last signature is bound to. */
export function chainPlace({ seq, outcomeSeq }: { seq: number; outcomeSeq: number }): Place {
  return ["chain.last", 1, seq, outcomeSeq];
}

/** The checkpoint's own outcome stays: by its entry the file is recognised. */
const PRUNABLE = `
  SELECT seq FROM outcome
  WHERE made_at < :madeBefore AND seq NOT IN undelivered AND seq < coalesce((SELECT seq FROM responses_file), 0)
  ORDER BY made_at LIMIT +:limit`;

// A bare parameter behind LIMIT makes SQLite plan the statement anew for each value: 12 µs instead of 3 (measured).
// Where an event costs a statement, its parameters have no names: binding them by name takes 2 µs of 4 (measured).
const SQL = {
  known: `
    SELECT 'answered' AS state, seq, id, body, made_at AS at, seq NOT IN undelivered AS settled, asked
    FROM outcome WHERE id = ?1
    UNION ALL SELECT 'forgotten', 0, id, NULL, 0, 1, asked FROM answered WHERE id = ?1
    UNION ALL SELECT 'pending', seq, id, NULL, accepted_at, 0, asked FROM event WHERE id = ?1`,
  keepEvent: `INSERT INTO event (seq, id, body, accepted_at, asked) VALUES (?, ?, ?, ?, ?)`,
  pending: `SELECT seq, id, body, accepted_at AS at FROM event WHERE seq > :seq ORDER BY seq LIMIT +:limit`,
  acceptedAt: `SELECT accepted_at FROM event WHERE id = :id`,
  // Not `id IN (SELECT …)`: for that SQLite goes through all answered ids (a million: 60 ms of each start).
  pendingTwice: `
    SELECT id FROM event
    WHERE EXISTS (SELECT 1 FROM outcome WHERE outcome.id = event.id)
      OR EXISTS (SELECT 1 FROM answered WHERE answered.id = event.id)
    LIMIT 1`,
  pendingCount: `SELECT count(*) AS count FROM event`,
  figures: `
    SELECT (SELECT count(*) FROM event) AS pending, (SELECT min(accepted_at) FROM event) AS oldest,
      (SELECT count(*) FROM undelivered) AS undelivered`,
  forgetEvent: `DELETE FROM event WHERE id = ?`,
  outcomes: `SELECT seq, id, body, made_at AS at FROM outcome WHERE seq > :seq ORDER BY seq LIMIT +:limit`,
  unsettled: `
    SELECT seq, id, body, made_at AS at FROM undelivered JOIN outcome USING (seq)
    WHERE seq > :seq AND seq <= :upTo ORDER BY seq LIMIT +:limit`,
  toDeliver: `INSERT INTO undelivered SELECT seq FROM outcome WHERE seq > ?`,
  delivered: `DELETE FROM undelivered WHERE seq BETWEEN ? AND ?`,
  seenAgain: `UPDATE answered SET seen_at = :now WHERE id = :id`,
  keepIds: `
    INSERT INTO answered (id, seen_at, asked) SELECT id, :now, asked FROM outcome WHERE seq IN (${PRUNABLE})
    ON CONFLICT (id) DO NOTHING`,
  dropDeliveries: `DELETE FROM undelivered WHERE seq IN (SELECT seq FROM outcome WHERE made_at < ?)`,
  dropEvents: `DELETE FROM event WHERE accepted_at < ?`,
  prune: `DELETE FROM outcome WHERE seq IN (${PRUNABLE})`,
  pruneOrigins: `DELETE FROM origin WHERE seq IN (${PRUNABLE})`,
  events: `SELECT seq, id, body, accepted_at AS at FROM event ORDER BY seq`,
  outcomesOf: `
    SELECT seq FROM origin
    WHERE seq <= :upTo AND (:conversation IS NULL OR conversation = :conversation) AND (:user IS NULL OR user = :user)
    UNION SELECT seq FROM outcome WHERE seq <= :upTo AND id IN (SELECT value FROM json_each(:ids))`,
  keepIdsOf: `
    INSERT INTO answered (id, seen_at) SELECT id, :now FROM outcome WHERE seq IN (SELECT value FROM json_each(:seqs))
    ON CONFLICT (id) DO NOTHING`,
  deleteOutcomes: `DELETE FROM outcome WHERE seq IN (SELECT value FROM json_each(?))`,
  deleteOrigins: `DELETE FROM origin WHERE seq IN (SELECT value FROM json_each(?))`,
  deleteDeliveries: `DELETE FROM undelivered WHERE seq IN (SELECT value FROM json_each(?))`,
  /** Of events that wait: an outcome would take the mark of its event over. */
  dropMarks: `UPDATE event SET asked = NULL WHERE id IN (SELECT value FROM json_each(?))`,
  noteRemains: `INSERT INTO remains (one) VALUES (1) ON CONFLICT (one) DO NOTHING`,
  remains: `SELECT one FROM remains`,
  endRemains: `DELETE FROM remains`,
  oldIds: `SELECT id FROM answered WHERE seen_at < :seenBefore LIMIT +:limit`,
  forgetId: `DELETE FROM answered WHERE id = :id`,
  /**
   * AUTOINCREMENT keeps the last number of each table, also of rows that are gone. A number that JavaScript can't hold
   * would make reading it throw: it is cut off, and so is a text, and whoever reads it refuses it.
   */
  lastNumbers: `
    SELECT name, min(seq, ${Number.MAX_SAFE_INTEGER}) AS seq FROM (
      SELECT name, seq FROM sqlite_sequence
      UNION ALL SELECT 'event', max(seq) FROM event UNION ALL SELECT 'outcome', max(seq) FROM outcome
    )`,
  checkpoint: `SELECT path, seq, bytes FROM responses_file`,
  setCheckpoint: `
    INSERT INTO responses_file (one, path, seq, bytes) VALUES (1, :path, :seq, :bytes)
    ON CONFLICT (one) DO UPDATE SET path = excluded.path, seq = excluded.seq, bytes = excluded.bytes`,
  /** A number that JavaScript can't hold would make reading it throw: it is cut off, and refused by whoever reads it. */
  chain: `
    SELECT max(0, min(seq, ${Number.MAX_SAFE_INTEGER})) AS seq,
      max(0, min(outcome_seq, ${Number.MAX_SAFE_INTEGER})) AS outcomeSeq, last
    FROM chain`,
  setChain: `
    INSERT INTO chain (one, seq, outcome_seq, last) VALUES (1, ?, ?, ?)
    ON CONFLICT (one) DO UPDATE SET seq = excluded.seq, outcome_seq = excluded.outcome_seq, last = excluded.last`,
  outcomeAt: `SELECT seq, id, body, made_at AS at FROM outcome WHERE seq = ?`,
  lastOutcome: `SELECT seq, id, body, made_at AS at FROM outcome ORDER BY seq DESC LIMIT 1`,
  outage: `SELECT since FROM outage`,
  setOutage: `
    INSERT INTO outage (one, since) VALUES (1, :since) ON CONFLICT (one) DO UPDATE SET since = excluded.since`,
  endOutage: `DELETE FROM outage`,
} as const;

/** What every answer adds a row to. */
const INSERTIONS = {
  keepOutcomes: {
    into: `INSERT INTO outcome (seq, id, body, made_at, asked)`,
    row: `(?1, ?2, ?3, ?4, coalesce(?5, (SELECT asked FROM event WHERE id = ?2)))`,
  },
  keepOrigins: { into: `INSERT INTO origin (seq, conversation, user)`, row: `(?1, ?2, ?3)` },
} as const;

/** The statements, by name. */
export type Statements =
  & { readonly [Name in keyof typeof SQL]: ReturnType<DatabaseSync["prepare"]> }
  & { readonly [Name in keyof typeof INSERTIONS]: Insertion };

/** Prepare every statement. */
export function prepareStatements(sqlite: DatabaseSync): Statements {
  const statements = Object.entries(SQL).map(([name, sql]) => [name, sqlite.prepare(sql)]);
  const insertions = Object.entries(INSERTIONS).map(([name, sql]) => [name, prepareInsertion(sqlite, sql)]);
  return Object.fromEntries([...statements, ...insertions]) as Statements;
}
