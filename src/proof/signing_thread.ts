/** A thread of its own for signing: started under load, so that answers are made while others are signed. @module */

import { type MessagePort as NodePort, receiveMessageOnPort } from "node:worker_threads";
import { MADE, type Order, type Start, STATE, STATES } from "./signing_orders.ts";
import { startSigningWorker } from "./signing_worker.ts";

/** The thread. */
export interface SigningThread extends Disposable {
  /** What it is doing. Once it has failed, it does not come back. */
  state(): "starting" | "ready" | "failed";
  order(order: Order): void;
  /** The tokens of the oldest order that were not taken yet. Waits for them; undefined if the thread fails. */
  tokens(): readonly string[] | undefined;
}

/** Longest wait for the next tokens, of which the thread makes some 25,000 a second. */
const PATIENCE_MS = 1_000;

/**
 * Start it.
 *
 * @param key The private key.
 * @param options `header`: the first part of every token; `start`: starts the worker; `patienceMs`: default one second.
 */
export function startSigningThread(
  key: CryptoKey,
  { header, start = startSigningWorker, patienceMs = PATIENCE_MS }: {
    header: string;
    start?: () => Worker;
    patienceMs?: number;
  },
): SigningThread {
  const counters = new Int32Array(new SharedArrayBuffer(8));
  const worker = start();
  const { port1: port, port2: other } = new MessageChannel();
  const fail = () => Atomics.store(counters, STATE, STATES.failed);
  worker.addEventListener("error", (event) => {
    // What the thread does not do is done by the main thread: it is no reason to end the program.
    event.preventDefault();
    fail();
  });
  const first: Start = { key, header, shared: counters.buffer, port: other };
  worker.postMessage(first, [other]);
  /** Tokens that were taken, modulo 2^32 as their counter. */
  let taken = 0;
  const receive = () => receiveMessageOnPort(port as unknown as NodePort)?.message as readonly string[] | undefined;

  /** Wait for tokens that were not taken; false if there come none. */
  const wait = (): boolean => {
    while (Atomics.load(counters, MADE) === taken) {
      if (Atomics.load(counters, STATE) === STATES.failed) return false;
      if (Atomics.wait(counters, MADE, taken, patienceMs) === "timed-out") return false;
    }
    return true;
  };
  return {
    state() {
      const state = Atomics.load(counters, STATE);
      return state === STATES.ready ? "ready" : state === STATES.failed ? "failed" : "starting";
    },
    order: (order) => port.postMessage(order),
    tokens() {
      const tokens = wait() ? receive() : undefined;
      if (tokens) taken = (taken + tokens.length) | 0;
      else fail();
      return tokens;
    },
    [Symbol.dispose]() {
      port.close();
      worker.terminate();
    },
  };
}
