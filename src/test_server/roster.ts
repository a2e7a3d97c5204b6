/** The agents that are connected, and which of them an event is for. @module */

import { createHash } from "node:crypto";
import { type AgentEvent, conversationOf } from "../wire.ts";
import type { FeedProof } from "./feed.ts";
import type { Asked } from "./ledger.ts";

/** An agent that is connected, and its part in the work. */
export interface Agent {
  readonly connection: number;
  readonly agentId: string;
  /** The same for an agent that was cut off and came back; see {@linkcode Identities}. */
  readonly identity: number;
  readonly connectedMs: number;
  /** When each event that it has not answered was sent to it, by key, first sent first. */
  readonly inFlight: Map<string, number>;
  /** Events it was sent. */
  given: number;
  answered: number;
  failed: number;
  /** Milliseconds from sent to answered, of the latest answers. */
  readonly latenciesMs: number[];
  /** What it has shown of its key; absent where it has shown nothing. */
  proof?: FeedProof;
  /** Why its chain of signed answers is broken, if it is. */
  broken?: string;
}

/** The agents of one server. */
export interface Roster {
  /** By connection, longest connected first. */
  readonly agents: ReadonlyMap<number, Agent>;
  add(agent: Pick<Agent, "connection" | "agentId" | "identity" | "connectedMs">): Agent;
  /** @returns The agent that was removed. */
  remove(connection: number): Agent | undefined;
  /** The agent that answered it before, the one its conversation is with, or the least busy one. */
  choose(asked: Asked): Agent | undefined;
  byIdentity(identity: number | undefined): Agent | undefined;
  /** Of the agents with equally little to do, the one that was given the fewest events. `isWanted`: default, all are. */
  leastBusy(isWanted?: (agent: Agent) => boolean): Agent | undefined;
  /** Whether an agent has it in flight. */
  isHeld(asked: Asked): boolean;
}

/** Conversations whose agent is remembered: whoever asks makes them up, and could fill the memory. */
const MAX_CONVERSATIONS = 10_000;

/** An empty roster. */
export function createRoster(): Roster {
  const agents = new Map<number, Agent>();
  /** Where a conversation is, by {@linkcode nameOf}. */
  const homes = new Map<string, Agent>();

  function choose({ event, answer }: Asked): Agent | undefined {
    const before = byIdentity(answer?.identity);
    if (before) return before;
    const conversation = nameOf(event);
    const home = conversation !== undefined ? homes.get(conversation) : undefined;
    // An agent that was cut off and came back has the conversation in its memory; one of the same agentId may have it.
    const agent = byIdentity(home?.identity) ?? leastBusy(({ agentId }) => agentId === home?.agentId) ?? leastBusy();
    if (agent && conversation !== undefined) remember(conversation, agent);
    return agent;
  }

  function remember(conversation: string, agent: Agent): void {
    homes.delete(conversation); // set again, so that the map's order is the order of use
    homes.set(conversation, agent);
    const [longestUnused] = homes.keys();
    if (homes.size > MAX_CONVERSATIONS && longestUnused !== undefined) homes.delete(longestUnused);
  }

  function byIdentity(wanted: number | undefined): Agent | undefined {
    if (wanted === undefined) return undefined;
    for (const agent of agents.values()) if (agent.identity === wanted) return agent;
  }

  function leastBusy(isWanted: (agent: Agent) => boolean = () => true): Agent | undefined {
    let best: Agent | undefined;
    for (const agent of agents.values()) {
      if (!isWanted(agent)) continue;
      const more = best ? agent.inFlight.size - best.inFlight.size || agent.given - best.given : -1;
      if (more < 0) best = agent;
    }
    return best;
  }

  return {
    agents,
    choose,
    byIdentity,
    leastBusy,
    add(connected) {
      const agent = { ...connected, inFlight: new Map(), given: 0, answered: 0, failed: 0, latenciesMs: [] };
      agents.set(agent.connection, agent);
      return agent;
    },
    remove(connection) {
      const agent = agents.get(connection);
      agents.delete(connection);
      return agent;
    },
    isHeld: ({ key }) => [...agents.values()].some(({ inFlight }) => inFlight.has(key)),
  };
}

/** A short name for an event's conversation, however long its own is; undefined where the event stands alone. */
function nameOf(event: AgentEvent): string | undefined {
  const conversation = conversationOf(event);
  if (conversation === undefined) return undefined;
  return createHash("sha256").update(conversation).digest("base64");
}
