/** Sends spans and metrics to a collector: gathered, bounded, and tried again where that may help. @module */

import { backoffDelayMs, type Clock } from "../clock.ts";
import { messageOf } from "../errors.ts";
import type { Log } from "../log.ts";
import { decodePart, publicUrl } from "../urls.ts";
import { metricsBody, type Resource, tracesBody } from "./otlp.ts";
import type { Family } from "./registry.ts";
import type { Span } from "./traces.ts";

/** Whom to send to, and how often. */
export interface SenderOptions {
  readonly endpoint: URL;
  readonly headers: Readonly<Record<string, string>>;
  readonly timeoutMs: number;
  /** Milliseconds in which spans are gathered. */
  readonly spansEveryMs: number;
  /** Milliseconds between two sendings of metrics. */
  readonly metricsEveryMs: number;
  readonly resource: Resource;
  /** Asked for the metrics; undefined: none are sent. */
  readonly families: (() => Iterable<Family>) | undefined;
  /** Since when the metrics count, in milliseconds since the epoch. */
  readonly startedMs: number;
  /** PEM text of an authority to trust, and the proxy to go through. */
  readonly caCerts?: readonly string[] | undefined;
  readonly proxy?: Deno.Proxy | undefined;
  readonly log: Log;
  readonly clock: Clock;
}

/** Sends until disposed of; then what was gathered goes out in one last try. */
export interface Sender extends AsyncDisposable {
  /** Send the spans of an event with the next others. */
  add(spans: readonly Span[]): void;
}

/** Spans that wait to be sent, at most: what bounds memory when the collector is out of reach. */
const MAX_WAITING = 4_096;
/** Spans in one request. */
const MAX_TOGETHER = 1_024;
/** Tries of one request. */
const TRIES = 4;
/** Milliseconds that the last requests may take when the agent stops. */
const LAST_MS = 3_000;
/** Statuses after which the same request may be taken. @see https://opentelemetry.io/docs/specs/otlp/#retryable-response-codes */
const RETRYABLE = [429, 502, 503, 504];

/** Begin to send. No connection is made before there is something to send. */
// deno-lint-ignore house/function-length -- two loops and one queue, which share where they stand
export function startSender(options: SenderOptions): Sender {
  const { endpoint, resource, families, startedMs, log, clock, caCerts, proxy } = options;
  const client = caCerts || proxy
    ? Deno.createHttpClient({ ...(caCerts && { caCerts: [...caCerts] }), ...(proxy && { proxy }) })
    : undefined;
  const stopping = new AbortController(), enough = new AbortController();
  const waiting: Span[] = [];
  let dropped = 0;

  const post = async (path: string, body: string): Promise<{ isTaken: boolean; again: boolean; problem: string }> => {
    try {
      const response = await fetch(addressOf(endpoint, path), {
        method: "POST",
        headers: { "content-type": "application/json", ...authorization(endpoint), ...options.headers },
        body,
        redirect: "manual",
        signal: AbortSignal.any([AbortSignal.timeout(options.timeoutMs), enough.signal]),
        ...(client && { client }),
      });
      await response.body?.cancel();
      const { ok, status } = response;
      return { isTaken: ok, again: RETRYABLE.includes(status), problem: `status ${status}` };
    } catch (error) {
      return { isTaken: false, again: true, problem: reasonOf(error) };
    }
  };
  const send = async (path: string, body: string) => {
    for (let tries = 1;; tries++) {
      const { isTaken, again, problem } = await post(path, body);
      if (isTaken) return;
      if (!again || tries === TRIES || stopping.signal.aborted) {
        log.warn("the collector at {url} takes no {path}", { url: publicUrl(endpoint), path, error: problem });
        return;
      }
      await clock.sleep(backoffDelayMs(tries, { baseMs: 1_000 }), stopping.signal);
    }
  };
  const sendSpans = async () => {
    while (waiting.length > 0) await send("v1/traces", tracesBody(waiting.splice(0, MAX_TOGETHER), resource));
    if (dropped > 0) log.warn("spans were dropped: the collector takes fewer than there are", { spans: dropped });
    dropped = 0;
  };
  const sendMetrics = () =>
    families ? send("v1/metrics", metricsBody(families(), resource, { startedMs, nowMs: clock.now() })) : undefined;
  const repeat = async (everyMs: number, act: () => Promise<void> | undefined) => {
    while (!stopping.signal.aborted) {
      await clock.sleep(everyMs, stopping.signal);
      await act();
    }
  };
  const running = [repeat(options.spansEveryMs, sendSpans), repeat(options.metricsEveryMs, sendMetrics)];

  return {
    add(spans) {
      if (waiting.length + spans.length > MAX_WAITING) dropped += spans.length;
      else waiting.push(...spans);
    },
    async [Symbol.asyncDispose]() {
      // Each loop acts once more on its way out.
      stopping.abort();
      const timer = setTimeout(() => enough.abort(new Error("the agent is shutting down")), LAST_MS);
      await Promise.all(running);
      clearTimeout(timer);
      client?.close();
    },
  };
}

function addressOf(endpoint: URL, path: string): URL {
  const address = new URL(endpoint);
  address.username = address.password = "";
  address.pathname = `${endpoint.pathname.replace(/\/$/, "")}/${path}`;
  return address;
}

function authorization({ username, password }: URL): Record<string, string> {
  if (username === "" && password === "") return {};
  const pair = new TextEncoder().encode(`${decodePart(username)}:${decodePart(password)}`);
  return { authorization: `Basic ${pair.toBase64()}` };
}

/** The last cause, without the address: its path may hold a key. */
function reasonOf(error: unknown): string {
  if (error instanceof Error && error.cause !== undefined) return reasonOf(error.cause);
  return messageOf(error).replace(/ for url \([^)]*\)/, "");
}
