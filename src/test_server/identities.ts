/** Which connections are one agent: a connection takes over from an earlier one of the same agentId that has ended. @module */

/** The identities of agents, numbered from 0. */
export interface Identities {
  /** Of an agent that has just authenticated: the one that a connection of this agentId left last, else a new one. */
  take(agentId: string): number;
  /** The connection has ended; the next one of this agentId takes over. */
  leave(agentId: string, identity: number): void;
}

/** Identities remembered after their connections: agents choose their ids, and could fill the memory. */
const MAX_LEFT = 1_000;

/**
 * Tell agents apart. Two agents that are connected at the same time are two, even under one agentId; an agent that was
 * cut off and comes back is the one that it was.
 */
export function createIdentities(): Identities {
  /** Longest left first. */
  const left = new Map<number, string>();
  let taken = 0;
  return {
    take(agentId) {
      const [identity] = [...left].findLast(([, owner]) => owner === agentId) ?? [taken++];
      left.delete(identity);
      return identity;
    },
    leave(agentId, identity) {
      left.set(identity, agentId);
      const [longest] = left.keys();
      if (left.size > MAX_LEFT && longest !== undefined) left.delete(longest);
    },
  };
}
