/** A socket as a plain stream, for TLS to go over. @module */

import { Duplex } from "node:stream";

/**
 * What comes over a socket and goes into it. Deno 2.7.11 begins no TLS on a socket that has TLS already; on a stream that
 * is no socket it does.
 */
export function asDuplex(socket: Duplex): Duplex {
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
  socket.on("data", (bytes: Uint8Array) => {
    if (!duplex.push(bytes)) socket.pause();
  });
  socket.on("end", () => duplex.push(null));
  socket.on("error", (error) => duplex.destroy(error));
  socket.on("close", () => duplex.destroy());
  return duplex;
}
