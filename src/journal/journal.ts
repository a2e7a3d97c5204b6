/** What must survive a crash: accepted events, their outcomes, and which outcomes still have to be delivered. @module */

import type { StatementSync } from "node:sqlite";
import type { Database } from "../store/database.ts";
import type { Seal } from "../store/seal.ts";
import { type AgentEvent, type Entry, entryOf, type Outcome } from "../wire.ts";

/** What the journal knows of an event that arrives. */
export type Acceptance =
  | { readonly state: "new"; readonly seq: number }
  | { readonly state: "pending" }
  | { readonly state: "answered"; readonly settled: boolean; readonly outcome: Outcome }
  /** Answered so long ago that the outcome was pruned. */
  | { readonly state: "forgotten" };

/** An accepted event that has no outcome yet. */
export interface PendingEvent {
  /** Grows in the order of acceptance. */
  readonly seq: number;
  readonly event: AgentEvent;
}

/** An outcome, at its place in `responses.json`. */
export interface RecordedOutcome extends Entry {
  /** Grows in the order of the answers. */
  readonly seq: number;
}

/** How much of `responses.json` is known to be on disk. */
export interface ResponsesCheckpoint {
  readonly path: string;
  /** The last outcome in it. */
  readonly seq: number;
  /** Its length up to and with that outcome. */
  readonly bytes: number;
}

/** The journal. What it writes is on disk once the database has committed. */
export interface Journal {
  /** Take an event in, unless it is known: then it is not processed again. */
  accept(event: AgentEvent): Acceptance;
  /** Accepted events without an outcome, oldest first. */
  pending(after: { seq: number; limit: number }): PendingEvent[];
  /** When an event that has no outcome yet was accepted, in milliseconds since the epoch. */
  acceptedMs(id: string): number | undefined;
  /** How many accepted events have no outcome. */
  pendingCount(): number;
  /** Give an accepted event its outcome, once and for all. */
  record(outcome: Outcome): RecordedOutcome;
  /** Outcomes after `seq`, oldest first. */
  outcomes(after: { seq: number; limit: number }): RecordedOutcome[];
  /** Outcomes after `seq` and up to `upTo` that were not delivered, oldest first. */
  unsettled(after: { seq: number; upTo: number; limit: number }): RecordedOutcome[];
  /** Note that an outcome was delivered. */
  settled(seq: number): void;
  /** The last outcome's place; 0 where there is none. */
  lastOutcome(): number;
  /**
   * Delete the oldest outcomes that were made before `madeBefore` and are delivered and in `responses.json`, keeping
   * their ids; and ids that last came before `seenBefore`. At most `limit` of each. Returns how many outcomes went.
   */
  prune(what: { madeBefore: number; seenBefore: number; limit: number }): number;
  checkpoint(): ResponsesCheckpoint | undefined;
  setCheckpoint(checkpoint: ResponsesCheckpoint): void;
  /** Since when the model is down, in milliseconds since the epoch; undefined if it is not. */
  outageSince(): number | undefined;
  setOutageSince(ms: number | undefined): void;
}

/** What is known of an id: it is in one of these tables, or in none. */
const KNOWN = `
  SELECT 'answered' AS state, seq, id, body, seq NOT IN undelivered AS settled FROM outcome WHERE id = ?1
  UNION ALL SELECT 'forgotten', 0, id, NULL, 1 FROM answered WHERE id = ?1
  UNION ALL SELECT 'pending', seq, id, NULL, 0 FROM event WHERE id = ?1`;
const KEEP_EVENT = `INSERT INTO event (seq, id, body, accepted_at) VALUES (?, ?, ?, ?)`;
const PENDING = `SELECT seq, id, body FROM event WHERE seq > :seq ORDER BY seq LIMIT +:limit`;
const ACCEPTED_AT = `SELECT accepted_at FROM event WHERE id = :id`;
const PENDING_COUNT = `SELECT count(*) AS count FROM event`;
const SEEN_AGAIN = `UPDATE answered SET seen_at = :now WHERE id = :id`;
/** The checkpoint's own outcome stays: by its entry the file is recognised. */
const PRUNABLE = `
  SELECT seq FROM outcome
  WHERE made_at < :madeBefore AND seq NOT IN undelivered AND seq < coalesce((SELECT seq FROM responses_file), 0)
  ORDER BY made_at LIMIT +:limit`;
const KEEP_IDS = `
  INSERT INTO answered (id, seen_at) SELECT id, :now FROM outcome WHERE seq IN (${PRUNABLE})
  ON CONFLICT (id) DO NOTHING`;
const PRUNE = `DELETE FROM outcome WHERE seq IN (${PRUNABLE})`;
const FORGET_IDS = `
  DELETE FROM answered WHERE id IN (SELECT id FROM answered WHERE seen_at < :seenBefore LIMIT +:limit)`;
const FORGET_EVENT = `DELETE FROM event WHERE id = ?`;
const KEEP_OUTCOME = `INSERT INTO outcome (seq, id, body, made_at) VALUES (?, ?, ?, ?)`;
const OUTCOMES = `SELECT seq, id, body FROM outcome WHERE seq > :seq ORDER BY seq LIMIT +:limit`;
const UNSETTLED = `
  SELECT seq, id, body FROM undelivered JOIN outcome USING (seq)
  WHERE seq > :seq AND seq <= :upTo ORDER BY seq LIMIT +:limit`;
const TO_DELIVER = `INSERT INTO undelivered SELECT seq FROM outcome WHERE seq > ?`;
const DELIVERED = `DELETE FROM undelivered WHERE seq BETWEEN ? AND ?`;
/** AUTOINCREMENT keeps the last number of each table, also of rows that are gone. */
const LAST_NUMBERS = `SELECT name, seq FROM sqlite_sequence`;
const CHECKPOINT = `SELECT path, seq, bytes FROM responses_file`;
const SET_CHECKPOINT = `
  INSERT INTO responses_file (one, path, seq, bytes) VALUES (1, :path, :seq, :bytes)
  ON CONFLICT (one) DO UPDATE SET path = excluded.path, seq = excluded.seq, bytes = excluded.bytes`;
const OUTAGE = `SELECT since FROM outage`;
const SET_OUTAGE = `
  INSERT INTO outage (one, since) VALUES (1, :since) ON CONFLICT (one) DO UPDATE SET since = excluded.since`;
const END_OUTAGE = `DELETE FROM outage`;

// A bare parameter behind LIMIT makes SQLite plan the statement anew for each value: 12 µs instead of 3 (measured).
// Where an event costs a statement, its parameters have no names: binding them by name takes 2 µs of 4 (measured).

/** Accepted events held back until the next commit, at most, and UTF-16 code units of their queries. */
const MAX_HELD = { events: 2_000, queryLength: 8 * 1024 * 1024 };

/**
 * The journal in an open database.
 *
 * What it takes in is written just before each commit, and an event that was answered by then never: nothing is less
 * durable for it, and an answer costs one row.
 */
export function openJournal(database: Database, options: { seal: Seal; now: () => number }): Journal {
  const { seal, now } = options;
  const { sqlite } = database;
  const known = sqlite.prepare(KNOWN);
  const keepEvent = sqlite.prepare(KEEP_EVENT);
  const pending = sqlite.prepare(PENDING);
  const acceptedAt = sqlite.prepare(ACCEPTED_AT);
  const pendingCount = sqlite.prepare(PENDING_COUNT);
  const seenAgain = sqlite.prepare(SEEN_AGAIN);
  const keepIds = sqlite.prepare(KEEP_IDS);
  const prune = sqlite.prepare(PRUNE);
  const forgetIds = sqlite.prepare(FORGET_IDS);
  const forgetEvent = sqlite.prepare(FORGET_EVENT);
  const keepOutcome = sqlite.prepare(KEEP_OUTCOME);
  const outcomes = sqlite.prepare(OUTCOMES);
  const unsettled = sqlite.prepare(UNSETTLED);
  const toDeliver = sqlite.prepare(TO_DELIVER);
  const delivered = sqlite.prepare(DELIVERED);
  const checkpoint = sqlite.prepare(CHECKPOINT);
  const setCheckpoint = sqlite.prepare(SET_CHECKPOINT);
  const outage = sqlite.prepare(OUTAGE);
  const setOutage = sqlite.prepare(SET_OUTAGE);
  const endOutage = sqlite.prepare(END_OUTAGE);

  // An id is the sender's choice, so the place of its row is named by the id: it is as unique as the row's number.
  const textOf = (table: "event" | "outcome", row: Row) => seal.open(row.body, `${table}.body/${row.id}`);
  const toEvent = (row: Row): PendingEvent => ({ seq: row.seq, event: JSON.parse(textOf("event", row)) });
  const toOutcome = (row: Row): RecordedOutcome => {
    const text = textOf("outcome", row);
    return { seq: row.seq, outcome: JSON.parse(text), text };
  };
  const rows = (found: unknown) => found as Row[];

  /** What is held back: accepted and answered events by id, the ids of rows that became obsolete, delivered places. */
  let held = nothingHeld();
  const numbers = new Map((sqlite.prepare(LAST_NUMBERS).all() as { name: string; seq: number }[])
    .map(({ name, seq }) => [name, seq]));
  let lastEvent = numbers.get("event") ?? 0, lastOutcome = numbers.get("outcome") ?? 0;

  const write = () => {
    const { accepted, answered, obsolete, settled } = held;
    // First of all: after an error the transaction is gone, and nothing of it is written a second time.
    held = nothingHeld();
    for (const { seq, outcome, text, atMs } of answered.values()) {
      const id = outcome.queryId;
      keepOutcome.run(seq, id, seal.seal(text, `outcome.body/${id}`), atMs);
    }
    if (answered.size > 0) toDeliver.run(lastOutcome - answered.size);
    for (const id of obsolete) forgetEvent.run(id);
    for (const { seq, event, atMs } of accepted.values()) {
      keepEvent.run(seq, event.id, seal.seal(JSON.stringify(event), `event.body/${event.id}`), atMs);
    }
    for (const [first, last] of runsOf(settled)) delivered.run(first, last);
  };
  database.beforeCommit(write);
  /** All that is known is in the tables. */
  const written = (statement: StatementSync) => {
    write();
    return statement;
  };

  return {
    accept(event) {
      const { id } = event;
      if (held.accepted.has(id)) return { state: "pending" };
      const answered = held.answered.get(id);
      if (answered) {
        return { state: "answered", settled: held.settled.has(answered.seq), outcome: answered.outcome };
      }
      const row = known.get(id) as KnownRow | undefined;
      switch (row?.state) {
        case "answered": {
          const settled = row.settled === 1 || held.settled.has(row.seq);
          return { state: "answered", settled, outcome: toOutcome(row).outcome };
        }
        case "forgotten":
          seenAgain.run({ id, now: now() });
          return { state: "forgotten" };
        case "pending":
          return { state: "pending" };
      }
      held.accepted.set(id, { seq: ++lastEvent, event, atMs: now() });
      held.queryLength += event.query.length;
      if (held.accepted.size > MAX_HELD.events || held.queryLength > MAX_HELD.queryLength) write();
      return { state: "new", seq: lastEvent };
    },
    pending: (after) => rows(written(pending).all(after)).map(toEvent),
    acceptedMs: (id) =>
      held.accepted.get(id)?.atMs ?? (acceptedAt.get({ id }) as { accepted_at: number } | undefined)?.accepted_at,
    pendingCount: () => (written(pendingCount).get() as { count: number }).count,
    record(outcome) {
      const id = outcome.queryId;
      if (held.answered.has(id)) throw new Error(`Cannot record a second outcome of event ${JSON.stringify(id)}`);
      if (!held.accepted.delete(id)) held.obsolete.push(id);
      const { text } = entryOf(outcome);
      const recorded = { seq: ++lastOutcome, outcome, text, atMs: now() };
      held.answered.set(id, recorded);
      return recorded;
    },
    outcomes: (after) => rows(written(outcomes).all(after)).map(toOutcome),
    unsettled: (after) => rows(written(unsettled).all(after)).map(toOutcome),
    settled(seq) {
      held.settled.add(seq);
    },
    lastOutcome: () => lastOutcome,
    prune({ madeBefore, seenBefore, limit }) {
      written(forgetIds).run({ seenBefore, limit });
      keepIds.run({ madeBefore, limit, now: now() });
      return Number(prune.run({ madeBefore, limit }).changes);
    },
    checkpoint: () => checkpoint.get() as ResponsesCheckpoint | undefined,
    setCheckpoint(mark) {
      setCheckpoint.run({ ...mark });
    },
    outageSince: () => (outage.get() as { since: number } | undefined)?.since,
    setOutageSince(ms) {
      if (ms === undefined) endOutage.run();
      else setOutage.run({ since: ms });
    },
  };
}

function nothingHeld() {
  return {
    accepted: new Map<string, PendingEvent & { readonly atMs: number }>(),
    answered: new Map<string, RecordedOutcome & { readonly atMs: number }>(),
    obsolete: [] as string[],
    settled: new Set<number>(),
    queryLength: 0,
  };
}

/** Runs of numbers that follow one another: `1, 3, 2, 7` gives `1 to 3` and `7 to 7`. */
function* runsOf(numbers: ReadonlySet<number>): Iterable<[first: number, last: number]> {
  let run: [number, number] | undefined;
  for (const number of [...numbers].sort((a, b) => a - b)) {
    if (run && number === run[1] + 1) run[1] = number;
    else {
      if (run) yield run;
      run = [number, number];
    }
  }
  if (run) yield run;
}

/** A row as its statements select it. */
interface Row {
  readonly seq: number;
  readonly id: string;
  readonly body: string | Uint8Array;
}

interface KnownRow extends Row {
  readonly state: Exclude<Acceptance["state"], "new">;
  readonly settled: number;
}
