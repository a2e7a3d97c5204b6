/** Events from a WebSocket server, over Deno's native WebSocket: one connection at a time, dialled again when it ends. @module */

import { messageOf } from "../../errors.ts";
import { publicUrl } from "../../urls.ts";
import { dial, type Ending } from "./connection.ts";
import { createLink, type Link, type LinkOptions } from "./link.ts";
import { type ConnectionEnd, createReconnection } from "../reconnection.ts";
import type { Delivery, Transport, TransportHooks } from "../transport.ts";

/** How to reach the server, and who asks. */
export interface WebSocketTransportOptions extends TransportHooks, LinkOptions {
  readonly url: URL;
  /** PEM certificates of authorities to trust besides the public ones. */
  readonly caCerts?: readonly string[];
  /** Milliseconds before the first attempt to reconnect. */
  readonly reconnectMs: number;
  /** Failed attempts in a row after which the transport gives up. */
  readonly maxAttempts: number;
  /** From 0 to below 1; default Math.random. */
  readonly random?: () => number;
}

/** Dial the server of `options` when {@linkcode Transport.events} is asked for events. */
export function openWebSocketTransport(options: WebSocketTransportOptions): Transport {
  const { log, clock, random = Math.random } = options;
  const url = publicUrl(options.url);
  let link: Link | undefined;

  async function* events(signal: AbortSignal): AsyncIterable<readonly Delivery[]> {
    const reconnection = createReconnection({
      peer: url,
      advice: "Check that the server runs, WEBSOCKET_URL and WEBSOCKET_AUTH_TOKEN.",
      baseMs: options.reconnectMs,
      maxAttempts: options.maxAttempts,
      log,
      clock,
      random,
    });
    while (!signal.aborted) {
      log.info("🔌 Connecting to WebSocket: {url}", { url });
      let end: ConnectionEnd;
      try {
        const connection = await dial(options, signal);
        const openedMs = clock.now();
        link = createLink(connection, options);
        log.info("✅ WebSocket connected to {url}", { url });
        options.onReachable();
        let next = await link.next(signal);
        for (; next && !("ending" in next); next = await link.next(signal)) yield next;
        if (!next) return;
        const { ending } = next;
        end = { problem: describe(ending), heard: link.heardFrom(), openMs: clock.now() - openedMs };
        log.warn("❌ WebSocket connection closed. Code: {code}, Reason: {reason}", {
          code: ending.code,
          reason: ending.reason,
          ...(ending.error && { error: ending.error }),
        });
      } catch (error) {
        if (signal.aborted) return;
        end = { problem: messageOf(error) };
        log.warn("❌ WebSocket connection failed", { url, error: end.problem });
      }
      link?.ended();
      link = undefined;
      await reconnection.ended(end, signal);
    }
  }

  return {
    name: "websocket",
    events,
    settle: (entry) => link?.settle(entry) ?? Promise.resolve(false),
    chunk: (chunk) => link?.chunk(chunk) ?? false,
    async close() {
      await link?.close();
      link = undefined;
    },
  };
}

function describe({ code, reason, error }: Ending): string {
  return error ?? `the server closed the connection with code ${code}${reason && `, reason ${JSON.stringify(reason)}`}`;
}
