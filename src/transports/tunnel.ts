/** A way through a proxy for the clients of brokers: a socket that leads to the broker, for TLS to go through. @module */

import { Buffer } from "node:buffer";
import { connect, isIP, type Socket } from "node:net";
import type { Duplex } from "node:stream";
import { connect as connectTls } from "node:tls";
import type { UrlProxy } from "../settings/proxy.ts";
import { publicUrl, withoutBrackets } from "../urls.ts";
import { asDuplex } from "./duplex.ts";

/** An open way through a proxy. */
export interface Tunnel {
  /** Paused, with no read under way. */
  readonly socket: Duplex;
  /** What has come through it already; empty where the server waits for the client to begin. */
  readonly first: Uint8Array;
}

/** Milliseconds that the proxy may take. */
const OPEN_MS = 10_000;
/** Bytes of a proxy's reply, at most: no proxy has as much to say. */
const MAX_REPLY_BYTES = 16 * 1024;

/**
 * A way to a host and port.
 *
 * @throws {Error} If the proxy gives no way there.
 */
export async function openTunnel(proxy: UrlProxy, to: { host: string; port: number }): Promise<Tunnel> {
  const { protocol, hostname, port } = new URL(proxy.url);
  const at = { host: withoutBrackets(hostname), port: Number(port || standardPort(protocol)) };
  const socket = protocol === "https:"
    ? connectTls({ ...at, ...(isIP(at.host) === 0 && { servername: at.host }) })
    : connect(at);
  // Its errors reach whoever reads; one that comes when nobody does must not end the program.
  socket.on("error", () => {});
  const late = setTimeout(() => socket.destroy(new Error("no reply in time")), OPEN_MS);
  try {
    const talk = converse(socket);
    await (proxy.transport === "socks5" ? askSocks(talk, proxy, to) : askHttp(talk, proxy, to));
    const first = talk.end();
    // Deno 2.7.11 begins no TLS on a socket with TLS. Over a stream it does, but shows no certificate of the agent's own.
    return { socket: protocol === "https:" ? asDuplex(socket) : socket, first };
  } catch (error) {
    socket.destroy();
    throw new Error(
      `the proxy ${publicUrl(new URL(proxy.url))} gives no way to ${to.host}: ${(error as Error).message}`,
      {
        cause: error,
      },
    );
  } finally {
    clearTimeout(late);
  }
}

function standardPort(protocol: string): string {
  return { "http:": "80", "https:": "443" }[protocol] ?? "1080";
}

/** Talking to the proxy before the socket is handed on. */
interface Talk {
  say(bytes: Uint8Array | string): void;
  /** The reply from its start on, as soon as `find` finds out where it ends; what follows is left for others. */
  hear(find: (received: Buffer) => number | undefined): Promise<Buffer>;
  /** Listen no more. Returns what was received beyond the replies. */
  end(): Uint8Array;
}

function converse(socket: Socket): Talk {
  let received: Buffer = Buffer.alloc(0);
  let look: (() => void) | undefined;
  const ended = Promise.withResolvers<never>();
  ended.promise.catch(() => {}); // who is listening learns of it
  const onData = (bytes: Uint8Array) => {
    received = Buffer.concat([received, bytes]);
    // Nothing is read until there is something to wait for: a read that waits would keep Deno 2.7.11 from beginning TLS.
    socket.pause();
    look?.();
  };
  const onError = (error: Error) => ended.reject(error);
  const onClose = () => ended.reject(new Error("it has closed the connection"));
  socket.on("data", onData).on("error", onError).on("close", onClose);
  return {
    say: (bytes) => void socket.write(bytes),
    async hear(find) {
      const { promise, resolve, reject } = Promise.withResolvers<number>();
      look = () => {
        const end = find(received);
        if (end !== undefined) resolve(end);
        else if (received.length > MAX_REPLY_BYTES) reject(new Error("its reply has no end"));
        else socket.resume();
      };
      look();
      const end = await Promise.race([promise, ended.promise]);
      const reply = received.subarray(0, end);
      received = received.subarray(end);
      return reply;
    },
    end() {
      socket.off("data", onData).off("error", onError).off("close", onClose);
      return received;
    },
  };
}

/** @see RFC 9110, 9.3.6: CONNECT. */
async function askHttp(talk: Talk, { basicAuth }: UrlProxy, { host, port }: { host: string; port: number }) {
  const authority = `${host.includes(":") ? `[${host}]` : host}:${port}`;
  const login = basicAuth && Buffer.from(`${basicAuth.username}:${basicAuth.password}`).toString("base64");
  const lines = [`CONNECT ${authority} HTTP/1.1`, `Host: ${authority}`];
  if (login) lines.push(`Proxy-Authorization: Basic ${login}`);
  talk.say(`${lines.join("\r\n")}\r\n\r\n`);
  const reply = await talk.hear((received) => {
    const at = received.indexOf("\r\n\r\n");
    return at < 0 ? undefined : at + 4;
  });
  const [, status = ""] = /^HTTP\/1\.\d (\d{3})/.exec(reply.toString("latin1")) ?? [];
  if (status === "407") throw new Error("it wants another user name or password (407)");
  if (!status.startsWith("2")) throw new Error(`it refuses (${status || "no reply in HTTP"})`);
}

/** @see RFC 1928, and RFC 1929 for user name and password. */
async function askSocks(talk: Talk, { basicAuth }: UrlProxy, { host, port }: { host: string; port: number }) {
  const withLogin = basicAuth !== undefined;
  talk.say(Uint8Array.of(5, 1, withLogin ? 2 : 0));
  const [, method] = await talk.hear(atLeast(2));
  if (method !== (withLogin ? 2 : 0)) throw new Error("it wants another kind of login");
  if (withLogin) {
    const user = Buffer.from(basicAuth.username), password = Buffer.from(basicAuth.password);
    talk.say(Buffer.concat([Uint8Array.of(1, user.length), user, Uint8Array.of(password.length), password]));
    const [, refused] = await talk.hear(atLeast(2));
    if (refused !== 0) throw new Error("it wants another user name or password");
  }
  const name = Buffer.from(host);
  talk.say(Buffer.concat([Uint8Array.of(5, 1, 0, 3, name.length), name, Uint8Array.of(port >> 8, port & 0xff)]));
  // An address in the reply has 4 bytes, 16, or as many as its first one says.
  const reply = await talk.hear((received) => {
    if (received.length < 5) return undefined;
    const length = { 1: 4, 3: 1 + received[4]!, 4: 16 }[received[3]!] ?? 0;
    return received.length < 6 + length ? undefined : 6 + length;
  });
  if (reply[1] !== 0) throw new Error(`it refuses (${reply[1]})`);
}

function atLeast(bytes: number): (received: Buffer) => number | undefined {
  return ({ length }) => length < bytes ? undefined : bytes;
}
