/** The loop: accept an event, answer it, make the outcome durable, hand it back. @module */

import { setImmediate } from "node:timers/promises";
import { type Clock, untilAborted } from "../clock.ts";
import type { Journal } from "../journal/journal.ts";
import type { Publisher } from "../journal/publisher.ts";
import type { Log } from "../log.ts";
import type { Mind, Remembered } from "../mind/mind.ts";
import type { LoopObserver, Remaining } from "../observer.ts";
import type { Database } from "../store/database.ts";
import type { Delivery, Transport, TransportHooks } from "../transports/transport.ts";
import { type AgentEvent, isFailure } from "../wire.ts";
import { outcomeOf } from "./answering.ts";
import { createBacklog, createBrokerBacklog } from "./backlog.ts";
import { createBrokerOutbox } from "./broker_outbox.ts";
import { createDeliveries, type Deliveries } from "./deliveries.ts";
import { createForgetting } from "./forgetting.ts";
import { createIntake } from "./intake.ts";
import { createObserving, type Observing } from "./observing.ts";
import { createOutbox } from "./outbox.ts";
import { keepPruned } from "./pruning.ts";
import { createPublishing } from "./publishing.ts";
import { createRepeats } from "./repeats.ts";
import { createResting } from "./resting.ts";
import { createSchedule, type Scheduling } from "./schedule.ts";
import { chunkWriter } from "./streaming.ts";

/** What the loop is built from. */
export interface AgentParts {
  readonly database: Database;
  readonly journal: Journal;
  readonly publisher: Publisher;
  readonly mind: Mind;
  /** What the mind remembers. */
  readonly memories: Remembered;
  /** Sees that no file of the state holds a word of what was deleted; false where it could not. */
  readonly scrub: () => boolean;
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
  /** Told of events; absent: nobody is. */
  readonly observer?: LoopObserver | undefined;
}

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
  const { journal, publisher, clock } = parts;
  const failed = new AbortController(), finished = new AbortController();
  const stopping = AbortSignal.any([signal, failed.signal, finished.signal]);
  const observing = createObserving(parts.observer, { acceptedMs: journal.acceptedMs, now: clock.now });
  const loop = connect(parts, { onError: (error) => failed.abort(error), observing, signal: stopping });
  const { transport, outbox, schedule, backlog } = loop;
  stopping.addEventListener("abort", () => schedule.stop(), { once: true });
  const { redelivers = false, stillHas: isInUse } = transport;
  const pruning = keepPruned({ ...parts, redelivers, isInUse, signal: stopping })
    .catch((error) => failed.abort(error));
  let fatal: unknown;
  try {
    backlog.fill();
    outbox.release(publisher.published);
    await takeIn(transport.events(stopping), loop.accept);
    await Promise.race([schedule.idle(), untilAborted(stopping)]);
  } catch (error) {
    fatal = error;
  }
  schedule.stop();
  finished.abort();
  await pruning;
  try {
    await loop.windDown();
  } catch (error) {
    failed.abort(error);
  }
  // What was offered is settled by closing, or stays in the journal.
  await transport.close();
  await outbox.drained();
  observing.end();
  if (failed.signal.aborted) throw failed.signal.reason;
  if (fatal !== undefined) throw fatal;
  return { unanswered: loop.unanswered() };
}

/** Take deliveries in until there are no more. */
async function takeIn(
  events: AsyncIterable<readonly Delivery[]>,
  accept: (delivery: Delivery) => void,
): Promise<void> {
  let taken = 0;
  for await (const deliveries of events) {
    for (const delivery of deliveries) accept(delivery);
    taken += deliveries.length;
    if (taken < INTAKE_BURST) continue;
    taken = 0;
    await setImmediate();
  }
}

/** What the parts of the loop are connected with. */
interface Wiring {
  readonly onError: (error: unknown) => void;
  readonly observing: Observing;
  readonly signal: AbortSignal;
}

/** The parts of the loop, each handing on to the next. */
// deno-lint-ignore house/function-length -- they know one another: each is made here with those that it hands on to
function connect(parts: AgentParts, { onError, observing, signal }: Wiring) {
  const { database, journal, publisher, mind, log, clock, concurrency } = parts;
  const calledOff = new AbortController();
  const deliveries = createDeliveries();
  let unanswered = 0;
  const transport = observing.over(parts.openTransport({
    onReachable: () => outbox.retry(),
    forget: (whose) => forgetting.forget(whose),
    signed: (outcome) => journal.signed(outcome),
  }));
  const { redelivers = false } = transport;
  if (redelivers) parts.observer?.asks(() => remainingOf(deliveries, journal));
  const outbox = (redelivers ? createBrokerOutbox : createOutbox)({ journal, transport, deliveries, log, onError });
  const publishing = createPublishing({ database, publisher, outbox, onCommitted: observing.committed, onError });
  const schedule = createSchedule({ concurrency, work, onWorked });
  const forgetting = createForgetting({ ...parts, agentId: mind.agentId, schedule, publishing, onError });
  const resting = createResting({ clock, signal });
  const isAlone = (id: string) => (deliveries.of(id).at(-1)?.attempt ?? 1) > 1;
  const backlog = redelivers ? createBrokerBacklog({ schedule }) : createBacklog({ journal, schedule, isAlone });
  const { accept } = createIntake({
    agentId: mind.agentId,
    journal,
    outbox,
    backlog,
    isLoaded: redelivers ? deliveries.has : () => true,
    deliveries,
    repeats: createRepeats({ log, clock, signal }),
    onFailedBefore: () => unanswered++,
    onAccepted: keeper(database, onError),
    observing,
    onRefused(outcome) {
      const recorded = journal.refuse(outcome);
      if (recorded) publishing.add(recorded);
    },
    log,
    clock,
  });

  async function work(event: AgentEvent, how: Scheduling) {
    try {
      if (!how.isWanted()) return;
      const delivery = () => deliveries.of(event.id).at(-1);
      const writer = chunkWriter(event, { transport, delivery, isWanted: how.isWanted, clock });
      const outcome = await outcomeOf(event, { mind, signal: calledOff.signal, ...how, writer, observing, log, clock });
      if (!outcome || !how.isWanted()) return;
      if (isFailure(outcome)) unanswered++;
      else writer?.end();
      // Not waited for: the next event can be worked on while the disk is busy.
      publishing.add(journal.record(outcome, event));
      resting.worked();
    } catch (error) {
      onError(error);
    }
  }

  /** Whatever became of the event: others may wait in the journal for its room, and nothing else loads them. */
  function onWorked() {
    try {
      backlog.refill();
    } catch (error) {
      onError(error);
    }
  }

  /** Give events in flight the grace period, call off the rest, and bring everything to the disk. */
  async function windDown() {
    const enough = new AbortController();
    // An event that waits for the model is not in flight: the next start answers it.
    await Promise.race([schedule.quiet(), clock.sleep(parts.graceMs, enough.signal)]);
    enough.abort();
    calledOff.abort(new Error("the agent is shutting down"));
    await schedule.idle();
    await forgetting.drained();
    await database.committed();
    await publishing.drained();
  }

  return { transport, outbox, schedule, backlog, accept, windDown, unanswered: () => unanswered };
}

/** What is to be done of what was delivered in this run. Of anything else, another agent may have settled it. */
function remainingOf(deliveries: Deliveries, journal: Pick<Journal, "acceptedMs">): Remaining {
  const all = [...deliveries.ids()].map(journal.acceptedMs), pending = all.filter((ms) => ms !== undefined);
  const oldestPendingMs = pending.length > 0 ? Math.min(...pending) : undefined;
  return { pending: pending.length, oldestPendingMs, undelivered: all.length - pending.length };
}

/**
 * Brings accepted events to the disk when called: the sender of an event need not wait for the disk, but the event must
 * not wait there for its answer either.
 */
function keeper(database: Pick<Database, "committed">, onError: (error: unknown) => void): () => void {
  let isKeeping = false;
  return () => {
    if (isKeeping) return;
    isKeeping = true;
    database.committed({ lazily: true }).then(() => isKeeping = false).catch(onError);
  };
}
