/** A WebSocket server that shakes hands, says what it is told to, and answers nothing: no close, no ping. @module */

import { createHash } from "node:crypto";
import { createServer } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import { createWatch } from "./watch.ts";

/** RFC 6455, 1.3. */
const HANDSHAKE_KEY = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

export interface MuteServer extends AsyncDisposable {
  readonly url: string;
  /** Resolves once `count` clients have connected and sent something. */
  heard(count: number): Promise<unknown>;
}

/** Start one on a port that the system picks. */
export async function startMuteServer(): Promise<MuteServer> {
  const sockets = new Set<Socket>();
  let heard = 0;
  const watch = createWatch({ report: () => `${sockets.size} connections, ${heard} heard` });
  const server = createServer();
  server.on("upgrade", (request, socket: Socket) => {
    const accept = createHash("sha1").update(`${request.headers["sec-websocket-key"]}${HANDSHAKE_KEY}`).digest(
      "base64",
    );
    socket.write(
      `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accept}\r\n\r\n`,
    );
    sockets.add(socket);
    socket.once("data", () => {
      heard++;
      watch.changed();
    });
    socket.on("error", () => socket.destroy());
    socket.on("close", () => sockets.delete(socket));
  });
  const listening = Promise.withResolvers<void>();
  server.listen(0, "127.0.0.1", listening.resolve);
  await listening.promise;
  return {
    url: `ws://127.0.0.1:${(server.address() as AddressInfo).port}`,
    heard: (count) => watch.until(`${count} clients heard`, () => heard >= count ? true : undefined),
    async [Symbol.asyncDispose]() {
      watch[Symbol.dispose]();
      for (const socket of sockets) socket.destroy();
      const closed = Promise.withResolvers<void>();
      server.close(() => closed.resolve());
      await closed.promise;
    },
  };
}
