/** One WebSocket: its callbacks turned into one queue with one wake-up. @module */

import type { Clock } from "../../clock.ts";

/** How a connection ended. */
export interface Ending {
  /** The close code; 1006 if the peer never sent one. */
  readonly code: number;
  readonly reason: string;
  /** What went wrong, if anything did. */
  readonly error?: string;
}

/** What came from the peer. */
export type Arrival =
  | { readonly kind: "frame"; readonly data: string | ArrayBuffer }
  | { readonly kind: "end"; readonly ending: Ending };

/** An open connection. */
export interface Connection {
  /** Does nothing once the connection has ended. */
  send(frame: string): void;
  isOpen(): boolean;
  /** Bytes that were sent and did not leave this process yet. */
  unsentBytes(): number;
  /** Frames that came from the peer so far. */
  received(): number;
  /** What came next, if it is here; the end comes last, and again for whoever asks again. */
  take(): Arrival | undefined;
  /** What comes next. */
  wait(options: { signal: AbortSignal; atMostMs: number }): Promise<Arrival | "silence" | "aborted">;
  /** Close with 1000, and wait for the peer to agree. */
  close(): Promise<Ending>;
  /** Stop waiting for a peer that does not answer. */
  giveUp(why: string): Promise<Ending>;
}

/** A handshake that takes longer has failed. */
const DIAL_MS = 30_000;
/** A peer that does not answer a close within this is left to itself: Deno's WebSocket can't be cut off. */
const CLOSE_MS = 2_000;

/**
 * Connect; resolves once the handshake is done.
 *
 * @throws {Error} Saying why it failed, or `signal`'s reason; no socket is left behind.
 */
export async function dial(
  to: { url: URL; token?: string; caCerts?: readonly string[]; clock: Clock },
  signal: AbortSignal,
): Promise<Connection> {
  const { url, token, caCerts, clock } = to;
  signal.throwIfAborted();
  const clean = (message: string) => withoutSecrets(message, url, token);
  using client = caCerts ? Deno.createHttpClient({ caCerts: [...caCerts] }) : undefined;
  const socket = client ? new WebSocket(url, { client }) : new WebSocket(url);
  socket.binaryType = "arraybuffer";

  let arrivals: Arrival[] = [];
  /** How many of them were taken: shifting each off a long array would move all the others. */
  let taken = 0;
  const ended = Promise.withResolvers<Ending>();
  const opened = Promise.withResolvers<void>();
  let wake: (() => void) | undefined;
  let heardMs = 0;
  /** Watches over a silence, for as many waits as begin meanwhile: a timer for each frame would cost more than the frame. */
  let watch: { readonly atMostMs: number; readonly given: AbortController } | undefined;
  let received = 0;
  let error: string | undefined;
  const arrive = (arrival: Arrival) => {
    arrivals.push(arrival);
    wake?.();
  };
  const end = (ending: Ending) => {
    ended.resolve(ending);
    opened.reject(new Error(ending.error ?? `the connection was closed with code ${ending.code}`));
    watch?.given.abort();
    arrive({ kind: "end", ending });
  };
  socket.onopen = () => opened.resolve();
  socket.onmessage = ({ data }) => {
    received++;
    arrive({ kind: "frame", data });
  };
  socket.onerror = (event) => {
    if (event instanceof ErrorEvent && event.message) error = clean(event.message);
  };
  // The close that a failed handshake or a lost connection ends with carries no code.
  socket.onclose = ({ code, reason }) =>
    end({ code: code || 1006, reason: clean(reason), ...(error !== undefined && { error }) });

  const timedOut = new AbortController();
  const stop = AbortSignal.any([signal, timedOut.signal]);
  const cancel = () => socket.close();
  stop.addEventListener("abort", cancel, { once: true });
  const timer = setTimeout(() => timedOut.abort(), DIAL_MS);
  try {
    await opened.promise;
  } catch (cause) {
    signal.throwIfAborted();
    throw timedOut.signal.aborted ? new Error(`no answer to the handshake within ${DIAL_MS} ms`) : cause;
  } finally {
    clearTimeout(timer);
    stop.removeEventListener("abort", cancel);
  }

  /** Wakes whoever waits when nothing has arrived for `atMostMs`, or when `signal` aborts. */
  async function watchSilence(atMostMs: number, signal: AbortSignal): Promise<void> {
    watch?.given.abort();
    const given = new AbortController();
    const current = watch = { atMostMs, given };
    const ended = AbortSignal.any([signal, given.signal]);
    for (let ms = atMostMs; ms > 0 && !ended.aborted;) {
      await clock.sleep(ms, ended);
      // A clock that was set back begins anew.
      ms = Math.min(heardMs + atMostMs - clock.now(), atMostMs);
    }
    if (watch === current) watch = undefined;
    if (!given.signal.aborted) wake?.();
  }
  const take = () => {
    const first = arrivals[taken];
    if (!first && taken > 0) [arrivals, taken] = [[], 0];
    if (first && first.kind !== "end") taken++;
    return first;
  };
  const closed = async (atMostMs: number, otherwise: Ending) => {
    const given = new AbortController();
    const ending = await Promise.race([ended.promise, clock.sleep(atMostMs, given.signal).then(() => otherwise)]);
    given.abort();
    return ending;
  };
  return {
    send: (frame) => socket.send(frame),
    isOpen: () => socket.readyState === WebSocket.OPEN,
    unsentBytes: () => socket.bufferedAmount,
    received: () => received,
    take,
    async wait({ signal, atMostMs }) {
      if (taken === arrivals.length && !signal.aborted) {
        heardMs = clock.now();
        const woken = new Promise<void>((resolve) => wake = resolve);
        if (watch?.atMostMs !== atMostMs) void watchSilence(atMostMs, signal);
        await woken;
        wake = undefined;
      }
      if (signal.aborted) return "aborted";
      return take() ?? "silence";
    },
    close() {
      socket.close(1000, "the agent is shutting down");
      return closed(CLOSE_MS, { code: 1006, reason: "", error: `the close was not answered within ${CLOSE_MS} ms` });
    },
    async giveUp(why) {
      socket.close(4000, why);
      await closed(CLOSE_MS, { code: 1006, reason: "" });
      return { code: 1006, reason: "", error: why };
    },
  };
}

/** An error may quote the URL with its credentials or query, a server may quote the token. */
function withoutSecrets(message: string, url: URL, token: string | undefined): string {
  const secrets = [url.href, url.search, url.password, url.username, token];
  return secrets.reduce<string>((text, secret) => secret ? text.replaceAll(secret, "[…]") : text, message);
}
