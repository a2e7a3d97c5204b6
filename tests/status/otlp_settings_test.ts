/** OpenTelemetry's variables: those that are settings, and a word about those that have no effect. @module */

import { assertEquals } from "@std/assert";
import { OTLP_SETTINGS, unobeyedVariables } from "../../src/status/otlp_settings.ts";

/** What is said of variables that are set. */
function said(variables: Record<string, string>): string[] {
  return unobeyedVariables(Object.keys(variables), (name) => variables[name]);
}

Deno.test("a variable of OpenTelemetry's that nothing obeys is named, with what to do in its place", () => {
  const variables = {
    OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: "http://127.0.0.1:4318",
    OTEL_EXPORTER_OTLP_INSECURE: "true",
    OTEL_EXPORTER_PROMETHEUS_PORT: "9464",
    OTEL_LOGS_EXPORTER: "otlp",
    OTEL_PROPAGATORS: "tracecontext,baggage",
    OTEL_BSP_MAX_QUEUE_SIZE: "1",
  };
  assertEquals(said(variables), [
    "OTEL_BSP_MAX_QUEUE_SIZE has no effect",
    "OTEL_EXPORTER_OTLP_INSECURE has no effect: http:// or https:// in OTEL_EXPORTER_OTLP_ENDPOINT decides",
    "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT has no effect: traces and metrics go to one collector: use OTEL_EXPORTER_OTLP_…",
    "OTEL_EXPORTER_PROMETHEUS_PORT has no effect: STATUS_ADDRESS is where Prometheus finds the metrics",
    "OTEL_LOGS_EXPORTER has no effect: no logs are sent: collect what the agent writes to stderr",
    "OTEL_PROPAGATORS has no effect: traces come in and go on as W3C trace context alone (tracecontext)",
  ]);
});

Deno.test("nothing is said of settings, of what is done anyway, of an empty variable, and of Deno's own", () => {
  const settings = Object.fromEntries(Object.keys(OTLP_SETTINGS).map((name) => [name, "x"]));
  const fulfilled = { OTEL_LOGS_EXPORTER: "none", OTEL_PROPAGATORS: "tracecontext" };
  assertEquals(said({ ...settings, ...fulfilled, OTEL_BSP_MAX_QUEUE_SIZE: "", OTEL_DENO: "true", PATH: "/bin" }), []);
});

Deno.test("headers that HTTP does not allow are a wrong setting: a request with them would fail, and quote them", () => {
  const { check } = OTLP_SETTINGS.OTEL_EXPORTER_OTLP_HEADERS;
  assertEquals(check("authorization=Basic%20YQ==,x-team=a"), { authorization: "Basic YQ==", "x-team": "a" });
  for (const value of ["Basic%20YQ%0AYg==", "a%00b", "a%0D%0Ax-other:%20b", "%E2%82%AC"]) {
    assertEquals(check(`authorization=${value}`), undefined, value);
  }
});
