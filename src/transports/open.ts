/** The switch: opens the transport that the settings name. @module */

import type { Clock } from "../clock.ts";
import { readTlsFiles, type TlsFiles } from "../certificates.ts";
import { EXIT, FatalError, messageOf } from "../errors.ts";
import type { Log } from "../log.ts";
import { proxyFor, type ProxySettings } from "../settings/proxy.ts";
import { openFileTransport } from "./file/file.ts";
import type { TransportSettings } from "./settings.ts";
import type { Transport, TransportHooks } from "./transport.ts";
import { openWebSocketTransport } from "./websocket/websocket.ts";

/** What a transport is given besides its settings. */
export type TransportParts = TransportHooks & { readonly agentId: string; readonly log: Log; readonly clock: Clock };

/**
 * Load the transport that the settings name; what it returns opens it. A queue's client is loaded for nobody else.
 *
 * @throws {FatalError} If a file that the settings name can't be read.
 */
// deno-lint-ignore house/function-length -- the switch: a case for each transport
export async function loadTransport(
  settings: TransportSettings & ProxySettings,
): Promise<(parts: TransportParts) => Transport> {
  switch (settings.EVENT_TRANSPORT) {
    case "rabbitmq": {
      const { openRabbitTransport } = await import("./rabbitmq/rabbitmq.ts");
      const shared = {
        ...queueOptions(settings),
        url: given(settings, "RABBITMQ_URL"),
        ...tlsOf(settings, "RABBITMQ"),
      };
      return (parts) =>
        openRabbitTransport({
          ...parts,
          ...shared,
          queues: settings.RABBITMQ_QUEUE.split(","),
          outcomeQueue: settings.RABBITMQ_OUTCOME_QUEUE,
          declare: settings.RABBITMQ_DECLARE,
        });
    }
    case "redis": {
      const { openRedisTransport } = await import("./redis/redis.ts");
      const shared = { ...queueOptions(settings), url: given(settings, "REDIS_URL"), ...tlsOf(settings, "REDIS") };
      return (parts) =>
        openRedisTransport({
          ...parts,
          ...shared,
          streams: settings.REDIS_STREAM.split(","),
          outcomeStream: settings.REDIS_OUTCOME_STREAM,
          deadStream: settings.REDIS_DEAD_STREAM,
          groupName: settings.REDIS_GROUP,
          claimAfterMs: settings.REDIS_CLAIM_AFTER,
        });
    }
    case "nats": {
      const { openNatsTransport } = await import("./nats/nats.ts");
      const { NATS_CREDS_FILE: creds, NATS_NKEY_FILE: nkey } = settings;
      const shared = {
        ...queueOptions(settings),
        urls: given(settings, "NATS_URL"),
        ...tlsOf(settings, "NATS"),
        ...(creds !== undefined && { creds: readSecret("NATS_CREDS_FILE", creds) }),
        ...(nkey !== undefined && { nkey: readSecret("NATS_NKEY_FILE", nkey) }),
      };
      return (parts) =>
        openNatsTransport({
          ...parts,
          ...shared,
          stream: settings.NATS_STREAM,
          subject: settings.NATS_SUBJECT,
          consumer: settings.NATS_CONSUMER,
          outcomeStream: settings.NATS_OUTCOME_STREAM,
          outcomeSubject: settings.NATS_OUTCOME_SUBJECT,
          deadSubject: settings.NATS_DEAD_SUBJECT,
          ackWaitMs: settings.NATS_ACK_WAIT,
          declare: settings.NATS_DECLARE,
        });
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

/** What every queue is told. */
function queueOptions(settings: TransportSettings) {
  return {
    prefetch: settings.EVENT_PREFETCH,
    maxDeliveries: settings.EVENT_MAX_DELIVERIES,
    maxBytes: settings.EVENT_MAX_BYTES,
    reconnectMs: settings.EVENT_RECONNECT_INTERVAL,
    maxAttempts: settings.EVENT_MAX_RECONNECT_ATTEMPTS,
  };
}

/** The value of a setting that the check of settings has asked for. */
function given<Name extends keyof TransportSettings>(settings: TransportSettings, name: Name) {
  const value = settings[name];
  if (value === undefined) throw new TypeError(`Cannot open the transport: ${name} is not set`);
  return value as NonNullable<typeof value>;
}

/** The text of a file that holds a secret. @throws {FatalError} 78, if it can't be read. */
function readSecret(setting: string, path: string): string {
  try {
    return Deno.readTextFileSync(path);
  } catch (error) {
    throw new FatalError(`Cannot read ${setting}=${path}: ${messageOf(error)}`, EXIT.settings, { cause: error });
  }
}

/** The files of TLS that the settings of one transport name. */
function tlsOf(
  settings: TransportSettings,
  prefix: "WEBSOCKET" | "RABBITMQ" | "REDIS" | "NATS",
): { readonly tls?: TlsFiles } {
  const named = (kind: "CA" | "CERT" | "KEY") => {
    const setting = `${prefix}_${kind}_FILE` as const;
    const path = settings[setting];
    return path === undefined ? undefined : { setting, path };
  };
  const tls = readTlsFiles({ ca: named("CA"), cert: named("CERT"), key: named("KEY") });
  return { ...(tls && { tls }) };
}
