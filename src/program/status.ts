/** What the agent shows of its state, where the settings ask for it: built here from what the parts know. @module */

import type { Clock } from "../clock.ts";
import type { Log } from "../log.ts";
import type { ModelOptions } from "../mind/models/options.ts";
import type { Observer } from "../observer.ts";
import { both } from "../status/both.ts";
import type { Figures, StatusFacts } from "../status/figures.ts";
import type { Health } from "../status/health.ts";
import { listenAddress } from "../status/settings.ts";
import type { Settings } from "./settings.ts";
import type { State } from "./state.ts";

/** Shows the state until disposed of. */
export interface Status extends AsyncDisposable {
  /** Whom the parts tell of their work; undefined where nobody wants to know. */
  readonly observer: Observer | undefined;
}

/** What is shown. */
export interface StatusParts {
  readonly settings: Settings;
  readonly state: State;
  readonly health: Health;
  readonly log: Log;
  readonly clock: Clock;
  /** From then on no event is taken. */
  readonly stop: AbortSignal;
}

/**
 * Begin to show the state. Nothing of it is loaded without STATUS_ADDRESS and OTEL_EXPORTER_OTLP_ENDPOINT.
 *
 * @throws {FatalError} If the address can't be had, or a certificate can't be read.
 */
export async function openStatus(parts: StatusParts): Promise<Status> {
  const { settings, state, health, log, clock, stop } = parts;
  const { STATUS_ADDRESS: address } = settings;
  const endpoint = settings.OTEL_SDK_DISABLED ? undefined : settings.OTEL_EXPORTER_OTLP_ENDPOINT;
  await using stack = new AsyncDisposableStack();
  let observer: Observer | undefined;
  if (address !== undefined || endpoint !== undefined) {
    const [version, { createMetrics }] = await Promise.all([import("./version.ts"), import("../status/metrics.ts")]);
    const facts = factsOf(settings, version), { conditions } = health;
    const figures = (remaining = state.journal.figures()) =>
      figuresOf(state, { ...remaining, isModelUp: conditions().modelUp });
    const metrics = createMetrics({ facts, figures, conditions, now });
    health.watch({ isConnected: () => !stop.aborted && metrics.isConnected() });
    observer = metrics.observer;
    if (address !== undefined) {
      const { startStatusServer } = await import("../status/server.ts");
      stack.use(startStatusServer({ ...listenAddress(address), metrics, conditions, log, clock }));
    }
    if (endpoint !== undefined) {
      const { sendStatus } = await import("./otlp.ts");
      const sending = stack.use(sendStatus({ ...parts, endpoint, facts, families: metrics.families, now }));
      if (sending.observer) observer = both(observer, sending.observer);
    }
  }
  const held = stack.move();
  return { observer, [Symbol.asyncDispose]: () => held[Symbol.asyncDispose]() };
}

/** Milliseconds since the epoch, with fractions; setting the clock does not move it. */
const now = () => performance.timeOrigin + performance.now();

function figuresOf({ database }: State, known: Omit<Figures, "stateBytes" | "memoryBytes">): Figures {
  return {
    ...known,
    stateBytes: sizeOf(database.path) + sizeOf(`${database.path}-wal`),
    memoryBytes: Deno.memoryUsage().rss,
  };
}

function sizeOf(path: string): number {
  try {
    return Deno.statSync(path).size;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return 0;
    throw error;
  }
}

function factsOf(settings: Settings, { VERSION, COMMIT }: { VERSION: string; COMMIT: string | null }): StatusFacts {
  const isQueue = settings.EVENT_TRANSPORT !== "file" && settings.EVENT_TRANSPORT !== "websocket";
  return {
    version: VERSION,
    commit: COMMIT ?? undefined,
    startedMs: performance.timeOrigin,
    transport: settings.EVENT_TRANSPORT,
    prefetch: isQueue ? settings.EVENT_PREFETCH : undefined,
    concurrency: settings.AGENT_CONCURRENCY,
    ...modelOf(settings),
  };
}

function modelOf(settings: Settings): Pick<StatusFacts, "provider" | "model"> {
  const provider: ModelOptions["provider"] = settings.MODEL_PROVIDER;
  const names = { embedded: "embedded", ollama: settings.OLLAMA_MODEL, openai: settings.OPENAI_MODEL };
  return { provider, model: names[provider] };
}
