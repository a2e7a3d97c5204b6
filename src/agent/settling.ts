/** Outcomes that are with the transport: counted, told of in the log, and waited for at the end. @module */

import type { Log } from "../log.ts";
import type { Delivery, Transport } from "../transports/transport.ts";
import { type Entry, isFailure } from "../wire.ts";

/** Hands outcomes to a transport. */
export interface Settling {
  /** Outcomes that are with the transport. */
  readonly active: number;
  /**
   * Hand an outcome over. Does not wait.
   *
   * @param onEnd Told whether it was settled; undefined if it never will be with this delivery.
   */
  settle(entry: Entry, delivery: Delivery | undefined, onEnd: (isSettled: boolean | undefined) => void): void;
  /** Resolves once nothing is with the transport. */
  drained(): Promise<void>;
}

/** @param parts `onError`: told of what should never fail, and ends the agent. */
export function createSettling(parts: {
  transport: Pick<Transport, "settle">;
  log: Log;
  onError: (error: unknown) => void;
}): Settling {
  const { transport, log, onError } = parts;
  let active = 0;
  let waiting: PromiseWithResolvers<void> | undefined;

  async function settle(
    entry: Entry,
    delivery: Delivery | undefined,
    onEnd: (isSettled: boolean | undefined) => void,
  ): Promise<void> {
    const { outcome } = entry;
    active++;
    let isSettled: boolean | undefined;
    try {
      isSettled = await transport.settle(entry, delivery);
    } catch (error) {
      onError(error);
    }
    active--;
    try {
      if (isSettled) log.debug("outcome delivered", { event: outcome.queryId, failed: isFailure(outcome) });
      onEnd(isSettled);
    } catch (error) {
      onError(error);
    }
    if (active > 0) return;
    waiting?.resolve();
    waiting = undefined;
  }

  return {
    get active() {
      return active;
    },
    settle: (entry, delivery, onEnd) => void settle(entry, delivery, onEnd),
    drained() {
      if (active === 0) return Promise.resolve();
      waiting ??= Promise.withResolvers();
      return waiting.promise;
    },
  };
}
