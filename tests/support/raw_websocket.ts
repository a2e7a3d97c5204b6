/** A WebSocket server that writes whatever bytes a test gives it: at the handshake, and behind it. @module */

import { createHash } from "node:crypto";
import { readUntil } from "./read_until.ts";
import { createWatch } from "./watch.ts";

/** RFC 6455, 1.3. */
const HANDSHAKE_KEY = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

/** What happens on a connection. */
export interface RawConnection {
  /** From 1. */
  readonly number: number;
  /** The value that `Sec-WebSocket-Accept` has to have. */
  readonly accept: string;
  /** Write bytes or a text; returns false once the client has gone. */
  write(data: Uint8Array | string): Promise<boolean>;
  /** Answer the handshake as it should be. */
  welcome(): Promise<boolean>;
  /** Resolves when the client has gone. */
  readonly gone: Promise<void>;
}

/** Start one; `attend` is called for each connection once its request has come. The connection ends with it. */
export function startRawWebSocket(attend: (connection: RawConnection) => Promise<unknown>) {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const lines = new Set<Promise<void>>(), open = new Set<Deno.Conn>();
  let connections = 0, left = 0;
  const watch = createWatch({ report: () => `${connections} connections, ${left} left` });
  const accepting = (async () => {
    for await (const connection of listener) {
      const line = serve(connection).finally(() => lines.delete(line));
      lines.add(line);
    }
  })();
  async function serve(connection: Deno.Conn): Promise<void> {
    open.add(connection);
    const gone = Promise.withResolvers<void>();
    try {
      const head = await readUntil(connection, isRequestOrNone);
      const key = /^sec-websocket-key: (.*)$/im.exec(new TextDecoder().decode(head))?.[1]?.trim();
      // Somebody who looks whether anybody is there: no concern of the test's.
      if (key === undefined) return;
      const number = ++connections;
      watch.changed();
      const accept = createHash("sha1").update(`${key}${HANDSHAKE_KEY}`).digest("base64");
      const write = async (data: Uint8Array | string) => {
        try {
          const bytes = typeof data === "string" ? new TextEncoder().encode(data) : data;
          for (let sent = 0; sent < bytes.length;) sent += await connection.write(bytes.subarray(sent));
          return true;
        } catch {
          // Whatever broke it, the client has gone.
          return false;
        }
      };
      const reading = readAll(connection).finally(() => {
        left++;
        watch.changed();
        gone.resolve();
      });
      await attend({ number, accept, write, welcome: () => write(welcome(accept)), gone: gone.promise });
      if (open.delete(connection)) connection.close();
      await reading;
    } catch {
      // It went before its request was whole.
    } finally {
      if (open.delete(connection)) connection.close();
    }
  }
  return {
    url: new URL(`ws://127.0.0.1:${listener.addr.port}`),
    /** Resolves once `count` clients have asked for a connection. */
    connected: (count: number) => watch.until(`${count} clients`, () => connections >= count || undefined),
    /** Resolves once `count` clients have gone. */
    left: (count: number) => watch.until(`${count} clients gone`, () => left >= count || undefined),
    async [Symbol.asyncDispose]() {
      listener.close();
      await accepting;
      for (const connection of open) connection.close();
      open.clear();
      await Promise.all(lines);
      watch[Symbol.dispose]();
    },
  };
}

/** Whether a request is whole, or something else has begun: TLS, by somebody who looks what the server speaks. */
function isRequestOrNone(bytes: Uint8Array): boolean {
  const text = new TextDecoder("latin1").decode(bytes);
  return text.includes("\r\n\r\n") || !"GET ".startsWith(text.slice(0, 4));
}

/** Read until the client says that it closes, or goes without a word. */
async function readAll(connection: Deno.Conn): Promise<void> {
  let read = new Uint8Array();
  const piece = new Uint8Array(65_536);
  try {
    for (let size = await connection.read(piece); size !== null; size = await connection.read(piece)) {
      read = new Uint8Array([...read, ...piece.subarray(0, size)]);
      for (let length = lengthOf(read); length !== undefined && read.length >= length; length = lengthOf(read)) {
        if ((read[0]! & 15) === 8) return;
        read = read.slice(length);
      }
    }
  } catch {
    // Whatever broke it, the client has gone.
  }
}

/** Bytes of the client's frame that these begin with, mask included; undefined if its head is not whole yet. */
function lengthOf(bytes: Uint8Array): number | undefined {
  const size = (bytes[1] ?? 0) & 127;
  if (bytes.length < 4) return undefined;
  if (size === 127) throw new RangeError("this server reads frames of up to 64 KiB only");
  return size === 126 ? 8 + bytes[2]! * 256 + bytes[3]! : 6 + size;
}

/** The answer to a handshake; `more`: further header lines. */
export function welcome(accept: string, more = ""): string {
  return `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accept}\r\n${more}\r\n`;
}

/** A frame as a server sends it. `first`: FIN, reserved bits and opcode, default a whole text. */
export function frame(payload: string | Uint8Array, first = 0x81): Uint8Array {
  const bytes = typeof payload === "string" ? new TextEncoder().encode(payload) : payload;
  const size = bytes.length;
  const head = size < 126
    ? [first, size]
    : size < 65_536
    ? [first, 126, size >> 8, size & 255]
    : [first, 127, 0, 0, 0, 0, size >>> 24, size >> 16 & 255, size >> 8 & 255, size & 255];
  const whole = new Uint8Array(head.length + size);
  whole.set(head);
  whole.set(bytes, head.length);
  return whole;
}
