/** The switch: opens the transport that the settings name. @module */

import type { Clock } from "../clock.ts";
import { readCertificates } from "../certificates.ts";
import type { Log } from "../log.ts";
import { openFileTransport } from "./file/file.ts";
import type { TransportSettings } from "./settings.ts";
import type { Transport, TransportHooks } from "./transport.ts";
import { openWebSocketTransport } from "./websocket/websocket.ts";

/**
 * Open the transport that the settings name.
 *
 * @throws {FatalError} If a file that they name can't be read.
 */
export function openTransport(
  settings: TransportSettings,
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
        ...(caFile !== undefined && { caCerts: [readCertificates("WEBSOCKET_CA_FILE", caFile)] }),
      });
    }
  }
}
