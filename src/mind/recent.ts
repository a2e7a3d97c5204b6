/** The last exchanges of the conversations that are under way: held in memory, so that each question need not read them back. @module */

import type { Reply } from "./mind.ts";

/** A question and its answer, as they are remembered. */
export interface KeptExchange {
  /** Id of the event that asked, if it is known. */
  readonly event?: string;
  readonly question: string;
  readonly reply: Reply;
}

/** What is held, by room; a room that is not held has to be read back. */
export interface RecentExchanges {
  /** The exchanges of a room, oldest first; undefined if they are not held. */
  of(roomId: string): readonly KeptExchange[] | undefined;
  /** Hold the exchanges of a room, oldest first. */
  hold(roomId: string, exchanges: readonly KeptExchange[]): void;
  /** Add an exchange to a room, if that one is held. */
  add(roomId: string, exchange: KeptExchange): void;
  /** Let go of all rooms, since some of them were changed elsewhere. */
  clear(): void;
}

/** UTF-16 code units held by all rooms together, at most: about 16 MB. */
const MAX_HELD = 8 * 1024 * 1024;
/** What a room and an exchange take besides their texts, in the same unit. */
const OVERHEAD = 200;

/**
 * Holds the last exchanges of rooms; those that were not used for longest are let go of first.
 *
 * @param options `each`: exchanges held of a room; `maxHeld`: UTF-16 code units, default 8 Mi.
 */
export function createRecentExchanges(
  { each, maxHeld = MAX_HELD }: { each: number; maxHeld?: number },
): RecentExchanges {
  /** In the order of their last use. */
  const rooms = new Map<string, { readonly exchanges: readonly KeptExchange[]; readonly size: number }>();
  let held = 0;

  function put(roomId: string, exchanges: readonly KeptExchange[]) {
    drop(roomId);
    const size = sizeOf(exchanges);
    rooms.set(roomId, { exchanges, size });
    held += size;
    // V8 walks over all that were deleted to find the oldest: only where one must go.
    while (held > maxHeld) drop(rooms.keys().next().value!);
  }

  function drop(roomId: string) {
    const room = rooms.get(roomId);
    if (room === undefined) return;
    rooms.delete(roomId);
    held -= room.size;
  }

  return {
    of(roomId) {
      const room = rooms.get(roomId);
      if (room === undefined) return undefined;
      rooms.delete(roomId);
      rooms.set(roomId, room);
      return room.exchanges;
    },
    hold: (roomId, exchanges) => put(roomId, exchanges.slice(-each)),
    add(roomId, exchange) {
      const room = rooms.get(roomId);
      if (room !== undefined) put(roomId, [...room.exchanges, exchange].slice(-each));
    },
    clear() {
      rooms.clear();
      held = 0;
    },
  };
}

function sizeOf(exchanges: readonly KeptExchange[]): number {
  let size = OVERHEAD;
  for (const { question, reply } of exchanges) size += question.length + reply.text.length + OVERHEAD;
  return size;
}
