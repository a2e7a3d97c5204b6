/** Traces and metrics on their way to a collector, as the settings say. Loaded where there is one. @module */

import { readCertificates } from "../certificates.ts";
import type { Clock } from "../clock.ts";
import type { Log } from "../log.ts";
import type { Observer } from "../observer.ts";
import { proxyFor } from "../settings/proxy.ts";
import type { StatusFacts } from "../status/figures.ts";
import { type Sender, startSender } from "../status/otlp_sender.ts";
import type { Family } from "../status/registry.ts";
import { samplerNamed } from "../status/sampling.ts";
import { traceEvents } from "../status/traces.ts";
import { publicUrl } from "../urls.ts";
import type { Settings } from "./settings.ts";

/** What is sent, and how. */
export interface SendingParts {
  readonly settings: Settings;
  readonly endpoint: URL;
  readonly facts: StatusFacts;
  readonly families: () => Iterable<Family>;
  /** Milliseconds since the epoch, with fractions. */
  readonly now: () => number;
  readonly log: Log;
  readonly clock: Clock;
}

/**
 * Send until disposed of. `observer`: makes the traces; undefined where none are wanted.
 *
 * @throws {FatalError} If OTEL_EXPORTER_OTLP_CERTIFICATE can't be read.
 */
export function sendStatus(parts: SendingParts): AsyncDisposable & { readonly observer: Observer | undefined } {
  const { settings, endpoint, facts, families, now, log, clock } = parts;
  const { OTEL_EXPORTER_OTLP_CERTIFICATE: certificate } = settings;
  const sender: Sender = startSender({
    endpoint,
    headers: settings.OTEL_EXPORTER_OTLP_HEADERS ?? {},
    timeoutMs: settings.OTEL_EXPORTER_OTLP_TIMEOUT,
    spansEveryMs: settings.OTEL_BSP_SCHEDULE_DELAY,
    metricsEveryMs: settings.OTEL_METRIC_EXPORT_INTERVAL,
    families: settings.OTEL_METRICS_EXPORTER === "otlp" ? families : undefined,
    startedMs: facts.startedMs,
    resource: {
      attributes: {
        ...settings.OTEL_RESOURCE_ATTRIBUTES,
        "service.name": settings.OTEL_SERVICE_NAME,
        "service.version": facts.version,
      },
      version: facts.version,
    },
    caCerts: certificate === undefined ? undefined : [readCertificates("OTEL_EXPORTER_OTLP_CERTIFICATE", certificate)],
    proxy: proxyFor(endpoint, settings),
    log,
    clock,
  });
  log.info("🔭 Traces and metrics go to {url}", { url: publicUrl(endpoint) });
  const modelServer = serverOf(settings);
  const sampler = samplerNamed(settings.OTEL_TRACES_SAMPLER, settings.OTEL_TRACES_SAMPLER_ARG);
  const isTracing = settings.OTEL_TRACES_EXPORTER === "otlp";
  return {
    observer: isTracing ? traceEvents({ facts, modelServer, now, sampler, send: sender.add }) : undefined,
    [Symbol.asyncDispose]: () => sender[Symbol.asyncDispose](),
  };
}

function serverOf(settings: Settings): URL | undefined {
  switch (settings.MODEL_PROVIDER) {
    case "embedded":
      return undefined;
    case "ollama":
      return settings.OLLAMA_SERVER_URL;
    case "openai":
      return settings.OPENAI_BASE_URL;
  }
}
