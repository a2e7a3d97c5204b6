/** Places for events that are worked on at the same time; whoever only waits gives its place to others. @module */

/** The places, some taken. */
export interface Places {
  /** Events being worked on. */
  readonly running: number;
  /** Events that have begun and only wait. */
  readonly resting: number;
  /** Whether another event may begin. */
  hasRoom(): boolean;
  /** Take a place. `isAlone`: nobody else may have one until it is left. */
  enter(isAlone: boolean): void;
  leave(isAlone: boolean): void;
  /** Wait without a place; afterwards, take one as soon as {@linkcode goOn} finds one free. */
  rest<T>(wait: () => Promise<T>, options: { isUrgent: boolean; isAlone: boolean }): Promise<T>;
  /** Give free places to those that have rested, the urgent first. */
  goOn(): void;
}

/**
 * `count` places, all free.
 *
 * @param onFreed Called when a place has become free, and when somebody who has rested wants one again.
 */
export function createPlaces(count: number, onFreed: () => void): Places {
  const urgentRested: (() => void)[] = [], rested: (() => void)[] = [];
  let running = 0, resting = 0, isOneAlone = false;
  const hasRoom = () => running < count && !isOneAlone;
  return {
    get running() {
      return running;
    },
    get resting() {
      return resting;
    },
    hasRoom,
    enter(isAlone) {
      running++;
      isOneAlone = isAlone;
    },
    leave(isAlone) {
      running--;
      if (isAlone) isOneAlone = false;
    },
    async rest(wait, { isUrgent, isAlone }) {
      // Others that began meanwhile would be beside it when it goes on.
      if (isAlone) return await wait();
      running--;
      resting++;
      onFreed();
      try {
        return await wait();
      } finally {
        const { promise, resolve } = Promise.withResolvers<void>();
        (isUrgent ? urgentRested : rested).push(resolve);
        resting--;
        onFreed();
        await promise;
      }
    },
    goOn() {
      while (hasRoom()) {
        const resume = urgentRested.shift() ?? rested.shift();
        if (resume === undefined) return;
        running++;
        resume();
      }
    },
  };
}
