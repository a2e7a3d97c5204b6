/** Proxies for tests: each leads every tunnel to 127.0.0.1, whatever host it is asked for. @module */

import { Buffer } from "node:buffer";
import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";

/** A proxy that listens on a port of its own. */
export interface TestProxy extends AsyncDisposable {
  readonly url: string;
  /** Every host and port that it was asked for. */
  readonly asked: readonly string[];
}

/** One that speaks HTTP. `login`: user name and password that it wants, with a colon between them. */
export function startHttpProxy({ login }: { login?: string } = {}): Promise<TestProxy> {
  return startProxy("http", async (read, socket, lead) => {
    let head = "";
    while (!head.endsWith("\r\n\r\n")) head += (await read(1)).toString("latin1");
    const wanted = login && `Basic ${Buffer.from(login).toString("base64")}`;
    if (wanted && !head.includes(`Proxy-Authorization: ${wanted}\r\n`)) {
      return void socket.end("HTTP/1.1 407 Proxy Authentication Required\r\n\r\n");
    }
    const [, authority = ""] = /^CONNECT (\S+) HTTP\/1\.1\r\n/.exec(head) ?? [];
    await lead(authority, () => socket.write("HTTP/1.1 200 OK\r\n\r\n"));
  });
}

/** One that speaks SOCKS 5, with names. `login`: see {@linkcode startHttpProxy}. */
export function startSocksProxy({ login }: { login?: string } = {}): Promise<TestProxy> {
  return startProxy("socks5", async (read, socket, lead) => {
    const [, methods = 0] = await read(2);
    await read(methods);
    socket.write(Uint8Array.of(5, login ? 2 : 0));
    if (login) {
      const text = async () => (await read((await read(1))[0]!)).toString();
      await read(1);
      const isRight = `${await text()}:${await text()}` === login;
      socket.write(Uint8Array.of(1, isRight ? 0 : 1));
      if (!isRight) return;
    }
    await read(4);
    const host = (await read((await read(1))[0]!)).toString();
    const port = (await read(2)).readUInt16BE();
    await lead(`${host}:${port}`, () => socket.write(Uint8Array.of(5, 0, 0, 1, 0, 0, 0, 0, 0, 0)));
  });
}

type Serve = (
  read: (bytes: number) => Promise<Buffer>,
  socket: Socket,
  lead: (authority: string, ready: () => void) => Promise<void>,
) => Promise<void>;

async function startProxy(scheme: string, serve: Serve): Promise<TestProxy> {
  const asked: string[] = [];
  const sockets = new Set<Socket>();
  const own = (socket: Socket) => {
    sockets.add(socket);
    socket.on("error", () => {});
  };
  const server = createServer((socket) => {
    own(socket);
    const read = async (bytes: number): Promise<Buffer> => {
      for (;;) {
        const got: Buffer | null = bytes === 0 ? Buffer.alloc(0) : socket.read(bytes);
        if (got) return got;
        await once(socket, "readable");
      }
    };
    const lead = async (authority: string, ready: () => void) => {
      asked.push(authority);
      const far = connect(Number(authority.split(":").at(-1)), "127.0.0.1");
      own(far);
      await once(far, "connect");
      ready();
      far.pipe(socket);
      socket.pipe(far);
    };
    serve(read, socket, lead).catch(() => socket.destroy());
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    url: `${scheme}://127.0.0.1:${(server.address() as AddressInfo).port}`,
    asked,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
