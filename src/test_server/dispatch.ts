/** Gives events to agents, and takes their answers. It knows no sockets: frames go out by `send`. @module */

import type { AgentEvent } from "../wire.ts";
import { type Answers, type EventMessage, type Judge, openAnswers } from "./answers.ts";
import type { Change } from "./changes.ts";
import type { FeedAsker, FeedProof } from "./feed.ts";
import { type Asked, type Asker, isSettled, type Ledger, sampleKey } from "./ledger.ts";
import { type Agent, createRoster } from "./roster.ts";

/** Whether an event was taken on, and under which key. */
export type Placed = { readonly ok: true; readonly key: string } | { readonly ok: false; readonly reason: string };

/** `unknown`: there is no such event, any more or at all. `not_asked`: there is, and this agent was not sent it. */
export type Heard = "known" | "unknown" | "not_asked";

/** The parts of a dispatch. */
export interface DispatchOptions {
  readonly ledger: Ledger;
  /** Give each event to every agent that is there, instead of one. */
  readonly broadcast: boolean;
  /** The events that every agent is greeted with; default: none. */
  readonly samples?: readonly AgentEvent[];
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  readonly send: (connection: number, asked: Asked) => void;
  /** Checks the signature of an outcome; undefined if it has none. Default: none is checked. */
  readonly judge?: Judge;
  readonly observe: (change: Change) => void;
}

/** The way of events from the clients that ask to the agents. */
export interface Dispatch {
  /** Longest connected first. */
  agents(): IterableIterator<Agent>;
  /** An agent has authenticated: it gets its samples, then the events that wait. */
  join(agent: { connection: number; agentId: string; identity: number; samples: readonly AgentEvent[] }): void;
  /** What an agent has shown of its key was checked. */
  prove(connection: number, proof: FeedProof): void;
  /** An agent has gone: its unanswered events go to others, in the order in which they were asked. */
  leave(connection: number): void;
  /** Why an event can't be the one that is known under its id, whose answer it would get; undefined if it can. */
  conflict(event: AgentEvent): string | undefined;
  /** Give an event to an agent, or let it wait for one. A known id is the same event: it is not asked twice at a time. */
  ask(event: AgentEvent, by: { askedBy: FeedAsker; asker?: Asker }): Placed;
  /** Send a settled event once more. */
  replay(key: string): Placed;
  /** Tell this asker nothing more: it has gone. */
  forget(asker: Asker): void;
  /** A message of an agent, and its text. */
  hear(connection: number, message: EventMessage, text: string): Heard;
  /** The agent with the least to do; undefined where there is none. */
  leastBusy(): Agent | undefined;
}

/** Agents remembered that an event was sent to, to be shown and to answer: the latest. */
const MAX_SENT_TO = 100;
const MAX_ASKED_OF = 1_000;

/** A dispatch without events and agents. */
export function createDispatch(options: DispatchOptions): Dispatch {
  return new RosterDispatch(options);
}

class RosterDispatch implements Dispatch {
  readonly #options: DispatchOptions;
  readonly #roster = createRoster();
  readonly #answers: Answers;
  /** Events that wait for an agent, first asked first. There are some only while there is no agent. */
  readonly #waiting: Asked[] = [];
  #added = 0;

  constructor(options: DispatchOptions) {
    this.#options = options;
    this.#answers = openAnswers({ ...options, roster: this.#roster });
  }

  agents(): IterableIterator<Agent> {
    return this.#roster.agents.values();
  }

  leastBusy(): Agent | undefined {
    return this.#roster.leastBusy();
  }

  join(
    { samples, ...connected }: {
      connection: number;
      agentId: string;
      identity: number;
      samples: readonly AgentEvent[];
    },
  ): void {
    const { ledger, now, observe } = this.#options;
    const agent = this.#roster.add({ ...connected, connectedMs: now() });
    observe({ kind: "agent", agent });
    for (const event of samples) {
      const key = sampleKey(agent.identity, event.id);
      const sample = { key, event, frame: JSON.stringify(event), askedBy: "sample", onlyFor: agent.identity } as const;
      this.#give(agent, ledger.get(key) ?? this.#add(sample));
    }
    for (const asked of this.#waiting.splice(0)) this.#place(asked);
  }

  prove(connection: number, proof: FeedProof): void {
    const agent = this.#roster.agents.get(connection);
    if (!agent) return;
    agent.proof = proof;
    this.#options.observe({ kind: "agent", agent });
  }

  leave(connection: number): void {
    const { ledger, observe } = this.#options;
    const agent = this.#roster.remove(connection);
    if (!agent) return;
    observe({ kind: "agent_gone", connection });
    const left = [...agent.inFlight.keys()].map((key) => ledger.get(key)).filter((asked) => asked !== undefined);
    for (const asked of left.toSorted((one, other) => one.number - other.number)) {
      this.#answers.breakOff(asked, connection);
      if (isSettled(asked) || this.#roster.isHeld(asked)) continue;
      if (asked.onlyFor === undefined) this.#place(asked);
      else this.#rest(asked);
    }
    for (const asked of ledger.all()) {
      if (asked.state === "answered" && asked.answer?.connection === connection) this.#answers.vouch(asked);
    }
  }

  conflict({ id, query }: AgentEvent): string | undefined {
    const { ledger, samples = [] } = this.#options;
    const known = ledger.get(id)?.event ?? samples.find((sample) => sample.id === id);
    if (!known || known.query === query) return undefined;
    return "This id was asked before with another query. Give what you ask now another id.";
  }

  ask(event: AgentEvent, { askedBy, asker }: { askedBy: FeedAsker; asker?: Asker }): Placed {
    const { ledger } = this.#options;
    const conflict = this.conflict(event);
    if (conflict !== undefined) return { ok: false, reason: conflict };
    const known = ledger.get(event.id);
    if (known) {
      if (isSettled(known)) return this.#replay(known, asker);
      if (asker) this.#answers.follow(known, asker);
      return { ok: true, key: known.key };
    }
    const frame = JSON.stringify(event);
    const refused = ledger.refusal(frame.length);
    if (refused !== undefined) return { ok: false, reason: refused };
    this.#place(this.#add({ key: event.id, event, frame, askedBy }, asker));
    return { ok: true, key: event.id };
  }

  replay(key: string): Placed {
    const asked = this.#options.ledger.get(key);
    if (!asked) return { ok: false, reason: "there is no such event any more" };
    if (!isSettled(asked)) return { ok: false, reason: "it is not answered yet" };
    return this.#replay(asked);
  }

  forget(asker: Asker): void {
    for (const { askers } of this.#options.ledger.all()) askers.delete(asker);
  }

  hear(connection: number, message: EventMessage, text: string): Heard {
    const agent = this.#roster.agents.get(connection);
    if (!agent) return "unknown";
    const { ledger } = this.#options, eventId = message.type === "ack" ? message.eventId : message.queryId;
    const known = [ledger.get(eventId), ledger.get(sampleKey(agent.identity, eventId))]
      .filter((asked) => asked !== undefined);
    const sent = known.filter(({ askedOf }) => askedOf.has(agent.identity));
    for (const asked of sent) {
      this.#answers.take(agent, asked, message, text);
    }
    return sent.length > 0 ? "known" : known.length > 0 ? "not_asked" : "unknown";
  }

  /** Give it to an agent or, by broadcast, to all; let it wait where there is none. */
  #place(asked: Asked): void {
    const { agents } = this.#roster;
    const takers = this.#options.broadcast ? [...agents.values()] : [this.#roster.choose(asked)];
    for (const agent of takers) if (agent) this.#give(agent, asked);
    if (agents.size > 0) return;
    this.#waiting.push(asked);
    this.#rest(asked);
  }

  /** Let it wait, for any agent or for the one that it is for. */
  #rest(asked: Asked): void {
    this.#options.ledger.move(asked, "waiting");
    this.#answers.changed(asked);
  }

  #give(agent: Agent, asked: Asked): void {
    const { ledger, now, send, observe } = this.#options, { connection, agentId, identity } = agent, atMs = now();
    agent.inFlight.set(asked.key, atMs);
    agent.given++;
    asked.sentTo.push({ connection, agentId, atMs });
    if (asked.sentTo.length > MAX_SENT_TO) asked.sentTo.shift();
    asked.askedOf.add(identity);
    const [longestAgo] = asked.askedOf;
    if (asked.askedOf.size > MAX_ASKED_OF && longestAgo !== undefined) asked.askedOf.delete(longestAgo);
    ledger.move(asked, "answering");
    ledger.note(asked, { atMs, direction: "to_agent", connection, agentId, text: asked.frame });
    send(connection, asked);
    this.#answers.changed(asked);
    observe({ kind: "agent", agent });
  }

  #add(asking: Pick<Asked, "key" | "event" | "frame" | "askedBy" | "onlyFor">, asker?: Asker): Asked {
    const atMs = this.#options.now();
    const asked: Asked = {
      ...asking,
      number: this.#added++,
      askedMs: atMs,
      startedMs: atMs,
      state: "waiting",
      sentTo: [],
      askedOf: new Set(),
      replays: 0,
      said: new Map(),
      acknowledged: false,
      frames: [],
      askers: new Map(asker && [[asker, 0]]),
    };
    this.#options.ledger.add(asked);
    return asked;
  }

  #replay(asked: Asked, asker?: Asker): Placed {
    const { ledger, now } = this.#options;
    const refused = ledger.refusal(asked.frame.length);
    if (refused !== undefined) return { ok: false, reason: refused };
    const only = this.#roster.byIdentity(asked.onlyFor);
    if (asked.onlyFor !== undefined && !only) return { ok: false, reason: "the agent that it is for is not connected" };
    this.#answers.vouch(asked);
    asked.replays++;
    asked.startedMs = now();
    asked.acknowledged = false;
    delete asked.growingAt;
    if (asker) asked.askers.set(asker, 0);
    if (only) this.#give(only, asked);
    else this.#place(asked);
    return { ok: true, key: asked.key };
  }
}
