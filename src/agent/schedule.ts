/** Which event is answered next: several at once, the urgent first, but in order within one conversation. @module */

import { FORGOTTEN } from "../forget_request.ts";
import type { Answering, Rest } from "../mind/mind.ts";
import { type AgentEvent, isUrgent, sizeOf } from "../wire.ts";
import { createPlaces } from "./places.ts";
import { type Conversation, createTurns, type Scheduled } from "./turns.ts";

/** Events that wait, and events being worked on. */
export interface Schedule {
  /** @param options `isAlone`: whether no other event may be worked on beside it; default false. */
  add(event: AgentEvent, options?: { isAlone?: boolean }): void;
  /** Events that wait or are being worked on. */
  readonly size: number;
  /** How much memory they take, as {@linkcode sizeOf} counts it. */
  readonly load: number;
  /**
   * No answer is wanted any more to those events that are meant, of a conversation or a user: none is started, and what
   * comes of those being worked on is not wanted. That holds for events, too, that are added before what is returned is
   * disposed of.
   */
  callOff(isMeant: (event: AgentEvent) => boolean): Disposable;
  /** Start no more events; those being worked on go on. */
  stop(): void;
  /** Resolves once nothing is being worked on and nothing more will be started; events that rest may still go on. */
  quiet(): Promise<void>;
  /** Resolves once nothing rests either. */
  idle(): Promise<void>;
}

/** How an event is to be worked on. */
export type Scheduling = { readonly rest: Rest } & Required<Pick<Answering, "isWanted" | "unwanted">>;

/**
 * Run `work` on each event that is added, at most `concurrency` at a time, one at a time within a conversation, in the
 * order of {@linkcode createTurns}.
 *
 * @param options `work`: must not reject, whoever schedules it decides what a failure means. `onWorked`: called when work on an event has ended and it takes no room any more; must not throw.
 */
export function createSchedule(options: {
  concurrency: number;
  work: (event: AgentEvent, how: Scheduling) => Promise<void>;
  onWorked?: () => void;
}): Schedule {
  const { concurrency, work, onWorked } = options;
  const turns = createTurns();
  const waits = createWaits(), callOffs = createCallOffs();
  const places = createPlaces(concurrency, startSome);
  let size = 0, load = 0, isStopped = false;

  function startSome() {
    places.goOn();
    while (!isStopped && places.hasRoom()) {
      const conversation = turns.next(places.running);
      if (conversation === undefined) break;
      void run(conversation);
    }
    // With nothing running nothing is left, or nothing may be started: whatever can run does.
    waits.check();
  }

  async function run(conversation: Conversation) {
    const scheduled = conversation.events[0]!;
    const { event, isAlone, load: ownLoad } = scheduled;
    places.enter(isAlone);
    const rest: Rest = (wait) => places.rest(wait, { isUrgent: isUrgent(event), isAlone });
    await work(event, { rest, ...wantedAs(scheduled) });
    places.leave(isAlone);
    size--;
    load -= ownLoad;
    turns.done(conversation);
    onWorked?.();
    startSome();
  }

  return {
    add(event, { isAlone = false } = {}) {
      const ownLoad = sizeOf(event);
      size++;
      load += ownLoad;
      turns.add({ event, isAlone, load: ownLoad, isCalledOff: callOffs.mean(event) });
      startSome();
    },
    get size() {
      return size;
    },
    get load() {
      return load;
    },
    callOff(isMeant) {
      turns.callOff(isMeant);
      return callOffs.add(isMeant);
    },
    stop: () => void (isStopped = true),
    quiet: () => waits.until(() => places.running === 0),
    idle: () => waits.until(() => places.running + places.resting === 0),
  };
}

function wantedAs(scheduled: Scheduled): Omit<Scheduling, "rest"> {
  return {
    isWanted: () => !scheduled.isCalledOff,
    unwanted() {
      const { signal } = scheduled.callingOff ??= new AbortController();
      // It may have been called off before anybody asked.
      if (scheduled.isCalledOff) scheduled.callingOff.abort(new Error(FORGOTTEN));
      return signal;
    },
  };
}

/** Which events are called off as soon as they are added. */
function createCallOffs() {
  const callOffs = new Set<(event: AgentEvent) => boolean>();
  return {
    mean: (event: AgentEvent) => callOffs.size > 0 && [...callOffs].some((isMeant) => isMeant(event)),
    add(isMeant: (event: AgentEvent) => boolean): Disposable {
      callOffs.add(isMeant);
      return { [Symbol.dispose]: () => void callOffs.delete(isMeant) };
    },
  };
}

/** Waits for conditions that are looked at when told to. */
function createWaits() {
  const waits = new Set<{ isOver: () => boolean; resolve: () => void }>();
  return {
    until(isOver: () => boolean): Promise<void> {
      if (isOver()) return Promise.resolve();
      const { promise, resolve } = Promise.withResolvers<void>();
      waits.add({ isOver, resolve });
      return promise;
    },
    check() {
      for (const wait of waits) {
        if (!wait.isOver()) continue;
        waits.delete(wait);
        wait.resolve();
      }
    },
  };
}
