/**
 * HTTP for the status port: one request on each connection, with bounds that `Deno.serve` does not have. It takes any
 * number of connections that never ask, and ends at the first one for which there is no descriptor (2.7.11 and 2.9.6).
 * @module
 */

import { acceptAll } from "../accepting.ts";
import type { Clock } from "../clock.ts";

/** What is read of a request: its body is not. */
export interface StatusRequest {
  readonly method: string;
  /** Path and query, or a whole URL. */
  readonly target: string;
  readonly headers: Headers;
}

/** Connections at a time. One more, and the oldest is closed: probes that come now are answered. */
export const MAX_CONNECTIONS = 32;
/** Time for a request and its answer, in milliseconds. */
export const MAX_CONNECTION_MS = 10_000;
/** Longest request line and headers together, in bytes. */
const MAX_HEAD_BYTES = 16 * 1024;

/** Answer the requests that come to `listener`, until disposed of. */
export function serveRequests(
  listener: Deno.Listener<Deno.TcpConn>,
  options: {
    respond: (request: StatusRequest) => Response;
    clock: Pick<Clock, "sleep">;
    /** Is told why no connections can be accepted, once until one can. */
    failed: (error: unknown) => void;
  },
): Disposable {
  const { respond, clock } = options;
  /** What closes each connection, oldest first. */
  const open = new Set<AbortController>();
  const take = (connection: Deno.TcpConn) => {
    const closing = new AbortController();
    closing.signal.addEventListener("abort", () => {
      open.delete(closing);
      connection.close();
    });
    open.add(closing);
    if (open.size > MAX_CONNECTIONS) [...open][0]?.abort();
    void clock.sleep(MAX_CONNECTION_MS, closing.signal).then(() => closing.abort());
    // A client that goes or is cut off makes reading or writing fail.
    void answer(connection, respond).catch(() => {}).finally(() => closing.abort());
  };
  const accepting = acceptAll(listener, take, options);
  return {
    [Symbol.dispose]() {
      accepting[Symbol.dispose]();
      open.forEach((closing) => closing.abort());
    },
  };
}

async function answer(connection: Deno.TcpConn, respond: (request: StatusRequest) => Response): Promise<void> {
  const head = await readHead(connection);
  if (head === undefined) return;
  const request = requestFrom(head);
  const response = request ? respond(request) : new Response("no HTTP/1 request\n", { status: 400 });
  const body = await response.bytes(), { status, headers } = response;
  headers.set("content-length", String(body.length));
  headers.set("connection", "close");
  const lines = [...headers].map(([name, value]) => `${name}: ${value}\r\n`);
  await writeAll(connection, new TextEncoder().encode(`HTTP/1.1 ${status} \r\n${lines.join("")}\r\n`));
  if (request?.method !== "HEAD") await writeAll(connection, body);
  await connection.closeWrite();
  // To close with something unread, such as a body, could make the client lose the answer (RFC 9112, 9.6).
  for (const rest = new Uint8Array(1024); await connection.read(rest) !== null;);
}

/** The request line and the headers; undefined if the client goes before. What is longer is cut off. */
async function readHead(connection: Deno.TcpConn): Promise<string | undefined> {
  const bytes = new Uint8Array(MAX_HEAD_BYTES);
  for (let length = 0; length < bytes.length;) {
    const size = await connection.read(bytes.subarray(length));
    if (size === null) return undefined;
    length += size;
    const [head, rest] = new TextDecoder().decode(bytes.subarray(0, length)).split("\r\n\r\n", 2);
    if (rest !== undefined) return head;
  }
  return "";
}

function requestFrom(head: string): StatusRequest | undefined {
  const [first = "", ...lines] = head.split("\r\n");
  const [, method, target] = /^([A-Z]+) (\S+) HTTP\/1\.[01]$/.exec(first) ?? [];
  if (method === undefined || target === undefined) return undefined;
  try {
    const pairs = lines.map((line) => /^([^:]+):(.*)$/.exec(line)?.slice(1) ?? []);
    return { method, target, headers: new Headers(pairs as [string, string][]) };
  } catch {
    return undefined; // no headers
  }
}

async function writeAll(connection: Deno.TcpConn, bytes: Uint8Array): Promise<void> {
  for (let written = 0; written < bytes.length;) written += await connection.write(bytes.subarray(written));
}
