/** What is sent once more after a server has closed over a message. @module */

import { assertEquals } from "@std/assert";
import { rememberUnheard } from "../../../src/transports/websocket/unheard.ts";
import { entryOf } from "../../../src/wire.ts";
import { answer } from "../../support/events.ts";

/** What is remembered, at a time that the test moves. */
function remember() {
  const time = { ms: 0 };
  const unheard = rememberUnheard(() => time.ms);
  const leave = (...ids: string[]) => ids.forEach((id) => unheard.left(entryOf(answer(id))));
  /** Which outcomes are sent again on the next connection; `settled`: whether they leave on it. */
  const again = async (settled: boolean) => {
    const sent: string[] = [];
    unheard.sendAgain(({ outcome }) => {
      sent.push(outcome.queryId);
      return Promise.resolve(settled);
    });
    await Promise.resolve();
    return sent;
  };
  return { time, unheard, leave, again };
}

for (const code of [1007, 1008, 1009]) {
  Deno.test(`after ${code}, what has left on the connection is sent again, until it has left on another one`, async () => {
    const { unheard, leave, again } = remember();
    leave("a", "b");
    unheard.ended(code);
    assertEquals(await again(false), ["a", "b"]);
    unheard.ended(1006);
    assertEquals(await again(true), ["a", "b"]);
    assertEquals(await again(true), []);
  });
}

Deno.test("after any other end nothing is sent again: the server has read it, or its sender asks again", async () => {
  for (const code of [1000, 1001, 1006, 1011, 4000]) {
    const { unheard, leave, again } = remember();
    leave("a");
    unheard.ended(code);
    assertEquals(await again(true), []);
  }
});

Deno.test("what has left long before the close was read, and only the last outcomes are remembered", async () => {
  const { time, unheard, leave, again } = remember();
  leave("old");
  time.ms = 10_001;
  leave(...Array.from({ length: 70 }, (_, n) => `q${n}`));
  unheard.ended(1009);
  const sent = await again(true);
  assertEquals([sent.length, sent[0], sent.at(-1)], [64, "q6", "q69"]);
});
