/** The events that every agent is greeted with, and which agent has acknowledged which of them. @module */

import type { AgentEvent } from "../wire.ts";

/** The samples that each agent has yet to acknowledge. Agents are named by their identity. */
export interface Samples {
  /** Those that this agent has not acknowledged, on this connection or an earlier one. */
  dueTo(identity: number): readonly AgentEvent[];
  /** Ids that are no sample's are passed over. */
  acknowledge(identity: number, eventId: string): void;
}

/** Agents remembered: without a limit, whoever can connect could fill the memory. */
const MAX_AGENTS = 1_000;

/** Keep account of `events`. The agent longest unheard of is forgotten first, and would be sent all of them again. */
export function trackSamples(events: readonly AgentEvent[]): Samples {
  const acknowledgedBy = new Map<number, Set<string>>();
  return {
    dueTo(identity) {
      const acknowledged = acknowledgedBy.get(identity);
      return events.filter(({ id }) => !acknowledged?.has(id));
    },
    acknowledge(identity, eventId) {
      if (!events.some(({ id }) => id === eventId)) return;
      const acknowledged = acknowledgedBy.get(identity) ?? new Set();
      acknowledgedBy.delete(identity); // set again below, so that the map's order is the order of last news
      acknowledgedBy.set(identity, acknowledged.add(eventId));
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
