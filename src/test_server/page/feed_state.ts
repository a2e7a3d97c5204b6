/** The page's copy of the server's state: the snapshot, and all updates since. @module */

import type { FeedAgent, FeedCounts, FeedEvent, FeedFigures, FeedFrame, FeedMessage, FeedReply } from "../feed.ts";

/** Everything that the page shows. */
export interface FeedState {
  /** The address of the server, as an agent's WEBSOCKET_URL. */
  url: string;
  /** Whether each event goes to every agent. */
  broadcast: boolean;
  /** When the page connected last, in milliseconds by the server's clock. */
  connectedMs: number;
  /** Milliseconds that the server's clock is ahead of this one. */
  aheadMs: number;
  counts: FeedCounts;
  figures: FeedFigures | undefined;
  /** By connection. */
  agents: Map<number, FeedAgent>;
  /** By key: the newest ones; updates of older ones are dropped. */
  events: Map<string, FeedEvent>;
  /** No more of them than the server keeps. */
  maxEvents: number;
  /** Frames that belong to no event, latest last. */
  strayFrames: FeedFrame[];
}

const MAX_STRAY_FRAMES = 20;

/** Before the server has said anything. */
export function emptyState(): FeedState {
  return {
    url: "",
    broadcast: false,
    connectedMs: 0,
    aheadMs: 0,
    counts: { waiting: 0, answering: 0, answered: 0, declined: 0, failed: 0 },
    figures: undefined,
    agents: new Map(),
    events: new Map(),
    maxEvents: 0,
    strayFrames: [],
  };
}

/** Apply a message to the state. */
export function apply(state: FeedState, message: Exclude<FeedMessage, FeedReply>): void {
  switch (message.type) {
    case "snapshot":
      state.url = message.url;
      state.broadcast = message.broadcast;
      state.connectedMs = message.nowMs;
      state.aheadMs = message.nowMs - Date.now();
      state.counts = message.counts;
      state.figures = message.figures;
      state.maxEvents = message.limits.shownEvents;
      state.agents = new Map(message.agents.map((agent) => [agent.connection, agent]));
      state.events = new Map(); // they follow
      state.strayFrames = [];
      return;
    case "agent":
      state.agents.set(message.agent.connection, message.agent);
      return;
    case "agent_gone":
      state.agents.delete(message.connection);
      return;
    case "event":
      return applyEvent(state, message.event);
    case "stray_frame":
      state.strayFrames = [...state.strayFrames, message.frame].slice(-MAX_STRAY_FRAMES);
      return;
    case "counts":
      state.counts = message.counts;
      return;
    case "figures":
      state.figures = message.figures;
      return;
    default:
      message satisfies never;
  }
}

function applyEvent({ events, maxEvents }: FeedState, event: FeedEvent): void {
  events.set(event.key, event);
  if (events.size <= maxEvents) return;
  let [oldest = event] = events.values();
  for (const other of events.values()) if (other.number < oldest.number) oldest = other;
  events.delete(oldest.key);
}
