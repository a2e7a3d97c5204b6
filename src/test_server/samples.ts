/** The events every agent is greeted with, and which agent has acknowledged which of them. @module */

import type { AgentEvent } from "../wire.ts";

/** What the samples' events are, agent by agent. */
export interface Samples {
  /** Those this agent has not acknowledged, on this connection or an earlier one. */
  dueTo(agentId: string): readonly AgentEvent[];
  /** Ids that are no sample's are passed over. */
  acknowledge(agentId: string, eventId: string): void;
}

/** Agents remembered: an agent chooses its own id, so without a limit whoever can connect could fill the memory. */
const MAX_AGENTS = 1_000;

/** Keep account of `events`. The agent longest unheard of is forgotten first, and would be sent all of them again. */
export function trackSamples(events: readonly AgentEvent[]): Samples {
  const acknowledgedBy = new Map<string, Set<string>>();
  return {
    dueTo(agentId) {
      const acknowledged = acknowledgedBy.get(agentId);
      return events.filter(({ id }) => !acknowledged?.has(id));
    },
    acknowledge(agentId, eventId) {
      if (!events.some(({ id }) => id === eventId)) return;
      const acknowledged = acknowledgedBy.get(agentId) ?? new Set();
      acknowledgedBy.delete(agentId); // set again below, so that the map's order is the order of last news
      acknowledgedBy.set(agentId, acknowledged.add(eventId));
      const [longestUnheardOf] = acknowledgedBy.keys();
      if (acknowledgedBy.size > MAX_AGENTS && longestUnheardOf !== undefined) acknowledgedBy.delete(longestUnheardOf);
    },
  };
}

/** The guide's three events. */
export function sampleEvents(timestamp: number): readonly AgentEvent[] {
  const queries = [
    "Hello! Who are you?",
    "What is iExec?",
    "How does a trusted execution environment protect my data?",
  ];
  return queries.map((query, index) => ({
    id: `ws-event-00${index + 1}`,
    query,
    timestamp,
    metadata: { userId: `test-user-${index + 1}`, priority: "normal", source: "test-server" },
  }));
}
