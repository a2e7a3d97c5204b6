/** Turns SIGINT and SIGTERM into one wish to stop, and a second one, or SIGUSR1, into an end at once. @module */

import type { Log } from "./log.ts";

/**
 * The same signal within this many milliseconds of the first is the same wish. `deno task` and `npx` pass on a Ctrl+C that
 * the terminal has sent to every process already: two SIGINTs 0.5 to 5 ms apart (measured), and a busy machine takes
 * longer. Nobody who wants to force the end presses Ctrl+C a second time that soon.
 */
const SAME_WISH_MS = 500;

/** Exit code by signal: 128 and the signal's number, which is what a shell reports for a program that it killed. */
export const EXIT_CODES = { SIGINT: 130, SIGTERM: 143 } as const;

/** A signal that asks the program to stop. */
export type StopSignal = keyof typeof EXIT_CODES;

/** What a wish to stop needs. */
export interface StopParts {
  /** Called at the first signal. */
  readonly told?: (name: StopSignal) => void;
  /** Milliseconds since any fixed moment; a clock that is set back must not matter. */
  readonly monotonicNow: () => number;
  /** Ends the program at once. */
  readonly end: (exitCode: number) => void;
}

/**
 * A wish to stop that has not been made yet: the first signal aborts `signal`; the same signal later than half a second
 * after it ends the program.
 */
export function createStopWish(parts: StopParts): { readonly signal: AbortSignal; receive(name: StopSignal): void } {
  const { told, monotonicNow, end } = parts;
  const stop = new AbortController();
  const firstMs = new Map<StopSignal, number>();
  return {
    signal: stop.signal,
    receive(name) {
      const nowMs = monotonicNow(), wishedMs = firstMs.get(name);
      if (wishedMs !== undefined) {
        if (nowMs - wishedMs > SAME_WISH_MS) end(EXIT_CODES[name]);
        return;
      }
      firstMs.set(name, nowMs);
      // A supervisor may send SIGTERM after the terminal's SIGINT: that is no second wish.
      if (stop.signal.aborted) return;
      told?.(name);
      stop.abort(new DOMException(`The agent was told to stop (${name})`, "AbortError"));
    },
  };
}

/**
 * Listens for SIGINT and SIGTERM until the program ends; the result aborts at the first of them.
 *
 * @param end Ends the program at once.
 * @param options `told`: called at the first signal.
 */
export function stopOnSignals(end: StopParts["end"], options: Pick<StopParts, "told"> = {}): AbortSignal {
  const wish = createStopWish({ ...options, end, monotonicNow: () => performance.now() });
  for (const name of Object.keys(EXIT_CODES) as StopSignal[]) Deno.addSignalListener(name, () => wish.receive(name));
  return wish.signal;
}

/**
 * End the program at once if SIGUSR1 comes, with 138. Deno 2.9.2 and newer would open a debugger on 127.0.0.1:9229, no
 * permission asked, which reads and changes everything; listeners are called before that (measured with 2.9.6). Nothing
 * is lost: it is as if the process was killed, which is what an older Deno does.
 */
export function endAtDebuggerSignal({ log, end }: Pick<StopParts, "end"> & { log: Pick<Log, "error"> }): void {
  // Windows has no such signal, and no debugger that it opens.
  if (Deno.build.os === "windows") return;
  Deno.addSignalListener("SIGUSR1", () => {
    log.error("🛑 SIGUSR1 received: ending at once, before Deno opens a debugger");
    end(138);
  });
}
