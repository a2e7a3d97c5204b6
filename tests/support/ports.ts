/**
 * Ports that a test may let go of and take again: below those that Linux gives to outgoing connections and to port 0
 * (net.ipv4.ip_local_port_range, 32768 and up by default), each in a block that this file's worker has to itself.
 *
 * @module
 */

const FIRST = 16_384, BLOCK = 64, BLOCKS = 256;

/**
 * The first port of the block: its listener says to other workers, and other runs of the tests, that it is taken, for as
 * long as this worker lives. It is on an address of its own, where nothing else listens.
 */
const start = claimBlock();
let given = 0;

function claimBlock(): number {
  for (let block = 0; block < BLOCKS; block++) {
    const port = FIRST + block * BLOCK;
    if (listen("127.0.0.2", port)) return port;
  }
  throw new Error(`All ${BLOCKS} blocks of ports from ${FIRST} on are taken: by what listens on 127.0.0.2?`);
}

/** How often a port that was let go of is tried again, and the milliseconds between. */
const TRIES = 1_000, TRY_MS = 2;

/**
 * Listen on a port of 127.0.0.1 that may have been let go of just now. A process that another test starts in that moment
 * has a copy of the closed listener until it runs its program, and the port is in use for as long.
 *
 * @throws {Deno.errors.AddrInUse} If somebody else has it.
 */
export function listenOn(port: number): Deno.TcpListener {
  const pause = new Int32Array(new SharedArrayBuffer(4));
  for (let tried = 1; tried < TRIES; tried++) {
    const listener = listen("127.0.0.1", port);
    if (listener) return listener;
    Atomics.wait(pause, 0, 0, TRY_MS);
  }
  return Deno.listen({ hostname: "127.0.0.1", port });
}

function listen(hostname: string, port: number): Deno.TcpListener | undefined {
  try {
    return Deno.listen({ hostname, port });
  } catch (error) {
    if (error instanceof Deno.errors.AddrInUse) return undefined;
    throw error;
  }
}

/**
 * A port of 127.0.0.1 that nobody listens on, and that no one else will be given.
 *
 * @throws {Error} If all of this worker's are in use.
 */
export function freePort(): number {
  for (let tried = 1; tried < BLOCK; tried++) {
    const port = start + 1 + given++ % (BLOCK - 1);
    const listener = listen("127.0.0.1", port);
    listener?.close();
    if (listener) return port;
  }
  throw new Error(`The ports from ${start + 1} to ${start + BLOCK - 1} are all in use`);
}
