/** The key that seals the state: from the settings, or from dstack. @module */

import type { Clock } from "../clock.ts";
import { EXIT, FatalError } from "../errors.ts";
import type { Log } from "../log.ts";
import { key } from "../settings/checks.ts";
import { dstackSocket } from "../tee/sources/open.ts";

/** Says that dstack's guest agent gives the key. */
export const FROM_DSTACK = "dstack";

/** The key's path and purpose. Nothing else may ever be made of the key of this path: dstack separates keys by it alone. */
const STATE_KEY = { path: "agent/state-key/v1", purpose: "agent-state-key" } as const;

/** A key of 32 bytes, or the word `dstack`. */
export function stateKey(given: string): Uint8Array | typeof FROM_DSTACK | undefined {
  return given.toLowerCase() === FROM_DSTACK ? FROM_DSTACK : key(given);
}

/**
 * The key for the state; undefined where it is not sealed.
 *
 * @throws {FatalError} 69, if dstack gives none: the state is not touched.
 */
export async function readStateKey(
  settings: {
    readonly AGENT_STATE_KEY: Uint8Array | typeof FROM_DSTACK | undefined;
    readonly AGENT_DSTACK_SOCKET: string | undefined;
  },
  { clock, log }: { clock: Clock; log: Log },
  signal: AbortSignal,
): Promise<Uint8Array | undefined> {
  if (settings.AGENT_STATE_KEY !== FROM_DSTACK) return settings.AGENT_STATE_KEY;
  const { dstackKey } = await import("../tee/sources/dstack.ts");
  const { askPatiently } = await import("../tee/sources/retrying.ts");
  const { QuoteError } = await import("../tee/sources/source.ts");
  const socketPath = dstackSocket(settings), name = `dstack at ${socketPath}`;
  try {
    return await askPatiently(() => dstackKey({ socketPath }, STATE_KEY, signal), { name, clock, log, signal });
  } catch (error) {
    if (!(error instanceof QuoteError)) throw error;
    throw new FatalError(
      `AGENT_STATE_KEY=dstack: ${name} gives no key: ${error.message}. Mount its socket, or name it in ` +
        "AGENT_DSTACK_SOCKET. The state was not touched.",
      EXIT.unavailable,
      { cause: error },
    );
  }
}
