/** The agents' answers to events: kept, counted, and passed on to the clients that asked. @module */

import { encodeAck, encodeChunk, wantsStream } from "../wire.ts";
import type { AgentMessage } from "./agent_messages.ts";
import type { Change } from "./changes.ts";
import type { FeedSignature } from "./feed.ts";
import type { Outcome } from "./figures.ts";
import { type Asked, type Asker, isSettled, type Ledger } from "./ledger.ts";
import type { Agent, Roster } from "./roster.ts";
import { beginning, SHOWN_LENGTH } from "./shown_text.ts";

/** A message about an event. */
export type EventMessage = AgentMessage & { type: "response" | "ack" | "chunk" };
type Chunk = EventMessage & { type: "chunk" };
type Response = EventMessage & { type: "response" };

/** The parts that answers are kept in and reported to. */
export interface AnswersOptions {
  readonly ledger: Ledger;
  readonly roster: Roster;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  readonly observe: (change: Change) => void;
  /** Checks the signature of an outcome; undefined if it has none. Default: none is checked. */
  readonly judge?: Judge | undefined;
}

/** Checks the signature in the text of a response, or of an ack that tells an error. */
export type Judge = (text: string, asked: Asked, agent: Agent) => FeedSignature | undefined;

/** The answers to the events of a ledger. */
export interface Answers {
  /** A message of an agent that was sent this event, and its text. */
  take(agent: Agent, asked: Asked, message: EventMessage, text: string): void;
  /** Tell this asker, too, what comes of the event: first the part of its answer that is there already, in one piece. */
  follow(asked: Asked, asker: Asker): void;
  /** The agent has gone: drop the part of an answer that it had sent. */
  breakOff(asked: Asked, connection: number): void;
  /** Send an ack to the clients that have the response and no ack: the agent's own may never come. */
  vouch(asked: Asked): void;
  /** Tell all watchers that the event has changed. */
  changed(asked: Asked): void;
}

const MAX_LATENCIES = 100;

/** Take answers to the events of `ledger`, from the agents of `roster`. */
export function openAnswers(options: AnswersOptions): Answers {
  return new KeptAnswers(options);
}

class KeptAnswers implements Answers {
  readonly #options: AnswersOptions;

  constructor(options: AnswersOptions) {
    this.#options = options;
  }

  take(agent: Agent, asked: Asked, message: EventMessage, text: string): void {
    const { ledger, now, observe } = this.#options, { connection, agentId } = agent, atMs = now();
    if (message.type === "chunk") return this.#grow(agent, asked, message);
    const sentMs = agent.inFlight.get(asked.key);
    const took = sentMs === undefined ? {} : { tookMs: atMs - sentMs };
    ledger.note(asked, { atMs, direction: "from_agent", connection, agentId, text });
    if (message.type === "response") this.#answered(agent, asked, message, { ...took, text });
    else if (message.status === "error") this.#failed(agent, asked, message.error, { ...took, text });
    else this.#acknowledged(asked, text);
    this.changed(asked);
    observe({ kind: "agent", agent });
  }

  follow(asked: Asked, asker: Asker): void {
    if (asked.askers.has(asker)) return;
    const said = asked.growingAt === undefined ? undefined : asked.said.get(asked.growingAt);
    const isWhole = said?.state === "growing" && said.nextIndex !== undefined;
    asked.askers.set(asker, asked.growingAt === undefined ? 0 : isWhole ? said.nextIndex - 1 : Infinity);
    if (!isWhole || !wantsStream(asked.event)) return;
    const { id: queryId } = asked.event;
    asker.tell?.(encodeChunk({ queryId, index: 0, delta: said.text, timestamp: this.#options.now() }));
  }

  breakOff(asked: Asked, connection: number): void {
    if (asked.said.get(connection)?.state === "growing") this.#options.ledger.unsay(asked, connection);
  }

  vouch(asked: Asked): void {
    if (asked.askers.size === 0) return;
    this.#acknowledged(asked, encodeAck({ eventId: asked.event.id, timestamp: this.#options.now() }));
  }

  changed(asked: Asked): void {
    for (const asker of asked.askers.keys()) asker.changed?.();
    this.#options.observe({ kind: "event", asked });
  }

  #answered(agent: Agent, asked: Asked, message: Response, { text, ...took }: { text: string; tookMs?: number }): void {
    const { ledger, now } = this.#options, { response, metadata } = message;
    const isFirst = !isSettled(asked); // else another agent was faster, after a hand-over or by broadcast
    this.#count(agent, asked, { kind: metadata?.declined ? "declined" : "answered", ...took });
    if (!isFirst && asked.answer?.connection === agent.connection) return;
    const said = ledger.say(asked, {
      ...speakerOf(agent, asked),
      state: "answered",
      text: response,
      ...took,
      ...metadata && { metadata },
      ...this.#judged(agent, asked, text),
    });
    if (!isFirst) return;
    asked.answer = said;
    asked.tookMs = now() - asked.startedMs;
    delete asked.error;
    ledger.move(asked, "answered");
    this.#tell(asked, text);
  }

  #failed(
    agent: Agent,
    asked: Asked,
    reason = "no reason given",
    { text, ...took }: { text: string; tookMs?: number },
  ): void {
    const { ledger, now, roster } = this.#options, error = beginning(reason, SHOWN_LENGTH);
    this.#count(agent, asked, { kind: "failed" });
    if (isSettled(asked) && asked.answer?.connection === agent.connection) return;
    const signature = this.#judged(agent, asked, text);
    ledger.say(asked, { ...speakerOf(agent, asked), state: "failed", text: error, ...took, ...signature });
    if (isSettled(asked) || roster.isHeld(asked)) return; // another agent may yet answer it
    asked.error = error;
    asked.tookMs = now() - asked.startedMs;
    delete asked.answer;
    asked.acknowledged = true;
    ledger.move(asked, "failed");
    this.#tell(asked, text);
  }

  /** What came of checking the signature; a broken chain is told of the agent, too. */
  #judged(agent: Agent, asked: Asked, text: string): { signature?: FeedSignature } {
    const signature = this.#options.judge?.(text, asked, agent);
    if (signature?.state === "broken") agent.broken = signature.text ?? "";
    return signature ? { signature } : {};
  }

  #acknowledged(asked: Asked, text: string): void {
    if (asked.acknowledged) return;
    asked.acknowledged = true;
    this.#tell(asked, text);
  }

  /** A piece of an answer. After a gap nothing is kept until the agent begins anew. */
  #grow(agent: Agent, asked: Asked, chunk: Chunk): void {
    if (isSettled(asked) && !agent.inFlight.has(asked.key)) return; // it comes too late
    const before = asked.said.get(agent.connection);
    const isAnew = chunk.restart === true || chunk.index === 0;
    const isNext = before?.state === "growing" && before.nextIndex === chunk.index;
    const speaker = speakerOf(agent, asked);
    this.#options.ledger.say(asked, {
      ...speaker,
      state: "growing",
      text: isAnew ? chunk.delta : isNext ? before.text + chunk.delta : "",
      nextIndex: isAnew || isNext ? chunk.index + 1 : undefined,
      restarts: speaker.restarts + (isAnew && before?.state === "growing" ? 1 : 0),
    });
    if (!isSettled(asked)) this.#tellChunk(asked, agent.connection, chunk, isAnew);
    this.changed(asked);
  }

  /** The clients that asked follow one agent at a time: the first one, until it has gone or failed. */
  #tellChunk(asked: Asked, connection: number, chunk: Chunk, isAnew: boolean): void {
    const followed = asked.growingAt;
    if (followed !== connection) {
      if (followed !== undefined && this.#options.roster.agents.get(followed)?.inFlight.has(asked.key)) return;
      if (!isAnew) return; // its beginning is missing
      asked.growingAt = connection;
    }
    if (!wantsStream(asked.event)) return; // nobody asked for chunks
    const isOther = followed !== undefined && followed !== connection;
    const told = { ...chunk, ...isOther && { restart: true } };
    const frame = JSON.stringify(told);
    for (const [asker, ahead] of asked.askers) {
      if (isAnew) asked.askers.set(asker, 0);
      if (isAnew || ahead === 0) asker.tell?.(frame);
      else if (ahead < chunk.index) asker.tell?.(JSON.stringify({ ...told, index: chunk.index - ahead }));
    }
  }

  /** Count an outcome for its agent: once for each time that it was sent the event, or if it is the first of all. */
  #count(agent: Agent, asked: Asked, outcome: Outcome): void {
    const isDue = agent.inFlight.delete(asked.key);
    if (!isDue && isSettled(asked)) return;
    if (outcome.kind === "failed") agent.failed++;
    else agent.answered++;
    if (outcome.kind !== "failed" && outcome.tookMs !== undefined) {
      agent.latenciesMs.push(outcome.tookMs);
      if (agent.latenciesMs.length > MAX_LATENCIES) agent.latenciesMs.shift();
    }
    this.#options.observe({ kind: "outcome", connection: agent.connection, outcome });
  }

  #tell(asked: Asked, text: string): void {
    const askers = [...asked.askers.keys()];
    if (asked.acknowledged && isSettled(asked)) asked.askers.clear(); // nothing more will be told
    for (const asker of askers) {
      asker.tell?.(text);
      asker.changed?.();
    }
  }
}

/** The part of the agent that is kept with each of its answers. */
function speakerOf({ connection, agentId, identity }: Agent, asked: Asked) {
  return { connection, agentId, identity, restarts: asked.said.get(connection)?.restarts ?? 0 };
}
