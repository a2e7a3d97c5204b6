/** One event answered: by the mind, or with an honest error. @module */

import type { Clock } from "../clock.ts";
import { FatalError, messageOf } from "../errors.ts";
import type { Log } from "../log.ts";
import type { AnswerWriter, Mind, Reply } from "../mind/mind.ts";
import { type AgentEvent, type Answer, isFailure, type Outcome } from "../wire.ts";
import type { Observing } from "./observing.ts";
import type { Scheduling } from "./schedule.ts";

/**
 * The outcome of an event; undefined once answering was called off by `signal`.
 *
 * @param parts `writer`: gets the answer as it grows; absent where nobody asked for that. `observing`: told of it.
 * @throws {FatalError} When the agent can't go on.
 */
export async function outcomeOf(
  event: AgentEvent,
  parts: {
    mind: Mind;
    signal: AbortSignal;
    writer?: AnswerWriter | undefined;
    observing: Pick<Observing, "started" | "ended">;
    log: Log;
    clock: Clock;
  } & Scheduling,
): Promise<Outcome | undefined> {
  const { mind, signal, rest, isWanted, unwanted, writer, observing, log, clock } = parts;
  log.debug("Generating AI response for event {event}...", { event: event.id });
  const startedMs = clock.now(), observer = observing.started(event);
  const about = { queryId: event.id, agentId: mind.agentId };
  let outcome: Outcome;
  // In this function: each further asynchronous one costs a burst a promise for each event.
  try {
    const reply = await mind.answer(event, signal, { rest, writer, isWanted, unwanted, observer });
    // A model may end in half a surrogate pair, which has no UTF-8 to be signed: what is sent is the text with U+FFFD.
    outcome = { ...about, response: reply.text.toWellFormed(), timestamp: clock.now(), ...metadataOf(reply) };
  } catch (error) {
    if (signal.aborted) return undefined;
    if (error instanceof FatalError) throw error;
    outcome = { ...about, error: messageOf(error).toWellFormed(), timestamp: clock.now() };
  }
  observing.ended(outcome);
  const fields = { event: event.id, ms: clock.now() - startedMs };
  if (isFailure(outcome)) log.error("event {event} could not be answered", { ...fields, error: outcome.error });
  else log.info("✅ Generated AI response for event {event}", fields, { response: outcome.response });
  return outcome;
}

/** All that is told of an answer, but what there is nothing to tell of. */
function metadataOf({ text: _, sources, ...facts }: Reply): Pick<Answer, "metadata"> {
  const metadata = { ...(sources.length > 0 && { sources }), ...facts };
  return Object.keys(metadata).length > 0 ? { metadata } : {};
}
