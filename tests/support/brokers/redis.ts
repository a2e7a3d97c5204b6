/** A real Redis server for tests. @module */

import { connectRedis, type RedisConnection, type Reply } from "../../../src/transports/redis/connection.ts";
import { traceHeaders } from "../../../src/trace_headers.ts";
import { CLIENT_AUTHORITY, CLIENT_CERTIFICATE } from "../client_certificate.ts";
import { makeFolder } from "../folder.ts";
import { AUTHORITY, LOCALHOST_CERTIFICATE } from "../localhost_certificate.ts";
import { bodyOf, type Broker, type OutcomeMessage, poll } from "./broker.ts";
import { freePort } from "../ports.ts";
import { findProgram, startProcess } from "./process.ts";

/** Why tests with Redis can't run here; undefined if they can. */
export const NO_REDIS = findProgram("redis-server") ? undefined : "redis-server is not installed";

export const EVENTS = "{agent}:events", OUTCOMES = "{agent}:outcomes", DEAD = "{agent}:dead", GROUP = "agents";

export interface RedisBroker extends Broker {
  readonly url: URL;
  /** A command, over a connection of its own that is made anew where it was lost. */
  command(...args: readonly string[]): Promise<Reply>;
}

/**
 * Start one, with an append-only file. `tls`: with `certificate`, by default that for localhost; `asksForCertificate`: of
 * clients, signed by CLIENT_AUTHORITY; `password`: of the default user.
 */
export async function startRedis(
  options: {
    tls?: boolean;
    certificate?: { cert: string; key: string };
    asksForCertificate?: boolean;
    password?: string;
  } = {},
): Promise<RedisBroker> {
  const { tls = false, asksForCertificate = false, password } = options;
  const { cert, key } = options.certificate ?? LOCALHOST_CERTIFICATE;
  const folder = makeFolder({ "cert.pem": cert, "key.pem": key, "clients.pem": CLIENT_AUTHORITY });
  const port = freePort();
  const files = ["--tls-cert-file", `${folder.path}/cert.pem`, "--tls-key-file", `${folder.path}/key.pem`];
  const clients = asksForCertificate
    ? ["--tls-ca-cert-file", `${folder.path}/clients.pem`, "--tls-auth-clients", "yes"]
    : ["--tls-auth-clients", "no"];
  const process = await startProcess({
    path: findProgram("redis-server")!,
    args: [
      ...["--bind", "127.0.0.1", "--dir", folder.path, "--appendonly", "yes", "--appendfsync", "always", "--save", ""],
      ...(tls ? ["--port", "0", "--tls-port", `${port}`, ...files, ...clients] : ["--port", `${port}`]),
      ...(password === undefined ? [] : ["--requirepass", password]),
    ],
    isReady: (line) => /ready to accept connections/i.test(line),
  });
  const url = new URL(`${tls ? "rediss" : "redis"}://127.0.0.1:${port}`);
  if (password !== undefined) url.password = password;
  let connection: Promise<RedisConnection> | undefined;
  const command = async (...args: readonly string[]) => {
    connection ??= connectRedis({ url, tls: { caCerts: [AUTHORITY], ...(asksForCertificate && CLIENT_CERTIFICATE) } }, {
      silenceMs: 60_000,
    });
    const current = connection;
    try {
      return await (await current).command(...args);
    } catch (error) {
      (await current.catch(() => undefined))?.close();
      if (connection === current) connection = undefined;
      throw error;
    }
  };
  const range = async (stream: string) =>
    (await command("XRANGE", stream, "-", "+") as [string, string[]][]).map(([, fields]) => {
      const of = (name: string) => fields.find((_, at) => at % 2 === 1 && fields[at - 1] === name);
      return {
        body: of("body") ?? "",
        id: of("id") ?? "",
        type: of("type") ?? "",
        correlationId: of("correlation_id"),
        trace: traceHeaders((name) => of(name)),
      };
    });
  const arrived = async (): Promise<OutcomeMessage[]> =>
    (await range(OUTCOMES)).map(({ body, ...rest }) => ({ ...rest, text: body, outcome: JSON.parse(body) }));
  return {
    url,
    env: { EVENT_TRANSPORT: "redis", REDIS_URL: url.href, REDIS_CLAIM_AFTER: "1000" },
    command,
    async publish(...events) {
      await Promise.all(events.map((event) => command("XADD", EVENTS, "*", "body", bodyOf(event))));
    },
    async publishWith(headers, event) {
      await command("XADD", EVENTS, "*", "body", bodyOf(event), ...Object.entries(headers).flat());
    },
    async publishBytes(body) {
      // The connection writes texts alone.
      const parts = ["XADD", EVENTS, "*", "body"].map((text) => `$${text.length}\r\n${text}\r\n`).join("");
      using socket = await Deno.connect({ hostname: "127.0.0.1", port });
      const encoder = new TextEncoder();
      const all = [encoder.encode(`*5\r\n${parts}$${body.length}\r\n`), body, encoder.encode("\r\n")];
      await socket.write(new Uint8Array(await new Blob(all as Uint8Array<ArrayBuffer>[]).arrayBuffer()));
      await socket.read(new Uint8Array(64));
    },
    arrived,
    outcomes: (count) =>
      poll(`${count} outcomes`, async () => {
        if (Number(await command("XLEN", OUTCOMES)) < count) return undefined;
        return await arrived();
      }),
    letters: async () => (await range(DEAD)).map(({ body }) => body),
    async depth() {
      const groups = await command("XINFO", "GROUPS", EVENTS) as Reply[][];
      const held = Number(groups[0]?.[5] ?? 0);
      return { waiting: Number(await command("XLEN", EVENTS)) - held, held };
    },
    async kill() {
      await process.kill();
      (await connection?.catch(() => undefined))?.close();
      connection = undefined;
    },
    start: process.start,
    signal: process.signal,
    cut: async () => void await command("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes"),
    deleteQueue: async () => void await command("DEL", EVENTS),
    async [Symbol.asyncDispose]() {
      (await connection?.catch(() => undefined))?.close();
      await process[Symbol.asyncDispose]();
      await folder[Symbol.asyncDispose]();
    },
  };
}
