/** Accepting connections: a failure of the system is waited out. @module */

import { assertEquals } from "@std/assert";
import { acceptAll } from "../src/accepting.ts";
import { allSettled, manualClock } from "./support/manual_clock.ts";

Deno.test("a failure to accept is told once and waited out, and connections are accepted again", async () => {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const results = [new Error("Too many open files"), new Error("Too many open files"), "first", new Error("again")];
  const accept = () => {
    const result = results.shift();
    if (result === undefined) return listener.accept();
    return result instanceof Error ? Promise.reject(result) : Promise.resolve(result as never);
  };
  const clock = manualClock(), taken: unknown[] = [], failures: string[] = [];
  const proxy = { ...listener, accept, close: () => listener.close() } as unknown as Deno.TcpListener;
  const accepting = acceptAll(proxy, (connection) => taken.push(connection), {
    clock,
    failed: (error) => failures.push(String(error)),
  });
  await allSettled();
  assertEquals([taken, failures], [[], ["Error: Too many open files"]]);
  await clock.advance(1_000);
  assertEquals([taken, failures], [["first"], ["Error: Too many open files", "Error: again"]]);
  accepting[Symbol.dispose]();
  await allSettled();
  assertEquals(failures.length, 2);
});
