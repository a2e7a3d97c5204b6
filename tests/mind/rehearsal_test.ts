import { assertEquals } from "@std/assert";
import { createRehearsal } from "../../src/mind/rehearsal.ts";
import { allSettled, manualClock } from "../support/manual_clock.ts";

function watched() {
  const clock = manualClock();
  let rehearsed = 0;
  const rehearsal = createRehearsal({ rehearse: () => void rehearsed++, clock });
  return { clock, rehearsal, rehearsed: () => rehearsed };
}

Deno.test("a mind that nobody asks rehearses once, however often its peer comes into reach", async () => {
  const { clock, rehearsal, rehearsed } = watched();
  rehearsal.begin();
  await allSettled();
  assertEquals(rehearsed(), 0);
  await clock.advance(1_000);
  rehearsal.begin();
  await clock.advance(1_000);
  assertEquals(rehearsed(), 1);
});

for (const what of ["asked", Symbol.dispose] as const) {
  Deno.test(`a mind that is ${what === "asked" ? "asked" : "disposed of"} first does not rehearse`, async () => {
    for (const isBefore of [true, false]) {
      const { clock, rehearsal, rehearsed } = watched();
      if (isBefore) rehearsal[what]();
      rehearsal.begin();
      rehearsal[what]();
      await clock.advance(1_000);
      assertEquals(rehearsed(), 0);
    }
  });
}
