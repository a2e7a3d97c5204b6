/** What must survive a crash: accepted events, their outcomes, and which outcomes still have to be delivered. @module */

import { createHash } from "node:crypto";
import type { Whose } from "../forget_request.ts";
import type { Database } from "../store/database.ts";
import { noSeal, openJson, type Seal } from "../store/seal.ts";
import { type AgentEvent, type Entry, type Failure, type Outcome, sizeOf } from "../wire.ts";
import { changedByOthers, openChain, type OutcomeSigner } from "./chain.ts";
import { type HeldBack, type HeldOutcome, nothingHeld, runsOf } from "./held.ts";
import { createOriginNames, type Origin } from "./origins.ts";
import { eventPlace, type KnownRow, outcomePlace, prepareStatements, type Row, type Statements } from "./statements.ts";

/** What the journal knows of an event that arrives. `asksAnother`: the event that came first under its id had another query. */
export type Acceptance =
  | { readonly state: "new"; readonly seq: number }
  | { readonly state: "pending"; readonly asksAnother: boolean }
  | { readonly state: "answered"; readonly asksAnother: boolean; readonly settled: boolean; readonly outcome: Outcome }
  /** Answered so long ago that the outcome was pruned. */
  | { readonly state: "forgotten"; readonly asksAnother: boolean };

/** An accepted event that has no outcome yet. */
export interface PendingEvent {
  /** Grows in the order of acceptance. */
  readonly seq: number;
  readonly event: AgentEvent;
}

/**
 * An outcome, at its place in `responses.json`. From the journal's `record` and `refuse` it comes without its signatures
 * and with an empty text while others are signed: the commit completes it, so that nobody may copy it before.
 */
export interface RecordedOutcome extends Entry {
  /** Grows in the order of the answers. */
  readonly seq: number;
}

/** How much of `responses.json` is known to be on disk. */
export interface ResponsesCheckpoint {
  readonly path: string;
  /** The last outcome in it. */
  readonly seq: number;
  /** Its length up to and with that outcome; as a negative number where another entry of somebody else's came behind it. */
  readonly bytes: number;
}

/** How much is still to be done. */
export interface JournalFigures {
  /** Accepted events without an outcome. */
  readonly pending: number;
  /** When the oldest of them was accepted, in milliseconds since the epoch. */
  readonly oldestPendingMs: number | undefined;
  /** Outcomes that are not delivered. */
  readonly undelivered: number;
}

/** The journal. What it writes is on disk once the database has committed. */
export interface Journal {
  /** Take an event in, unless it is known: then it is not processed again. */
  accept(event: AgentEvent): Acceptance;
  /**
   * Accepted events without an outcome, oldest first: at most `limit`, and so many that their sizes are no more than
   * `maxSize` together, as `sizeOf` counts, but at least one. Default: whatever their size.
   */
  pending(after: { seq: number; limit: number; maxSize?: number }): PendingEvent[];
  /** When an event that has no outcome yet was accepted, in milliseconds since the epoch. */
  acceptedMs(id: string): number | undefined;
  /** How many accepted events have no outcome. */
  pendingCount(): number;
  /** How much is still to be done: as of now, at the cost of counting. */
  figures(): JournalFigures;
  /**
   * Give an accepted event its outcome, signed, once and for all.
   *
   * @param event The event: a signature covers its query and its nonce, and with it the outcome can be forgotten.
   */
  record(outcome: Outcome, event?: AgentEvent): RecordedOutcome;
  /** An outcome, signed, that is not kept. `event`: as in {@linkcode record}; absent where it is of no event. */
  signed(outcome: Failure, event?: AgentEvent): Failure;
  /** The outcome of an event, with its place; undefined where there is none, or none any more. */
  recorded(id: string): RecordedOutcome | undefined;
  /**
   * Keep the error of what could not be taken for an event, under its own name: a proper event with that id may come yet.
   * Nothing, if it was kept before, or an event with that id is known.
   */
  refuse(outcome: Failure): RecordedOutcome | undefined;
  /** Outcomes after `seq`, oldest first. */
  outcomes(after: { seq: number; limit: number }): RecordedOutcome[];
  /** Outcomes after `seq` and up to `upTo` that were not delivered, oldest first. */
  unsettled(after: { seq: number; upTo: number; limit: number }): RecordedOutcome[];
  /** Note that an outcome was delivered: on disk soon. */
  settled(seq: number): void;
  /** The last outcome's place; 0 where there is none. */
  lastOutcome(): number;
  /**
   * Delete the oldest outcomes that were made before `madeBefore` and are delivered and in `responses.json`, keeping
   * their ids; and ids that last came before `seenBefore`, unless they are in use still. At most `limit` of each. Returns
   * how many outcomes went.
   */
  prune(
    what: { madeBefore: number; seenBefore: number; limit: number; isInUse?: ((id: string) => boolean) | undefined },
  ): number;
  /**
   * Give up waiting for what was accepted or answered before `madeBefore`: for a source that delivers again what is not
   * settled, and has not done so; another agent has settled it. Such outcomes can be pruned, such events are forgotten.
   */
  giveUpWaiting(what: { madeBefore: number }): void;
  /** Accepted events without an outcome that `isMeant`, oldest first. Reads all that there are. */
  pendingOf(isMeant: (event: AgentEvent) => boolean): AgentEvent[];
  /**
   * Delete the outcomes of whose events, and of the events with these ids, up to `upTo`: delivered or not. Their ids
   * stay known, so that none is answered again. Of events with these ids that wait, nothing tells a repeated query from
   * another one any more. Notes that the file may hold remains of them.
   *
   * @returns How many.
   */
  forget(whose: Whose, options: { ids: readonly string[]; upTo: number }): number;
  /** Whether unused parts of the file may hold what was deleted: see {@linkcode Database.scrub}. */
  hasRemains(): boolean;
  /** There are no remains any more. */
  endRemains(): void;
  checkpoint(): ResponsesCheckpoint | undefined;
  /**
   * Note how far `responses.json` got: on disk soon.
   *
   * @param options `now`: on disk when the call returns.
   * @throws {FatalError} If it is to be there now, and the disk refuses.
   */
  setCheckpoint(checkpoint: ResponsesCheckpoint, options?: { now: boolean }): void;
  /** Since when the model is down, in milliseconds since the epoch; undefined if it is not. */
  outageSince(): number | undefined;
  setOutageSince(ms: number | undefined): void;
}

/**
 * The journal in an open database.
 *
 * Events and outcomes are written just before each commit, and an event that was answered by then never: nothing is less
 * durable for it, and an answer costs one row.
 *
 * @param options `signer`: signs every outcome; default: none is signed.
 * @throws {FatalError} 74, if an event waits that was answered; and as {@linkcode openChain} does.
 */
// deno-lint-ignore house/function-length -- the verbs of the journal, a few lines each, over what is held back
export function openJournal(
  database: Database,
  options: { seal: Seal; now: () => number; signer?: OutcomeSigner | undefined },
): Journal {
  const { seal, now, signer } = options;
  const statements = prepareStatements(database.sqlite);
  refuseReplayed(database, statements);
  const chain = openChain(database, { statements, seal, signer });
  const rows = createRows(statements, seal), origins = createOriginNames(seal);
  let held = nothingHeld();
  let { lastEvent, lastOutcome } = lastNumbers(database, statements);
  const write = () => {
    const now = held;
    // First of all: after an error the transaction is gone, and nothing of it is written a second time.
    held = nothingHeld();
    // Rows are written while the rest is signed.
    rows.write(now, { lastOutcome, advance: chain.advance });
    chain.write();
  };
  // Others write in between, while the last outcomes are signed.
  database.beforeCommit(chain.start, "start");
  database.beforeCommit(write, "collect");
  /** All that is known is in the tables. */
  const written = () => {
    write();
    return rows;
  };
  /** So many outcomes were deleted. */
  const deleted = (count: number) => {
    if (count > 0) chain.noteDeletion();
    return count;
  };
  /** An outcome that is held back, signed. */
  const heldAnswer = (id: string) => {
    const answered = held.answered.get(id);
    if (answered?.text === "") chain.finish();
    return answered;
  };
  const accept = (event: AgentEvent): Acceptance => {
    const { id } = event, asked = seal.mark(event.query, id);
    const differsFrom = (before: number | null | undefined) => typeof before === "number" && before !== asked;
    const waiting = held.accepted.get(id);
    if (waiting) return { state: "pending", asksAnother: differsFrom(waiting.asked) };
    const answered = heldAnswer(id), known = answered ? undefined : rows.known(id);
    if (answered) {
      const { seq, outcome } = answered, before = answered.asked ?? rows.known(id)?.asked;
      return { state: "answered", asksAnother: differsFrom(before), settled: held.settled.has(seq), outcome };
    }
    if (known?.state === "answered") {
      const { seq, settled, outcome } = known, isSettled = settled || held.settled.has(seq);
      return { state: "answered", asksAnother: differsFrom(known.asked), settled: isSettled, outcome };
    }
    if (known?.state === "forgotten") statements.seenAgain.run({ id, now: now() });
    if (known) return { state: known.state, asksAnother: differsFrom(known.asked) };
    const hasRoom = held.accept(event, { seq: ++lastEvent, atMs: now(), asked });
    if (!hasRoom) write();
    return { state: "new", seq: lastEvent };
  };
  const keep = (outcome: Outcome, event: AgentEvent | undefined) => {
    const seq = ++lastOutcome;
    // The entry itself with more facts, not a copy: it may be completed later. One by one: `Object.assign` takes longer.
    const kept: Kept = chain.enter(outcome, event, seq) as Kept;
    kept.seq = seq;
    kept.atMs = now();
    return kept;
  };
  const record = (outcome: Outcome, event?: AgentEvent): RecordedOutcome => {
    const id = outcome.queryId;
    if (held.answered.has(id)) throw new Error(`Cannot record a second outcome of event ${JSON.stringify(id)}`);
    const waiting = held.accepted.get(id);
    if (waiting) held.accepted.delete(id);
    else held.obsolete.push(id);
    const recorded = keep(outcome, event);
    recorded.asked = waiting?.asked;
    recorded.origin = event && origins.of(event);
    held.answered.set(id, recorded);
    return recorded;
  };
  const refuse = (outcome: Failure): RecordedOutcome | undefined => {
    const id = outcome.queryId, name = refusalName(outcome);
    const isKnown = (name: string) => held.accepted.has(name) || held.answered.has(name) || rows.known(name);
    if (isKnown(id) || isKnown(name)) return undefined;
    const recorded = keep(outcome, undefined);
    held.answered.set(name, recorded);
    return recorded;
  };
  return {
    accept,
    record,
    refuse,
    signed: chain.signApart,
    pending: (after) => written().pending(after),
    acceptedMs: (id) => held.accepted.get(id)?.atMs ?? rows.acceptedMs(id),
    pendingCount: () => (written(), statements.pendingCount.get() as { count: number }).count,
    figures: () => written().figures(),
    recorded: (id) => heldAnswer(id) ?? rows.recorded(id),
    outcomes: (after) => written().outcomes(after),
    unsettled: (after) => written().unsettled(after),
    settled(seq) {
      held.settled.add(seq);
      database.keep();
    },
    lastOutcome: () => lastOutcome,
    giveUpWaiting({ madeBefore }) {
      written();
      statements.dropDeliveries.run(madeBefore);
      statements.dropEvents.run(madeBefore);
    },
    prune: (what) => deleted(written().prune({ ...what, now: now() })),
    pendingOf: (isMeant) => written().pendingOf(isMeant),
    forget: (whose, options) => deleted(written().forget({ ...origins.from(whose), ...options, now: now() })),
    hasRemains: () => statements.remains.get() !== undefined,
    endRemains: () => void statements.endRemains.run(),
    checkpoint: () => statements.checkpoint.get() as ResponsesCheckpoint | undefined,
    setCheckpoint(mark, { now } = { now: false }) {
      statements.setCheckpoint.run({ ...mark });
      if (now) database.commit();
      else database.keep();
    },
    outageSince: () => (statements.outage.get() as { since: number } | undefined)?.since,
    setOutageSince: (ms) =>
      void (ms === undefined ? statements.endOutage.run() : statements.setOutage.run({ since: ms })),
  };
}

/** An outcome that is held back while facts are added to it. */
type Kept = { -readonly [Name in keyof HeldOutcome]: HeldOutcome[Name] };

/** An event is deleted in the commit that keeps its outcome: one that is there again would be answered again. */
function refuseReplayed(database: Database, { pendingTwice }: Statements): void {
  const row = pendingTwice.get() as { id: string } | undefined;
  if (row) throw changedByOthers(database, `event ${JSON.stringify(row.id)} waits for an answer that it has`);
}

/** The last numbers of the tables: the next ones count on from these, in numbers that JavaScript can hold. */
function lastNumbers(database: Database, statements: Statements) {
  const rows = statements.lastNumbers.all() as { name: string; seq: number | null }[];
  const last = (table: string) => Math.max(0, ...rows.map(({ name, seq }) => name === table ? seq ?? 0 : 0));
  const numbers = { lastEvent: last("event"), lastOutcome: last("outcome") };
  const isPlace = (number: number) => Number.isInteger(number) && number < Number.MAX_SAFE_INTEGER / 2;
  if (Object.values(numbers).every(isPlace)) return numbers;
  throw changedByOthers(database, "its answers are not numbered as this agent numbers them");
}

/** The id of a refusal's row: the same for the same complaint. */
function refusalName({ queryId, error }: Failure): string {
  return `refused:${createHash("sha256").update(JSON.stringify([queryId, error])).digest("hex")}`;
}

const isText = (value: unknown) => typeof value === "string";

/** A refusal's row has another id than the event that it names. */
const isOutcome = ({ queryId, response, error }: { queryId?: unknown; response?: unknown; error?: unknown }) =>
  isText(queryId) && (isText(response) || isText(error));

/** The journal's tables, with their texts under the seal. */
// deno-lint-ignore house/function-length -- a verb for each statement, a few lines each
function createRows(statements: Statements, seal: Seal) {
  const toEvent = (row: Row): PendingEvent => ({
    seq: row.seq,
    event: openJson<AgentEvent>(seal, row.body, eventPlace(row), ({ id, query }) => id === row.id && isText(query)),
  });
  const toOutcome = (row: Row): RecordedOutcome => {
    const text = seal.open(row.body, outcomePlace(row));
    return { seq: row.seq, outcome: openJson<Outcome>(noSeal, text, outcomePlace(row), isOutcome), text };
  };
  const outcomesFrom = (found: unknown) => (found as Row[]).map(toOutcome);
  return {
    /** What the tables say of an id; nothing if they do not know it. */
    known(id: string) {
      const row = statements.known.get(id) as KnownRow | undefined;
      if (row?.state !== "answered") return row && { state: row.state, asked: row.asked };
      const { seq, asked } = row;
      return { state: row.state, asked, seq, settled: row.settled === 1, outcome: toOutcome(row).outcome };
    },
    recorded(id: string): RecordedOutcome | undefined {
      const row = statements.known.get(id) as KnownRow | undefined;
      return row?.state === "answered" ? toOutcome(row) : undefined;
    },
    acceptedMs: (id: string) => (statements.acceptedAt.get({ id }) as { accepted_at: number } | undefined)?.accepted_at,
    pending({ seq, limit, maxSize = Infinity }: { seq: number; limit: number; maxSize?: number }): PendingEvent[] {
      const found: PendingEvent[] = [];
      let size = 0;
      for (const row of statements.pending.iterate({ seq, limit })) {
        const pending = toEvent(row as unknown as Row);
        size += sizeOf(pending.event);
        if (size > maxSize && found.length > 0) break;
        found.push(pending);
      }
      return found;
    },
    figures(): JournalFigures {
      const found = statements.figures.get() as { pending: number; oldest: number | null; undelivered: number };
      return {
        pending: found.pending,
        oldestPendingMs: found.oldest ?? undefined,
        undelivered: found.undelivered,
      };
    },
    outcomes: (after: { seq: number; limit: number }) => outcomesFrom(statements.outcomes.all(after)),
    unsettled: (after: { seq: number; upTo: number; limit: number }) => outcomesFrom(statements.unsettled.all(after)),
    prune(
      { madeBefore, seenBefore, limit, now, isInUse = () => false }: Parameters<Journal["prune"]>[0] & { now: number },
    ) {
      for (const { id } of statements.oldIds.all({ seenBefore, limit }) as { id: string }[]) {
        if (isInUse(id)) statements.seenAgain.run({ id, now });
        else statements.forgetId.run({ id });
      }
      statements.keepIds.run({ madeBefore, limit, now });
      statements.pruneOrigins.run({ madeBefore, limit });
      return Number(statements.prune.run({ madeBefore, limit }).changes);
    },
    pendingOf(isMeant: (event: AgentEvent) => boolean): AgentEvent[] {
      const found: AgentEvent[] = [];
      for (const row of statements.events.iterate()) {
        const { event } = toEvent(row as unknown as Row);
        if (isMeant(event)) found.push(event);
      }
      return found;
    },
    forget(what: Origin & { ids: readonly string[]; upTo: number; now: number }): number {
      const { conversation, user, upTo, now } = what;
      const found = statements.outcomesOf.all({ conversation, user, upTo, ids: JSON.stringify(what.ids) });
      const seqs = JSON.stringify(found.map(({ seq }) => seq));
      statements.keepIdsOf.run({ seqs, now });
      statements.deleteDeliveries.run(seqs);
      statements.deleteOrigins.run(seqs);
      statements.dropMarks.run(JSON.stringify(what.ids));
      statements.noteRemains.run();
      return Number(statements.deleteOutcomes.run(seqs).changes);
    },
    /** Write what was held back. */
    write(
      { accepted, answered, obsolete, settled }: HeldBack,
      { lastOutcome, advance }: { lastOutcome: number; advance: () => void },
    ) {
      for (const { seq, event, atMs, asked } of accepted.values()) {
        const { id } = event, text = JSON.stringify(event);
        statements.keepEvent.run(seq, id, seal.seal(text, eventPlace({ seq, id, at: atMs })), atMs, asked);
      }
      // After the events, since these may have to wait for their signatures.
      const outcomes = statements.keepOutcomes.begin(), origins = statements.keepOrigins.begin();
      for (const [id, entry] of answered) {
        if (entry.text === "") advance();
        const { seq, text, atMs, asked = null, origin } = entry;
        if (text === "") throw new Error(`Cannot write the outcome of ${JSON.stringify(id)}: it is not signed`);
        outcomes.add(seq, id, seal.seal(text, outcomePlace({ seq, id, at: atMs })), atMs, asked);
        if (origin) origins.add(seq, origin.conversation, origin.user);
      }
      outcomes.finish();
      origins.finish();
      if (answered.size > 0) statements.toDeliver.run(lastOutcome - answered.size);
      for (const id of obsolete) statements.forgetEvent.run(id);
      for (const [first, last] of runsOf(settled)) statements.delivered.run(first, last);
    },
  };
}
