/** The news that one page has yet to be told: bounded, however slowly it reads. @module */

import type { FeedFrame, FeedMessage, FeedUpdate } from "./feed.ts";
import { viewAgent, viewEvent } from "./feed_views.ts";
import type { Asked } from "./ledger.ts";
import type { Agent } from "./roster.ts";

/** A page that is open, and has authenticated. */
export interface Page {
  send(message: FeedMessage): void;
  /** Whether it has read enough to be sent more. */
  hasRoom(): boolean;
  /** The server failed to tell it something. */
  failed(error: unknown): void;
  /** It has read nothing for too long. */
  cutOff(): void;
}

/** News for one page. Of many changes of one thing, the last is told. */
export interface PageFeed {
  agent(connection: number, agent: Agent | undefined): void;
  event(asked: Asked): void;
  strayFrame(frame: FeedFrame): void;
  counts(): void;
  figures(): void;
  /**
   * Send the page what it can take.
   *
   * @returns Whether that was all.
   */
  flush(): boolean;
}

/** Events and stray frames that are kept for a page: the latest. */
export interface PageFeedOptions {
  readonly maxEvents: number;
  readonly maxFrames: number;
  readonly counts: () => FeedUpdate;
  readonly figures: () => FeedUpdate;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
}

/** How long a page may read nothing while there is news, in milliseconds. */
const PATIENCE_MS = 30_000;

/** Nothing to tell yet. */
export function createPageFeed(page: Page, options: PageFeedOptions): PageFeed {
  const { maxEvents, maxFrames, now } = options;
  /** By connection; undefined: gone. */
  const agents = new Map<number, Agent | undefined>();
  /** Longest unchanged first. */
  const events = new Set<Asked>();
  const frames: FeedFrame[] = [];
  let hasCounts = false;
  let hasFigures = false;
  let stuckSinceMs: number | undefined;

  /** The next thing to tell, taken out; undefined where there is nothing. */
  function next(): FeedUpdate | undefined {
    for (const [connection, agent] of agents) {
      agents.delete(connection);
      return agent ? { type: "agent", agent: viewAgent(agent) } : { type: "agent_gone", connection };
    }
    for (const asked of events) {
      events.delete(asked);
      return { type: "event", event: viewEvent(asked) };
    }
    const frame = frames.shift();
    if (frame) return { type: "stray_frame", frame };
    if (hasCounts) {
      hasCounts = false;
      return options.counts();
    }
    if (hasFigures) {
      hasFigures = false;
      return options.figures();
    }
  }

  return {
    agent: (connection, agent) => void agents.set(connection, agent),
    event(asked) {
      events.delete(asked); // added again, so that the set's order is the order of the last change
      events.add(asked);
      const [longestUnchanged] = events;
      if (events.size > maxEvents && longestUnchanged) events.delete(longestUnchanged);
    },
    strayFrame(frame) {
      frames.push(frame);
      if (frames.length > maxFrames) frames.shift();
    },
    counts: () => void (hasCounts = true),
    figures: () => void (hasFigures = true),
    flush() {
      while (page.hasRoom()) {
        stuckSinceMs = undefined;
        const update = next();
        if (!update) return true;
        page.send(update);
      }
      stuckSinceMs ??= now();
      if (now() - stuckSinceMs > PATIENCE_MS) page.cutOff();
      return false;
    },
  };
}
