/** Has a signing thread while there is load or it is expected, and none at rest. @module */

import { giveBackMemory } from "../garbage.ts";
import type { SigningThread } from "./signing_thread.ts";

/** Keeps the thread. */
export interface ThreadKeeper extends Disposable {
  /** There is load, or will be: the thread is started if there is none, and stays for a while. */
  want(): void;
  /** The thread, if it takes orders. */
  thread(): SigningThread | undefined;
  /** Whether the thread is being started. */
  isStarting(): boolean;
  /** The thread made no tokens: it is ended, and never started again. */
  giveUp(): void;
}

/** Milliseconds since the last load after which the thread ends, and from then on until its memory is given back. */
const REST_MS = 10_000;

/** What a keeper is made with. */
interface KeeperOptions {
  /** The private key, and the first part of every token. */
  readonly key: CryptoKey;
  readonly header: string;
  /** Told once, when the thread can't be started or has failed. */
  readonly onLost: () => void;
  /** Default: `signing_thread.ts`, which is loaded when the thread is wanted for the first time. */
  readonly load?: () => Promise<{ startSigningThread: (key: CryptoKey, options: { header: string }) => SigningThread }>;
  /** Default: {@linkcode REST_MS}. */
  readonly restMs?: number;
  /** Called when V8 has all that the ended thread had; default {@linkcode giveBackMemory}. */
  readonly giveBack?: () => void;
}

/** Keep no thread yet. */
export function keepThread(
  { key, header, onLost, load = () => import("./signing_thread.ts"), restMs = REST_MS, giveBack = giveBackMemory }:
    KeeperOptions,
): ThreadKeeper {
  /** `lost` and `ended` are for good. */
  let state: "none" | "loading" | "running" | "lost" | "ended" = "none";
  let thread: SigningThread | undefined;
  let wantedMs = 0;
  const later = createTimer();

  const leave = (next: "none" | "lost" | "ended") => {
    state = next;
    later.stop();
    thread?.[Symbol.dispose]();
    thread = undefined;
  };
  const giveUp = () => {
    if (state === "lost" || state === "ended") return;
    leave("lost");
    onLost();
  };
  const start = async () => {
    state = "loading";
    try {
      const { startSigningThread } = await load();
      // Disposed in the meantime.
      if (state !== "loading") return;
      thread = startSigningThread(key, { header });
      state = "running";
      endWhenIdle();
    } catch {
      // Whatever the reason, such as a permission that it needs to be loaded: this thread can sign as well.
      giveUp();
    }
  };
  const endWhenIdle = () => {
    const leftMs = wantedMs + restMs - performance.now();
    if (leftMs > 0) return later.call(endWhenIdle, leftMs);
    leave("none");
    later.call(giveBack, restMs);
  };

  return {
    want() {
      wantedMs = performance.now();
      if (state === "none") void start();
    },
    thread() {
      const now = thread?.state();
      if (now === "failed") giveUp();
      return now === "ready" ? thread : undefined;
    },
    isStarting: () => state === "loading" || thread?.state() === "starting",
    giveUp,
    [Symbol.dispose]: () => leave("ended"),
  };
}

/** Calls one function at a time later. No program goes on for it. */
function createTimer() {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const stop = () => clearTimeout(timer);
  return {
    stop,
    call(step: () => void, ms: number) {
      stop();
      timer = setTimeout(step, ms);
      Deno.unrefTimer(timer);
    },
  };
}
