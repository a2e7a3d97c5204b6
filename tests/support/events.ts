/** Events and outcomes for tests that care for their ids only. @module */

import type { AgentEvent, Failure, Outcome } from "../../src/wire.ts";

/** When events of tests were asked, in milliseconds since the epoch. */
const ASKED_MS = 1_700_000_000_000;

/** An event; one to which the built-in character has an answer, unless `query` is another. */
export function event(id: string, query = "What is iExec?", metadata?: Record<string, unknown>): AgentEvent {
  return { id, query, timestamp: ASKED_MS, ...(metadata && { metadata }) };
}

/** The outcome of an event that was answered. */
export function answer(id: string, response = `answer ${id}`): Outcome {
  return { queryId: id, response, timestamp: ASKED_MS, agentId: "agent" };
}

/** The outcome of an event that could not be answered. */
export function failure(id: string): Failure {
  return { queryId: id, error: `no model for ${id}`, timestamp: ASKED_MS, agentId: "agent" };
}

/** The outcomes of `count` events that were answered. */
export function answers(count: number): Outcome[] {
  return Array.from({ length: count }, (_, index) => answer(`q${index}`));
}
