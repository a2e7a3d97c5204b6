/** Counts the bytes that wait to be read on all WebSockets of a server, and so bounds its memory. @module */

/** The unread bytes of a server's WebSockets. */
export interface Unread {
  /** Whether one more frame may be handed to `socket`, of which at most `ownBytes` may be unread. */
  hasRoom(socket: WebSocket, ownBytes: number): boolean;
  /** Count this socket until {@linkcode Unread.ended}. */
  opened(socket: WebSocket): void;
  /**
   * The socket is about to be closed from this side. Deno can't cut off a peer that does not read: the bytes stay in
   * memory until the peer goes, while `bufferedAmount` says 0 from the close on (2.9.6, measured).
   */
  closing(socket: WebSocket): void;
  ended(socket: WebSocket): void;
}

/** Unread bytes below which a socket always has room: adding up all sockets for each frame would cost more than it saves. */
const ALWAYS_BYTES = 64 * 1024;

/** Keep account of the unread bytes. `totalBytes`: those that all sockets may have together. */
export function trackUnread({ totalBytes }: { totalBytes: number }): Unread {
  /** Of each socket that has not ended: undefined while it is open, else what was unread when it was closed. */
  const sockets = new Map<WebSocket, number | undefined>();

  function total(): number {
    let sum = 0;
    for (const [socket, left] of sockets) sum += left ?? socket.bufferedAmount;
    return sum;
  }

  return {
    hasRoom(socket, ownBytes) {
      const own = socket.bufferedAmount;
      if (own > ownBytes) return false;
      return own <= ALWAYS_BYTES || total() <= totalBytes;
    },
    opened: (socket) => void sockets.set(socket, undefined),
    closing(socket) {
      if (sockets.has(socket)) sockets.set(socket, socket.bufferedAmount);
    },
    ended: (socket) => void sockets.delete(socket),
  };
}
