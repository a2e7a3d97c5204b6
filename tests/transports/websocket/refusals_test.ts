/** Which response a server refuses, told from the closes that follow it. @module */

import { assertEquals, assertMatch } from "@std/assert";
import { watchRefusals } from "../../../src/transports/websocket/refusals.ts";

/** Refusals at a time that the test moves. */
function makeRefusals() {
  const time = { ms: 0 };
  return { time, refusals: watchRefusals(() => time.ms) };
}

Deno.test("1009 blames the largest response; when it happens again that one is refused, and the others are not", () => {
  const { refusals } = makeRefusals();
  for (const [id, bytes] of [["small", 10], ["big", 9_000], ["medium", 300]] as const) refusals.sent(id, bytes);
  assertEquals(refusals.ended(1009), { progressed: true });
  assertEquals(["small", "big", "medium"].filter(refusals.isSuspect), ["big"]);
  assertEquals(refusals.verdict("big"), undefined);
  refusals.sent("big", 9_000);
  assertEquals(refusals.ended(1009), { progressed: true, refused: "big" });
  assertMatch(refusals.verdict("big")!, /refused the response as too big.* 1009 .*9000 bytes/);
  assertEquals(["small", "big", "medium"].filter(refusals.isSuspect), []);
});

for (const code of [1007, 1008]) {
  Deno.test(`${code} blames the last responses, until one of them is the last again`, () => {
    const { refusals } = makeRefusals();
    for (const id of ["a", "b", "c"]) refusals.sent(id, 10);
    refusals.ended(code);
    assertEquals(["a", "b", "c", "d"].filter(refusals.isSuspect), ["a", "b", "c"]);
    refusals.sent("a", 10);
    refusals.cleared("a");
    refusals.sent("b", 10);
    assertEquals(refusals.ended(code), { progressed: true, refused: "b" });
    assertEquals(["a", "b", "c"].map((id) => refusals.verdict(id) !== undefined), [false, true, false]);
  });
}

Deno.test("any other end blames nobody, and neither does one long after the last response", () => {
  for (const code of [1000, 1001, 1011, 4000]) {
    const { refusals } = makeRefusals();
    for (let time = 0; time < 3; time++) {
      refusals.sent("a", 10);
      assertEquals(refusals.ended(code).refused, undefined);
    }
    assertEquals(refusals.isSuspect("a"), false);
  }
  const { refusals, time } = makeRefusals();
  for (let round = 0; round < 3; round++) {
    refusals.sent("a", 10);
    time.ms += 10_001;
    assertEquals(refusals.ended(1008).refused, undefined);
  }
});

Deno.test("a line that is cut after the same response again and again counts in the end, and one that is not does not", () => {
  const { refusals } = makeRefusals();
  const cut = (id: string) => {
    refusals.sent(id, 10);
    return refusals.ended(1006);
  };
  assertEquals(cut("a"), { progressed: true });
  assertEquals(refusals.isSuspect("a"), false);
  for (let time = 0; time < 3; time++) {
    assertEquals(cut("a"), { progressed: false });
    assertEquals(refusals.isSuspect("a"), true);
  }
  assertEquals(cut("a"), { progressed: true, refused: "a" });
  for (let n = 0; n < 20; n++) assertEquals(cut(`b${n}`), { progressed: true });
});

Deno.test("a close that arrives as a cut once counts with those that have a code", () => {
  const { refusals } = makeRefusals();
  const ends = [1009, 1006, 1009].map((code) => {
    refusals.sent("big", 10);
    return refusals.ended(code).refused;
  });
  assertEquals(ends, [undefined, undefined, "big"]);
});

Deno.test("a connection without a response blames nobody: the token may be wrong", () => {
  const { refusals } = makeRefusals();
  for (let round = 0; round < 3; round++) assertEquals(refusals.ended(1008), { progressed: false });
});

Deno.test("a connection got on if its last response is another one than on the connection before", () => {
  const { refusals } = makeRefusals();
  refusals.sent("a", 10);
  assertEquals(refusals.ended(1006), { progressed: true });
  refusals.sent("a", 10);
  assertEquals(refusals.ended(1006), { progressed: false });
  assertEquals(refusals.ended(1006), { progressed: false });
  refusals.sent("a", 10);
  refusals.sent("b", 10);
  assertEquals(refusals.ended(1006), { progressed: true });
});

Deno.test("verdicts take bounded memory", () => {
  const { refusals } = makeRefusals();
  const condemn = (id: string) => {
    for (let time = 0; time < 2; time++) {
      refusals.sent(id, 10);
      refusals.ended(1009);
    }
  };
  for (let n = 0; n <= 1_000; n++) condemn(`q${n}`);
  assertEquals(refusals.verdict("q0"), undefined);
  assertMatch(refusals.verdict("q1000")!, /too big/);
});
