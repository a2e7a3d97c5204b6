/** Where events come from and outcomes go back to: the contract every transport keeps. @module */

import type { Clock } from "../clock.ts";
import { EXIT, FatalError, messageOf } from "../errors.ts";
import type { Log } from "../log.ts";
import type { Settings } from "../program/settings.ts";
import type { AgentEvent, Entry } from "../wire.ts";
import { openFileTransport } from "./file/file.ts";
import { openWebSocketTransport } from "./websocket/websocket.ts";

/** An event as its source delivered it. */
export interface Delivery {
  readonly event: AgentEvent;
  /** What the source needs to recognise it when it is settled, if it needs anything. */
  readonly handle?: unknown;
}

/** One source of events. */
export interface Transport {
  readonly name: string;
  /**
   * Deliveries as they arrive, those that are here at the same time together, until `signal` aborts, the source is
   * exhausted, or the transport gives up.
   *
   * @throws {FatalError} When the source is out of reach for good.
   */
  events(signal: AbortSignal): AsyncIterable<readonly Delivery[]>;
  /**
   * Hand an outcome back; outcomes handed over one after the other arrive in that order. Resolves false if the peer
   * can't be reached now: then it is offered again after {@linkcode TransportHooks.onReachable}. There is no
   * `delivery` after a restart, or where the delivery had no handle.
   */
  settle(entry: Entry, delivery?: Delivery): Promise<boolean>;
  /** After the last settle: hand back what is unsettled, disconnect. `signal` ends the events, not the connection. */
  close(): Promise<void>;
}

/** How a transport calls back. */
export interface TransportHooks {
  /** The peer can be reached (again), and every settle before has resolved. */
  onReachable(): void;
}

/**
 * Open the transport that the settings name.
 *
 * @throws {FatalError} If a file that they name can't be read.
 */
export function openTransport(
  settings: Settings,
  parts: TransportHooks & { readonly agentId: string; readonly log: Log; readonly clock: Clock },
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
      const { WEBSOCKET_AUTH_TOKEN: token, WEBSOCKET_CA_FILE: caFile } = settings;
      return openWebSocketTransport({
        ...parts,
        url: settings.WEBSOCKET_URL,
        reconnectMs: settings.WEBSOCKET_RECONNECT_INTERVAL,
        maxAttempts: settings.WEBSOCKET_MAX_RECONNECT_ATTEMPTS,
        maxBytes,
        ...(token !== undefined && { token }),
        ...(caFile !== undefined && { caCerts: [readCertificates(caFile)] }),
      });
    }
  }
}

/** The PEM text of WEBSOCKET_CA_FILE. @throws {FatalError} If it can't be read, or holds no certificate. */
export function readCertificates(path: string): string {
  let pem: string;
  try {
    pem = Deno.readTextFileSync(path);
  } catch (error) {
    throw new FatalError(`Cannot read WEBSOCKET_CA_FILE=${path}: ${messageOf(error)}`, EXIT.settings, { cause: error });
  }
  if (pem.includes("-----BEGIN CERTIFICATE-----")) return pem;
  throw new FatalError(`WEBSOCKET_CA_FILE=${path} holds no certificate: expected a PEM file`, EXIT.settings);
}
