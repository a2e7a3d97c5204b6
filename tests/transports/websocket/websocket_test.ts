/** The WebSocket transport where time decides: silence, backoff, giving up. @module */

import { assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { FatalError } from "../../../src/errors.ts";
import { type Log, silentLog } from "../../../src/log.ts";
import { heldClock, open, run, startServer } from "./fixture.ts";

Deno.test("a server that confirmed auth and then says nothing is asked, and left when it does not answer", async () => {
  const auths: string[] = [];
  await using server = startServer((socket, number) => {
    socket.onmessage = ({ data }) => {
      auths.push(`${number}: ${JSON.parse(data).type}`);
      if (auths.length === 1) socket.send('{"type":"auth_success","message":"ok","timestamp":1}');
    };
  });
  const { clock, pass } = heldClock();
  const confirmed = Promise.withResolvers<void>();
  const log: Log = {
    ...silentLog,
    info: (message) => message.startsWith("🔐 Authenticated") && confirmed.resolve(),
  };
  await using _running = run(open(server.url, clock, { log }));
  await confirmed.promise;
  await pass(30_000);
  await pass(10_000);
  await pass(5_000);
  await server.connections(2);
  assertEquals(auths.slice(0, 2), ["1: auth", "1: auth"]);
  assertEquals(server.mostOpen(), 1);
});

Deno.test("a server that answers when it is asked keeps its connection", async () => {
  const first = Promise.withResolvers<void>(), auths = Promise.withResolvers<void>();
  let heard = 0;
  await using server = startServer((socket) => {
    socket.onmessage = () => {
      socket.send('{"type":"auth_success","message":"ok","timestamp":1}');
      first.resolve();
      if (++heard === 4) auths.resolve();
    };
  });
  const { clock, pass } = heldClock();
  await using _running = run(open(server.url, clock));
  // Until then the time of the handshake would pass.
  await first.promise;
  for (let n = 0; n < 3; n++) await pass(30_000);
  await auths.promise;
  await server.connections(1);
  assertEquals(server.mostOpen(), 1);
});

Deno.test("attempts that fail in a row wait twice as long each time, up to a minute, and end with 69", async () => {
  const listener = Deno.listen({ port: 0, hostname: "127.0.0.1" });
  const url = new URL(`ws://127.0.0.1:${(listener.addr as Deno.NetAddr).port}`);
  listener.close();
  const { clock, pass } = heldClock();
  await using running = run(open(url, clock, { maxAttempts: 7 }));
  for (const ms of [5_000, 10_000, 20_000, 40_000, 60_000, 60_000]) await pass(ms);
  const error = await assertRejects(() => running.ended, FatalError);
  assertEquals(error.exitCode, 69);
  assertStringIncludes(error.message, "7 attempts failed in a row");
});

Deno.test("a server that accepts and closes at once is a failed attempt", async () => {
  await using server = startServer((socket) => {
    socket.addEventListener("open", () => socket.close(1008, "go away"));
  });
  const { clock, pass } = heldClock();
  await using running = run(open(server.url, clock, { maxAttempts: 3 }));
  await pass(5_000);
  await pass(10_000);
  const error = await assertRejects(() => running.ended, FatalError);
  assertEquals(error.exitCode, 69);
});

Deno.test("a server that says something and goes away in the same way each time is a failed attempt", async () => {
  await using server = startServer((socket) => {
    socket.addEventListener("open", () => {
      socket.send('{"type":"hello"}');
      socket.close(1001);
    });
  });
  const { clock, pass } = heldClock();
  await using running = run(open(server.url, clock, { maxAttempts: 3 }));
  // The first one worked, as nothing ended like it before.
  for (const ms of [5_000, 5_000, 10_000]) await pass(ms);
  const error = await assertRejects(() => running.ended, FatalError);
  assertEquals(error.exitCode, 69);
});

Deno.test("a token in a URL or in what the server says is in no error", async () => {
  await using server = startServer((socket) => {
    socket.addEventListener("open", () => socket.close(1008, "wrong token secret-token"));
  });
  const { clock } = heldClock();
  const url = new URL(server.url);
  url.search = "?key=secret-key";
  url.password = "secret-password";
  const transport = open(url, clock, { token: "secret-token", maxAttempts: 1 });
  await using running = run(transport);
  const error = await assertRejects(() => running.ended, FatalError);
  assertStringIncludes(error.message, "wrong token");
  assertEquals(/secret/.test(error.message), false);
});

Deno.test("an answer that grows while the connection is made anew begins anew on the next one", async () => {
  const first = Promise.withResolvers<WebSocket>();
  await using server = startServer((socket, number) => {
    if (number === 1) socket.addEventListener("open", () => first.resolve(socket));
  });
  const { clock, pass } = heldClock();
  let connected = Promise.withResolvers<void>();
  const transport = open(server.url, clock, { onReachable: () => connected.resolve() });
  await using _running = run(transport);
  const send = (index: number) => transport.chunk!({ queryId: "q1", index, delta: "It ", timestamp: 1 }, undefined);
  await connected.promise;
  assertEquals([send(0), send(1)], [true, true]);
  connected = Promise.withResolvers<void>();
  (await first.promise).close(1000);
  await pass(5_000);
  await connected.promise;
  assertEquals([send(2), send(0), send(1)], [false, true, true]);
});
