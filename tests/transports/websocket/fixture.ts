/** A WebSocket server that a test scripts, a clock that it moves, and the transport between them. @module */

import type { Clock } from "../../../src/clock.ts";
import { silentLog } from "../../../src/log.ts";
import { openWebSocketTransport, type WebSocketTransportOptions } from "../../../src/transports/websocket/websocket.ts";
import type { Delivery } from "../../../src/transports/transport.ts";
import { createWatch } from "../../support/watch.ts";

export const AGENT_ID = "550e8400-e29b-41d4-a716-446655440000";

/** A server on which `attend` sees every connection, with its number from 1 and the headers of its handshake. */
export function startServer(attend: (socket: WebSocket, number: number, headers: Headers) => void) {
  let connections = 0, open = 0, mostOpen = 0;
  const watch = createWatch({ report: () => `${connections} connections` });
  const server = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen() {} }, (request) => {
    const headers = new Headers(request.headers);
    const [protocol] = headers.get("sec-websocket-protocol")?.split(", ") ?? [];
    const { socket, response } = Deno.upgradeWebSocket(request, { ...protocol !== undefined && { protocol } });
    const number = ++connections;
    socket.onopen = () => {
      mostOpen = Math.max(mostOpen, ++open);
      watch.changed();
    };
    socket.onclose = () => open--;
    attend(socket, number, headers);
    return response;
  });
  return {
    url: new URL(`ws://127.0.0.1:${server.addr.port}`),
    connections: (count: number) => watch.until(`${count} connections`, () => connections >= count ? true : undefined),
    mostOpen: () => mostOpen,
    [Symbol.asyncDispose]: () => server.shutdown(),
  };
}

/** A clock that stands still until the test moves it to the end of the shortest sleep. */
export function heldClock() {
  let now = 0;
  const sleeps = new Set<{ until: number; wake: () => void }>();
  const schedule: number[] = [];
  const watch = createWatch({ report: () => schedule.join(", ") });
  const clock: Clock = {
    now: () => now,
    monotonic: () => now,
    sleep(ms, signal) {
      const { promise, resolve } = Promise.withResolvers<void>();
      if (signal?.aborted) return Promise.resolve();
      const sleep = { until: now + ms, wake: resolve };
      sleeps.add(sleep);
      schedule.push(ms);
      signal?.addEventListener("abort", () => {
        sleeps.delete(sleep);
        resolve();
      }, { once: true });
      watch.changed();
      return promise;
    },
  };
  return {
    clock,
    /** Every sleep that was asked for, in ms. */
    schedule,
    /** Once somebody sleeps for `ms`, let that time pass. */
    async pass(ms: number) {
      const sleep = await watch.until(
        `a sleep of ${ms} ms`,
        () => [...sleeps].find(({ until }) => until === now + ms),
      );
      now = sleep.until;
      sleeps.delete(sleep);
      sleep.wake();
    },
  };
}

/** The transport to `url`. */
export function open(url: URL, clock: Clock, more: Partial<WebSocketTransportOptions> = {}) {
  return openWebSocketTransport({
    url,
    agentId: AGENT_ID,
    reconnectMs: 5_000,
    maxAttempts: 10,
    maxBytes: 1_000_000,
    log: silentLog,
    clock,
    random: () => 0,
    onReachable() {},
    forget: () => Promise.reject(new Error("no request to forget is expected")),
    signed: (outcome) => outcome,
    ...more,
  });
}

/** Runs the transport until it ends or the test does; `delivered` is told of each event. */
export function run(transport: ReturnType<typeof open>, delivered: (delivery: Delivery) => void = () => {}) {
  const controller = new AbortController();
  const ended = (async () => {
    for await (const deliveries of transport.events(controller.signal)) deliveries.forEach(delivered);
  })();
  ended.catch(() => {}); // who awaits it still learns of it
  return {
    ended,
    async [Symbol.asyncDispose]() {
      controller.abort();
      await ended.catch(() => {});
      await transport.close();
    },
  };
}
