/** Outcomes that the server may not have read, since it closed the connection over a message before them. @module */

import type { Entry } from "../../wire.ts";
import { OVER_A_MESSAGE } from "./refusals.ts";

/** Outcomes that have left this process, and those of them that are sent once more. */
export interface Unheard {
  /** An outcome has left on the present connection. */
  left(entry: Entry): void;
  /** The connection has ended. */
  ended(code: number): void;
  /** Send what may not have been read on the next connection. `settle` resolves false if that one was in vain, too. */
  sendAgain(settle: (entry: Entry) => Promise<boolean>): void;
}

/** Outcomes that are remembered of a connection, at most, and UTF-16 code units of their texts. */
const MAX_REMEMBERED = { outcomes: 64, length: 4 * 1024 * 1024 };
/** A server that reads at all has read what is older than this. */
const UNREAD_MS = 10_000;

/**
 * A server that closes with 1007, 1008 or 1009 reads nothing that came behind the message which it means, nor its ack. What
 * had left by then counts as delivered, so nobody else would send it again: best effort, as it is forgotten at a restart.
 */
export function rememberUnheard(now: () => number): Unheard {
  let recent: { readonly entry: Entry; readonly atMs: number }[] = [];
  let length = 0;
  const again = new Map<string, Entry>();
  return {
    left(entry) {
      recent.push({ entry, atMs: now() });
      length += entry.text.length;
      while (recent.length > MAX_REMEMBERED.outcomes || (length > MAX_REMEMBERED.length && recent.length > 1)) {
        length -= recent.shift()?.entry.text.length ?? 0;
      }
    },
    ended(code) {
      if (OVER_A_MESSAGE.has(code)) {
        for (const { entry, atMs } of recent) {
          if (now() - atMs <= UNREAD_MS) again.set(entry.outcome.queryId, entry);
        }
      }
      recent = [];
      length = 0;
    },
    sendAgain(settle) {
      for (const [id, entry] of again) {
        void settle(entry).then((isSettled) => isSettled && again.delete(id));
      }
    },
  };
}
