/** Forgetting while the agent runs: what was said is deleted everywhere, and what is under way does not write it back. @module */

import { setImmediate } from "node:timers/promises";
import type { Clock } from "../clock.ts";
import { FORGOTTEN, type Forgotten, type ForgottenCounts, isOf, type Whose } from "../forget_request.ts";
import type { Journal, RecordedOutcome } from "../journal/journal.ts";
import type { Publisher } from "../journal/publisher.ts";
import type { Log } from "../log.ts";
import type { Remembered } from "../mind/mind.ts";
import type { AgentEvent } from "../wire.ts";
import type { Publishing } from "./publishing.ts";
import type { Schedule } from "./schedule.ts";

/** Forgets. */
export interface Forgetting {
  /** Delete what a conversation or a user has said and was told before this call. */
  forget(whose: Whose): Promise<Forgotten>;
  /** Resolves when nothing is being forgotten. */
  drained(): Promise<void>;
}

/**
 * Delete what was said up to a place, and give the events that wait an error. Nothing is waited for: with the next commit
 * all of it is gone, and after a crash before that nothing.
 *
 * @param how `onRecorded`: given each of these errors.
 */
export function deleteSaid(
  { journal, memories, agentId, clock }: {
    journal: Pick<Journal, "pendingOf" | "forget" | "record">;
    memories: Pick<Remembered, "forget">;
    agentId: string;
    clock: Clock;
  },
  whose: Whose,
  { upTo, onRecorded = () => {} }: {
    upTo: { outcome: number; exchange: number };
    onRecorded?: (recorded: RecordedOutcome) => void;
  },
): ForgottenCounts {
  const waiting = journal.pendingOf((event) => isOf(event, whose)).map(({ id }) => id);
  const { events, ...memory } = memories.forget(whose, { upTo: upTo.exchange });
  const outcomes = journal.forget(whose, { ids: [...events, ...waiting], upTo: upTo.outcome });
  for (const queryId of waiting) {
    // Not as an outcome of the event: a signature would cover the hash of the question, by which a short one is guessed.
    onRecorded(journal.record({ queryId, error: FORGOTTEN, timestamp: clock.now(), agentId }));
  }
  return { ...memory, outcomes, events: waiting.length };
}

/**
 * @param parts `scrub`: sees that unused parts of the files hold nothing of what was deleted; false where it could not;
 * `onError`: told of what should never fail, and ends the agent.
 */
export function createForgetting(parts: {
  agentId: string;
  journal: Pick<Journal, "lastOutcome" | "pendingOf" | "forget" | "record">;
  memories: Pick<Remembered, "lastExchange" | "forget">;
  schedule: Pick<Schedule, "callOff">;
  publishing: Pick<Publishing, "add" | "drained">;
  publisher: Pick<Publisher, "note">;
  scrub: () => boolean;
  onError: (error: unknown) => void;
  log: Log;
  clock: Clock;
}): Forgetting {
  const { journal, memories, schedule, publishing, publisher, log } = parts;
  /** Scrubs that were not made yet. */
  const underWay = new Set<Promise<void>>();
  const scrub = createSharedScrub(parts);

  async function forget(whose: Whose): Promise<Forgotten> {
    const isMeant = (event: AgentEvent) => isOf(event, whose);
    // Also for events that are loaded from the journal while the responses file is brought up to date.
    using _calledOff = schedule.callOff(isMeant);
    const upTo = { outcome: journal.lastOutcome(), exchange: memories.lastExchange() };
    // The responses file is recognised after a crash by what the journal knows of it: so it is brought up to date before.
    await publishing.drained();
    publisher.note();
    const deleted = deleteSaid(parts, whose, { upTo, onRecorded: publishing.add });
    return { deleted, gone: scrub().then((isScrubbed) => report(deleted, isScrubbed)) };
  }

  function report(deleted: ForgottenCounts, isScrubbed: boolean) {
    log.info("🧽 Forgot what was said", { ...deleted });
    if (isScrubbed) return;
    log.warn(
      "state is too large to be written anew while the agent runs: unused parts of its file may hold traces of what was forgotten, until `agent forget` is run without the agent",
    );
  }

  return {
    async forget(whose) {
      const forgotten = forget(whose);
      const ended = forgotten.then(({ gone }) => gone).catch(parts.onError).then(() => void underWay.delete(ended));
      underWay.add(ended);
      return await forgotten;
    },
    async drained() {
      while (underWay.size > 0) await Promise.all(underWay);
    },
  };
}

/** One scrub for all requests that come together. */
function createSharedScrub({ scrub }: { scrub: () => boolean }): () => Promise<boolean> {
  let shared: Promise<boolean> | undefined;
  return () =>
    shared ??= setImmediate().then(() => {
      shared = undefined;
      return scrub();
    });
}
