/**
 * What the test server and its page say to each other over the page's own WebSocket, as JSON text frames. Types only, so
 * that a browser has nothing to load.
 *
 * The page's first frame is an {@linkcode FeedAuth}. The server answers with a snapshot, and from then on tells what
 * changes; or it closes with 1008 and the reason `token missing` or `wrong token`. Each command is answered by `done` or
 * `refused`, with its `request` number.
 *
 * @module
 */

import type { AgentEvent, AnswerMetadata } from "../wire.ts";

/** Where the server serves it. */
export type FeedPath = "/feed";

/** First frame of the page. `token`: where the server has one. */
export interface FeedAuth {
  readonly type: "auth";
  readonly token?: string;
}

/** All there is to show, when a page connects. */
export interface FeedSnapshot {
  readonly type: "snapshot";
  /** `ws://localhost:8080`: what an agent's WEBSOCKET_URL should be. */
  readonly url: string;
  /** The server's clock, in milliseconds since the epoch, as all times here: `Date.now()` of the page may differ. */
  readonly nowMs: number;
  /** Whether each event goes to every agent. */
  readonly broadcast: boolean;
  readonly limits: FeedLimits;
  readonly counts: FeedCounts;
  /** Longest connected first. */
  readonly agents: readonly FeedAgent[];
  /** Newest first, as many as `limits.shownEvents`. */
  readonly events: readonly FeedEvent[];
  /** Latest last: frames that belong to no event, as auth, what is malformed, and the answers to it. */
  readonly strayFrames: readonly FeedFrame[];
}

/** A change, after the snapshot. Many changes of one event in a short time come as one, the last. */
export type FeedUpdate =
  /** New, if its `connection` is; changed otherwise. */
  | { readonly type: "agent"; readonly agent: FeedAgent }
  | { readonly type: "agent_gone"; readonly connection: number }
  /** New, if its `key` is; changed otherwise. */
  | { readonly type: "event"; readonly event: FeedEvent }
  | { readonly type: "stray_frame"; readonly frame: FeedFrame }
  | { readonly type: "counts"; readonly counts: FeedCounts };

/** What became of a command. `key`: the event that was asked or replayed; `request`: -1 where a command had none. */
export type FeedReply =
  | { readonly type: "done"; readonly request: number; readonly key?: string }
  | { readonly type: "refused"; readonly request: number; readonly reason: string };

/** Whatever the server sends. */
export type FeedMessage = FeedSnapshot | FeedUpdate | FeedReply;

/** What the page can ask for, after its auth. `request` is the page's own number for it. */
export type FeedCommand =
  | FeedAsk
  /** Send an event once more, under the same id, to the agent that answered it if it is there. */
  | { readonly type: "replay"; readonly request: number; readonly key: string }
  /** Send this text as it is to one agent, by its connection; left out, to the least busy one. */
  | { readonly type: "send_raw"; readonly request: number; readonly text: string; readonly connection?: number };

/** A question; the server makes up its id. */
export interface FeedAsk {
  readonly type: "ask";
  readonly request: number;
  readonly query: string;
  readonly userId?: string;
  readonly conversationId?: string;
  readonly priority?: string;
  /** Anything else for the event's metadata; the fields above win. */
  readonly metadata?: Readonly<Record<string, unknown>>;
}

/** An agent that is connected. Several may have one `agentId` (it comes from the character), so `connection` names it. */
export interface FeedAgent {
  readonly connection: number;
  readonly agentId: string;
  readonly connectedMs: number;
  /** Events it was sent and has not answered. */
  readonly inFlight: number;
  readonly answered: number;
  readonly failed: number;
  /** Milliseconds from an event being sent to its answer; absent before the first. The median is of the last hundred. */
  readonly latencyMs?: { readonly last: number; readonly median: number };
}

/** `waiting`: for an agent. `answering`: sent to one, or more. */
export type FeedEventState = "waiting" | "answering" | "answered" | "failed";

/** Who asked: a sample of the server, a client over WebSocket, over REST, a page, or `--events`. */
export type FeedAsker = "sample" | "client" | "rest" | "page" | "load";

/** An event, and all that is known of it. */
export interface FeedEvent {
  /** Names it here: its id, and for a sample, which each agent gets, the agent's id too. */
  readonly key: string;
  /** As it was sent. Its query is cut after `limits.shownLength` UTF-16 code units. */
  readonly event: AgentEvent;
  readonly askedBy: FeedAsker;
  /** Counts up in the order in which they were asked: news of an older one may come later. */
  readonly number: number;
  readonly askedMs: number;
  readonly state: FeedEventState;
  /** Agents it was sent to, first to last: more than one after a hand-over, with `--broadcast`, or where it was replayed. */
  readonly sentTo: readonly { readonly connection: number; readonly agentId: string; readonly atMs: number }[];
  /** How often it was sent once more after it was answered. */
  readonly replays: number;
  /** Milliseconds from its being asked, or replayed, to its last answer or error. */
  readonly tookMs?: number;
  /** Of an answered event. `response` is cut like the query. */
  readonly answer?: {
    readonly response: string;
    readonly agentId: string;
    readonly connection: number;
    readonly metadata?: AnswerMetadata;
  };
  /** Of a failed event: what the agent said is wrong. */
  readonly error?: string;
  /** Latest last, the latest twenty. */
  readonly frames: readonly FeedFrame[];
}

/** A frame as it went over the wire. */
export interface FeedFrame {
  readonly atMs: number;
  readonly direction: "to_agent" | "from_agent";
  readonly connection: number;
  /** Absent before the agent has authenticated. */
  readonly agentId?: string;
  /** Cut after `limits.shownLength`; a token is never in it. Of a binary frame, its size. */
  readonly text: string;
  /** Of the whole frame, in UTF-16 code units. */
  readonly length: number;
}

/** Since the server started, but for `waiting` and `answering`, which are now. Samples count too. */
export interface FeedCounts {
  readonly waiting: number;
  readonly answering: number;
  readonly answered: number;
  readonly failed: number;
}

export interface FeedLimits {
  /** Longest frame that is accepted of a page, in bytes. */
  readonly frameBytes: number;
  readonly connections: number;
  /** Events that may be unanswered at a time. */
  readonly unanswered: number;
  /** Events kept to be shown. */
  readonly shownEvents: number;
  /** UTF-16 code units of a query, a response or a frame that are shown. */
  readonly shownLength: number;
}
