/** W3C trace context: what is taken for one, and what goes on. @module */

import { assertEquals, assertMatch, assertNotEquals } from "@std/assert";
import { samplerNamed } from "../../src/status/sampling.ts";
import { headersWithin, traceContextOf } from "../../src/status/trace_context.ts";
import { type TraceHeaders, traceHeaders } from "../../src/trace_headers.ts";

const TRACE = "0af7651916cd43dd8448eb211c80319c", SPAN = "b7ad6b7169203331";
const PARENT = `00-${TRACE}-${SPAN}-01`;
const BY_PARENT = samplerNamed("parentbased_always_on", 1);

/** The headers that are read of a message that has these. */
function read(headers: { traceparent?: unknown; tracestate?: unknown }): TraceHeaders | undefined {
  return traceHeaders((name) => headers[name]);
}

Deno.test("a traceparent names trace, span, and whether it is sampled; a later version may have more", () => {
  const context = { traceId: TRACE, parentSpanId: SPAN, isSampled: true };
  const contextOf = (traceparent: string) => traceContextOf(read({ traceparent }), BY_PARENT);
  assertEquals(contextOf(PARENT), context);
  assertEquals(contextOf(`00-${TRACE}-${SPAN}-00`), { ...context, isSampled: false });
  assertEquals(contextOf(`cc-${TRACE}-${SPAN}-03-what-comes`), context);
});

Deno.test("anything else begins a new trace that is sampled, and nothing of it goes on", () => {
  const wrong = [
    undefined,
    "",
    7,
    "What is iExec?",
    `00-${TRACE}-${SPAN}`,
    `00-${TRACE}-${SPAN}-01-more`,
    `ff-${TRACE}-${SPAN}-01`,
    `00-${"0".repeat(32)}-${SPAN}-01`,
    `00-${TRACE}-${"0".repeat(16)}-01`,
    `00-${TRACE.toUpperCase()}-${SPAN}-01`,
    `00-${TRACE}-${SPAN}-01\n`,
    `cc-${TRACE}-${SPAN}-01-${"x".repeat(500)}`,
  ];
  for (const traceparent of wrong) {
    const headers = read({ traceparent, tracestate: "vendor=1" });
    assertEquals(headers, undefined, String(traceparent));
    const { traceId, parentSpanId, isSampled } = traceContextOf(headers, BY_PARENT);
    assertMatch(traceId, /^[\da-f]{32}$/);
    assertNotEquals(traceId, TRACE);
    assertEquals([parentSpanId, isSampled], [undefined, true]);
  }
});

Deno.test("what goes on has the trace, the new span, the flag, and the tracestate as it came", () => {
  const context = traceContextOf(read({ traceparent: `00-${TRACE}-${SPAN}-00`, tracestate: "a=1,b@c=2 3" }), BY_PARENT);
  const traceparent = `00-${TRACE}-00f067aa0ba902b7-00`;
  assertEquals(headersWithin(context, "00f067aa0ba902b7"), { traceparent, tracestate: "a=1,b@c=2 3" });
  const { tracestate: _, ...without } = context;
  assertEquals(headersWithin(without, "00f067aa0ba902b7"), { traceparent });
});

Deno.test("a tracestate that is none is discarded, and the traceparent stays", () => {
  const wrong = ["", ",", "What is iExec?", "a", "=1", "A=1", "a=ü", "a=1\r\nx: y", "a=1,b", 7, undefined];
  const many = Array.from({ length: 33 }, (_, index) => `k${index}=1`).join(",");
  for (const tracestate of [...wrong, many, `a=${"x".repeat(257)}`]) {
    assertEquals(read({ traceparent: PARENT, tracestate }), { traceparent: PARENT }, String(tracestate));
  }
});

Deno.test("blanks and empty members of a tracestate go; one that is too long loses its long members, then its last ones", () => {
  const stateOf = (tracestate: string) => read({ traceparent: PARENT, tracestate })?.tracestate;
  assertEquals(stateOf(" a=1 ,, b=2\t"), "a=1,b=2");
  const long = `l=${"x".repeat(200)}`, short = Array.from({ length: 6 }, (_, index) => `s${index}=${"y".repeat(90)}`);
  assertEquals(stateOf([long, "a=1"].join(",")), `${long},a=1`);
  assertEquals(stateOf([short[0], long, ...short.slice(1, 4)].join(",")), short.slice(0, 4).join(","));
  assertEquals(stateOf(short.join(",")), short.slice(0, 5).join(","));
});

Deno.test("each sampler that OpenTelemetry names decides as it says: by the parent, by the trace's id, or always the same", () => {
  const low = "0".repeat(19) + "1".repeat(13), high = "0".repeat(19) + "e".repeat(13);
  const decisions = (name: Parameters<typeof samplerNamed>[0], ratio = 0.5) => {
    const sampler = samplerNamed(name, ratio);
    return [undefined, true, false].map((parent) => [sampler(low, parent), sampler(high, parent)]);
  };
  const no = [false, false], yes = [true, true], byId = [false, true];
  assertEquals(decisions("always_on"), [yes, yes, yes]);
  assertEquals(decisions("always_off"), [no, no, no]);
  assertEquals(decisions("traceidratio"), [byId, byId, byId]);
  assertEquals(decisions("traceidratio", 0), [no, no, no]);
  assertEquals(decisions("traceidratio", 1), [yes, yes, yes]);
  assertEquals(decisions("parentbased_always_on"), [yes, yes, no]);
  assertEquals(decisions("parentbased_always_off"), [no, yes, no]);
  assertEquals(decisions("parentbased_traceidratio"), [byId, yes, no]);
});
