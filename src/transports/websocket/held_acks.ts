/** Acks that wait for a quiet line, so that they don't hold up the frames behind them. @module */

/** What sends the acks. */
export interface AckLine {
  send(frame: string): void;
  isOpen(): boolean;
  /** Bytes that were sent and have not left this process yet. */
  unsentBytes(): number;
}

/** The acks of one connection. */
export interface HeldAcks {
  /** Send `ack` soon. Resolves true once it has left this process, false if it never will. */
  hold(ack: string): Promise<boolean>;
  /** Send at once what is held. */
  flush(): void;
  /** The line is gone: resolves every promise, with `delivered` for what was sent and with false for what was held. */
  end(how: { delivered: boolean }): void;
}

/**
 * Acks wait until the line has been quiet this long, or this many have gathered: Deno's WebSocket leaves Nagle's algorithm
 * on, so that a frame behind an ack waits for the peer's delayed TCP ack. In a tight loop of one event at a time the
 * median from event to response was 41 ms with an ack right after each response, 4 ms with held ones (measured).
 */
const ACK_QUIET_MS = 20, ACK_BATCH = 100;
/** Acks held within one turn that are sent at its end: a single wait for the peer's TCP ack is cheap for this many. */
const ACK_BURST = 32;
/** Bytes that a peer which reads slowly may leave in this process; with more, acks count as not sent yet. */
export const MAX_UNSENT_BYTES = 1024 * 1024;

/** Hold the acks of `line`. Three timers at most are set: none once {@linkcode HeldAcks.end} was called. */
export function holdAcks(line: AckLine): HeldAcks {
  /** Acks that wait for a quiet moment, and the promise that all of them share. */
  let held: string[] = [], sent = Promise.withResolvers<boolean>();
  /** When the turn of the event loop ended in which the last of them came, and how many have come in this turn. */
  let heldMs = 0, inTurn = 0;
  let quietTimer: ReturnType<typeof setTimeout> | undefined;
  /** Promises of acks that were sent and may not have left this process. */
  let leaving: PromiseWithResolvers<boolean>[] = [];
  let leavingTimer: ReturnType<typeof setTimeout> | undefined;

  const resolveLeaving = (delivered: boolean) => {
    clearTimeout(leavingTimer);
    for (const { resolve } of leaving) resolve(delivered);
    leaving = [];
  };
  // Only a sender that asks again can tell whether the peer got it; but a slow peer must not fill this process's memory.
  const letLeave = () => {
    clearTimeout(leavingTimer);
    if (!line.isOpen()) resolveLeaving(false);
    else if (line.unsentBytes() <= MAX_UNSENT_BYTES) resolveLeaving(true);
    else leavingTimer = setTimeout(letLeave, ACK_QUIET_MS);
  };
  const flush = () => {
    clearTimeout(quietTimer);
    quietTimer = undefined;
    for (const frame of held) line.send(frame);
    leaving.push(sent);
    [held, sent] = [[], Promise.withResolvers()];
    letLeave();
  };
  // One timer for many acks: setting it anew for each would cost as much as the ack.
  const flushWhenQuiet = () => {
    const leftMs = heldMs + ACK_QUIET_MS - performance.now();
    if (leftMs <= 0) flush();
    else quietTimer = setTimeout(flushWhenQuiet, leftMs);
  };
  const endTurn = () => {
    if (inTurn >= ACK_BURST) flush();
    inTurn = 0;
    // Not for each ack: asking for the time would cost as much.
    heldMs = performance.now();
  };

  return {
    hold(ack) {
      const { promise } = sent;
      if (inTurn++ === 0) queueMicrotask(endTurn);
      if (held.push(ack) >= ACK_BATCH) flush();
      else quietTimer ??= setTimeout(flushWhenQuiet, ACK_QUIET_MS);
      return promise;
    },
    flush,
    end({ delivered }) {
      clearTimeout(quietTimer);
      resolveLeaving(delivered);
      sent.resolve(false);
      [held, sent] = [[], Promise.withResolvers()];
    },
  };
}
