/** Traces: the stages of each event as spans of one tree. What is not sampled costs no more than its ids. @module */

import type { EventObserver, EventOrigin, LoopObserver, ModelCall, Observer, Result } from "../observer.ts";
import type { StatusFacts } from "./figures.ts";
import type { TraceHeaders } from "../trace_headers.ts";
import type { Sampler } from "./sampling.ts";
import { headersWithin, newId, type TraceContext, traceContextOf } from "./trace_context.ts";

/** Kinds of spans, by OpenTelemetry's numbers. */
const INTERNAL = 1, CLIENT = 3, PRODUCER = 4, CONSUMER = 5;

/** A span that has ended. */
export interface Span {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId?: string | undefined;
  readonly name: string;
  readonly kind: number;
  /** Milliseconds since the epoch, with fractions. */
  readonly startMs: number;
  readonly endMs: number;
  readonly attributes: Readonly<Record<string, string | number>>;
  readonly isError: boolean;
}

/** What traces are made with. */
export interface TracesParts {
  readonly facts: StatusFacts;
  /** The model's server; undefined for the model that is built in. */
  readonly modelServer: URL | undefined;
  readonly now: () => number;
  readonly sampler: Sampler;
  /** Takes the spans of one event, the event's own last. */
  readonly send: (spans: readonly Span[]) => void;
}

const nothing = () => {};

/** An observer that makes traces of events; it takes no notice of anything else. */
export function traceEvents(parts: TracesParts): Observer {
  const loop: LoopObserver = {
    received: nothing,
    duplicate: nothing,
    asks: nothing,
    follow: (origin) => new TracedEvent(origin, parts),
  };
  const others = { connected: nothing, disconnected: nothing, refused: nothing, deadLettered: nothing };
  return { ...loop, ...others, modelFailed: nothing, retried: nothing, knows: nothing };
}

/**
 * One event. Its spans are sent together when it ends: so a process that is killed leaves no span behind whose parent
 * never comes, and the process that answers the event after it tells the whole of it.
 */
class TracedEvent implements EventObserver {
  readonly #parts: TracesParts;
  readonly #context: TraceContext;
  readonly #spanId = newId(8);
  readonly #acceptedMs: number;
  readonly #spans: Span[] = [];
  #sinceMs: number;
  #deliverySpanId = "";
  #result: Result | undefined;

  constructor({ acceptedMs, trace }: EventOrigin, parts: TracesParts) {
    this.#parts = parts;
    this.#context = traceContextOf(trace, parts.sampler);
    this.#acceptedMs = this.#sinceMs = acceptedMs;
    this.#add("accept", { startMs: acceptedMs, endMs: acceptedMs });
  }

  started(): void {
    this.#stage("wait");
  }

  recalling(): () => void {
    const startMs = this.#parts.now();
    return () => this.#add("recall and search", { startMs, endMs: this.#parts.now() });
  }

  /** @see https://opentelemetry.io/docs/specs/semconv/gen-ai/gen-ai-spans/ */
  calling(): ModelCall {
    const { facts: { provider, model }, modelServer, now } = this.#parts;
    const spanId = newId(8), startMs = now();
    return {
      trace: headersWithin(this.#context, spanId),
      ended: ({ error, tokensIn, tokensOut }) =>
        this.#add(`chat ${model}`, {
          spanId,
          startMs,
          endMs: now(),
          kind: CLIENT,
          isError: error !== undefined,
          attributes: {
            "gen_ai.operation.name": "chat",
            "gen_ai.provider.name": provider,
            "gen_ai.request.model": model,
            ...(modelServer && { "server.address": modelServer.hostname, "server.port": portOf(modelServer) }),
            ...(error !== undefined && { "error.type": error }),
            ...(tokensIn !== undefined && { "gen_ai.usage.input_tokens": tokensIn }),
            ...(tokensOut !== undefined && { "gen_ai.usage.output_tokens": tokensOut }),
          },
        }),
    };
  }

  ended(result: Result): void {
    this.#result = result;
    this.#sinceMs = this.#parts.now();
  }

  committed(): void {
    this.#stage("commit");
  }

  delivering(): TraceHeaders {
    this.#sinceMs = this.#parts.now();
    this.#deliverySpanId = newId(8);
    return headersWithin(this.#context, this.#deliverySpanId);
  }

  delivered(): void {
    this.#stage("deliver", { kind: PRODUCER, spanId: this.#deliverySpanId });
    this.dropped();
  }

  dropped(): void {
    const { facts: { transport }, send, now } = this.#parts;
    const { traceId, parentSpanId, isSampled } = this.#context;
    if (!isSampled) return;
    const attributes = { "agent.transport": transport, "agent.result": this.#result ?? "unanswered" };
    send([...this.#spans, {
      traceId,
      spanId: this.#spanId,
      parentSpanId,
      name: "process event",
      kind: CONSUMER,
      startMs: this.#acceptedMs,
      endMs: now(),
      attributes,
      isError: this.#result === "failed",
    }]);
    this.#spans.length = 0;
  }

  /** A stage that ends now; the next one begins. */
  #stage(name: string, more: Partial<Span> = {}): void {
    const endMs = this.#parts.now();
    this.#add(name, { startMs: this.#sinceMs, endMs, ...more });
    this.#sinceMs = endMs;
  }

  #add(name: string, span: Pick<Span, "startMs" | "endMs"> & Partial<Span>): void {
    const { traceId, isSampled } = this.#context;
    if (!isSampled) return;
    const own = {
      traceId,
      spanId: newId(8),
      parentSpanId: this.#spanId,
      kind: INTERNAL,
      attributes: {},
      isError: false,
    };
    // A clock that was set back must not make a span end before it begins.
    this.#spans.push({ ...own, name, ...span, endMs: Math.max(span.startMs, span.endMs) });
  }
}

function portOf({ port, protocol }: URL): number {
  return Number(port) || (protocol === "https:" ? 443 : 80);
}
