/** Messages that a broker has handed to this agent and that are not settled yet. @module */

/** How many there are decides how many more may be fetched. */
export interface Holds<Message> extends Iterable<Message> {
  readonly size: number;
  /** Whether one of them may have killed an agent before: then no other one is fetched. */
  readonly hasSuspect: boolean;
  has(key: string): boolean;
  /** @param options `attempt`: above 1, the message is a suspect. */
  add(key: string, message: Message, options: { attempt: number }): void;
  remove(key: string): void;
  clear(): void;
  /** Resolves at the next change, or when `signal` aborts. */
  changed(signal: AbortSignal): Promise<void>;
}

/** None held yet. */
export function createHolds<Message>(): Holds<Message> {
  const held = new Map<string, Message>();
  const suspects = new Set<string>();
  let waiting: PromiseWithResolvers<void> | undefined;
  const wake = () => {
    waiting?.resolve();
    waiting = undefined;
  };
  return {
    get size() {
      return held.size;
    },
    get hasSuspect() {
      return suspects.size > 0;
    },
    has: (key) => held.has(key),
    add(key, message, { attempt }) {
      held.set(key, message);
      if (attempt > 1) suspects.add(key);
      wake();
    },
    remove(key) {
      held.delete(key);
      suspects.delete(key);
      wake();
    },
    clear() {
      held.clear();
      suspects.clear();
      wake();
    },
    async changed(signal) {
      if (signal.aborted) return;
      waiting ??= Promise.withResolvers();
      const { promise } = waiting;
      signal.addEventListener("abort", wake, { once: true });
      await promise;
      signal.removeEventListener("abort", wake);
    },
    [Symbol.iterator]: () => held.values(),
  };
}
