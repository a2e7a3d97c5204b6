/** What is looked up when somebody asks, since nobody tells of it as it changes. @module */

import type { Remaining } from "../observer.ts";

/** The agent as it stands. */
export interface Figures extends Remaining {
  /** Bytes of the state's database on disk. */
  readonly stateBytes: number;
  /** Bytes of memory that the process has. */
  readonly memoryBytes: number;
  /** Whether the model answers. */
  readonly isModelUp: boolean;
}

/** What does not change while the agent runs. */
export interface StatusFacts {
  readonly version: string;
  /** Absent where the agent runs from sources. */
  readonly commit: string | undefined;
  /** When the process started, in milliseconds since the epoch. */
  readonly startedMs: number;
  /** As EVENT_TRANSPORT names it. */
  readonly transport: string;
  /** Most events that may be held without being settled; undefined where the source knows no such limit. */
  readonly prefetch: number | undefined;
  readonly concurrency: number;
  /** As MODEL_PROVIDER names it, and the model; `embedded` for the one built in. */
  readonly provider: string;
  readonly model: string;
}
