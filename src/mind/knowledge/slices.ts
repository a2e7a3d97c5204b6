/** Long work cut into slices, between which timers, sockets and files get their turn. @module */

/** Slices of one piece of work. */
export interface Slices {
  /** Whether the slice has lasted long enough. */
  isOver(): boolean;
  /** Lets the others have their turn. Rejects with the reason once the work is called off. */
  next(): Promise<void>;
}

/** Milliseconds of a slice: what a frame that comes meanwhile waits at most. */
const SLICE_MS = 10;

/** Begin the first slice. */
export function createSlices(signal: AbortSignal): Slices {
  let endMs = performance.now() + SLICE_MS;
  return {
    isOver: () => performance.now() >= endMs,
    async next() {
      // Not `setImmediate`: as long as one is waiting, Deno looks at timers but at no socket (tried on 2.7.11 and 2.9.6).
      await new Promise((resolve) => setTimeout(resolve));
      signal.throwIfAborted();
      endMs = performance.now() + SLICE_MS;
    },
  };
}
