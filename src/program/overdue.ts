/** Whether an answer has been under way for longer than every limit allows, so that only a restart helps. @module */

import type { PatientMind } from "../mind/patience.ts";
import type { Settings } from "./settings.ts";

/** Milliseconds beyond a time limit that an answer may take, for what comes before and after the model. */
const SLACK_MS = 60_000;

/**
 * Milliseconds that an answer has been under way, if that is beyond every limit.
 *
 * A server that bears only one answer at a time has events wait for those before them, each of which has the whole limit.
 * So an answer that takes longer than one limit is overdue only if no other one has ended meanwhile, or if it has taken
 * longer than all of them together.
 */
export function overdueMs(
  mind: Pick<PatientMind, "underWayMs" | "quietMs">,
  { MODEL_ANSWER_TIMEOUT: answerMs, AGENT_CONCURRENCY: concurrency }: Pick<
    Settings,
    "MODEL_ANSWER_TIMEOUT" | "AGENT_CONCURRENCY"
  >,
): number | undefined {
  const ms = mind.underWayMs();
  const isAlone = ms > answerMs + SLACK_MS && mind.quietMs() > answerMs + SLACK_MS;
  return isAlone || ms > answerMs * concurrency + SLACK_MS ? ms : undefined;
}
