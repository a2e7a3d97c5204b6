/** Events from a WebSocket server, over Deno's native WebSocket: one connection at a time, dialled again when it ends. @module */

import { EXIT, FatalError } from "../../errors.ts";
import { type ForgetRequest, whoseOf } from "../../forget_request.ts";
import { publicUrl } from "../../urls.ts";
import type { Entry } from "../../wire.ts";
import { type ConnectionEnd, createReconnection } from "../reconnection.ts";
import type { Delivery, Transport, TransportHooks } from "../transport.ts";
import { type Connection, dial, type DialOptions, type Ending } from "./connection.ts";
import { createLink, type Link, type LinkOptions } from "./link.ts";
import { explainEnd, explainFailures, generalAdvice } from "./problems.ts";
import { type Refusals, TOO_BIG, watchRefusals } from "./refusals.ts";
import { rememberUnheard } from "./unheard.ts";

/** How to reach the server, and who asks. */
export interface WebSocketTransportOptions extends TransportHooks, LinkOptions, DialOptions {
  /** Milliseconds before the first attempt to reconnect. */
  readonly reconnectMs: number;
  /** Failed attempts in a row after which the transport gives up. */
  readonly maxAttempts: number;
  /** From 0 to below 1; default Math.random. */
  readonly random?: () => number;
}

/** In a check, a server that has said nothing within this has taken the agent in. */
const CHECK_MS = 2_000;

/** Dial the server of `options` when {@linkcode Transport.events} is asked for events. */
// deno-lint-ignore house/function-length -- one loop: dial, attend, describe the end, wait
export function openWebSocketTransport(options: WebSocketTransportOptions): Transport {
  const { log, clock, random = Math.random } = options;
  const url = publicUrl(options.url);
  const tryToDial = dialler(options);
  const refusals = watchRefusals(clock.now), unheard = rememberUnheard(clock.now);
  const reconnection = createReconnection({
    peer: url,
    advice: generalAdvice(options.url),
    baseMs: options.reconnectMs,
    maxAttempts: options.maxAttempts,
    log,
    clock,
    observer: options.observer,
    random,
  });
  let link: Link | undefined;
  const tellProtocol = protocolTeller(options);
  /** Not to a server that did not take an auth of that size. */
  let showsEvidence = options.attestation !== undefined;

  async function* events(signal: AbortSignal): AsyncIterable<readonly Delivery[]> {
    while (!signal.aborted) {
      log.info("🔌 Connecting to WebSocket: {url}", { url });
      const dialled = await tryToDial(signal);
      if (signal.aborted) return;
      if ("problem" in dialled) {
        const { problem: error, advice } = dialled;
        log.warn("❌ WebSocket connection failed", { url, error, ...(advice && { advice }) });
        await reconnection.ended(dialled, signal);
        continue;
      }
      const openedMs = clock.now();
      const current = link = createLink(dialled, { ...options, refusals, showsEvidence });
      log.info("✅ WebSocket connected to {url}", { url });
      tellProtocol(dialled);
      options.observer?.connected();
      options.onReachable();
      unheard.sendAgain((entry) => settle(entry, current));
      let next = await current.next(signal);
      for (; next && !("ending" in next); next = await current.next(signal)) {
        if ("forget" in next) await forget(next.forget, current);
        else yield next;
      }
      if (!next) return;
      current.ended();
      link = undefined;
      unheard.ended(next.ending.code);
      const isAboutEvidence = showsEvidence && isTooLargeAuth(next.ending, current);
      const end = describeEnd(next.ending, { link: current, refusals, options, isAboutEvidence });
      showsEvidence &&= !isAboutEvidence;
      await reconnection.ended({ ...end, openMs: clock.now() - openedMs }, signal);
    }
  }

  async function forget(request: ForgetRequest, current: Link): Promise<void> {
    const { deleted, gone } = await options.forget(whoseOf(request));
    // Not waited for: whoever asks for much to be forgotten waits for all of it together.
    // Where it fails, the loop ends.
    gone.then(() => current.forgot(request, deleted), () => {});
  }

  function settle(entry: Entry, current: Link | undefined): Promise<boolean> {
    if (!current) return Promise.resolve(false);
    return current.settle(entry).then((hasLeft) => {
      if (hasLeft) unheard.left(entry);
      return hasLeft;
    });
  }

  return {
    name: "websocket",
    events,
    settle: (entry) => settle(entry, link),
    chunk: (chunk) => link?.chunk(chunk) ?? false,
    check: (signal) => checkServer(options, { tryToDial, refusals, signal }),
    async close() {
      await link?.close();
      link = undefined;
    },
  };
}

/** Makes the function that connects, or says why it could not. */
function dialler(options: WebSocketTransportOptions): (signal: AbortSignal) => Promise<Connection | ConnectionEnd> {
  const explain = explainFailures(options);
  return async (signal) => {
    try {
      return await dial(options, signal);
    } catch (error) {
      // Whoever called it off looks at the signal next.
      return signal.aborted ? { problem: "called off" } : await explain(error);
    }
  };
}

/**
 * Makes the function that warns once of a server that has not taken WEBSOCKET_PROTOCOL. Many take none and work all the
 * same; a browser would not connect, but Deno's WebSocket looks at nothing (2.7.11 and 2.9.6).
 */
function protocolTeller({ protocols, log }: WebSocketTransportOptions): (connection: Connection) => void {
  let isTold = false;
  return ({ protocol }) => {
    if (isTold || !protocols || protocols.includes(protocol)) return;
    isTold = true;
    log.warn(
      "the server has taken no subprotocol of WEBSOCKET_PROTOCOL: going on, but check both if it misunderstands",
      {
        asked: protocols.join(", "),
        taken: protocol || "none",
      },
    );
  };
}

/** Whether the server closed at the auth for its size, which evidence takes from 100 bytes to some thousands. */
function isTooLargeAuth({ code }: Ending, link: Link): boolean {
  return code === TOO_BIG && !link.heardFrom();
}

/**
 * Log how a connection ended, and sum up what it was good for. `isAboutEvidence`: what was sent behind the auth is not to
 * blame.
 */
function describeEnd(
  ending: Ending,
  { link, refusals, options, isAboutEvidence }: {
    link: Link;
    refusals: Refusals;
    options: WebSocketTransportOptions;
    isAboutEvidence: boolean;
  },
): ConnectionEnd {
  const { code, reason, error } = ending;
  const { log, token } = options;
  const { progressed, refused } = refusals.ended(isAboutEvidence ? 1000 : code);
  const end = explainEnd(ending, { welcome: link.wasWelcome(), hasToken: token !== undefined });
  log.warn("❌ WebSocket connection closed. Code: {code}, Reason: {reason}", {
    code,
    reason,
    ...(error && { error }),
    ...(end.advice && { advice: end.advice }),
  });
  if (refused !== undefined) {
    log.error("the server refuses the response to event {event}: the event is acked with an error, and others go on", {
      event: refused,
      code,
    });
  }
  if (isAboutEvidence) {
    log.warn("the server takes no auth with evidence in it: it comes without, and a challenge still asks for it");
  }
  return { ...end, heard: link.heardFrom(), progressed: progressed || isAboutEvidence };
}

/** Connect, say who the agent is, and wait whether the server lets it in. Events that come are left to it. */
async function checkServer(
  options: WebSocketTransportOptions,
  parts: {
    tryToDial: (signal: AbortSignal) => Promise<Connection | ConnectionEnd>;
    refusals: Refusals;
    signal: AbortSignal;
    showsEvidence?: boolean;
  },
): Promise<string> {
  const { tryToDial, refusals, signal, showsEvidence = options.attestation !== undefined } = parts;
  const url = publicUrl(options.url);
  const outOfReach = ({ problem, advice = generalAdvice(options.url) }: Pick<ConnectionEnd, "problem" | "advice">) =>
    new FatalError(`Cannot reach ${url}: ${problem}. ${advice}`, EXIT.unavailable);
  const dialled = await tryToDial(signal);
  if ("problem" in dialled) throw outOfReach(dialled);
  const enough = new AbortController();
  const timer = setTimeout(() => enough.abort(), CHECK_MS);
  const checked = createLink(dialled, { ...options, refusals, showsEvidence, onConfirmed: () => enough.abort() });
  try {
    const next = await checked.next(AbortSignal.any([signal, enough.signal]));
    if (next && "ending" in next) {
      if (showsEvidence && isTooLargeAuth(next.ending, checked)) {
        return await checkServer(options, { ...parts, showsEvidence: false });
      }
      const hasToken = options.token !== undefined;
      throw outOfReach(explainEnd(next.ending, { welcome: checked.wasWelcome(), hasToken }));
    }
    return `server: usable (${url})`;
  } finally {
    clearTimeout(timer);
    await checked.close();
  }
}
