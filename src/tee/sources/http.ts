/** One HTTP exchange with something in the same enclave: over a Unix socket or on the loopback. @module */

import { Buffer } from "node:buffer";
import { type IncomingMessage, request } from "node:http";
import { messageOf } from "../../errors.ts";
import { QuoteError } from "./source.ts";

/** What is asked, and of whom. */
export interface Exchange {
  /** Whom it goes to: a Unix socket's path, or a URL. */
  readonly to: { readonly socketPath: string } | { readonly url: URL };
  readonly method: "GET" | "POST";
  /** Path and query of the request. */
  readonly path: string;
  /** JSON that is sent along. */
  readonly body?: string;
  /** Milliseconds until there must be a whole response. */
  readonly timeoutMs: number;
}

/** Largest response that is read, in bytes: a quote has 5 kB, an event log some 20 kB. */
const MAX_BYTES = 4 * 1024 * 1024;
/** Codes of a peer that is not there yet, or not any more. */
const PASSING = ["ECONNREFUSED", "ENOENT", "ECONNRESET", "EPIPE"];

/**
 * Send one request and read the whole response, on a connection of its own.
 *
 * By `node:http`, as `fetch` sends an absolute URL over a Unix socket, which not every server takes (tried on Deno 2.9.6).
 * No proxy is ever used: a source outside of the enclave would vouch for another machine.
 *
 * @throws {QuoteError} If there is no response in time, or it is larger than 4 MiB.
 * @throws `signal`'s reason.
 */
export async function exchange(asked: Exchange, signal: AbortSignal): Promise<{ status: number; body: Uint8Array }> {
  const timedOut = AbortSignal.timeout(asked.timeoutMs);
  const { promise: stopped, reject } = Promise.withResolvers<never>();
  const { to, method, path, body } = asked;
  const headers = {
    host: "url" in to ? to.url.host : "localhost",
    connection: "close",
    ...body !== undefined && { "content-type": "application/json", "content-length": Buffer.byteLength(body) },
  };
  const where = "url" in to ? { host: to.url.hostname.replace(/^\[|\]$/g, ""), port: to.url.port || 80 } : to;
  const response = Promise.withResolvers<IncomingMessage>();
  const sent = request({ ...where, method, path, headers, agent: false }, response.resolve);
  const either = AbortSignal.any([signal, timedOut]);
  const end = () => reject(either.reason);
  either.addEventListener("abort", end, { once: true });
  sent.on("error", reject);
  sent.end(body);
  const whole = response.promise.then(readResponse);
  // What goes wrong after the first thing that does comes of it.
  for (const promise of [whole, stopped]) promise.catch(() => {});
  try {
    either.throwIfAborted();
    // Deno 2.7.11 never ends reading a response whose request is destroyed.
    return await Promise.race([whole, stopped]);
  } catch (error) {
    if (signal.aborted) throw signal.reason;
    if (timedOut.aborted) throw new QuoteError(`no answer within ${asked.timeoutMs} ms`, { isPassing: true });
    if (error instanceof QuoteError) throw error;
    const code = error instanceof Error && "code" in error ? String(error.code) : "";
    throw new QuoteError(`cannot be reached: ${messageOf(error)}`, {
      isPassing: PASSING.includes(code),
      cause: error,
    });
  } finally {
    either.removeEventListener("abort", end);
    sent.destroy();
  }
}

async function readResponse(response: IncomingMessage): Promise<{ status: number; body: Uint8Array }> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of response as AsyncIterable<Uint8Array>) {
    bytes += chunk.length;
    if (bytes > MAX_BYTES) throw new QuoteError(`the response is larger than ${MAX_BYTES} bytes`);
    chunks.push(chunk);
  }
  return { status: response.statusCode ?? 0, body: new Uint8Array(Buffer.concat(chunks)) };
}
