/** Which agent gets which event, and who is told what became of it. It knows no sockets: frames go out by `send`. @module */

import { type AgentEvent, encodeAck } from "../wire.ts";
import type { AgentMessage } from "./agent_messages.ts";
import type { FeedAsker } from "./feed.ts";
import { type Asked, type Asker, isSettled, type Ledger, sampleKey } from "./ledger.ts";
import { type Agent, createRoster } from "./roster.ts";

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
  /** Tell this asker nothing more: it has gone. */
  forget(asker: Asker): void;
  /** An agent's response or ack, and its text. @returns Whether it belongs to an event that is known. */
  hear(connection: number, message: AgentMessage & { type: "response" | "ack" }, text: string): boolean;
  /** The agent with the least to do; undefined where there is none. */
  leastBusy(): Agent | undefined;
}

const MAX_LATENCIES = 100;
/** Agents remembered that an event was sent to: the latest. */
const MAX_SENT_TO = 100;

export function createDispatch(options: DispatchOptions): Dispatch {
  const { ledger, broadcast, now, send, observe } = options;
  const roster = createRoster(), { agents, choose, leastBusy, isHeld } = roster;
  /** Events that wait for an agent, first asked first. There are some only while there is no agent. */
  const waiting: Asked[] = [];
  let added = 0;

  function place(asked: Asked): void {
    const takers = broadcast ? [...agents.values()] : [choose(asked)];
    for (const agent of takers) if (agent) give(agent, asked);
    if (agents.size > 0) return;
    waiting.push(asked);
    rest(asked);
  }

  /** Let it wait, for any agent or for the one that it is for. */
  function rest(asked: Asked): void {
    ledger.move(asked, "waiting");
    observe({ kind: "event", asked });
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
    asked.answer = { response, agentId, connection, ...metadata && { metadata } };
    asked.tookMs = now() - asked.startedMs;
    delete asked.error;
    agent.answered++;
    ledger.move(asked, "answered");
    tell(asked, text);
  }

  function failed(agent: Agent, asked: Asked, error: string, text: string): void {
    if (isSettled(asked) || isHeld(asked)) return; // another agent may yet answer it
    asked.error = error;
    asked.tookMs = now() - asked.startedMs;
    delete asked.answer;
    agent.failed++;
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

  return {
    agents: () => agents.values(),
    leastBusy: () => leastBusy(),
    join({ connection, agentId, samples }) {
      const agent = roster.add({ connection, agentId, connectedMs: now() });
      observe({ kind: "agent", agent });
      for (const event of samples) {
        const key = sampleKey(agentId, event.id);
        const sample = { key, event, frame: JSON.stringify(event), askedBy: "sample", onlyFor: agentId } as const;
        give(agent, ledger.get(key) ?? add(sample));
      }
      for (const asked of waiting.splice(0)) place(asked);
    },
    leave(connection) {
      const agent = roster.remove(connection);
      if (!agent) return;
      observe({ kind: "agent_gone", connection });
      const left = [...agent.inFlight.keys()].map((key) => ledger.get(key)).filter((asked) => asked !== undefined);
      for (const asked of left.toSorted((one, other) => one.number - other.number)) {
        if (isSettled(asked) || isHeld(asked)) continue;
        if (asked.onlyFor === undefined) place(asked);
        else rest(asked);
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
    forget(asker) {
      for (const { askers } of ledger.all()) askers.delete(asker);
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
