/** The switch: opens the transport that the settings name. @module */

import type { Clock } from "../clock.ts";
import type { Log } from "../log.ts";
import type { SourceObserver } from "../observer.ts";
import { proxyFor, type ProxySettings } from "../settings/proxy.ts";
import { openFileTransport } from "./file/file.ts";
import { natsOptions, queueOptions, rabbitOptions, redisOptions, tlsOf } from "./options.ts";
import type { TransportSettings } from "./settings.ts";
import type { Attestation, Transport, TransportHooks } from "./transport.ts";
import { openWebSocketTransport } from "./websocket/websocket.ts";

/** What a transport is given besides its settings. */
export type TransportParts = TransportHooks & {
  readonly agentId: string;
  readonly log: Log;
  readonly clock: Clock;
  /** Shown to a server that asks; a file and a queue ask nothing. */
  readonly attestation?: Attestation;
  /** Told of the connection, and of what is refused; absent: nobody is. */
  readonly observer?: SourceObserver | undefined;
};

/**
 * Load the transport that the settings name; what it returns opens it. A queue's client is loaded for nobody else.
 *
 * @throws {FatalError} If a file that the settings name can't be read.
 */
export async function loadTransport(
  settings: TransportSettings & ProxySettings,
): Promise<(parts: TransportParts) => Transport> {
  switch (settings.EVENT_TRANSPORT) {
    case "rabbitmq": {
      const { openRabbitTransport } = await import("./rabbitmq/rabbitmq.ts");
      const options = { ...queueOptions(settings), ...rabbitOptions(settings) };
      return (parts) => openRabbitTransport({ ...parts, ...options });
    }
    case "redis": {
      const { openRedisTransport } = await import("./redis/redis.ts");
      const options = { ...queueOptions(settings), ...redisOptions(settings) };
      return (parts) => openRedisTransport({ ...parts, ...options });
    }
    case "nats": {
      const { openNatsTransport } = await import("./nats/nats.ts");
      const options = { ...queueOptions(settings), ...natsOptions(settings) };
      return (parts) => openNatsTransport({ ...parts, ...options });
    }
    default: {
      const transport = settings.EVENT_TRANSPORT;
      return (parts) => openTransport({ ...settings, EVENT_TRANSPORT: transport }, parts);
    }
  }
}

function openTransport(
  settings: TransportSettings & ProxySettings & { readonly EVENT_TRANSPORT: "file" | "websocket" },
  parts: TransportParts,
): Transport {
  const maxBytes = settings.EVENT_MAX_BYTES;
  switch (settings.EVENT_TRANSPORT) {
    case "file":
      return openFileTransport({
        ...parts,
        path: settings.EVENT_INPUT_PATH,
        rescanMs: settings.EVENT_POLL_INTERVAL,
        maxBytes,
      });
    case "websocket": {
      const { WEBSOCKET_AUTH_TOKEN: token, WEBSOCKET_HEADERS: headers, WEBSOCKET_PROTOCOL: protocols } = settings;
      const url = settings.WEBSOCKET_URL;
      const proxy = proxyFor(url, settings);
      return openWebSocketTransport({
        ...parts,
        url,
        reconnectMs: settings.WEBSOCKET_RECONNECT_INTERVAL,
        maxAttempts: settings.WEBSOCKET_MAX_RECONNECT_ATTEMPTS,
        maxBytes,
        ...(token !== undefined && { token }),
        ...(headers && { headers }),
        ...(protocols !== undefined && { protocols: protocols.split(/ *, */) }),
        ...tlsOf(settings, "WEBSOCKET"),
        ...(proxy && { proxy }),
      });
    }
  }
}
