/** The row of attempts to reach a peer: what counts as a failure, how long each wait is, when it ends. @module */

import { assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { type Clock, systemClock } from "../../src/clock.ts";
import { FatalError } from "../../src/errors.ts";
import {
  type ConnectionEnd,
  createReconnection,
  type Reconnection,
  type ReconnectionOptions,
} from "../../src/transports/reconnection.ts";
import { keptLog } from "../support/kept_log.ts";

/** A row of attempts whose waits are over at once. `waits`: how long each would have been, in ms. */
function row(
  options: Partial<ReconnectionOptions> = {},
): { waits: number[]; lines: string[]; ended: (end: ConnectionEnd) => Promise<void> } {
  const waits: number[] = [];
  const clock: Clock = { now: () => 0, monotonic: () => 0, sleep: (ms) => (waits.push(ms), Promise.resolve()) };
  const { lines, log } = keptLog({ now: clock.now });
  const reconnection: Reconnection = createReconnection({
    peer: "ws://example.org",
    advice: "Check the cable.",
    baseMs: 5_000,
    maxAttempts: 10,
    log,
    clock,
    random: () => 0,
    ...options,
  });
  return { waits, lines, ended: (end) => reconnection.ended(end, new AbortController().signal) };
}

const REFUSED: ConnectionEnd = { problem: "connection refused" };

Deno.test("each failure in a row doubles the wait, up to a minute; the last one allowed ends with 69 and says what to do", async () => {
  const { waits, lines, ended } = row({ maxAttempts: 7 });
  for (let n = 0; n < 6; n++) await ended(REFUSED);
  assertEquals(waits, [5_000, 10_000, 20_000, 40_000, 60_000, 60_000]);
  assertStringIncludes(lines[0]!, "Reconnecting in 5000ms (attempt 2/7)");
  const error = await assertRejects(() => ended(REFUSED), FatalError);
  assertEquals(error.exitCode, 69);
  assertEquals(
    error.message,
    "Cannot reach ws://example.org: 7 attempts failed in a row, the last one with: connection refused. " +
      "Check the cable. What was answered is kept, and sent after the next start.",
  );
});

Deno.test("a connection that was open for ten seconds worked, though the peer said nothing", async () => {
  const { waits, ended } = row();
  const cut = { problem: "cut" };
  await ended(cut);
  await ended(cut);
  await ended({ ...cut, openMs: 10_000 });
  await ended({ ...cut, openMs: 9_999 });
  assertEquals(waits, [5_000, 10_000, 5_000, 5_000]);
});

Deno.test("a shorter one worked if the peer took part and it did not end like the one before", async () => {
  const { waits, ended } = row();
  await ended(REFUSED);
  await ended(REFUSED);
  await ended({ problem: "closed with 1001", openMs: 10, heard: true });
  for (let n = 0; n < 3; n++) await ended({ problem: "closed with 1001", openMs: 10, heard: true });
  assertEquals(waits, [5_000, 10_000, 5_000, 5_000, 10_000, 20_000]);
});

Deno.test("a connection that got something done worked, however it ended", async () => {
  const { waits, ended } = row();
  for (let n = 0; n < 4; n++) await ended({ problem: "cut", openMs: 10, heard: true, progressed: true });
  assertEquals(waits, [5_000, 5_000, 5_000, 5_000]);
});

Deno.test("a problem that further attempts don't change ends the row sooner, with its own advice", async () => {
  const { ended } = row();
  const end = { problem: "wrong password", advice: "Check the password.", maxAttempts: 2 };
  await ended(end);
  const error = await assertRejects(() => ended(end), FatalError);
  assertStringIncludes(
    error.message,
    "2 attempts failed in a row, the last one with: wrong password. Check the password.",
  );
});

Deno.test("a row that is endless once it worked gives up before that only", async () => {
  const before = row({ isEndlessOnceWorked: true, maxAttempts: 2 });
  await before.ended(REFUSED);
  await assertRejects(() => before.ended(REFUSED), FatalError);

  const after = row({ isEndlessOnceWorked: true, maxAttempts: 2 });
  await after.ended({ problem: "cut", openMs: 60_000 });
  for (let n = 0; n < 20; n++) await after.ended(REFUSED);
  assertEquals(after.waits.at(-1), 60_000);
  assertStringIncludes(after.lines.at(-1)!, "(attempt 21)");
  // A refused password is no outage.
  await assertRejects(() => after.ended({ ...REFUSED, maxAttempts: 1 }), FatalError);
});

Deno.test("an abort ends the wait", async () => {
  const stop = new AbortController();
  const reconnection = createReconnection({
    peer: "p",
    advice: "",
    baseMs: 1_000_000,
    maxAttempts: 2,
    log: keptLog({ now: () => 0 }).log,
    clock: systemClock,
  });
  const waiting = reconnection.ended(REFUSED, stop.signal);
  stop.abort();
  await waiting;
});
