/** How connections to a NATS server come about: straight or through a proxy, with no error of a socket that ends the agent. @module */

import {
  type NatsConnection,
  NatsConnectionImpl,
  type NodeConnectionOptions,
  setTransportFactory,
} from "@nats-io/transport-node";
import { nodeResolveHost, NodeTransport } from "@nats-io/transport-node/lib/node_transport.js";
import { isIP, type Socket } from "node:net";
import { connect as connectTls, type TLSSocket } from "node:tls";
import { withoutBrackets } from "../../urls.ts";
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
  /** The server's name or address as NATS_URL has it: its certificate has to be for that. */
  #host = "";
  /** What has come through a tunnel before the package listens. */
  #first: Uint8Array | undefined;

  constructor(openTunnel?: OpenTunnel) {
    super();
    this.#openTunnel = openTunnel;
  }

  override async dial(server: { hostname: string; port: number }): Promise<Socket> {
    const { hostname: host, port } = server;
    // A name that was resolved is in `tlsName`; without that, the package would have the certificate checked for localhost.
    this.#host = this.tlsName || withoutBrackets(host);
    const tunnel = await this.#openTunnel?.({ host, port });
    this.#first = tunnel?.first;
    // To the package it is a socket: it reads and writes it.
    return neverUnheard((tunnel?.socket ?? await super.dial(server)) as Socket);
  }

  /** Waits for the server's first words. After them nothing is read: Deno 2.7.11 begins no TLS while a read waits. */
  override peekInfo(): ReturnType<NodeTransport["peekInfo"]> {
    const { socket } = this, info = super.peekInfo();
    socket.on("data", () => {
      // The package has taken its own listener off, since it has all it waits for.
      if (socket.listenerCount("data") === 0) socket.pause();
    });
    if (this.#first && this.#first.length > 0) socket.emit("data", this.#first);
    // A tunnel's socket comes paused.
    if (socket.listenerCount("data") > 0) socket.resume();
    return info;
  }

  override startTLS(): Promise<TLSSocket> {
    const { ca, cert, key } = { ...this.options.tls };
    const { promise, resolve, reject } = Promise.withResolvers<TLSSocket>();
    const socket = neverUnheard(connectTls({
      socket: this.socket,
      host: this.#host,
      // An address needs no name to be asked for, and Node warns of one.
      ...(isIP(this.#host) === 0 && { servername: this.#host }),
      ...(ca !== undefined && { ca }),
      ...(cert !== undefined && { cert }),
      ...(key !== undefined && { key }),
    }));
    socket.once("secureConnect", () => resolve(socket));
    socket.once("error", reject).once("close", () => reject(new Error("closed in the TLS handshake")));
    return promise;
  }

  override setupHandlers(): void {
    this.socket.removeAllListeners();
    super.setupHandlers();
    this.socket.resume();
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
