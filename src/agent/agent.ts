/** The loop: accept an event, answer it, make the outcome durable, hand it back. @module */

import { setImmediate } from "node:timers/promises";
import { type Clock, untilAborted } from "../clock.ts";
import type { Database } from "../store/database.ts";
import { FatalError, messageOf } from "../errors.ts";
import type { Journal, RecordedOutcome } from "../journal/journal.ts";
import type { Publisher } from "../journal/publisher.ts";
import type { Log } from "../log.ts";
import type { Mind, Rest } from "../mind/mind.ts";
import { createOutbox } from "./outbox.ts";
import { createSchedule } from "./schedule.ts";
import type { Delivery, Transport, TransportHooks } from "../transports/transport.ts";
import { type AgentEvent, isFailure, type Outcome } from "../wire.ts";

/** What the loop is built from. */
export interface AgentParts {
  readonly database: Database;
  readonly journal: Journal;
  readonly publisher: Publisher;
  readonly mind: Mind;
  /** Opens the transport; called once. */
  readonly openTransport: (hooks: TransportHooks) => Transport;
  readonly log: Log;
  readonly clock: Clock;
  /** Events answered at the same time. */
  readonly concurrency: number;
  /** Milliseconds that events in flight have to finish once the loop is told to stop. */
  readonly graceMs: number;
  /** Milliseconds that an outcome is kept in the journal. */
  readonly retentionMs: number;
}

/** Events held in memory, and length of their queries: whatever is over waits in the journal. */
const MAX_LOADED = { events: 10_000, queryLength: 32 * 1024 * 1024 };
/** Events read back from the journal at a time. */
const PAGE = 256;
/** Outcomes pruned before timers and sockets get their turn, and milliseconds between two rounds of it. */
const PRUNE = { burst: 500, pauseMs: 60 * 60 * 1000 };
/** How many times as long as an outcome its id is kept. */
const KNOWN_FACTOR = 12;
/** Deliveries taken in before timers and sockets get their turn. */
const INTAKE_BURST = 64;

/**
 * Answer events until `signal` aborts, the source is exhausted, or something fatal happens. Then no event is taken any
 * more, those in flight have the grace period to finish, and the rest waits in the journal for the next start.
 *
 * @returns `unanswered`: how many of the events that came ended in an error, now or when they came first.
 * @throws {FatalError} When the source is out of reach for good, or the disk refuses.
 */
export async function runAgent(parts: AgentParts, signal: AbortSignal): Promise<{ unanswered: number }> {
  const { database, journal, publisher, mind, log, clock } = parts;
  const failed = new AbortController();
  const answering = new AbortController();
  const deliveries = new Map<string, Delivery>();
  const transport = parts.openTransport({ onReachable: () => outbox.retry() });
  const outbox = createOutbox({ journal, transport, deliveries, log, onError: (error) => failed.abort(error) });
  const schedule = createSchedule({ concurrency: parts.concurrency, work });
  /** The last event that was loaded into the schedule; while `behind`, the journal holds more. */
  let loaded = 0, behind = true;
  /** Outcomes that will be durable with the same commit, and so are published together. */
  let batch: { readonly committed?: Promise<void>; readonly outcomes: RecordedOutcome[] } = { outcomes: [] };
  let keeping = false;
  let unanswered = 0;

  const hasRoom = () => schedule.size < MAX_LOADED.events && schedule.queryLength < MAX_LOADED.queryLength;

  function loadMore() {
    while (behind && hasRoom()) {
      const page = journal.pending({ seq: loaded, limit: PAGE });
      behind = page.length === PAGE;
      for (const { seq, event } of page) {
        loaded = seq;
        schedule.add(event);
      }
    }
  }

  function accept(delivery: Delivery) {
    const { event } = delivery;
    const accepted = journal.accept(event);
    if (accepted.state === "answered") {
      log.debug("event {event} arrived again: its stored outcome stands", { event: event.id });
      if (isFailure(accepted.outcome)) unanswered++;
      // One that is still to be delivered goes out by itself.
      if (accepted.settled) outbox.again(accepted.outcome, delivery);
      return;
    }
    if (accepted.state === "forgotten") {
      log.info("event {event} was answered so long ago that the answer is gone", { event: event.id });
      const error = "this event was answered before, and its answer is no longer kept";
      outbox.again({ queryId: event.id, error, timestamp: clock.now(), agentId: mind.agentId }, delivery);
      return;
    }
    if (delivery.handle !== undefined) deliveries.set(event.id, delivery);
    if (accepted.state === "pending") {
      log.debug("event {event} arrived again: it is being answered", { event: event.id });
      return;
    }
    log.info("📥 Processing new event: {event}", { event: event.id }, { query: event.query });
    keep();
    if (!behind && hasRoom()) {
      loaded = accepted.seq;
      schedule.add(event);
    } else {
      behind = true;
    }
  }

  /** The sender of an event need not wait for the disk, but the event must not wait for its answer either. */
  function keep() {
    if (keeping) return;
    keeping = true;
    database.committed({ lazily: true }).then(() => keeping = false).catch((error) => failed.abort(error));
  }

  async function work(event: AgentEvent, rest: Rest) {
    try {
      const outcome = await answer(event, rest);
      if (!outcome) return;
      const recorded = journal.record(outcome);
      // Not waited for: the next event can be worked on while the disk is busy.
      const committed = database.committed();
      if (committed !== batch.committed) startBatch(committed);
      batch.outcomes.push(recorded);
      if (behind && schedule.size < MAX_LOADED.events / 2) loadMore();
    } catch (error) {
      failed.abort(error);
    }
  }

  /** The outcome of an event; none if answering was called off. */
  async function answer(event: AgentEvent, rest: Rest): Promise<Outcome | undefined> {
    log.debug("Generating AI response for event {event}...", { event: event.id });
    const startedMs = clock.now();
    const about = { queryId: event.id, agentId: mind.agentId };
    try {
      const { text: response, sources } = await mind.answer(event, answering.signal, rest);
      log.info("✅ Generated AI response for event {event}", { event: event.id, ms: clock.now() - startedMs }, {
        response,
      });
      return { ...about, response, timestamp: clock.now(), ...(sources.length > 0 && { metadata: { sources } }) };
    } catch (error) {
      if (answering.signal.aborted) return undefined;
      if (error instanceof FatalError) throw error;
      unanswered++;
      log.error("event {event} could not be answered", {
        event: event.id,
        ms: clock.now() - startedMs,
        error: messageOf(error),
      });
      return { ...about, error: messageOf(error), timestamp: clock.now() };
    }
  }

  function startBatch(committed: Promise<void>) {
    const { outcomes } = batch = { committed, outcomes: [] };
    committed.then(() => publish(outcomes)).catch((error) => failed.abort(error));
  }

  function publish(outcomes: readonly RecordedOutcome[]) {
    publisher.publish(outcomes);
    outbox.release(publisher.published, outcomes);
  }

  async function prune() {
    while (!stopping.aborted) {
      const madeBefore = clock.now() - parts.retentionMs;
      const seenBefore = clock.now() - KNOWN_FACTOR * parts.retentionMs;
      const pruned = journal.prune({ madeBefore, seenBefore, limit: PRUNE.burst });
      if (pruned === PRUNE.burst) await setImmediate();
      else await clock.sleep(PRUNE.pauseMs, stopping);
    }
  }

  const finished = new AbortController();
  const stopping = AbortSignal.any([signal, failed.signal, finished.signal]);
  stopping.addEventListener("abort", () => schedule.stop(), { once: true });
  const pruning = prune().catch((error) => failed.abort(error));
  let fatal: unknown;
  try {
    loadMore();
    outbox.release(publisher.published);
    let taken = 0;
    for await (const deliveries of transport.events(stopping)) {
      for (const delivery of deliveries) accept(delivery);
      taken += deliveries.length;
      if (taken < INTAKE_BURST) continue;
      taken = 0;
      await setImmediate();
    }
    await Promise.race([schedule.idle(), untilAborted(stopping)]);
  } catch (error) {
    fatal = error;
  }

  schedule.stop();
  finished.abort();
  await pruning;
  const grace = new AbortController();
  // An event that waits for the model is not in flight: the next start answers it.
  await Promise.race([schedule.quiet(), clock.sleep(parts.graceMs, grace.signal)]);
  grace.abort();
  answering.abort(new Error("the agent is shutting down"));
  await schedule.idle();
  try {
    await database.committed();
  } catch (error) {
    failed.abort(error);
  }
  // What was offered is settled by closing, or stays in the journal.
  await transport.close();
  await outbox.drained();
  if (failed.signal.aborted) throw failed.signal.reason;
  if (fatal !== undefined) throw fatal;
  return { unanswered };
}
