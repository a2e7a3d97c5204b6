/** The pages that are open, and what each is told. @module */

import type { Clock } from "../clock.ts";
import type { AgentEvent, Checked } from "../wire.ts";
import type { Change, Dispatch, Placed } from "./dispatch.ts";
import type { FeedCommand, FeedFrame, FeedLimits, FeedMessage, FeedReply, FeedUpdate } from "./feed.ts";
import type { parseFeedCommand } from "./feed_commands.ts";
import { viewAgent, viewEvent } from "./feed_views.ts";
import type { Asked, Ledger } from "./ledger.ts";
import type { Limits } from "./limits.ts";
import { newEvent } from "./questions.ts";
import type { Agent } from "./roster.ts";
import { beginning, SHOWN_LENGTH } from "./shown_text.ts";

/** A page that is open, and has authenticated. */
export interface Page {
  send(message: FeedMessage): void;
}

export interface FeedHub {
  /** Tell a page all there is, and from now on what changes. */
  open(page: Page): void;
  close(page: Page): void;
  /** Something has changed: told soon, together with what changes until then. */
  changed(change: Change): void;
  /** A frame that belongs to no event. */
  strayed(frame: Omit<FeedFrame, "length">): void;
  obey(page: Page, command: ReturnType<typeof parseFeedCommand>): void;
  /** Settles when nothing of it is left running; nothing is told any more. */
  end(): Promise<void>;
}

const SHOWN_EVENTS = 200;
const SHOWN_STRAY_FRAMES = 50;
/** Stands in a refusal for the number of a command that has none. */
const NO_REQUEST = -1;
/** Changes within this time are told together, so that a thousand events a second do not drown a page. */
const GATHER_MS = 50;

export function createFeedHub(options: {
  ledger: Ledger;
  dispatch: Dispatch;
  limits: Limits;
  broadcast: boolean;
  /** Known only once the server listens. */
  url: () => string;
  clock: Clock;
  sendTo: (connection: number, frame: string) => void;
}): FeedHub {
  const { ledger, dispatch, limits: { frameBytes, connections, unanswered }, broadcast, url, clock, sendTo } = options;
  const limits: FeedLimits = {
    frameBytes,
    connections,
    unanswered,
    shownEvents: SHOWN_EVENTS,
    shownLength: SHOWN_LENGTH,
  };
  const pages = new Set<Page>();
  const strayFrames: FeedFrame[] = [];
  const ended = new AbortController();
  let telling: Promise<void> | undefined;
  /** By connection; undefined: gone. */
  let agents = new Map<number, Agent | undefined>();
  let events = new Set<Asked>();
  let frames: FeedFrame[] = [];

  /** Let the next telling include what the caller has added. */
  function tellSoon(): void {
    telling ??= clock.sleep(GATHER_MS, ended.signal).then(tell);
  }

  function tell(): void {
    telling = undefined;
    if (ended.signal.aborted) return;
    const updates: FeedUpdate[] = [
      ...[...agents].map(([connection, agent]): FeedUpdate =>
        agent ? { type: "agent", agent: viewAgent(agent) } : { type: "agent_gone", connection }
      ),
      ...[...events].slice(-SHOWN_EVENTS).map((asked) => ({ type: "event" as const, event: viewEvent(asked) })),
      ...frames.slice(-SHOWN_STRAY_FRAMES).map((frame) => ({ type: "stray_frame" as const, frame })),
      { type: "counts", counts: ledger.counts },
    ];
    agents = new Map();
    events = new Set();
    frames = [];
    for (const page of pages) for (const update of updates) page.send(update);
  }

  function carryOut(command: FeedCommand): Placed | { ok: true } {
    switch (command.type) {
      case "ask": {
        const { type: _, request: __, ...question } = command;
        const event: Checked<AgentEvent> = newEvent(question, { source: "page", now: clock.now() });
        return event.ok ? dispatch.ask(event.value, { askedBy: "page" }) : event;
      }
      case "replay":
        return dispatch.replay(command.key);
      case "send_raw":
        return sendRaw(command);
    }
  }

  function sendRaw({ text, connection }: FeedCommand & { type: "send_raw" }): Placed | { ok: true } {
    const agent = connection === undefined
      ? dispatch.leastBusy()
      : [...dispatch.agents()].find((agent) => agent.connection === connection);
    if (!agent) {
      return { ok: false, reason: connection === undefined ? "no agent is connected" : "that agent has gone" };
    }
    const { agentId } = agent;
    hub.strayed({ atMs: clock.now(), direction: "to_agent", connection: agent.connection, agentId, text });
    sendTo(agent.connection, text);
    return { ok: true };
  }

  const hub: FeedHub = {
    open(page) {
      tell(); // what the others are yet to be told is in the snapshot
      page.send({
        type: "snapshot",
        url: url(),
        nowMs: clock.now(),
        broadcast,
        limits,
        counts: ledger.counts,
        agents: [...dispatch.agents()].map(viewAgent),
        events: ledger.newest(SHOWN_EVENTS).map(viewEvent),
        strayFrames,
      });
      pages.add(page);
    },
    close: (page) => void pages.delete(page),
    changed(change) {
      if (pages.size === 0) return;
      if (change.kind === "agent") agents.set(change.agent.connection, change.agent);
      else if (change.kind === "agent_gone") agents.set(change.connection, undefined);
      else {
        events.delete(change.asked); // added again, so that the set's order is the order of the last change
        events.add(change.asked);
      }
      tellSoon();
    },
    strayed({ text, ...frame }) {
      const kept = { ...frame, text: beginning(text), length: text.length };
      strayFrames.push(kept);
      if (strayFrames.length > SHOWN_STRAY_FRAMES) strayFrames.shift();
      if (pages.size === 0) return;
      frames.push(kept);
      tellSoon();
    },
    obey(page, command) {
      if (!command.ok) {
        return page.send({ type: "refused", request: command.request ?? NO_REQUEST, reason: command.reason });
      }
      const { request } = command.value, result = carryOut(command.value);
      const reply: FeedReply = result.ok
        ? { type: "done", request, ..."key" in result && { key: result.key } }
        : { type: "refused", request, reason: result.reason };
      page.send(reply);
    },
    async end() {
      ended.abort();
      await telling;
    },
  };
  return hub;
}
