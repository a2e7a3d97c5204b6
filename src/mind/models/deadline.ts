/** The two time limits of a request, as one signal: longest silence, and longest time for the whole. @module */

/**
 * The limits of one request while it runs. Disposing of it aborts `signal`, so that nothing is left running, unless
 * {@linkcode finished} was called.
 */
export interface Deadline extends Disposable {
  /** Aborts when a limit has passed, when the caller's signal aborts, and on disposal of what is not finished. */
  readonly signal: AbortSignal;
  /** The limit that has passed, if one has. */
  readonly passed: "silence" | "whole" | undefined;
  /** Whether {@linkcode heard} was ever called. */
  readonly hasHeard: boolean;
  /** Something came: the silence begins anew. */
  heard(): void;
  /** All of the answer has come: there is nothing to abort, which takes 0.2 ms after a rest. */
  finished(): void;
}

/**
 * Start counting.
 *
 * @param options `silenceMs`: longest time between two calls of `heard`, or before the first one; `wholeMs`: longest
 * time for all of it; `signal`: the caller's.
 */
export function startDeadline(
  { silenceMs, wholeMs, signal }: { silenceMs: number; wholeMs: number; signal: AbortSignal },
): Deadline {
  // Not `AbortSignal.any`: on Deno 2.7.11 its listeners are lost at a garbage collection if nobody holds it.
  const controller = new AbortController();
  let passed: Deadline["passed"], hasHeard = false, isFinished = false;
  let heardMs = performance.now();
  const endMs = heardMs + wholeMs;
  // One timer for both limits, which looks at the clock: to set one anew for each piece took a tenth of a piece's time.
  const look = () => {
    const nowMs = performance.now(), silentMs = heardMs + silenceMs;
    if (nowMs < Math.min(silentMs, endMs)) return setNext(nowMs);
    passed = silentMs <= endMs ? "silence" : "whole";
    controller.abort(new Error(`the ${passed} limit of a model request has passed`));
  };
  let timer: ReturnType<typeof setTimeout>;
  const setNext = (nowMs: number) => timer = setTimeout(look, Math.ceil(Math.min(heardMs + silenceMs, endMs) - nowMs));
  setNext(heardMs);
  const cancel = () => controller.abort(signal.reason);
  signal.addEventListener("abort", cancel, { once: true });
  if (signal.aborted) cancel();
  return {
    signal: controller.signal,
    get passed() {
      return passed;
    },
    get hasHeard() {
      return hasHeard;
    },
    heard() {
      hasHeard = true;
      heardMs = performance.now();
    },
    finished() {
      isFinished = true;
    },
    [Symbol.dispose]() {
      clearTimeout(timer);
      signal.removeEventListener("abort", cancel);
      if (!isFinished) controller.abort(new Error("the model request is over"));
    },
  };
}
