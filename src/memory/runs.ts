/** Runs of the agent, put together from what was logged about them. @module */

import type { AgentRunCounts, AgentRunSummary, IDatabaseAdapter, Log } from "@elizaos/core";
import type { Direct } from "./store.ts";

const DEFAULT_LIMIT = 20;
const MAX_LIMIT = 100;

type Filters = Parameters<NonNullable<IDatabaseAdapter["getAgentRunSummaries"]>>[0];

/**
 * The method about runs.
 *
 * @param allLogs Everything logged by this agent, newest first.
 */
export function runMethods(allLogs: () => Log[]): Direct<"getAgentRunSummaries"> {
  return {
    getAgentRunSummaries(filters = {}) {
      const { limit = DEFAULT_LIMIT, status = "all" } = filters;
      const logs = allLogs();
      const ofRuns = Map.groupBy(logs.filter((log) => isRunEvent(log, filters)), (log) => String(log.body.runId));
      const runs = Array.from(ofRuns, ([runId, events]) => summary(runId, events.reverse()))
        .filter((run) => status === "all" || run.status === status)
        .sort((a, b) => (b.startedAt ?? 0) - (a.startedAt ?? 0));
      const shown = runs.slice(0, Math.min(Math.max(limit, 1), MAX_LIMIT));
      return {
        runs: shown.map((run) => ({ ...run, counts: countsOf(logs.filter((log) => log.body.runId === run.runId)) })),
        total: runs.length,
        hasMore: runs.length > shown.length,
      };
    },
  };
}

function isRunEvent({ type, createdAt, roomId, entityId, body }: Log, filters: Filters): boolean {
  const { from = -Infinity, to = Infinity } = filters, time = createdAt.getTime();
  return type === "run_event" && typeof body.runId === "string" && from <= time && time <= to &&
    (!filters.roomId || roomId === filters.roomId) && (!filters.entityId || entityId === filters.entityId);
}

/** @param events Oldest first. */
function summary(runId: string, events: readonly Log[]): AgentRunSummary {
  const run: AgentRunSummary = { runId, status: "started", startedAt: null, endedAt: null, durationMs: null };
  for (const { body, createdAt, roomId = body.roomId, entityId = body.entityId } of events) {
    if (body.messageId) run.messageId ??= body.messageId;
    if (roomId) run.roomId ??= roomId;
    if (entityId) run.entityId ??= entityId;
    if (body.metadata) run.metadata ??= body.metadata;
    switch (body.status) {
      case "started":
        run.startedAt ??= createdAt.getTime();
        break;
      case "completed":
      case "timeout":
      case "error":
        run.status = body.status;
        run.endedAt = createdAt.getTime();
    }
  }
  if (run.startedAt !== null && run.endedAt !== null) run.durationMs = Math.max(run.endedAt - run.startedAt, 0);
  return { ...run, metadata: run.metadata ?? {} };
}

/** As the official adapter counts: a model called within an action counts for the action and for itself. */
function countsOf(logs: readonly Log[]): AgentRunCounts {
  const counts = { actions: 0, modelCalls: 0, errors: 0, evaluators: 0 };
  for (const { type, body } of logs) {
    if (type.startsWith("useModel:")) counts.modelCalls++;
    if (type === "evaluator") counts.evaluators++;
    if (type === "embedding_event" && body.status === "failed") counts.errors++;
    if (type === "action") {
      counts.actions++;
      if ("promptCount" in body) counts.modelCalls += Number(body.promptCount ?? 0);
      if ("result" in body && isFailure(body.result)) counts.errors++;
    }
  }
  return counts;
}

function isFailure(result: unknown): boolean {
  return typeof result === "object" && result !== null && "success" in result && result.success === false;
}
