/** A socket as a plain stream, for TLS to go over. @module */

import { Duplex } from "node:stream";
import type { Socket } from "node:net";

/**
 * What comes over a socket and goes into it. Deno 2.7.11 begins no TLS on a socket that somebody has read from before; on
 * a stream that is no socket it does.
 *
 * @param first What was received already.
 */
export function asDuplex(socket: Duplex, first?: Uint8Array): Duplex {
  const duplex = new Duplex({
    read: () => void socket.resume(),
    write: (chunk, _encoding, done) => void socket.write(chunk, done),
    final(done) {
      socket.end();
      done();
    },
    destroy(error, done) {
      socket.destroy();
      done(error);
    },
  });
  if (first && first.length > 0) duplex.push(first);
  socket.on("data", (bytes: Uint8Array) => {
    if (!duplex.push(bytes)) socket.pause();
  });
  socket.on("end", () => duplex.push(null));
  socket.on("error", (error) => duplex.destroy(error));
  socket.on("close", () => duplex.destroy());
  return duplex;
}

/** The same in the place of a socket, for a client that asks for one and reads and writes it as a stream. */
export function asSocket(socket: Duplex): Socket {
  return asDuplex(socket) as Socket;
}
