/** One observer out of two. @module */

import type { EventObserver, Observer } from "../observer.ts";

/** Tells both of everything. Only the second one can say what headers of a trace go on. */
export function both(first: Observer, second: Observer): Observer {
  return {
    connected: () => (first.connected(), second.connected()),
    disconnected: () => (first.disconnected(), second.disconnected()),
    refused: (reason) => (first.refused(reason), second.refused(reason)),
    deadLettered: () => (first.deadLettered(), second.deadLettered()),
    modelFailed: (kind) => (first.modelFailed(kind), second.modelFailed(kind)),
    retried: () => (first.retried(), second.retried()),
    knows: (passages) => (first.knows(passages), second.knows(passages)),
    received: () => (first.received(), second.received()),
    duplicate: () => (first.duplicate(), second.duplicate()),
    asks: (remaining) => (first.asks(remaining), second.asks(remaining)),
    follow: (origin) => bothFollow(first.follow(origin), second.follow(origin)),
  };
}

function bothFollow(first: EventObserver, second: EventObserver): EventObserver {
  return {
    started: () => (first.started(), second.started()),
    recalling() {
      const ends = [first.recalling(), second.recalling()];
      return () => ends.forEach((end) => end());
    },
    calling() {
      const call = first.calling(), other = second.calling();
      return { trace: other.trace, ended: (how) => (call.ended(how), other.ended(how)) };
    },
    ended: (result) => (first.ended(result), second.ended(result)),
    committed: () => (first.committed(), second.committed()),
    delivering: () => (first.delivering(), second.delivering()),
    delivered: () => (first.delivered(), second.delivered()),
    dropped: () => (first.dropped(), second.dropped()),
  };
}
