/** A proxy of one kind or another that leads every connection to this machine, and keeps what goes through it. @module */

import { type Forwarder, startForwarder } from "./forwarder.ts";
import { readUntil } from "./read_until.ts";

/** What the proxy listens on, and what it speaks. */
export type ProxyKind = "http" | "socks5" | "unix" | "vsock";

export interface ProxyUnderTest extends AsyncDisposable {
  /** What AGENT_PROXY is set to. */
  readonly setting: string;
  /** What it was asked for, such as `CONNECT agents.example.test:443`. */
  readonly asked: readonly string[];
  /** What its clients sent, through it and to it, as far as it can be read by whoever runs it. */
  readonly seen: () => string;
}

/** This machine's own address in the vsock family. */
const VSOCK_LOOPBACK = 1;

/** @param options `folder`: where a socket file is made. */
export async function startProxy(kind: ProxyKind, { folder }: { folder: string }): Promise<ProxyUnderTest> {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr;
  const forwarder = await forwarderFor(kind, { folder, port });
  const asked: string[] = [], sent: Uint8Array[] = [], open = new Set<Deno.Conn>(), lines = new Set<Promise<void>>();
  const accepting = (async () => {
    for await (const near of listener) {
      const line = serve(near).finally(() => lines.delete(line));
      lines.add(line);
    }
  })();

  async function serve(near: Deno.Conn): Promise<void> {
    open.add(near);
    try {
      const port = await (kind === "socks5" ? agreeOnSocks : agreeOnHttp)(near, asked, sent);
      const far = await Deno.connect({ hostname: "127.0.0.1", port });
      open.add(far);
      await near.write(GRANTED[kind === "socks5" ? "socks5" : "http"]);
      await Promise.all([carry(near, far, sent), carry(far, near)]);
    } catch {
      // The client went, or asked for what is not there: its connection ends, and the test sees what it wanted to see.
    } finally {
      hangUp(near);
    }
  }

  async function carry(from: Deno.Conn, to: Deno.Conn, keep?: Uint8Array[]): Promise<void> {
    try {
      const piece = new Uint8Array(65_536);
      for (let size = await from.read(piece); size !== null; size = await from.read(piece)) {
        keep?.push(piece.slice(0, size));
        for (let done = 0; done < size;) done += await to.write(piece.subarray(done, size));
      }
    } finally {
      hangUp(from);
      hangUp(to);
    }
  }

  function hangUp(end: Deno.Conn): void {
    if (open.delete(end)) end.close();
  }

  return {
    setting: settingOf(kind, forwarder?.place ?? `${port}`),
    asked,
    seen: () => sent.map((piece) => new TextDecoder("latin1").decode(piece)).join(""),
    async [Symbol.asyncDispose]() {
      await forwarder?.[Symbol.asyncDispose]();
      listener.close();
      await accepting;
      open.forEach(hangUp);
      await Promise.all(lines);
    },
  };
}

function forwarderFor(
  kind: ProxyKind,
  { folder, port }: { folder: string; port: number },
): Promise<Forwarder> | undefined {
  if (kind === "unix") return startForwarder(`unix:${folder}/proxy.sock`, { port });
  return kind === "vsock" ? startForwarder(`vsock:${VSOCK_LOOPBACK}`, { port }) : undefined;
}

function settingOf(kind: ProxyKind, place: string): string {
  switch (kind) {
    case "unix":
      return `unix:${place}`;
    case "vsock":
      return `vsock:${VSOCK_LOOPBACK}:${place}`;
    case "socks5":
      // "h": it is the proxy that looks the name up.
      return `socks5h://127.0.0.1:${place}`;
    case "http":
      return `http://127.0.0.1:${place}`;
  }
}

const GRANTED = {
  http: new TextEncoder().encode("HTTP/1.1 200 OK\r\n\r\n"),
  socks5: Uint8Array.of(5, 0, 0, 1, 0, 0, 0, 0, 0, 0),
};

/** Returns the port of what the client asks for. */
async function agreeOnHttp(near: Deno.Conn, asked: string[], sent: Uint8Array[]): Promise<number> {
  const head = await readUntil(near, (bytes) => new TextDecoder().decode(bytes).includes("\r\n\r\n"));
  sent.push(head);
  const [method, target] = new TextDecoder().decode(head).split(" ");
  asked.push(`${method} ${target}`);
  if (method !== "CONNECT") throw new Error("this proxy makes tunnels only");
  return Number(target?.split(":").at(-1));
}

/** @see RFC 1928: a greeting without authentication, then CONNECT to a name. */
async function agreeOnSocks(near: Deno.Conn, asked: string[], sent: Uint8Array[]): Promise<number> {
  sent.push(await readUntil(near, (bytes) => bytes.length >= 2 && bytes.length >= 2 + bytes[1]!));
  await near.write(Uint8Array.of(5, 0));
  const request = await readUntil(near, (bytes) => bytes.length >= 5 && bytes.length >= 7 + bytes[4]!);
  sent.push(request);
  const [version, command, , type, length = 0] = request;
  if (version !== 5 || command !== 1 || type !== 3) throw new Error("this proxy connects to names only");
  const name = new TextDecoder().decode(request.subarray(5, 5 + length));
  const port = request[5 + length]! * 256 + request[6 + length]!;
  asked.push(`CONNECT ${name}:${port}`);
  return port;
}
