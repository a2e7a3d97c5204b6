/** Has a signing thread while there is load, and none at rest. @module */

import type { SigningThread } from "./signing_thread.ts";

/** Keeps the thread. */
export interface ThreadKeeper extends Disposable {
  /** There is load: the thread is started if there is none, and stays for a while. */
  want(): void;
  /** The thread, if it takes orders. */
  thread(): SigningThread | undefined;
  /** Whether the thread is being started. */
  isStarting(): boolean;
  /** The thread made no tokens: it is ended, and never started again. */
  giveUp(): void;
}

/** Milliseconds since the last load after which the thread ends. */
const REST_MS = 10_000;

/**
 * Keep no thread yet.
 *
 * @param options `onLost`: told once, when the thread can't be started or has failed; `load`: default `signing_thread.ts`,
 * which is loaded when there is load for the first time.
 */
export function keepThread({ key, header, onLost, load = () => import("./signing_thread.ts") }: {
  key: CryptoKey;
  header: string;
  onLost: () => void;
  load?: () => Promise<{ startSigningThread: (key: CryptoKey, options: { header: string }) => SigningThread }>;
}): ThreadKeeper {
  /** `lost` and `ended` are for good. */
  let state: "none" | "loading" | "running" | "lost" | "ended" = "none";
  let thread: SigningThread | undefined;
  let wantedMs = 0;
  let timer: ReturnType<typeof setTimeout> | undefined;

  const leave = (next: "none" | "lost" | "ended") => {
    state = next;
    clearTimeout(timer);
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
    const leftMs = wantedMs + REST_MS - performance.now();
    if (leftMs <= 0) return leave("none");
    timer = setTimeout(endWhenIdle, leftMs);
    Deno.unrefTimer(timer);
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
