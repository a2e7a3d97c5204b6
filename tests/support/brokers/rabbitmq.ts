/** A real RabbitMQ server for tests, without root and without a service. @module */

import type { AMQPChannel, AMQPClient, AMQPMessage } from "@cloudamqp/amqp-client";
import { connectRabbit, makeQueues } from "../../../src/transports/rabbitmq/connection.ts";
import { traceHeaders } from "../../../src/trace_headers.ts";
import type { AgentEvent } from "../../../src/wire.ts";
import { makeFolder } from "../folder.ts";
import { CLIENT_AUTHORITY, CLIENT_CERTIFICATE } from "../client_certificate.ts";
import { AUTHORITY, LOCALHOST_CERTIFICATE } from "../localhost_certificate.ts";
import { bodyOf, type Broker, type OutcomeMessage, poll } from "./broker.ts";
import { freePort } from "../ports.ts";
import { findProgram, startProcess } from "./process.ts";

/** The scripts themselves: those in /usr/sbin change to a user of their own. */
const SCRIPTS = "/usr/lib/rabbitmq/bin";
const SERVER = findProgram("rabbitmq-server");

/** Why tests with RabbitMQ can't run here; undefined if they can. */
export const NO_RABBITMQ = SERVER ? undefined : "rabbitmq-server is not installed";

export const EVENTS = "agent.events", OUTCOMES = "agent.outcomes", DEAD = "agent.events.dead";

export interface RabbitBroker extends Broker {
  readonly url: URL;
  /** Use a channel of the tests' own connection, which is made anew where it was lost. */
  use<T>(with_: (channel: AMQPChannel) => Promise<T>): Promise<T>;
  /** What `rabbitmqctl` prints. */
  control(...args: readonly string[]): Promise<string>;
}

/**
 * Start one. `tls`: with `certificate`, by default that for localhost; `asksForCertificate`: of clients, signed by
 * CLIENT_AUTHORITY; `plugins`: to enable; `config`: more lines of the configuration.
 */
export async function startRabbit(
  options: {
    tls?: boolean;
    certificate?: { cert: string; key: string };
    asksForCertificate?: boolean;
    plugins?: readonly string[];
    config?: string;
  } = {},
): Promise<RabbitBroker> {
  const { tls = false, asksForCertificate = false, plugins = [], config = "" } = options;
  const { cert, key } = options.certificate ?? LOCALHOST_CERTIFICATE;
  const folder = makeFolder({
    "plugins": `[${plugins.join(",")}].`,
    "clients.pem": CLIENT_AUTHORITY,
    "home/.erlang.cookie": crypto.randomUUID(),
    "cert.pem": cert,
    "key.pem": key,
  });
  const { path } = folder;
  Deno.chmodSync(`${path}/home/.erlang.cookie`, 0o400);
  const port = freePort(), epmdPort = freePort();
  Deno.writeTextFileSync(
    `${path}/rabbitmq.conf`,
    (tls
      ? `listeners.tcp = none\nlisteners.ssl.1 = 127.0.0.1:${port}\nssl_options.certfile = ${path}/cert.pem\n` +
        `ssl_options.keyfile = ${path}/key.pem\n` +
        (asksForCertificate
          ? `ssl_options.cacertfile = ${path}/clients.pem\nssl_options.verify = verify_peer\n` +
            "ssl_options.fail_if_no_peer_cert = true\n"
          : "ssl_options.verify = verify_none\n")
      : `listeners.tcp.1 = 127.0.0.1:${port}\n`) + config,
  );
  const env = {
    HOME: `${path}/home`,
    PATH: Deno.env.get("PATH") ?? "",
    ERL_EPMD_PORT: String(epmdPort),
    ERL_EPMD_ADDRESS: "127.0.0.1",
    RABBITMQ_NODENAME: `test${port}@localhost`,
    RABBITMQ_DIST_PORT: String(freePort()),
    RABBITMQ_MNESIA_BASE: `${path}/data`,
    RABBITMQ_LOG_BASE: `${path}/log`,
    RABBITMQ_LOGS: "-",
    RABBITMQ_CONFIG_FILE: `${path}/rabbitmq.conf`,
    RABBITMQ_ENABLED_PLUGINS_FILE: `${path}/plugins`,
    RABBITMQ_PID_FILE: `${path}/pid`,
    // One scheduler, and no busy waiting: tests share the machine.
    RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS: "+S 1:1 +sbwt none +sbwtdcpu none +sbwtdio none",
  };
  const process = await startProcess({
    path: "setsid",
    args: [`${SCRIPTS}/rabbitmq-server`],
    env,
    isReady: (line) => line.includes("Server startup complete"),
    isGroup: true,
    async stop() {
      await new Deno.Command("epmd", {
        args: ["-port", String(epmdPort), "-kill"],
        env,
        stdout: "null",
        stderr: "null",
      })
        .output();
    },
  });
  const url = new URL(`${tls ? "amqps" : "amqp"}://guest:guest@127.0.0.1:${port}`);
  let opened: Promise<AMQPClient> | undefined;
  const use: RabbitBroker["use"] = async (with_) => {
    opened ??= connectRabbit({
      url,
      ...(tls && { tls: { caCerts: [AUTHORITY], ...(asksForCertificate && CLIENT_CERTIFICATE) } }),
    });
    const current = opened;
    try {
      const channel = await (await current).channel();
      try {
        return await with_(channel);
      } finally {
        if (!channel.closed) await channel.close();
      }
    } catch (error) {
      if (opened === current) opened = undefined;
      await (await current.catch(() => undefined))?.close().catch(() => {});
      throw error;
    }
  };
  const control = async (...args: readonly string[]) => {
    const { success, stdout, stderr } = await new Deno.Command(`${SCRIPTS}/rabbitmqctl`, {
      args: ["-q", ...args],
      env,
    }).output();
    if (!success) throw new Error(new TextDecoder().decode(stderr));
    return new TextDecoder().decode(stdout);
  };
  const forget = () => {
    opened?.then((client) => client.close()).catch(() => {});
    opened = undefined;
  };
  /** What was read of each queue so far: reading takes it out. */
  const read = new Map<string, AMQPMessage[]>();
  const drain = async (queue: string): Promise<AMQPMessage[]> => {
    const messages = read.get(queue) ?? [];
    read.set(queue, messages);
    await use(async (channel) => {
      for (let got = await channel.basicGet(queue); got; got = await channel.basicGet(queue)) messages.push(got);
    });
    return messages;
  };
  const arrived = async (): Promise<OutcomeMessage[]> =>
    (await drain(OUTCOMES)).map((message) => {
      const { type = "", headers } = message.properties;
      const { messageId: id = String(headers?.message_id ?? "") } = message.properties;
      const { correlationId = headers?.correlation_id as string | undefined } = message.properties;
      const text = message.bodyString() ?? "";
      const trace = traceHeaders((name) => headers?.[name]);
      return { outcome: JSON.parse(text), text, id, type, correlationId, trace };
    });
  const made = () =>
    use(async (channel) => {
      await makeQueues(channel.connection as AMQPClient, { queues: [EVENTS], outcomeQueue: OUTCOMES, declare: true });
    });
  const publish = async (events: readonly (AgentEvent | string)[], headers: Record<string, string> = {}) => {
    await made();
    await use(async (channel) => {
      await channel.confirmSelect();
      const properties = { deliveryMode: 2, headers };
      await Promise.all(events.map((event) => channel.basicPublish("", EVENTS, bodyOf(event), properties)));
    });
  };
  return {
    url,
    env: { EVENT_TRANSPORT: "rabbitmq", RABBITMQ_URL: url.href },
    use,
    control,
    publish: (...events) => publish(events),
    publishWith: (headers, event) => publish([event], headers),
    publishBytes: (body) =>
      use(async (channel) => {
        await channel.confirmSelect();
        await channel.basicPublish("", EVENTS, body, { deliveryMode: 2 });
      }),
    arrived,
    outcomes: (count) =>
      poll(`${count} outcomes`, async () => {
        const found = await arrived();
        return found.length >= count ? found : undefined;
      }),
    letters: async () => (await drain(DEAD)).map((message) => message.bodyString() ?? ""),
    async depth() {
      const listed = await control(
        "list_queues",
        "name",
        "messages_ready",
        "messages_unacknowledged",
        "--no-table-headers",
      );
      const [, ready, unacknowledged] =
        listed.split("\n").map((line) => line.split("\t")).find(([name]) => name === EVENTS) ?? [];
      if (ready === undefined) throw new Error("there is no queue of events");
      return { waiting: Number(ready), held: Number(unacknowledged) };
    },
    async keepQueues() {
      await made();
      // RabbitMQ 3.10 writes the names of new quorum queues some time after it has made them. Killed before, it begins
      // the newest queue anew, without what was in it, and never elects a leader for it.
      await control("eval", "ok = dets:sync(ra_directory_reverse).");
    },
    async kill() {
      await process.kill();
      forget();
    },
    start: process.start,
    signal: process.signal,
    async cut() {
      forget();
      await control("close_all_connections", "test");
    },
    deleteQueue: () => use(async (channel) => void await channel.queueDelete(EVENTS)),
    async [Symbol.asyncDispose]() {
      forget();
      await process[Symbol.asyncDispose]();
      await folder[Symbol.asyncDispose]();
    },
  };
}
