/** When there is a signing thread, and when there is none. */

import { assertEquals } from "@std/assert";
import { keepThread } from "../../src/proof/thread_keeper.ts";

/** A keeper of threads that do nothing, and what it did with them. */
async function startKeeper() {
  const { privateKey } = await crypto.subtle.generateKey("Ed25519", false, ["sign", "verify"]) as CryptoKeyPair;
  const done: string[] = [];
  let next = Promise.withResolvers<void>();
  const note = (what: string) => {
    done.push(what);
    next.resolve();
  };
  const keeper = keepThread({
    key: privateKey,
    header: "",
    onLost: () => note("lost"),
    load: () =>
      Promise.resolve({
        startSigningThread() {
          note("started");
          return {
            state: () => "ready",
            order() {},
            tokens: () => undefined,
            [Symbol.dispose]: () => note("ended"),
          };
        },
      }),
    restMs: 5,
    giveBack: () => note("memory given back"),
  });
  return {
    keeper,
    /** Wait until so many things were done; returns all of them. */
    async done(count: number): Promise<readonly string[]> {
      while (done.length < count) {
        next = Promise.withResolvers();
        // Deno does not wait for the keeper's own timers.
        const waiting = setInterval(() => {}, 1_000);
        await next.promise;
        clearInterval(waiting);
      }
      return done;
    },
  };
}

Deno.test("a thread that is wanted no more ends, its memory is given back, and the next one starts when it is wanted", async () => {
  const { keeper, done } = await startKeeper();
  using _ = keeper;
  keeper.want();
  assertEquals(keeper.isStarting(), true);
  await done(1);
  assertEquals(keeper.thread()?.state(), "ready");
  assertEquals(await done(3), ["started", "ended", "memory given back"]);
  assertEquals(keeper.thread(), undefined);
  keeper.want();
  assertEquals((await done(4)).slice(3), ["started"]);
});

Deno.test("no memory is given back while another thread starts, or once all is over", async () => {
  const { keeper, done } = await startKeeper();
  keeper.want();
  await done(2);
  keeper.want();
  assertEquals((await done(5)).slice(0, 5), ["started", "ended", "started", "ended", "memory given back"]);
  keeper.want();
  await done(7);
  keeper[Symbol.dispose]();
  keeper.want();
  await new Promise((resolve) => setTimeout(resolve, 20));
  assertEquals((await done(7)).length, 7);
});
