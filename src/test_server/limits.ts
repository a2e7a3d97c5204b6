/** The bounds of what a test server takes on. A client that asks for more is told so. @module */

/** Limits of one server. Lengths are in UTF-8 bytes, but for events and answers: UTF-16 code units, one byte a letter. */
export interface Limits {
  /** Longest frame or request body that is accepted from a client that asks. */
  readonly frameBytes: number;
  /** Longest frame that is accepted from a client that must authenticate and has not. */
  readonly authFrameBytes: number;
  /** Frames that are refused before a client has authenticated; after these it is closed. */
  readonly refusedFrames: number;
  /** Longest frame that is accepted from an agent. An agent whose answer is refused would send it for ever. */
  readonly agentFrameBytes: number;
  /** WebSocket connections at a time: agents, asking clients and pages. */
  readonly connections: number;
  /** WebSocket connections at a time that must authenticate and have not. */
  readonly unauthenticated: number;
  /** REST requests at a time that wait for an answer or follow an event. */
  readonly waits: number;
  /** Events that may be unanswered at a time, and their size. */
  readonly unanswered: number;
  readonly unansweredBytes: number;
  /** Size of all answers that are not whole yet; what is over is not shown before the answer is whole. */
  readonly growingBytes: number;
  /** Events that were answered and are kept, to be looked up and replayed, and their size. */
  readonly kept: number;
  readonly keptBytes: number;
  /** Bytes that may wait for one page to read them; what changes after that is told once the page has caught up. */
  readonly pageUnreadBytes: number;
  /** Bytes that may wait for one asking client; more, and the connection is closed. */
  readonly unreadBytes: number;
  /** Bytes that may wait for one agent; more, and the connection is closed. */
  readonly agentUnreadBytes: number;
  /** Bytes that may wait on all connections together; above that, those that are behind are closed. */
  readonly unreadTotalBytes: number;
}

const MIB = 1024 * 1024;

/** The limits where nothing else is said: about 512 MB of memory in the worst case. */
export const DEFAULT_LIMITS: Limits = {
  frameBytes: MIB,
  authFrameBytes: MIB / 8, // an auth brings evidence: some 30 kB with a log of events
  refusedFrames: 20,
  agentFrameBytes: 64 * MIB, // Deno's WebSocket takes no longer ones
  connections: 500,
  unauthenticated: 100,
  waits: 200,
  unanswered: 10_000,
  unansweredBytes: 64 * MIB,
  growingBytes: 16 * MIB,
  kept: 1_000,
  keptBytes: 64 * MIB,
  pageUnreadBytes: MIB / 4,
  unreadBytes: 4 * MIB,
  agentUnreadBytes: 96 * MIB, // all unanswered events, and the replays of some
  unreadTotalBytes: 128 * MIB,
};
