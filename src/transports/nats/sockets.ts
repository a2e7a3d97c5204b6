/** How connections to a NATS server come about: straight or through a proxy, with no error of a socket that ends the agent. @module */

import {
  type NatsConnection,
  NatsConnectionImpl,
  type NodeConnectionOptions,
  setTransportFactory,
} from "@nats-io/transport-node";
import { nodeResolveHost, NodeTransport } from "@nats-io/transport-node/lib/node_transport.js";
import type { Socket } from "node:net";
import type { TLSSocket } from "node:tls";
import { asSocket } from "../duplex.ts";
import type { OpenTunnel } from "../through_proxy.ts";

/** As the package's own `connect`, which has no say in how a socket is made. */
export function connectOver(options: NodeConnectionOptions, openTunnel?: OpenTunnel): Promise<NatsConnection> {
  setTransportFactory({
    factory: () => new OwnTransport(openTunnel),
    // A proxy looks names up itself.
    ...(!openTunnel && { dnsResolveFn: nodeResolveHost }),
  });
  return NatsConnectionImpl.connect({ ...options, ...(openTunnel && { resolve: false }) });
}

class OwnTransport extends NodeTransport {
  readonly #openTunnel: OpenTunnel | undefined;

  constructor(openTunnel?: OpenTunnel) {
    super();
    this.#openTunnel = openTunnel;
  }

  override async dial(server: { hostname: string; port: number }): Promise<Socket> {
    const { hostname: host, port } = server;
    // To the package it is a socket: it reads and writes it, and hands it to TLS.
    const socket = await (this.#openTunnel?.({ host, port }) ?? super.dial(server)) as Socket;
    return neverUnheard(socket);
  }

  override async startTLS(): Promise<TLSSocket> {
    this.socket = neverUnheard(asSocket(this.socket));
    return neverUnheard(await super.startTLS());
  }
}

/**
 * The package takes all listeners off a socket between two steps, and before it ends one. An error at that moment, such as
 * a reset by a server that has refused the login, would end the program.
 */
function neverUnheard<Kind extends Socket>(socket: Kind): Kind {
  const remove = socket.removeAllListeners.bind(socket);
  const hear = () => socket.on("error", () => {});
  socket.removeAllListeners = (...names: Parameters<typeof remove>) => {
    remove(...names);
    hear();
    return socket;
  };
  hear();
  return socket;
}
