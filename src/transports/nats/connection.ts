/** One connection to a NATS server or cluster: logged in, nothing that reconnects by itself. @module */

// First, for the packages behind it.
import "../../builtin_require.ts";
import {
  type Authenticator,
  credsAuthenticator,
  errors,
  type NatsConnection,
  nkeyAuthenticator,
  type NodeConnectionOptions,
  usernamePasswordAuthenticator,
} from "@nats-io/transport-node";
import { messageOf } from "../../errors.ts";
import { decodePart, hostOf } from "../../urls.ts";
import type { TlsFiles } from "../../certificates.ts";
import type { BrokerKind } from "../queue.ts";
import type { OpenTunnel } from "../through_proxy.ts";
import { connectOver } from "./sockets.ts";

/** Whom to connect to, and as whom. */
export interface NatsServer {
  /** Servers of one cluster, `nats://` or `tls://`; user name and password are those of the first. */
  readonly urls: readonly URL[];
  readonly tls?: TlsFiles;
  /** The way through a proxy, for tls:// alone. */
  readonly openTunnel?: OpenTunnel;
  /** The text of a credentials file. */
  readonly creds?: string;
  /** The seed of an nkey. */
  readonly nkey?: string;
}

/** Whether an error says that the user may not publish or subscribe to a subject. */
export function isPermissionError(error: unknown): boolean {
  return /permissions violation/i.test(messageOf(error));
}

/** Hear of subjects that the user may not publish to: the server tells of them by errors of the connection. */
export async function hearRefusals(
  connection: NatsConnection,
  refused: (subject: string, error: Error) => void,
): Promise<void> {
  for await (const status of connection.status()) {
    if (status.type !== "error") continue;
    const { error } = status;
    if (error instanceof errors.PermissionViolationError && error.operation === "publish") {
      refused(error.subject, error);
    }
  }
}

/** How messages name it, and what they advise. */
export const NATS: BrokerKind = {
  name: "nats",
  product: "NATS",
  advice: {
    reach: "Check that the server runs, and NATS_URL.",
    login: "Check user name and password in NATS_URL, NATS_CREDS_FILE or NATS_NKEY_FILE.",
  },
  authority: "NATS_CA_FILE",
  isPermissionError,
  isLoginError: (error) =>
    error instanceof errors.AuthorizationError || error instanceof errors.UserAuthenticationExpiredError,
};

/** Milliseconds that a connection may take to open. */
const CONNECT_MS = 10_000;

/**
 * Connect to the first server that can be reached. Servers that others tell of are not used: the settings name those that
 * the agent may connect to.
 *
 * @throws {Error} If none can be reached, or the login is refused.
 */
export async function connectNats({ urls, tls = {}, openTunnel, creds, nkey }: NatsServer): Promise<NatsConnection> {
  const { caCerts, cert, key } = tls;
  const authenticator = authenticatorOf({ urls, ...(creds && { creds }), ...(nkey && { nkey }) });
  const isEncrypted = urls.some(({ protocol }) => protocol === "tls:");
  const options: NodeConnectionOptions = {
    servers: urls.map(hostOf),
    reconnect: false,
    // With a limit, the package drops two servers of the list for each that it can't reach (3.4.0). Without one it still
    // tries each only once before it has connected.
    maxReconnectAttempts: -1,
    ignoreClusterUpdates: true,
    noAsyncTraces: true,
    timeout: CONNECT_MS,
    ...(authenticator && { authenticator }),
    ...(isEncrypted && {
      tls: {
        ...(caCerts && { ca: caCerts.join("\n") }),
        ...(cert !== undefined && { cert }),
        ...(key !== undefined && { key }),
      },
    }),
  };
  try {
    return await connectOver(options, openTunnel);
  } catch (error) {
    if (!CLOSED.test(messageOf(error))) throw error;
    const problem = "the server closed the connection while it was made, as it does at its limit of connections";
    throw new Error(problem, { cause: error });
  }
}

/** What the package and the socket say of that, whose words are about writing: the server's own come too late to be read. */
const CLOSED = /write after end|EPIPE|ended by the other party|undefined error|^connection closed$/i;

function authenticatorOf({ urls, creds, nkey }: NatsServer): Authenticator | undefined {
  if (creds !== undefined) return credsAuthenticator(new TextEncoder().encode(creds));
  if (nkey !== undefined) return nkeyAuthenticator(new TextEncoder().encode(nkey));
  const named = urls.find(({ username }) => username !== "");
  return named && usernamePasswordAuthenticator(decodePart(named.username), decodePart(named.password));
}
