/** Whether the agent is well: conditions that each have a name. `--health`, `/healthz` and `/readyz` say the same of them. @module */

/** What an agent needs to be of use; true: it has it. */
export interface Conditions {
  /** Events can be had from their source. */
  readonly connected: boolean;
  /** The state directory can be written to. */
  readonly stateWritable: boolean;
  /** The model is not down. */
  readonly modelUp: boolean;
  /** The knowledge is indexed for the first time: until then every question waits. */
  readonly knowledgeIndexed: boolean;
  /** No answer has been under way beyond every limit: where one is, only a restart helps. */
  readonly answering: boolean;
}

/** What the parts of the agent know of it. */
export interface HealthSources {
  readonly isConnected: () => boolean;
  readonly isStateWritable: () => boolean;
  readonly isModelDown: () => boolean;
  readonly isIndexing: () => boolean;
  /** Milliseconds that an answer has been under way, if that is beyond every limit. */
  readonly overdueMs: () => number | undefined;
}

/** The health of an agent that starts. */
export interface Health {
  conditions(): Conditions;
  overdueMs(): number | undefined;
  /** Ask these from now on, too. Until then nothing is connected, and all else is well. */
  watch(sources: Partial<HealthSources>): void;
}

/** Nothing is known yet. */
export function createHealth(): Health {
  let sources: HealthSources = {
    isConnected: () => false,
    isStateWritable: () => true,
    isModelDown: () => false,
    isIndexing: () => false,
    overdueMs: () => undefined,
  };
  return {
    conditions: () => ({
      connected: sources.isConnected(),
      stateWritable: sources.isStateWritable(),
      modelUp: !sources.isModelDown(),
      knowledgeIndexed: !sources.isIndexing(),
      answering: sources.overdueMs() === undefined,
    }),
    overdueMs: () => sources.overdueMs(),
    watch(more) {
      sources = { ...sources, ...more };
    },
  };
}

/** Whether the agent should be left running: a restart would not help with anything else. */
export function isAlive({ answering }: Conditions): boolean {
  return answering;
}

/** Whether it can answer events now. */
export function isReady(conditions: Conditions): boolean {
  return Object.values(conditions).every((holds) => holds);
}
