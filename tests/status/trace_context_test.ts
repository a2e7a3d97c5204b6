/** W3C trace context: what is taken for one, and what goes on. @module */

import { assertEquals, assertMatch, assertNotEquals } from "@std/assert";
import { traceContextOf, traceparentOf } from "../../src/status/trace_context.ts";

const TRACE = "0af7651916cd43dd8448eb211c80319c", SPAN = "b7ad6b7169203331";

Deno.test("a traceparent names trace, span, and whether it is sampled; a later version may have more", () => {
  const context = { traceId: TRACE, parentSpanId: SPAN, isSampled: true };
  assertEquals(traceContextOf(`00-${TRACE}-${SPAN}-01`), context);
  assertEquals(traceContextOf(`00-${TRACE}-${SPAN}-00`), { ...context, isSampled: false });
  assertEquals(traceContextOf(`cc-${TRACE}-${SPAN}-03-what-comes`), context);
});

Deno.test("anything else begins a new trace that is sampled, and nothing of it goes on", () => {
  const wrong = [
    undefined,
    "",
    "What is iExec?",
    `00-${TRACE}-${SPAN}`,
    `00-${TRACE}-${SPAN}-01-more`,
    `ff-${TRACE}-${SPAN}-01`,
    `00-${"0".repeat(32)}-${SPAN}-01`,
    `00-${TRACE}-${"0".repeat(16)}-01`,
    `00-${TRACE.toUpperCase()}-${SPAN}-01`,
    `00-${TRACE}-${SPAN}-01\n`,
  ];
  for (const given of wrong) {
    const { traceId, parentSpanId, isSampled } = traceContextOf(given);
    assertMatch(traceId, /^[\da-f]{32}$/);
    assertNotEquals(traceId, TRACE);
    assertEquals([parentSpanId, isSampled], [undefined, true], given);
  }
});

Deno.test("what goes on has the trace, the new span and the flag", () => {
  const context = traceContextOf(`00-${TRACE}-${SPAN}-00`);
  assertEquals(traceparentOf(context, "00f067aa0ba902b7"), `00-${TRACE}-00f067aa0ba902b7-00`);
});
