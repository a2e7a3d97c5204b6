/** A dispatch with nothing around it, and words for what agents and askers do. @module */

import { assertEquals } from "@std/assert";
import type { EventMessage } from "../../src/test_server/answers.ts";
import type { Change } from "../../src/test_server/changes.ts";
import { createDispatch, type Dispatch, type Heard } from "../../src/test_server/dispatch.ts";
import type { Outcome } from "../../src/test_server/figures.ts";
import { createLedger, type Ledger } from "../../src/test_server/ledger.ts";
import { DEFAULT_LIMITS, type Limits } from "../../src/test_server/limits.ts";
import { event } from "../support/events.ts";

/** A dispatch, and what became of what it was told. */
export interface Stage {
  readonly dispatch: Dispatch;
  readonly ledger: Ledger;
  /** `event → connection`, for each event that an agent was sent. */
  readonly sent: string[];
  /** What the asker was told, in short. */
  readonly told: string[];
  /** What was counted, by connection. */
  readonly outcomes: [connection: number, kind: Outcome["kind"]][];
  readonly asker: { tell(frame: string): void };
  /** Agents authenticate, each with an identity and an agentId of its own. */
  join(...connections: number[]): void;
  ask(...names: string[]): void;
  askIn(metadata: Record<string, unknown>, ...names: string[]): void;
  answer(connection: number, name: string, more?: { text?: string; metadata?: Record<string, unknown> }): Heard;
  ack(connection: number, name: string, error?: string): Heard;
  chunk(connection: number, name: string, index: number, delta: string, restart?: true): Heard;
}

/** The agentId of an agent. */
export function idOf(connection: number): string {
  return `00000000-0000-4000-8000-${String(connection).padStart(12, "0")}`;
}

/** A dispatch without agents and events. */
export function setStage(options: { broadcast?: boolean; limits?: Partial<Limits> } = {}): Stage {
  const ledger = createLedger({ ...DEFAULT_LIMITS, ...options.limits });
  const sent: string[] = [], told: string[] = [], outcomes: Stage["outcomes"] = [];
  let nowMs = 0;
  const dispatch = createDispatch({
    ledger,
    broadcast: options.broadcast ?? false,
    now: () => nowMs++,
    send: (connection, { event }) => void sent.push(`${event.id} → ${connection}`),
    observe(change: Change) {
      if (change.kind === "outcome") outcomes.push([change.connection, change.outcome.kind]);
    },
  });
  const askIn = (metadata: Record<string, unknown> | undefined, ...names: string[]) => {
    for (const name of names) {
      assertEquals(dispatch.ask(event(name, undefined, metadata), { askedBy: "rest" }).ok, true);
    }
  };
  const hear = (connection: number, message: EventMessage) =>
    dispatch.hear(connection, message, JSON.stringify(message));
  return {
    dispatch,
    ledger,
    sent,
    told,
    outcomes,
    asker: { tell: (frame) => void told.push(inShort(frame)) },
    join(...connections) {
      for (const connection of connections) {
        dispatch.join({ connection, agentId: idOf(connection), identity: connection, samples: [] });
      }
    },
    ask: (...names) => askIn(undefined, ...names),
    askIn,
    answer: (connection, name, { text = "!", metadata } = {}) =>
      hear(connection, {
        type: "response",
        queryId: name,
        response: text,
        timestamp: 1,
        agentId: idOf(connection),
        ...metadata && { metadata },
      }),
    ack: (connection, name, error) =>
      hear(connection, {
        type: "ack",
        eventId: name,
        status: error ? "error" : "processed",
        error,
        timestamp: 1,
      }),
    chunk: (connection, name, index, delta, restart) =>
      hear(connection, { type: "chunk", queryId: name, index, delta, timestamp: 1, ...restart && { restart } }),
  };
}

/** A frame to an asker, in short. */
export function inShort(frame: string): string {
  const { type, queryId, eventId, agentId, status, index, delta, restart } = JSON.parse(frame);
  if (type === "chunk") return `chunk ${queryId} ${index} ${delta}${restart ? " (restart)" : ""}`;
  return `${type} ${queryId ?? eventId} ${agentId ?? status}`;
}
