/** Which agent gets which event, and who is told what became of it. It knows no sockets: frames go out by `send`. @module */

import { type AgentEvent, conversationOf, encodeAck } from "../wire.ts";
import type { AgentMessage } from "./agent_messages.ts";
import type { FeedAsker } from "./feed.ts";
import { type Asked, type Asker, isSettled, type Ledger, sampleKey } from "./ledger.ts";

/** An agent that is connected, and its part in the work. */
export interface Agent {
  readonly connection: number;
  readonly agentId: string;
  readonly connectedMs: number;
  /** When each event that it has not answered was sent to it, by key, first sent first. */
  readonly inFlight: Map<string, number>;
  /** Events it was sent. */
  given: number;
  answered: number;
  failed: number;
  /** Milliseconds from sent to answered, of the latest answers. */
  readonly latenciesMs: number[];
}

export type Placed = { readonly ok: true; readonly key: string } | { readonly ok: false; readonly reason: string };
export type Change =
  | { readonly kind: "agent"; readonly agent: Agent }
  | { readonly kind: "agent_gone"; readonly connection: number }
  | { readonly kind: "event"; readonly asked: Asked };

export interface DispatchOptions {
  readonly ledger: Ledger;
  /** Give each event to every agent that is there, instead of one. */
  readonly broadcast: boolean;
  readonly now: () => number;
  readonly send: (connection: number, asked: Asked) => void;
  readonly observe: (change: Change) => void;
}

export interface Dispatch {
  /** Longest connected first. */
  agents(): IterableIterator<Agent>;
  /** An agent has authenticated: it gets its samples, then what waits. */
  join(agent: { connection: number; agentId: string; samples: readonly AgentEvent[] }): void;
  /** An agent has gone: what it left unanswered goes to others, in the order in which it was asked. */
  leave(connection: number): void;
  /** Give an event to an agent, or let it wait for one. A known id is the same event: it is not asked twice at a time. */
  ask(event: AgentEvent, by: { askedBy: FeedAsker; asker?: Asker }): Placed;
  /** Send a settled event once more. */
  replay(key: string): Placed;
  /** An agent's response or ack, and its text. @returns Whether it belongs to an event that is known. */
  hear(connection: number, message: AgentMessage & { type: "response" | "ack" }, text: string): boolean;
  /** The agent with the least to do; undefined where there is none. */
  leastBusy(): Agent | undefined;
}

/** Conversations whose agent is remembered: whoever asks chooses their names, and could fill the memory. */
const MAX_CONVERSATIONS = 10_000;
const MAX_LATENCIES = 100;
/** Agents remembered that an event was sent to: the latest. */
const MAX_SENT_TO = 100;

export function createDispatch(options: DispatchOptions): Dispatch {
  const { ledger, broadcast, now, send, observe } = options;
  const agents = new Map<number, Agent>();
  /** Events that wait for an agent, first asked first. There are some only while there is no agent. */
  let waiting: Asked[] = [];
  const homes = new Map<string, Agent>();
  let added = 0;

  function place(asked: Asked): void {
    const takers = broadcast ? [...agents.values()] : [choose(asked)];
    for (const agent of takers) if (agent) give(agent, asked);
    if (agents.size > 0) return;
    ledger.move(asked, "waiting");
    waiting.push(asked);
    observe({ kind: "event", asked });
  }

  /** The agent that answered it before, the one its conversation is with, or the least busy one. */
  function choose({ event, answer }: Asked): Agent | undefined {
    const before = answer && agents.get(answer.connection);
    if (before) return before;
    const conversation = conversationOf(event);
    const home = homes.get(conversation);
    // An agent that was cut off and came back has the conversation in its memory.
    const agent = home && agents.has(home.connection)
      ? home
      : leastBusy(({ agentId }) => agentId === home?.agentId) ?? leastBusy();
    if (agent && !conversation.startsWith("event:")) {
      homes.delete(conversation); // set again, so that the map's order is the order of use
      homes.set(conversation, agent);
      const [longestUnused] = homes.keys();
      if (homes.size > MAX_CONVERSATIONS && longestUnused !== undefined) homes.delete(longestUnused);
    }
    return agent;
  }

  /** Of those with equally little to do, the one that was given the fewest. */
  function leastBusy(isWanted: (agent: Agent) => boolean = () => true): Agent | undefined {
    let best: Agent | undefined;
    for (const agent of agents.values()) {
      if (!isWanted(agent)) continue;
      const more = best ? agent.inFlight.size - best.inFlight.size || agent.given - best.given : -1;
      if (more < 0) best = agent;
    }
    return best;
  }

  function give(agent: Agent, asked: Asked): void {
    const { connection, agentId } = agent, atMs = now();
    agent.inFlight.set(asked.key, atMs);
    agent.given++;
    asked.sentTo.push({ connection, agentId, atMs });
    if (asked.sentTo.length > MAX_SENT_TO) asked.sentTo.shift();
    ledger.move(asked, "answering");
    ledger.note(asked, { atMs, direction: "to_agent", connection, agentId, text: asked.frame });
    send(connection, asked);
    observe({ kind: "event", asked });
    observe({ kind: "agent", agent });
  }

  function add(asking: Pick<Asked, "key" | "event" | "frame" | "askedBy" | "onlyFor">, asker?: Asker): Asked {
    const atMs = now();
    const asked: Asked = {
      ...asking,
      number: added++,
      askedMs: atMs,
      startedMs: atMs,
      state: "waiting",
      sentTo: [],
      replays: 0,
      acknowledged: false,
      frames: [],
      askers: new Set(asker && [asker]),
    };
    ledger.add(asked);
    return asked;
  }

  function replay(asked: Asked, asker?: Asker): Placed {
    const refused = ledger.refusal(asked.frame.length);
    if (refused !== undefined) return { ok: false, reason: refused };
    const only = asked.onlyFor !== undefined ? leastBusy(({ agentId }) => agentId === asked.onlyFor) : undefined;
    if (asked.onlyFor !== undefined && !only) return { ok: false, reason: "the agent that it is for is not connected" };
    vouch(asked);
    asked.replays++;
    asked.startedMs = now();
    asked.acknowledged = false;
    if (asker) asked.askers.add(asker);
    if (only) give(only, asked);
    else place(asked);
    return { ok: true, key: asked.key };
  }

  /** The events that a message of this agent can be about: those it was sent, else any of that id. */
  function meant({ connection, agentId }: Agent, eventId: string): Asked[] {
    const known = [ledger.get(eventId), ledger.get(sampleKey(agentId, eventId))].filter((asked) => asked !== undefined);
    const sent = known.filter(({ sentTo }) => sentTo.some((to) => to.connection === connection));
    return sent.length > 0 ? sent : known;
  }

  function answered(agent: Agent, asked: Asked, message: AgentMessage & { type: "response" }, text: string): void {
    if (isSettled(asked)) return; // another agent was faster, after a hand-over or by broadcast
    const { response, metadata } = message, { connection, agentId } = agent;
    asked.answer = { response, agentId, connection, tookMs: now() - asked.startedMs, ...metadata && { metadata } };
    delete asked.error;
    agent.answered++;
    waiting = waiting.filter((other) => other !== asked);
    ledger.move(asked, "answered");
    tell(asked, text);
  }

  function failed(agent: Agent, asked: Asked, error: string, text: string): void {
    if (isSettled(asked) || isHeld(asked)) return; // another agent may yet answer it
    asked.error = error;
    delete asked.answer;
    agent.failed++;
    waiting = waiting.filter((other) => other !== asked);
    asked.acknowledged = true;
    ledger.move(asked, "failed");
    tell(asked, text);
  }

  function acknowledged(asked: Asked, text: string): void {
    if (asked.acknowledged) return;
    asked.acknowledged = true;
    tell(asked, text);
  }

  /** Whoever has the response and no ack yet, which may never come now, gets one from here. */
  function vouch(asked: Asked): void {
    if (asked.askers.size > 0) acknowledged(asked, encodeAck({ eventId: asked.event.id, timestamp: now() }));
  }

  function tell({ askers, acknowledged, state }: Asked, text: string): void {
    for (const asker of askers) asker.tell(text);
    if (acknowledged && (state === "answered" || state === "failed")) askers.clear();
  }

  const isHeld = ({ key }: Asked) => [...agents.values()].some(({ inFlight }) => inFlight.has(key));

  return {
    agents: () => agents.values(),
    leastBusy: () => leastBusy(),
    join({ connection, agentId, samples }) {
      const agent: Agent = {
        connection,
        agentId,
        connectedMs: now(),
        inFlight: new Map(),
        given: 0,
        answered: 0,
        failed: 0,
        latenciesMs: [],
      };
      agents.set(connection, agent);
      observe({ kind: "agent", agent });
      for (const event of samples) {
        const key = sampleKey(agentId, event.id);
        const sample = { key, event, frame: JSON.stringify(event), askedBy: "sample", onlyFor: agentId } as const;
        give(agent, ledger.get(key) ?? add(sample));
      }
      for (const asked of waiting.splice(0)) place(asked);
    },
    leave(connection) {
      const agent = agents.get(connection);
      if (!agent) return;
      agents.delete(connection);
      observe({ kind: "agent_gone", connection });
      const left = [...agent.inFlight.keys()].map((key) => ledger.get(key)).filter((asked) => asked !== undefined);
      for (const asked of left.toSorted((one, other) => one.number - other.number)) {
        if (isSettled(asked) || isHeld(asked)) continue;
        if (asked.onlyFor === undefined) place(asked);
        else ledger.move(asked, "waiting");
        observe({ kind: "event", asked });
      }
      for (const asked of ledger.all()) {
        if (asked.state === "answered" && asked.answer?.connection === connection) vouch(asked);
      }
    },
    ask(event, { askedBy, asker }) {
      const known = ledger.get(event.id);
      if (known) {
        if (isSettled(known)) return replay(known, asker);
        if (asker) known.askers.add(asker);
        return { ok: true, key: known.key };
      }
      const frame = JSON.stringify(event);
      const refused = ledger.refusal(frame.length);
      if (refused !== undefined) return { ok: false, reason: refused };
      place(add({ key: event.id, event, frame, askedBy }, asker));
      return { ok: true, key: event.id };
    },
    replay(key) {
      const asked = ledger.get(key);
      if (!asked) return { ok: false, reason: "there is no such event any more" };
      if (!isSettled(asked)) return { ok: false, reason: "it is not answered yet" };
      return replay(asked);
    },
    hear(connection, message, text) {
      const agent = agents.get(connection);
      if (!agent) return false;
      const about = meant(agent, message.type === "ack" ? message.eventId : message.queryId);
      const isOver = message.type === "response" || message.status === "error";
      for (const asked of about) {
        const { agentId } = agent, atMs = now();
        const sentMs = agent.inFlight.get(asked.key);
        if (isOver) agent.inFlight.delete(asked.key);
        if (message.type === "response" && sentMs !== undefined) {
          agent.latenciesMs.push(atMs - sentMs);
          if (agent.latenciesMs.length > MAX_LATENCIES) agent.latenciesMs.shift();
        }
        ledger.note(asked, { atMs, direction: "from_agent", connection, agentId, text });
        if (message.type === "response") answered(agent, asked, message, text);
        else if (message.status === "error") failed(agent, asked, message.error ?? "no reason given", text);
        else acknowledged(asked, text);
        observe({ kind: "event", asked });
        observe({ kind: "agent", agent });
      }
      return about.length > 0;
    },
  };
}
