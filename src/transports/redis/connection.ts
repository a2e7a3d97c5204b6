/** One connection to a Redis server: commands out, replies in, nothing that reconnects by itself. @module */

// First, for the packages behind it.
import "../../builtin_require.ts";
import QueueModule from "@redis/client/dist/lib/client/commands-queue.js";
import SocketModule from "@redis/client/dist/lib/client/socket.js";
import { decodePart } from "../../urls.ts";
import type { TlsFiles } from "../../certificates.ts";
import type { BrokerKind } from "../queue.ts";
import { addressOf, type OpenTunnel } from "../through_proxy.ts";

/** Whom to connect to. */
export interface RedisServer {
  /** `redis://` or `rediss://`, with user name, password and the number of the database. */
  readonly url: URL;
  readonly tls?: TlsFiles;
  /** The way through a proxy, for rediss:// alone. */
  readonly openTunnel?: OpenTunnel;
}

/** What a reply may be. */
export type Reply = string | number | null | readonly Reply[];

/** An open connection. */
export interface RedisConnection {
  /** @throws {Error} With the server's own words, or because the connection has ended. */
  command(...args: readonly string[]): Promise<Reply>;
  /** Hear what is published to a channel. After that, the connection takes no other commands. */
  subscribe(channel: string, heard: (message: string) => void): Promise<void>;
  /** Resolves when the connection has ended, with the reason. */
  readonly ended: Promise<string>;
  /** End the connection at once: commands that wait for a reply reject. */
  close(): void;
}

/** The server refused the user name or the password. */
export class RedisLoginError extends Error {
  override name = "RedisLoginError";
}

/** How messages name it, and what they advise. */
export const REDIS: BrokerKind = {
  name: "redis",
  product: "Redis",
  advice: {
    reach: "Check that the server runs, and REDIS_URL.",
    login: "Check user name and password in REDIS_URL.",
  },
  authority: "REDIS_CA_FILE",
  isLoginError: (error) => error instanceof RedisLoginError,
};

/** Milliseconds that a connection may take to open. */
const CONNECT_MS = 10_000;

/**
 * Open a connection and log in.
 *
 * The package's commands take 380 of its 430 KB in the executable, and the transport needs a dozen: it uses the package's
 * socket and its queue of commands, with the encoder and decoder of the protocol behind them.
 *
 * @param options `silenceMs`: the connection ends when nothing has come or gone for this long.
 * @throws {RedisLoginError} If user name or password are refused.
 * @throws {Error} If the server can't be reached.
 */
// deno-lint-ignore house/function-length -- one socket from its making to its first command
export async function connectRedis(
  { url, tls = {}, openTunnel }: RedisServer,
  { silenceMs }: { silenceMs: number },
): Promise<RedisConnection> {
  const ended = Promise.withResolvers<string>();
  const queue = new (defaultOf(QueueModule))(2, null, () => {}, "");
  const host = url.hostname.replace(/^\[|\]$/g, "");
  const { caCerts, cert, key } = tls;
  const tunnel = await openTunnel?.(addressOf(url));
  const socket = new (defaultOf(SocketModule))(() => {}, "", {
    host,
    port: Number(url.port) || 6379,
    connectTimeout: CONNECT_MS,
    socketTimeout: silenceMs,
    reconnectStrategy: false,
    ...(url.protocol === "rediss:"
      ? {
        tls: true as const,
        ...(tunnel && { socket: tunnel }),
        ...(caCerts && { ca: [...caCerts] }),
        ...(cert !== undefined && { cert }),
        ...(key !== undefined && { key }),
        // An address needs no name to be asked for, and Node warns of one.
        ...(/^[\d.]+$|:/.test(host) ? {} : { servername: host }),
      }
      : {}),
  });
  // All of them at once, whatever waits in the socket: the package would write each apart, and after 64 KiB wait for the
  // peer to have read them.
  const write = () => socket.write([joined(queue.commandsToWrite())]);
  const fail = (error: Error) => {
    queue.flushAll(error);
    ended.resolve(error.message);
  };
  socket.on("data", (chunk: Uint8Array) => {
    try {
      queue.decoder.write(chunk);
    } catch (error) {
      // Not the protocol of Redis.
      socket.destroy();
      fail(error as Error);
    }
  }).on("error", fail).on("end", () => fail(new Error("the connection was closed")));
  let isScheduled = false;
  const command = (...args: readonly string[]): Promise<Reply> => {
    if (!socket.isReady) return Promise.reject(new Error("the connection is closed"));
    const reply = queue.addCommand<Reply>(args);
    // Commands of one turn leave together.
    if (!isScheduled) {
      isScheduled = true;
      queueMicrotask(() => {
        isScheduled = false;
        write();
      });
    }
    return reply;
  };
  const subscribe = async (channel: string, heard: (message: string) => void) => {
    const subscribed = queue.subscribe<false>("CHANNELS", channel, heard);
    write();
    await subscribed;
  };
  const close = () => socket.destroy();
  try {
    await socket.connect();
  } catch (error) {
    // Deno 2.7.11 says no more of a certificate that it does not accept.
    const isSilent = url.protocol === "rediss:" && /closed unexpectedly/i.test(String(error));
    throw isSilent ? new Error("closed in the TLS handshake, as for a certificate", { cause: error }) : error;
  }
  try {
    await logIn(url, command);
  } catch (error) {
    close();
    throw error;
  }
  return { command, subscribe, ended: ended.promise, close };
}

/** Length of the texts that are written to the socket, about. */
const WRITE_LENGTH = 256 * 1024;

/** The texts of encoded commands, joined to longer ones. */
function joined(commands: Iterable<readonly unknown[]>): string[] {
  const texts: string[] = [];
  let text = "";
  for (const parts of commands) {
    // Every argument is a string, and so is every part.
    for (const part of parts) text += part as string;
    if (text.length < WRITE_LENGTH) continue;
    texts.push(text);
    text = "";
  }
  if (text !== "") texts.push(text);
  return texts;
}

/** The one export of a module in CommonJS: from sources the import is the whole module, in a bundle that export alone. */
function defaultOf<T>(module: { readonly default?: T }): T {
  return module.default ?? (module as unknown as T);
}

async function logIn(url: URL, command: RedisConnection["command"]): Promise<void> {
  const user = decodePart(url.username), password = decodePart(url.password);
  const database = url.pathname.replace(/^\//, "");
  try {
    if (password !== "") await command("AUTH", ...(user === "" ? [] : [user]), password);
    // A server that wants a password answers no command without one.
    await command("SELECT", database === "" ? "0" : database);
  } catch (error) {
    const message = (error as Error).message;
    if (/^(WRONGPASS|NOAUTH|ERR AUTH|ERR invalid password|NOPERM)/.test(message)) {
      throw new RedisLoginError(message, { cause: error });
    }
    throw error;
  }
}
