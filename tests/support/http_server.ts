/**
 * A small HTTP/1.1 server over bare TCP connections, for servers of tests that break them: `node:http` of Deno 2.7.11
 * closes no connection whose socket is destroyed, and `Deno.serve` does not tell when a client goes.
 * @module
 */

import { listenOn } from "./ports.ts";
import { isDisconnection } from "./disconnection.ts";

/** A request, with its body read. */
export interface HttpRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: Headers;
  readonly body: string;
  /** Resolves when the client has gone. */
  readonly gone: Promise<void>;
  /** Break the connection off. */
  cut(): void;
}

export interface HttpServer extends AsyncDisposable {
  readonly port: number;
  /** How many connections there have been. */
  readonly connections: number;
  /** How many clients went before their answer was whole. */
  readonly cancelled: number;
  /** Stop, with every connection. */
  close(): Promise<void>;
}

/**
 * Answer requests on 127.0.0.1.
 *
 * @param options `port`: default 0, one that the system picks; `onCancelled`: called when a client went before its
 * answer was whole.
 */
export function serveHttp(
  { port = 0, onCancelled = () => {} }: { port?: number; onCancelled?: () => void },
  answer: (request: HttpRequest) => Promise<Response>,
): HttpServer {
  const listener = listenOn(port);
  const open = new Set<Line>(), ended = new Set<Promise<void>>();
  let connections = 0, cancelled = 0, closing: Promise<void> | undefined;

  const accepting = (async () => {
    for await (const connection of listener) {
      connections++;
      // As real servers do: else a piece waits until the client has acknowledged the one before it.
      connection.setNoDelay();
      const line = openLine(connection);
      open.add(line);
      const end = converse(line).finally(async () => {
        line.close();
        await line.ended;
        open.delete(line);
        ended.delete(end);
      });
      ended.add(end);
    }
  })();

  async function converse(line: Line): Promise<void> {
    while (true) {
      const request = await readRequest(line);
      if (!request) return;
      const isWhole = await writeResponse(line, await answer(request));
      if (isWhole) continue;
      cancelled++;
      return onCancelled();
    }
  }

  const close = () =>
    closing ??= (async () => {
      listener.close();
      await accepting;
      for (const line of open) line.close();
      await Promise.all(ended);
    })();
  return {
    port: listener.addr.port,
    get connections() {
      return connections;
    },
    get cancelled() {
      return cancelled;
    },
    close,
    [Symbol.asyncDispose]: close,
  };
}

/** A connection that is read ahead, so that its end is noticed at once. */
interface Line {
  /** The bytes up to and with `end`, or this many; undefined once the client has gone. */
  take(end: string | number): Promise<Uint8Array | undefined>;
  /** Whether it could still be written. */
  write(bytes: Uint8Array): Promise<boolean>;
  readonly gone: Promise<void>;
  close(): void;
  /** Resolves when nothing is read any more. */
  readonly ended: Promise<void>;
}

function openLine(connection: Deno.TcpConn): Line {
  const gone = Promise.withResolvers<void>();
  let read = new Uint8Array(), more = Promise.withResolvers<void>(), isGone = false;
  const leave = () => {
    if (isGone) return;
    isGone = true;
    connection.close();
    gone.resolve();
    more.resolve();
  };
  const reading = (async () => {
    const chunk = new Uint8Array(65_536);
    try {
      for (let size = await connection.read(chunk); size !== null; size = await connection.read(chunk)) {
        read = joined([read, chunk.subarray(0, size)]);
        more.resolve();
        more = Promise.withResolvers();
      }
    } catch (error) {
      if (!isDisconnection(error)) throw error;
    }
    leave();
  })();
  return {
    gone: gone.promise,
    ended: reading,
    close: leave,
    async take(end) {
      while (true) {
        const size = typeof end === "number" ? end : endOf(read, end);
        if (size !== undefined && read.length >= size) {
          const taken = read.subarray(0, size);
          read = read.slice(size);
          return taken;
        }
        if (isGone) return undefined;
        await more.promise;
      }
    },
    async write(bytes) {
      try {
        for (let sent = 0; sent < bytes.length && !isGone;) sent += await connection.write(bytes.subarray(sent));
      } catch (error) {
        if (!isDisconnection(error)) throw error;
        leave();
      }
      return !isGone;
    },
  };
}

function joined(parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const all = new Uint8Array(parts.reduce((size, part) => size + part.length, 0));
  parts.reduce((at, part) => (all.set(part, at), at + part.length), 0);
  return all;
}

/** How many bytes there are up to and with a text of ASCII letters. */
function endOf(bytes: Uint8Array, text: string): number | undefined {
  const at = new TextDecoder("latin1").decode(bytes).indexOf(text);
  return at < 0 ? undefined : at + text.length;
}

async function readRequest(line: Line): Promise<HttpRequest | undefined> {
  const head = await line.take("\r\n\r\n");
  if (!head) return undefined;
  const [first = "", ...fields] = new TextDecoder().decode(head).trimEnd().split("\r\n");
  const [method = "", path = ""] = first.split(" ");
  const headers = new Headers(fields.map((field) => {
    const colon = field.indexOf(":");
    return [field.slice(0, colon), field.slice(colon + 1).trim()];
  }));
  if (headers.has("transfer-encoding")) throw new Error("this server reads bodies of a known length only");
  const body = await line.take(Number(headers.get("content-length") ?? 0));
  if (!body) return undefined;
  return { method, path, headers, body: new TextDecoder().decode(body), gone: line.gone, cut: line.close };
}

/** Write it in chunks, as its body gives them; returns whether the client stayed to its end. */
async function writeResponse(line: Line, response: Response): Promise<boolean> {
  const encode = (text: string) => new TextEncoder().encode(text);
  const fields = [...response.headers].map(([name, value]) => `${name}: ${value}\r\n`).join("");
  const head = `HTTP/1.1 ${response.status} ${response.statusText}\r\n${fields}transfer-encoding: chunked\r\n\r\n`;
  if (!await line.write(encode(head))) return false;
  for await (const piece of response.body ?? []) {
    const isThere = piece.length === 0 ||
      await line.write(joined([encode(`${piece.length.toString(16)}\r\n`), piece, encode("\r\n")]));
    if (!isThere) return false;
  }
  return await line.write(encode("0\r\n\r\n"));
}
