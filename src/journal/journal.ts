/** What must survive a crash: accepted events, their outcomes, and which outcomes still have to be delivered. @module */

import type { Database } from "../database.ts";
import type { Seal } from "../seal.ts";
import type { AgentEvent, Outcome } from "../wire.ts";

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
export interface RecordedOutcome {
  /** Grows in the order of the answers. */
  readonly seq: number;
  readonly outcome: Outcome;
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
  /** Give an accepted event its outcome, once and for all; returns the outcome's place. */
  record(outcome: Outcome): number;
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

const ACCEPT = `INSERT INTO event (id, body, accepted_at) VALUES (:id, :body, :now) ON CONFLICT (id) DO NOTHING`;
const OUTCOME_OF = `SELECT seq, id, body, settled FROM outcome WHERE id = :id`;
const PENDING = `SELECT seq, id, body FROM event WHERE seq > :seq ORDER BY seq LIMIT +:limit`;
const ACCEPTED_AT = `SELECT accepted_at FROM event WHERE id = :id`;
const PENDING_COUNT = `SELECT count(*) AS count FROM event`;
const SEEN_AGAIN = `UPDATE answered SET seen_at = :now WHERE id = :id`;
/** The checkpoint's own outcome stays: by its entry the file is recognised. */
const PRUNABLE = `
  SELECT seq FROM outcome
  WHERE made_at < :madeBefore AND settled = 1 AND seq < coalesce((SELECT seq FROM responses_file), 0)
  ORDER BY made_at LIMIT +:limit`;
const KEEP_IDS = `
  INSERT INTO answered (id, seen_at) SELECT id, :now FROM outcome WHERE seq IN (${PRUNABLE})
  ON CONFLICT (id) DO NOTHING`;
const PRUNE = `DELETE FROM outcome WHERE seq IN (${PRUNABLE})`;
const FORGET_IDS = `
  DELETE FROM answered WHERE id IN (SELECT id FROM answered WHERE seen_at < :seenBefore LIMIT +:limit)`;
const FORGET_EVENT = `DELETE FROM event WHERE id = :id`;
const RECORD = `INSERT INTO outcome (id, body, made_at) VALUES (:id, :body, :now)`;
const OUTCOMES = `SELECT seq, id, body FROM outcome WHERE seq > :seq ORDER BY seq LIMIT +:limit`;
const UNSETTLED = `
  SELECT seq, id, body FROM outcome WHERE settled = 0 AND seq > :seq AND seq <= :upTo ORDER BY seq LIMIT +:limit`;
const SETTLED = `UPDATE outcome SET settled = 1 WHERE seq = :seq`;
const LAST_OUTCOME = `SELECT coalesce(max(seq), 0) AS seq FROM outcome`;
const CHECKPOINT = `SELECT path, seq, bytes FROM responses_file`;
const SET_CHECKPOINT = `
  INSERT INTO responses_file (one, path, seq, bytes) VALUES (1, :path, :seq, :bytes)
  ON CONFLICT (one) DO UPDATE SET path = excluded.path, seq = excluded.seq, bytes = excluded.bytes`;
const OUTAGE = `SELECT since FROM outage`;
const SET_OUTAGE = `
  INSERT INTO outage (one, since) VALUES (1, :since) ON CONFLICT (one) DO UPDATE SET since = excluded.since`;
const END_OUTAGE = `DELETE FROM outage`;

// A bare parameter behind LIMIT makes SQLite plan the statement anew for each value: 12 µs instead of 3 (measured).

/** The journal in an open database. */
export function openJournal({ sqlite }: Database, options: { seal: Seal; now: () => number }): Journal {
  const { seal, now } = options;
  const accept = sqlite.prepare(ACCEPT);
  const outcomeOf = sqlite.prepare(OUTCOME_OF);
  const pending = sqlite.prepare(PENDING);
  const acceptedAt = sqlite.prepare(ACCEPTED_AT);
  const pendingCount = sqlite.prepare(PENDING_COUNT);
  const seenAgain = sqlite.prepare(SEEN_AGAIN);
  const keepIds = sqlite.prepare(KEEP_IDS);
  const prune = sqlite.prepare(PRUNE);
  const forgetIds = sqlite.prepare(FORGET_IDS);
  const forgetEvent = sqlite.prepare(FORGET_EVENT);
  const record = sqlite.prepare(RECORD);
  const outcomes = sqlite.prepare(OUTCOMES);
  const unsettled = sqlite.prepare(UNSETTLED);
  const settled = sqlite.prepare(SETTLED);
  const lastOutcome = sqlite.prepare(LAST_OUTCOME);
  const checkpoint = sqlite.prepare(CHECKPOINT);
  const setCheckpoint = sqlite.prepare(SET_CHECKPOINT);
  const outage = sqlite.prepare(OUTAGE);
  const setOutage = sqlite.prepare(SET_OUTAGE);
  const endOutage = sqlite.prepare(END_OUTAGE);

  // An id is the sender's choice, so the place of its row is named by the id: it is as unique as the row's number.
  const read = <T>(table: "event" | "outcome", row: Row): T =>
    JSON.parse(seal.open(row.body, `${table}.body/${row.id}`));
  const toOutcome = (row: Row): RecordedOutcome => ({ seq: row.seq, outcome: read("outcome", row) });
  const rows = (found: unknown) => found as Row[];

  return {
    accept(event) {
      const { id } = event;
      const answered = outcomeOf.get({ id }) as Row & { settled: number } | undefined;
      if (answered) return { state: "answered", settled: answered.settled === 1, outcome: read("outcome", answered) };
      if (seenAgain.run({ id, now: now() }).changes > 0) return { state: "forgotten" };
      const body = seal.seal(JSON.stringify(event), `event.body/${id}`);
      const { changes, lastInsertRowid } = accept.run({ id, body, now: now() });
      return changes === 0 ? { state: "pending" } : { state: "new", seq: Number(lastInsertRowid) };
    },
    pending: (after) => rows(pending.all(after)).map((row) => ({ seq: row.seq, event: read("event", row) })),
    acceptedMs: (id) => (acceptedAt.get({ id }) as { accepted_at: number } | undefined)?.accepted_at,
    pendingCount: () => (pendingCount.get() as { count: number }).count,
    record(outcome) {
      const id = outcome.queryId;
      const body = seal.seal(JSON.stringify(outcome), `outcome.body/${id}`);
      const { lastInsertRowid } = record.run({ id, body, now: now() });
      forgetEvent.run({ id });
      return Number(lastInsertRowid);
    },
    outcomes: (after) => rows(outcomes.all(after)).map(toOutcome),
    unsettled: (after) => rows(unsettled.all(after)).map(toOutcome),
    settled(seq) {
      settled.run({ seq });
    },
    lastOutcome: () => (lastOutcome.get() as { seq: number }).seq,
    prune({ madeBefore, seenBefore, limit }) {
      forgetIds.run({ seenBefore, limit });
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

/** A row as its statements select it. */
interface Row {
  readonly seq: number;
  readonly id: string;
  readonly body: string | Uint8Array;
}
