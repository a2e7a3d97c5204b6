/** The socket of a Redis connection: straight or through a tunnel, with or without TLS, open when it is handed out. @module */

import { connect, isIP, type Socket } from "node:net";
import { connect as connectTls } from "node:tls";
import type { TlsFiles } from "../../certificates.ts";
import { addressOf, type OpenTunnel } from "../through_proxy.ts";

/** Where a server listens. */
export interface RedisServer {
  /** `redis://` or `rediss://`, with user name, password and the number of the database. */
  readonly url: URL;
  readonly tls?: TlsFiles;
  /** The way through a proxy, for rediss:// alone. */
  readonly openTunnel?: OpenTunnel;
}

/**
 * Connect to a server, and shake hands where it speaks TLS.
 *
 * @param options `connectMs`: milliseconds that it may take; `silenceMs`: milliseconds without a byte in either direction
 * after which the socket is destroyed.
 * @throws {Error} If the server can't be reached, or its certificate is not accepted.
 */
export async function openSocket(
  { url, tls = {}, openTunnel }: RedisServer,
  { connectMs, silenceMs }: { connectMs: number; silenceMs: number },
): Promise<Socket> {
  const isEncrypted = url.protocol === "rediss:";
  const { host, port } = addressOf(url), { caCerts, cert, key } = tls;
  const at = { host, port, noDelay: true, keepAlive: true };
  const tunnel = await openTunnel?.({ host, port });
  const socket = isEncrypted
    ? connectTls({
      ...at,
      ...(tunnel && { socket: tunnel.socket }),
      ...(caCerts && { ca: [...caCerts] }),
      ...(cert !== undefined && { cert }),
      ...(key !== undefined && { key }),
      // An address needs no name to be asked for, and Node warns of one.
      ...(isIP(host) === 0 && { servername: host }),
    })
    : connect(at);
  // An error may come when nobody listens, such as a second one, and would end the program: whoever waits learns of it.
  socket.on("error", () => {});
  // A server without TLS waits for the end of what it takes for a command.
  const late = isEncrypted
    ? `no TLS handshake within ${connectMs} ms, as where the server speaks none: redis:// is without it`
    : `no connection within ${connectMs} ms`;
  socket.setTimeout(connectMs, () => socket.destroy(new Error(late)));
  await opened(socket, isEncrypted);
  socket.setTimeout(silenceMs, () => socket.destroy(new Error(`nothing was sent or received for ${silenceMs} ms`)));
  return socket;
}

async function opened(socket: Socket, isEncrypted: boolean): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  // Deno 2.7.11 says no more of a certificate that it does not accept.
  const closed = isEncrypted ? "closed in the TLS handshake, as for a certificate" : "the connection was closed";
  const onClose = () => reject(new Error(closed));
  socket.once(isEncrypted ? "secureConnect" : "connect", resolve).once("error", reject).once("close", onClose);
  try {
    await promise;
  } catch (error) {
    socket.destroy();
    throw error;
  } finally {
    socket.off("error", reject).off("close", onClose);
    socket.removeAllListeners("timeout");
  }
}
