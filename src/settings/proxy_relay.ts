/**
 * The way to a proxy that listens on a vsock or on a socket file.
 *
 * Deno sends such a proxy `GET https://host/` in plaintext, for `wss:` too, and no TLS goes through it (2.7.11 and 2.9.6,
 * with a listener in the proxy's place). To a proxy with a URL it says CONNECT, and speaks TLS with the server behind it.
 * So it is given a URL: that of a listener on the loopback, whose connections are carried to the proxy byte by byte.
 * @module
 */

import { acceptAll } from "../accepting.ts";
import { systemClock } from "../clock.ts";
import { messageOf } from "../errors.ts";
import type { Log } from "../log.ts";
import { decodePart } from "../urls.ts";

/** Bytes that are carried at once. */
const PIECE_BYTES = 64 * 1024;

/** A listener that leads to a proxy; to be named to Deno in its place. */
export interface ProxyRelay extends Disposable {
  readonly url: URL;
}

/**
 * Listen on the loopback, where every process of this machine can connect, and carry every connection to `proxy`. A
 * connection for which the proxy can't be reached is closed, and why is logged.
 *
 * @param proxy `vsock:CID:PORT` or `unix:PATH`.
 */
export function startProxyRelay(proxy: URL, { log }: { log: Log }): ProxyRelay {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const open = new Set<Deno.Conn>();
  const hangUp = (end: Deno.Conn) => {
    if (open.delete(end)) end.close();
  };
  /** One direction, until either end goes; then neither is of use to the other direction. */
  const carry = async (from: Deno.Conn, to: Deno.Conn) => {
    const piece = new Uint8Array(PIECE_BYTES);
    try {
      for (let size = await from.read(piece); size !== null; size = await from.read(piece)) {
        for (let sent = 0; sent < size;) sent += await to.write(piece.subarray(sent, size));
      }
    } catch (error) {
      // Whichever end broke: the one that is left sees its connection end, and says what that means to it.
      log.debug("a connection through the proxy broke", { error: messageOf(error) });
    }
    hangUp(from);
    hangUp(to);
  };
  const connect = async (near: Deno.Conn) => {
    open.add(near);
    try {
      const far = await dial(proxy);
      if (!open.has(near)) return far.close();
      open.add(far);
      void carry(near, far);
      void carry(far, near);
    } catch (error) {
      hangUp(near);
      log.warn("the proxy {proxy} can't be reached: check AGENT_PROXY", {
        proxy: proxy.href,
        error: messageOf(error),
      });
    }
  };
  const accepting = acceptAll(listener, (near) => void connect(near), {
    clock: systemClock,
    failed: (error) =>
      log.warn("the relay to the proxy cannot accept connections, trying again", { error: messageOf(error) }),
  });
  return {
    url: new URL(`http://127.0.0.1:${listener.addr.port}`),
    [Symbol.dispose]() {
      accepting[Symbol.dispose]();
      open.forEach(hangUp);
    },
  };
}

function dial(proxy: URL): Promise<Deno.Conn> {
  if (proxy.protocol === "unix:") return Deno.connect({ transport: "unix", path: decodePart(proxy.pathname) });
  const [cid, port] = proxy.pathname.split(":").map(Number);
  return Deno.connect({ transport: "vsock", cid: cid!, port: port! });
}
