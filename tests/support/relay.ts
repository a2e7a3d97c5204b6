/** A line between agent and server that can be cut: a TCP relay, since `Deno.serve` closes sockets with manners. @module */

import { isDisconnection } from "./disconnection.ts";
import { listenOn } from "./ports.ts";

export interface Relay extends AsyncDisposable {
  /** Cut every connection. New ones are welcome. */
  drop(): void;
}

/**
 * Relay every connection to 127.0.0.1:`port` on to 127.0.0.1:`upstreamPort`.
 *
 * @param options `limits`: bytes after which the next connection is cut, from the client up and down to it.
 */
export function startRelay(
  { port, upstreamPort, limits = () => ({ up: Infinity, down: Infinity }) }: {
    port: number;
    upstreamPort: number;
    limits?: () => { up: number; down: number };
  },
): Relay {
  const listener = listenOn(port);
  const open = new Set<Deno.Conn>();
  const lines = new Set<Promise<unknown>>();

  async function acceptAll(): Promise<void> {
    for await (const near of listener) {
      const line = connect(near).finally(() => lines.delete(line));
      lines.add(line);
    }
  }

  async function connect(near: Deno.Conn): Promise<void> {
    open.add(near);
    const { up, down } = limits();
    try {
      const far = await Deno.connect({ hostname: "127.0.0.1", port: upstreamPort });
      open.add(far);
      await Promise.all([carry(near, far, up), carry(far, near, down)]);
    } catch (error) {
      // A client that dials while the server goes finds nobody, as it would without the relay.
      if (!(error instanceof Deno.errors.ConnectionRefused) && !isDisconnection(error)) throw error;
    } finally {
      hangUp(near);
    }
  }

  /** One direction, until either end goes; then neither is of use to the other direction. */
  async function carry(from: Deno.Conn, to: Deno.Conn, limit: number): Promise<void> {
    const buffer = new Uint8Array(65_536);
    try {
      for (let left = limit; left > 0;) {
        const read = await from.read(buffer);
        if (read === null) break;
        const size = Math.min(read, left);
        left -= size;
        for (let sent = 0; sent < size;) sent += await to.write(buffer.subarray(sent, size));
      }
    } catch (error) {
      if (!isDisconnection(error)) throw error;
    } finally {
      hangUp(from);
      hangUp(to);
    }
  }

  function hangUp(end: Deno.Conn): void {
    if (open.delete(end)) end.close();
  }

  const accepting = acceptAll();
  return {
    drop: () => open.forEach(hangUp),
    async [Symbol.asyncDispose]() {
      listener.close();
      await accepting;
      open.forEach(hangUp);
      await Promise.all(lines);
    },
  };
}
