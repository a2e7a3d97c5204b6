/** How much a test server takes on. Whoever asks for more is told so. @module */

export interface Limits {
  /** Longest frame or request body that is accepted of whoever asks or has not authenticated, in bytes. */
  readonly frameBytes: number;
  /** Longest frame that is accepted of an agent: one whose answer is refused would come back with it for ever. */
  readonly agentFrameBytes: number;
  /** WebSocket connections at a time: agents, asking clients and pages. */
  readonly connections: number;
  /** Events that may be unanswered at a time, and the bytes they may take. */
  readonly unanswered: number;
  readonly unansweredBytes: number;
  /** Events that were answered and are kept, to be looked up and replayed, and the bytes they may take. */
  readonly kept: number;
  readonly keptBytes: number;
  /** Bytes that may wait for an asking client or a page to read them. What waits for an agent is unanswered events. */
  readonly unreadBytes: number;
}

export const DEFAULT_LIMITS: Limits = {
  frameBytes: 1024 * 1024,
  agentFrameBytes: 64 * 1024 * 1024, // Deno's WebSocket takes no longer ones
  connections: 500,
  unanswered: 10_000,
  unansweredBytes: 64 * 1024 * 1024,
  kept: 1_000,
  keptBytes: 64 * 1024 * 1024,
  unreadBytes: 16 * 1024 * 1024,
};
