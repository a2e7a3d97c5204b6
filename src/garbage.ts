/** Collects garbage where it is known that there is much, and V8 would wait. @module */

/** What V8's flag `--expose-gc` adds. @see v8/src/extensions/gc-extension.cc */
type Collect = (options?: { type: "major"; execution: "sync"; flavor: "regular" | "last-resort" }) => void;

const { gc } = globalThis as { gc?: Collect };

/** Collect all garbage, here and now: some 10 ms, and 50 with 100 MB in use. Does nothing without V8's flag `--expose-gc`. */
export function collectGarbage(): void {
  gc?.();
}

/**
 * Collect all garbage, and give the system back all that V8 can do without: some three times as long. By itself V8 keeps
 * what it has once taken, since it may need it again.
 */
export function giveBackMemory(): void {
  gc?.({ type: "major", execution: "sync", flavor: "last-resort" });
}
