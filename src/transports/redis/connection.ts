/** One connection to a Redis server: commands out, replies in, nothing that reconnects by itself. @module */

// First, for the packages behind it.
import "../../builtin_require.ts";
import { Buffer } from "node:buffer";
import QueueModule from "@redis/client/dist/lib/client/commands-queue.js";
import { messageOf } from "../../errors.ts";
import { decodePart } from "../../urls.ts";
import type { BrokerKind } from "../queue.ts";
import { secretHider } from "../secrets.ts";
import { openSocket, type RedisServer } from "./socket.ts";

/** What a reply may be. */
export type Reply = string | number | null | readonly Reply[];

/** The same with its texts as bytes. */
export type ByteReply = Uint8Array | number | null | readonly ByteReply[];

/** An open connection. */
export interface RedisConnection {
  /** @throws {Error} With the server's own words, or because the connection has ended. */
  command(...args: readonly string[]): Promise<Reply>;
  /** The same, for a reply whose texts are wanted as bytes. */
  commandForBytes(...args: readonly string[]): Promise<ByteReply>;
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

/** Whether an error says that the user may not use a command or a key, be it in a script. */
export function isPermissionError(error: unknown): boolean {
  return /^NOPERM|^(ERR|NOPERM)? ?The user executing the script can't/.test(messageOf(error));
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
  isPermissionError,
  isLoginError: (error) => error instanceof RedisLoginError,
};

/** Has the package leave texts as bytes. It names them by their sign in Redis' protocol, `$`. */
const AS_BYTES = { 36: Buffer } as const;

/** Milliseconds that a connection may take to open. */
const CONNECT_MS = 10_000;

/**
 * Open a connection and log in.
 *
 * The package's commands take 380 of its 430 KB in the executable, and the transport needs a dozen: it uses the package's
 * queue of commands, with the encoder and decoder of the protocol behind it.
 *
 * @param options `silenceMs`: the connection ends when nothing has come or gone for this long.
 * @throws {RedisLoginError} If user name or password are refused.
 * @throws {Error} If the server can't be reached.
 */
export async function connectRedis(
  server: RedisServer,
  { silenceMs }: { silenceMs: number },
): Promise<RedisConnection> {
  const ended = Promise.withResolvers<string>();
  const queue = new (defaultOf(QueueModule))(2, null, () => {}, "");
  const socket = await openSocket(server, { connectMs: CONNECT_MS, silenceMs });
  // All of them at once: the package would have each written apart.
  const write = () => {
    for (const text of joined(queue.commandsToWrite())) socket.write(text);
  };
  let isOpen = true;
  const fail = (error: Error) => {
    if (!isOpen) return;
    isOpen = false;
    queue.flushAll(error);
    ended.resolve(error.message);
  };
  socket.on("data", (chunk: Uint8Array) => {
    try {
      queue.decoder.write(chunk);
    } catch (error) {
      // Not the protocol of Redis.
      socket.destroy(error as Error);
    }
  }).on("error", fail).on("close", () => fail(new Error("the connection was closed")));
  let isScheduled = false;
  const ask = <R>(args: readonly string[], typeMapping?: typeof AS_BYTES): Promise<R> => {
    if (!isOpen) return Promise.reject(new Error("the connection is closed"));
    const reply = queue.addCommand<R>(args, typeMapping && { typeMapping });
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
  const command = (...args: readonly string[]) => ask<Reply>(args);
  const commandForBytes = (...args: readonly string[]) => ask<ByteReply>(args, AS_BYTES);
  const subscribe = async (channel: string, heard: (message: string) => void) => {
    const subscribed = queue.subscribe<false>("CHANNELS", channel, heard);
    write();
    await subscribed;
  };
  const close = () => {
    socket.destroy();
    fail(new Error("the connection was closed"));
  };
  try {
    await logIn(server.url, command);
  } catch (error) {
    close();
    throw error;
  }
  return { command, commandForBytes, subscribe, ended: ended.promise, close };
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
    const said = messageOf(error);
    // A server that does not know the command quotes it with all of its arguments.
    const message = secretHider([user, password])(said);
    if (/^(WRONGPASS|NOAUTH|ERR AUTH|ERR invalid password|NOPERM)/.test(said)) {
      throw new RedisLoginError(message, { cause: error });
    }
    throw new Error(message, { cause: error });
  }
}
