/** What the settings say about each transport, in the form in which its parts take it: URLs, names, files read. @module */

import { readNamedFile, readTlsFiles, type TlsFiles } from "../certificates.ts";
import { EXIT, FatalError } from "../errors.ts";
import type { ProxySettings } from "../settings/proxy.ts";
import type { TransportSettings } from "./settings.ts";
import { tunnelTo } from "./through_proxy.ts";

/** Options of every queue. */
export function queueOptions(settings: TransportSettings) {
  return {
    prefetch: settings.EVENT_PREFETCH,
    maxDeliveries: settings.EVENT_MAX_DELIVERIES,
    maxBytes: settings.EVENT_MAX_BYTES,
    reconnectMs: settings.EVENT_RECONNECT_INTERVAL,
    maxAttempts: settings.EVENT_MAX_RECONNECT_ATTEMPTS,
  };
}

/** The RabbitMQ server and its queues. @throws {FatalError} 78, if a file can't be read, or the proxy can't be used. */
export function rabbitOptions(settings: TransportSettings & ProxySettings) {
  const url = given(settings, "RABBITMQ_URL"), tls = tlsOf(settings, "RABBITMQ");
  return {
    url,
    ...tunnelTo([url], settings, ownCertificate("RABBITMQ_CERT_FILE", tls)),
    ...tls,
    queues: settings.RABBITMQ_QUEUE.split(","),
    outcomeQueue: settings.RABBITMQ_OUTCOME_QUEUE,
    declare: settings.RABBITMQ_DECLARE,
  };
}

/** The Redis server and its streams. @throws {FatalError} 78, if a file can't be read, or the proxy can't be used. */
export function redisOptions(settings: TransportSettings & ProxySettings) {
  const url = given(settings, "REDIS_URL"), tls = tlsOf(settings, "REDIS");
  return {
    url,
    ...tunnelTo([url], settings, ownCertificate("REDIS_CERT_FILE", tls)),
    ...tls,
    streams: settings.REDIS_STREAM.split(","),
    outcomeStream: settings.REDIS_OUTCOME_STREAM,
    deadStream: settings.REDIS_DEAD_STREAM,
    groupName: settings.REDIS_GROUP,
    claimAfterMs: settings.REDIS_CLAIM_AFTER,
  };
}

/** The NATS servers, their streams and the login. @throws {FatalError} 78, if a file can't be read, or the proxy can't be used. */
export function natsOptions(settings: TransportSettings & ProxySettings) {
  const { NATS_CREDS_FILE: creds, NATS_NKEY_FILE: nkey } = settings;
  const urls = given(settings, "NATS_URL"), tls = tlsOf(settings, "NATS");
  return {
    urls,
    ...tunnelTo(urls, settings, ownCertificate("NATS_CERT_FILE", tls)),
    ...tls,
    ...(creds !== undefined && {
      creds: readSecret("NATS_CREDS_FILE", creds, {
        form: /-{5}BEGIN NATS USER JWT-{5}[^]+-{5}BEGIN USER NKEY SEED-{5}\s+SU[A-Z2-7]{56}\s/,
        expected: "a credentials file as `nsc` writes it",
      }),
    }),
    ...(nkey !== undefined && {
      nkey: readSecret("NATS_NKEY_FILE", nkey, {
        form: /^\s*SU[A-Z2-7]{56}\s*$/,
        expected: "the seed of a user, which begins with SU",
      }).trim(),
    }),
    stream: settings.NATS_STREAM,
    subject: settings.NATS_SUBJECT,
    consumer: settings.NATS_CONSUMER,
    maxDeliveries: settings.EVENT_MAX_DELIVERIES,
    outcomeStream: settings.NATS_OUTCOME_STREAM,
    outcomeSubject: settings.NATS_OUTCOME_SUBJECT,
    deadSubject: settings.NATS_DEAD_SUBJECT,
    ackWaitMs: settings.NATS_ACK_WAIT,
    declare: settings.NATS_DECLARE,
  };
}

/** The files of TLS that the settings of one transport name. @throws {FatalError} 78, if one can't be read. */
export function tlsOf(
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

/** The setting that names the agent's own certificate, where there is one. */
function ownCertificate(setting: string, { tls }: { readonly tls?: TlsFiles }): { ownCertificate?: string } {
  return tls?.cert === undefined ? {} : { ownCertificate: setting };
}

/** The value of a setting that the check of settings has asked for. */
function given<Name extends keyof TransportSettings>(settings: TransportSettings, name: Name) {
  const value = settings[name];
  if (value === undefined) throw new TypeError(`Cannot open the transport: ${name} is not set`);
  return value as NonNullable<typeof value>;
}

/** The text of a file that holds a secret. @throws {FatalError} 78, if it can't be read, or has another form. */
function readSecret(setting: string, path: string, { form, expected }: { form: RegExp; expected: string }): string {
  const text = readNamedFile({ setting, path });
  if (form.test(text)) return text;
  throw new FatalError(`${setting}=${path} holds something else: expected ${expected}`, EXIT.settings);
}
