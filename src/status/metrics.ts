/** Metrics of one agent: an observer that counts and times, and the registry that holds the numbers. @module */

import type { EventObserver, EventOrigin, ModelCall, Observer, Remaining, Result } from "../observer.ts";
import { LABEL_VALUES, type MetricDefinition, type MetricKind, METRICS } from "./definitions.ts";
import type { Figures, StatusFacts } from "./figures.ts";
import type { Conditions } from "./health.ts";
import { createFamily, type Family, textOf } from "./registry.ts";

/** The metrics of an agent. */
export interface Metrics {
  /** Counts what it is told. */
  readonly observer: Observer;
  /** Whether events can be had from their source, by what the observer was told. */
  isConnected(): boolean;
  /** All of them as they stand. */
  families(): Iterable<Family>;
  /** The same, as Prometheus reads them. */
  text(): string;
}

/** What metrics are made with. */
export interface MetricsParts {
  readonly facts: StatusFacts;
  /** Asked when somebody asks for the metrics. What is to be done is looked up unless it is given. */
  readonly figures: (remaining: Remaining | undefined) => Figures;
  readonly conditions: () => Conditions;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
}

/** Metrics that are all 0, or what the facts say. */
export function createMetrics(parts: MetricsParts): Metrics {
  const { facts, figures, conditions, now } = parts;
  const made = makeAll();
  showAll(made, facts);
  const state = { inFlight: 0, isConnected: false };
  const { transport } = facts;
  let remaining: (() => Remaining) | undefined;
  const observer: Observer = {
    connected: () => void (state.isConnected = true),
    disconnected() {
      state.isConnected = false;
      made.reconnects.add(1, transport);
    },
    refused: (reason) => made.refused.add(1, reason),
    deadLettered: () => made.deadLettered.add(1),
    modelFailed: (kind) => made.modelErrors.add(1, kind),
    retried: () => made.modelRetries.add(1),
    knows: (passages) => made.passages.set(passages),
    received: () => made.received.add(1),
    duplicate: () => made.duplicates.add(1),
    asks: (given) => void (remaining = given),
    follow: (origin) => new CountedEvent(origin, { made, facts, now, state }),
  };
  const refresh = () => {
    const { pending, oldestPendingMs, undelivered, stateBytes, memoryBytes, isModelUp } = figures(remaining?.());
    made.waiting.set(Math.max(0, pending - state.inFlight));
    made.inFlight.set(state.inFlight);
    made.oldestWaiting.set(oldestPendingMs === undefined ? 0 : Math.max(0, now() - oldestPendingMs) / 1000);
    made.undelivered.set(undelivered);
    made.stateSize.set(stateBytes);
    made.memory.set(memoryBytes);
    made.modelUp.set(isModelUp ? 1 : 0);
    const found = conditions();
    made.connected.set(found.connected ? 1 : 0, transport);
    for (const [name, holds] of Object.entries(found) as [keyof Conditions, boolean][]) {
      made.condition.set(holds ? 1 : 0, LABEL_VALUES.conditions[name]);
    }
  };
  const families = () => {
    refresh();
    return Object.values<Family>(made);
  };
  return { observer, isConnected: () => state.isConnected, families, text: () => textOf(families()) };
}

/** Each metric, by the name that the code has for it. */
type Made = {
  readonly [Name in keyof typeof METRICS]: Family<
    (typeof METRICS)[Name] extends MetricDefinition<infer Kind> ? Kind : MetricKind
  >;
};

function makeAll(): Made {
  const entries = Object.entries<MetricDefinition>(METRICS);
  return Object.fromEntries(entries.map(([name, definition]) => [name, createFamily(definition)])) as Made;
}

/** Have every series there from the start, and those that never change with their values. */
function showAll(made: Made, facts: StatusFacts): void {
  const { transport, prefetch, concurrency, startedMs, version, commit, provider, model } = facts;
  for (const reason of LABEL_VALUES.refused) made.refused.show(reason);
  for (const kind of LABEL_VALUES.modelErrors) made.modelErrors.show(kind);
  made.connected.show(transport);
  made.reconnects.show(transport);
  made.prefetch.set(prefetch ?? 0);
  made.concurrency.set(concurrency);
  made.startTime.set(startedMs / 1000);
  made.build.set(1, version, commit ?? "");
  made.answeringTime.show(provider, model);
  // The one built in makes no requests, and counts no tokens.
  if (provider === "embedded") return;
  for (const type of LABEL_VALUES.tokenTypes) made.tokens.show("chat", provider, model, type);
  for (const kind of ["", ...LABEL_VALUES.modelErrors]) made.calls.show("chat", provider, model, kind);
}

/** What events are counted with. */
interface CountingParts {
  readonly made: Made;
  readonly facts: StatusFacts;
  readonly now: () => number;
  readonly state: { inFlight: number };
}

/** An event, whose times go into the histograms. A class, since one is made for each event. */
class CountedEvent implements EventObserver {
  readonly #parts: CountingParts;
  readonly #acceptedMs: number;
  #sinceMs: number;
  #isInFlight = false;

  constructor({ acceptedMs }: EventOrigin, parts: CountingParts) {
    this.#parts = parts;
    this.#acceptedMs = this.#sinceMs = acceptedMs;
  }

  started(): void {
    this.#isInFlight = true;
    this.#parts.state.inFlight++;
    this.#parts.made.waitingTime.observe(this.#lap());
  }

  recalling(): () => void {
    return () => {};
  }

  calling(): ModelCall {
    const { made, facts, now } = this.#parts;
    const startedMs = now();
    const { provider, model } = facts;
    return {
      ended({ error = "", tokensIn, tokensOut }) {
        made.calls.observe((now() - startedMs) / 1000, "chat", provider, model, error);
        if (tokensIn !== undefined) made.tokens.observe(tokensIn, "chat", provider, model, "input");
        if (tokensOut !== undefined) made.tokens.observe(tokensOut, "chat", provider, model, "output");
      },
    };
  }

  ended(result: Result): void {
    const { made, facts } = this.#parts;
    this.#land();
    made.answeringTime.observe(this.#lap(), facts.provider, facts.model);
    if (result === "failed") made.failed.add(1);
    else made.answered.add(1);
    if (result === "declined") made.declined.add(1);
  }

  committed(): void {
    this.#parts.made.committingTime.observe(this.#lap());
  }

  delivering(): undefined {
    this.#sinceMs = this.#parts.now();
  }

  delivered(): void {
    const { made, now } = this.#parts;
    made.deliveringTime.observe(this.#lap());
    made.wholeTime.observe(Math.max(0, now() - this.#acceptedMs) / 1000);
  }

  dropped(): void {
    this.#land();
  }

  #land(): void {
    if (this.#isInFlight) this.#parts.state.inFlight--;
    this.#isInFlight = false;
  }

  /** Seconds since the last stage; the next one begins. */
  #lap(): number {
    const nowMs = this.#parts.now();
    // A clock that was set back must not take anything off a sum.
    const ms = Math.max(0, nowMs - this.#sinceMs);
    this.#sinceMs = nowMs;
    return ms / 1000;
  }
}
