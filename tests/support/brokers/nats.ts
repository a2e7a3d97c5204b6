/** A real NATS server with JetStream for tests. @module */

import "../../../src/builtin_require.ts";
import { jetstream, type JetStreamManager, jetstreamManager } from "@nats-io/jetstream";
import { type Authenticator, connect, headers, type NatsConnection } from "@nats-io/transport-node";
import { token } from "../../../src/transports/nats/publishing.ts";
import { traceHeaders } from "../../../src/trace_headers.ts";
import type { AgentEvent } from "../../../src/wire.ts";
import { makeFolder } from "../folder.ts";
import { CLIENT_AUTHORITY, CLIENT_CERTIFICATE } from "../client_certificate.ts";
import { AUTHORITY, LOCALHOST_CERTIFICATE } from "../localhost_certificate.ts";
import { bodyOf, type Broker, type OutcomeMessage, poll } from "./broker.ts";
import { freePort } from "../ports.ts";
import { findProgram, startProcess } from "./process.ts";

/** Why tests with NATS can't run here; undefined if they can. */
export const NO_NATS = findProgram("nats-server") ? undefined : "nats-server is not installed";

export const STREAM = "AGENT_EVENTS", OUTCOME_STREAM = "AGENT_OUTCOMES", CONSUMER = "agents";

/** The server tells of a stream, and lets it be made, a moment before it takes messages for it. */
const PUBLISH_TRIES = 8;

export interface NatsBroker extends Broker {
  readonly url: URL;
  /** Use the server over a connection that is made anew where it was lost. */
  use<T>(with_: (tools: { connection: NatsConnection; manager: JetStreamManager }) => Promise<T>): Promise<T>;
}

/**
 * Start one. `tls`: with `certificate`, by default that for localhost; `asksForCertificate`: of clients, signed by
 * CLIENT_AUTHORITY; `config`: lines of the configuration, such as users; `user` and `password`, or `authenticator`: what
 * the tests' own connection logs in with.
 */
export async function startNats(
  options: {
    tls?: boolean;
    certificate?: { cert: string; key: string };
    asksForCertificate?: boolean;
    config?: string;
    user?: string;
    password?: string;
    authenticator?: Authenticator;
  } = {},
): Promise<NatsBroker> {
  const { tls = false, asksForCertificate = false, config = "", user, password, authenticator } = options;
  const { cert, key } = options.certificate ?? LOCALHOST_CERTIFICATE;
  const folder = makeFolder({
    "cert.pem": cert,
    "key.pem": key,
    "clients.pem": CLIENT_AUTHORITY,
  });
  const port = freePort();
  const asked = asksForCertificate ? `, ca_file: "${folder.path}/clients.pem", verify: true` : "";
  const secure = `tls { cert_file: "${folder.path}/cert.pem", key_file: "${folder.path}/key.pem"${asked} }`;
  Deno.writeTextFileSync(
    `${folder.path}/nats.conf`,
    `listen: "127.0.0.1:${port}"\njetstream { store_dir: "${folder.path}/store" }\n${tls ? secure : ""}\n${config}\n`,
  );
  const process = await startProcess({
    path: findProgram("nats-server")!,
    args: ["--config", `${folder.path}/nats.conf`],
    isReady: (line) => line.includes("Server is ready"),
  });
  const url = new URL(`${tls ? "tls" : "nats"}://127.0.0.1:${port}`);
  if (user !== undefined) url.username = user;
  if (password !== undefined) url.password = password;
  let opened: Promise<NatsConnection> | undefined;
  const use: NatsBroker["use"] = async (with_) => {
    opened ??= connect({
      servers: `127.0.0.1:${port}`,
      reconnect: false,
      ...(user !== undefined && { user, pass: password ?? "" }),
      ...(authenticator && { authenticator }),
      ...(tls && { tls: { ca: AUTHORITY, ...(asksForCertificate && CLIENT_CERTIFICATE) } }),
    });
    const current = opened;
    try {
      const connection = await current;
      return await with_({ connection, manager: await jetstreamManager(connection, { checkAPI: false }) });
    } catch (error) {
      const connection = await current.catch(() => undefined);
      if ((connection === undefined || connection.isClosed()) && opened === current) opened = undefined;
      throw error;
    }
  };
  const messages = (filter: string) =>
    use(async ({ connection, manager }) => {
      const { state } = await manager.streams.info(OUTCOME_STREAM, { subjects_filter: ">" });
      void connection;
      const found: { body: string; subject: string; header: ReturnType<typeof headers> }[] = [];
      // An empty stream has numbers too, of messages that it had or will have.
      for (let seq = state.first_seq; state.messages > 0 && seq <= state.last_seq; seq++) {
        const message = await manager.streams.getMessage(OUTCOME_STREAM, { seq });
        if (!message?.subject.startsWith(filter)) continue;
        found.push({ body: message.string(), subject: message.subject, header: message.header });
      }
      return found;
    });
  const arrived = async (): Promise<OutcomeMessage[]> =>
    (await messages("agent.outcomes.")).map(({ body, subject, header }) => {
      const outcome = JSON.parse(body);
      const correlationId = decodeURI(header.get("correlation_id"));
      if (subject !== `agent.outcomes.${token(outcome.queryId)}`) throw new Error(`unexpected subject ${subject}`);
      const trace = traceHeaders((name) => header.get(name));
      return { outcome, text: body, id: outcome.queryId, type: header.get("type"), correlationId, trace };
    });
  const publish = async (events: readonly (AgentEvent | string)[], given: Record<string, string> = {}) => {
    await poll(
      "the stream of events",
      () => use(({ manager }) => manager.streams.info(STREAM).catch(() => undefined)),
      5_000,
    )
      .catch(() =>
        use(({ manager }) =>
          manager.streams.add({ name: STREAM, subjects: ["agent.events.>"], retention: "workqueue" })
        )
      );
    await use(({ connection }) => {
      const client = jetstream(connection), fields = headers();
      for (const [name, value] of Object.entries(given)) fields.set(name, value);
      const options = { headers: fields, retries: PUBLISH_TRIES };
      return Promise.all(events.map((event) => client.publish("agent.events.new", bodyOf(event), options)));
    });
  };
  return {
    url,
    env: { EVENT_TRANSPORT: "nats", NATS_URL: url.href.replace(/\/$/, ""), NATS_ACK_WAIT: "1000" },
    use,
    publish: (...events) => publish(events),
    publishWith: (given, event) => publish([event], given),
    publishBytes: (body) =>
      use(async ({ connection }) => void await jetstream(connection).publish("agent.events.new", body)),
    arrived,
    outcomes: (count) =>
      poll(`${count} outcomes`, async () => {
        const { state } = await use(({ manager }) => manager.streams.info(OUTCOME_STREAM));
        if (state.messages < count) return undefined;
        const found = await arrived();
        return found.length >= count ? found : undefined;
      }),
    letters: async () => (await messages("agent.dead.")).map(({ body }) => body),
    depth: () =>
      use(async ({ manager }) => {
        const { num_pending: waiting, num_ack_pending: held } = await manager.consumers.info(STREAM, CONSUMER);
        return { waiting, held };
      }),
    async kill() {
      await process.kill();
      opened = undefined;
    },
    start: process.start,
    signal: process.signal,
    async cut() {
      await process.kill();
      opened = undefined;
      await process.start();
    },
    deleteQueue: async () => void await use(({ manager }) => manager.streams.delete(STREAM)),
    async [Symbol.asyncDispose]() {
      await (await opened?.catch(() => undefined))?.close();
      await process[Symbol.asyncDispose]();
      await folder[Symbol.asyncDispose]();
    },
  };
}
