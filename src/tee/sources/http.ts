/** One HTTP exchange with something in the same enclave: over a Unix socket or on the loopback. @module */

import { Buffer } from "node:buffer";
import { messageOf } from "../../errors.ts";
import { withoutBrackets } from "../../urls.ts";
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

/** A whole response. */
export interface Answer {
  readonly status: number;
  readonly body: Uint8Array;
}

/** Largest response that is read, in bytes: a quote has 5 kB, an event log some 20 kB. */
const MAX_BYTES = 4 * 1024 * 1024;
/** Longest status line and headers together, in bytes. */
const MAX_HEAD_BYTES = 64 * 1024;
/** Codes of a peer that is not there yet, or not any more. */
const PASSING = ["ECONNREFUSED", "ENOENT", "ECONNRESET", "EPIPE"];

/**
 * Send one request and read the whole response, on a connection of its own.
 *
 * Not by `node:http`: in Deno 2.7.11 a response that breaks off ends the whole program, and a connection that ends without
 * one is never told of. Nor by `fetch`, which sends an absolute URL over a Unix socket, which not every server takes (tried
 * on Deno 2.9.6). No proxy is ever used: a source outside of the enclave would vouch for another machine.
 *
 * @throws {QuoteError} If there is no response in time, it breaks off, or is larger than 4 MiB.
 * @throws `signal`'s reason.
 */
export async function exchange(asked: Exchange, signal: AbortSignal): Promise<Answer> {
  const timedOut = AbortSignal.timeout(asked.timeoutMs), either = AbortSignal.any([signal, timedOut]);
  const stopped = Promise.withResolvers<never>();
  const end = () => stopped.reject(either.reason);
  either.addEventListener("abort", end, { once: true });
  const opening = connect(asked.to);
  // Closed however it comes about, and whatever is still read from it fails by that.
  const answered = opening.then((connection) => talk(connection, asked));
  for (const promise of [answered, stopped.promise]) promise.catch(() => {});
  try {
    either.throwIfAborted();
    return await Promise.race([answered, stopped.promise]);
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
    opening.then((connection) => connection.close()).catch(() => {});
  }
}

function connect(to: Exchange["to"]): Promise<Deno.Conn> {
  if ("socketPath" in to) return Deno.connect({ transport: "unix", path: to.socketPath });
  const { hostname, port } = to.url;
  return Deno.connect({ hostname: withoutBrackets(hostname), port: Number(port || 80) });
}

async function talk(connection: Deno.Conn, { to, method, path, body }: Exchange): Promise<Answer> {
  const lines = [`${method} ${path} HTTP/1.1`, `host: ${"url" in to ? to.url.host : "localhost"}`, "connection: close"];
  if (body !== undefined) lines.push("content-type: application/json", `content-length: ${Buffer.byteLength(body)}`);
  const request = Buffer.from(`${lines.join("\r\n")}\r\n\r\n${body ?? ""}`);
  for (let sent = 0; sent < request.length;) sent += await connection.write(request.subarray(sent));
  let received: Buffer = Buffer.alloc(0);
  for (const piece = new Uint8Array(64 * 1024);;) {
    const size = await connection.read(piece);
    if (size !== null) received = Buffer.concat([received, piece.subarray(0, size)]);
    if (received.length > MAX_BYTES) throw new QuoteError(`the response is larger than ${MAX_BYTES} bytes`);
    const answer = answerIn(received, { isEnded: size === null });
    if (answer) return answer;
    if (size === null) throw new QuoteError("the connection ended before a whole response", { isPassing: true });
  }
}

/** The response in what was received; undefined while it is not whole. @see RFC 9112 */
function answerIn(received: Buffer, { isEnded }: { isEnded: boolean }): Answer | undefined {
  for (let at = 0;;) {
    const end = received.indexOf("\r\n\r\n", at), from = end + 4;
    if (end < 0 && received.length - at < MAX_HEAD_BYTES) return undefined;
    const head = received.toString("latin1", at, end < 0 ? at + MAX_HEAD_BYTES : end);
    const [, digits] = /^HTTP\/1\.[01] ([1-9]\d\d)(?: |\r|$)/.exec(head) ?? [];
    if (digits === undefined || end < 0) throw new QuoteError("it sent something else than a response in HTTP/1.1");
    const status = Number(digits);
    // What says that the response is still to come.
    if (status >= 100 && status < 200 && status !== 101) {
      at = from;
      continue;
    }
    const body = bodyIn(received.subarray(from), { status, head, isEnded });
    return body && { status, body };
  }
}

function bodyIn(
  rest: Buffer,
  { status, head, isEnded }: { status: number; head: string; isEnded: boolean },
): Uint8Array | undefined {
  if (status === 101 || status === 204) return new Uint8Array();
  if (/^transfer-encoding:.*\bchunked[ \t]*$/im.test(head)) return joinedChunks(rest);
  const [, length] = /^content-length:[ \t]*(\d+)[ \t]*$/im.exec(head) ?? [];
  if (length === undefined) return isEnded ? rest : undefined;
  return rest.length < Number(length) ? undefined : rest.subarray(0, Number(length));
}

/** The body of a response that comes in chunks, each behind its length; undefined while the last one is not there. */
function joinedChunks(bytes: Buffer): Uint8Array | undefined {
  const chunks: Uint8Array[] = [];
  for (let at = 0;;) {
    const end = bytes.indexOf("\r\n", at);
    if (end < 0) return undefined;
    const [, digits] = /^([\da-f]{1,7})[ \t]*(?:;|$)/i.exec(bytes.toString("latin1", at, end)) ?? [];
    if (digits === undefined) throw new QuoteError("it sent chunks that can't be read");
    const from = end + 2, length = parseInt(digits, 16);
    if (length === 0) return Buffer.concat(chunks);
    if (bytes.length < from + length + 2) return undefined;
    chunks.push(bytes.subarray(from, from + length));
    at = from + length + 2;
  }
}
