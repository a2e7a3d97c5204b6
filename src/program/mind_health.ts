/** What the mind tells of the agent's health. @module */

import type { PatientMind } from "../mind/patience.ts";
import type { LearningMind } from "../mind/runtime.ts";
import type { HealthSources } from "../status/health.ts";
import type { Settings } from "./settings.ts";

/** Milliseconds beyond a time limit that an answer may take, for what comes before and after the model. */
const SLACK_MS = 60_000;

/** What health is told by; the mind is asked anew each time. */
type HealthyMind = Pick<PatientMind, "isDown" | "underWayMs" | "quietMs"> & Pick<LearningMind, "isIndexing">;

/** The settings that say how long an answer may be under way. */
type Limits = Pick<Settings, "MODEL_ANSWER_TIMEOUT" | "AGENT_CONCURRENCY">;

/** The sources of health that the mind is asked for. */
export function healthOf(mind: HealthyMind, limits: Limits): Partial<HealthSources> {
  return {
    isModelDown: () => mind.isDown,
    isIndexing: () => mind.isIndexing,
    overdueMs: () => overdueMs(mind, limits),
  };
}

/**
 * Milliseconds that an answer has been under way, if that is beyond every limit, so that only a restart helps.
 *
 * A server that bears only one answer at a time has events wait for those before them, each of which has the whole limit.
 * So an answer that takes longer than one limit is overdue only if no other one has ended meanwhile, or if it has taken
 * longer than all of them together.
 */
function overdueMs(
  mind: HealthyMind,
  { MODEL_ANSWER_TIMEOUT: answerMs, AGENT_CONCURRENCY: concurrency }: Limits,
): number | undefined {
  const ms = mind.underWayMs();
  const isAlone = ms > answerMs + SLACK_MS && mind.quietMs() > answerMs + SLACK_MS;
  return isAlone || ms > answerMs * concurrency + SLACK_MS ? ms : undefined;
}
