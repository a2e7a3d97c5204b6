/** A collector that takes OTLP over HTTP, and what OpenTelemetry's own protobuf definitions make of what it got. @module */

import { createWatch } from "./watch.ts";

/** A span as it was sent. */
export interface SentSpan {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId?: string;
  readonly name: string;
  readonly kind: number;
  readonly startTimeUnixNano: string;
  readonly endTimeUnixNano: string;
  readonly status: { readonly code?: number };
  readonly attributes: readonly { readonly key: string; readonly value: Record<string, string> }[];
}

export interface CollectorUnderTest extends AsyncDisposable {
  readonly url: string;
  /** Every request that was answered with 200: its path, headers and body. */
  readonly requests: readonly { readonly path: string; readonly headers: Headers; readonly body: string }[];
  /** All spans so far. */
  spans(): readonly SentSpan[];
  /** The spans, as soon as there is one of each name. */
  spansNamed(...names: readonly string[]): Promise<readonly SentSpan[]>;
  /** Resolves once there is a request to a path. */
  asked(path: string): Promise<void>;
}

/** Start one. `statuses`: what the first requests are answered with, one after the other. */
export function startCollector({ statuses = [] }: { statuses?: readonly number[] } = {}): CollectorUnderTest {
  const requests: { path: string; headers: Headers; body: string }[] = [], left = [...statuses];
  const spans = (): SentSpan[] =>
    requests.filter(({ path }) => path === "/v1/traces").flatMap(({ body }) =>
      JSON.parse(body).resourceSpans[0].scopeSpans[0].spans
    );
  const watch = createWatch({ report: () => requests.map(({ path, body }) => `${path} ${body}`).join("\n") });
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, async (request) => {
    const body = await request.text(), status = left.shift() ?? 200;
    if (status === 200) requests.push({ path: new URL(request.url).pathname, headers: request.headers, body });
    watch.changed();
    return new Response("{}", { status });
  });
  return {
    url: `http://127.0.0.1:${server.addr.port}`,
    requests,
    spans,
    spansNamed: (...names) =>
      watch.until(`spans ${names}`, () => {
        const found = spans();
        return names.every((name) => found.some((span) => span.name === name)) ? found : undefined;
      }),
    asked: async (path) =>
      void await watch.until(`a request to ${path}`, () => requests.find((request) => request.path === path)),
    async [Symbol.asyncDispose]() {
      await server.shutdown();
      watch[Symbol.dispose]();
    },
  };
}

/** Reads bodies, a line each, by the definitions that OpenTelemetry publishes; a field that they lack is an error. */
const DECODE = `
import base64, json, sys
from google.protobuf import json_format
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest

def based(value):
    # OTLP writes ids in hexadecimal digits, where protobuf's JSON has base64.
    if isinstance(value, list): return [based(one) for one in value]
    if not isinstance(value, dict): return value
    ids = ("traceId", "spanId", "parentSpanId")
    return {k: base64.b64encode(bytes.fromhex(v)).decode() if k in ids else based(v) for k, v in value.items()}

for line in sys.stdin:
    path, body = json.loads(line)
    message = ExportTraceServiceRequest() if path == "/v1/traces" else ExportMetricsServiceRequest()
    json_format.ParseDict(based(json.loads(body)), message, ignore_unknown_fields=False)
    again = type(message).FromString(message.SerializeToString())
    spans = [s for r in again.resource_spans for c in r.scope_spans for s in c.spans] if path == "/v1/traces" else []
    metrics = [m for r in again.resource_metrics for c in r.scope_metrics for m in c.metrics] if path != "/v1/traces" else []
    print(json.dumps({
        "spans": [[s.trace_id.hex(), s.span_id.hex(), s.parent_span_id.hex(), s.name, s.kind] for s in spans],
        "metrics": [[m.name, m.WhichOneof("data")] for m in metrics],
    }))
`;

/** Why OpenTelemetry's definitions can't be asked here; undefined where they can. */
export function whyNoDefinitions(): string | undefined {
  try {
    const { success } = new Deno.Command("python3", { args: ["-c", DECODE], stdin: "null", stderr: "null" })
      .outputSync();
    return success ? undefined : "Python's opentelemetry-proto is not installed";
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return "Python is not installed";
    throw error;
  }
}

/** What the definitions make of requests. */
export interface Decoded {
  readonly spans: readonly (readonly [traceId: string, spanId: string, parent: string, name: string, kind: number])[];
  readonly metrics: readonly (readonly [name: string, kind: string])[];
}

/** Decode requests. @throws {Error} If one is not what the definitions say. */
export async function decoded(requests: CollectorUnderTest["requests"]): Promise<Decoded[]> {
  const child = new Deno.Command("python3", { args: ["-c", DECODE], stdin: "piped", stdout: "piped", stderr: "piped" })
    .spawn();
  const lines = requests.map(({ path, body }) => JSON.stringify([path, body]) + "\n").join("");
  const [{ success, stdout, stderr }] = await Promise.all([
    child.output(),
    new Blob([lines]).stream().pipeTo(child.stdin),
  ]);
  if (!success) throw new Error(new TextDecoder().decode(stderr));
  return new TextDecoder().decode(stdout).trim().split("\n").map((line) => JSON.parse(line));
}
