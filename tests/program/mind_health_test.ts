/** When an answer counts as hanging, so that health says to restart the agent. @module */

import { assertEquals } from "@std/assert";
import { healthOf } from "../../src/program/mind_health.ts";

const LIMITS = { MODEL_ANSWER_TIMEOUT: 600_000, AGENT_CONCURRENCY: 4 };

function overdue({ underWayMs, quietMs }: { underWayMs: number; quietMs: number }): number | undefined {
  const mind = { underWayMs: () => underWayMs, quietMs: () => quietMs, isDown: false, isIndexing: false };
  return healthOf(mind, LIMITS).overdueMs?.();
}

Deno.test("an answer is overdue a minute after its limit, if no other one has ended meanwhile", () => {
  assertEquals(overdue({ underWayMs: 660_000, quietMs: 3_600_000 }), undefined);
  assertEquals(overdue({ underWayMs: 660_001, quietMs: 3_600_000 }), 660_001);
});

Deno.test("while others end, it may be waiting for them: it is overdue a minute after the limits of all together", () => {
  assertEquals(overdue({ underWayMs: 2_460_000, quietMs: 660_000 }), undefined);
  assertEquals(overdue({ underWayMs: 2_460_001, quietMs: 0 }), 2_460_001);
});

Deno.test("nothing is overdue where nothing is under way, however long nothing has come", () => {
  assertEquals(overdue({ underWayMs: 0, quietMs: 86_400_000 }), undefined);
});
