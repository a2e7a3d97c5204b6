/** The open pages: they are told of changes, and their commands are carried out. @module */

import type { Clock } from "../clock.ts";
import type { AgentEvent, Checked } from "../wire.ts";
import type { Change } from "./changes.ts";
import type { Dispatch, Placed } from "./dispatch.ts";
import type { FeedCommand, FeedFrame, FeedLimits, FeedReply } from "./feed.ts";
import type { parseFeedCommand } from "./feed_commands.ts";
import { viewAgent } from "./feed_views.ts";
import type { Figures } from "./figures.ts";
import type { Ledger } from "./ledger.ts";
import type { Limits } from "./limits.ts";
import { createPageFeed, type Page, type PageFeed } from "./page_feed.ts";
import { newEvent } from "./questions.ts";
import { beginning, PRINTED_LENGTH, SHOWN_LENGTH } from "./shown_text.ts";

export type { Page } from "./page_feed.ts";

/** The pages of one server. */
export interface FeedHub {
  /** Tell a page the whole state, and all changes from now on. */
  open(page: Page): void;
  close(page: Page): void;
  /** Something has changed: pages are told soon, together with all changes until then. */
  changed(change: Change): void;
  /** A frame that belongs to no event. */
  strayed(frame: Omit<FeedFrame, "length">): void;
  obey(page: Page, command: ReturnType<typeof parseFeedCommand>): void;
  /** Settles when nothing of it is left running; nothing is told any more. */
  end(): Promise<void>;
}

/** The parts that pages are told of. */
export interface FeedHubOptions {
  readonly ledger: Ledger;
  readonly dispatch: Dispatch;
  readonly figures: Figures;
  readonly limits: Limits;
  readonly broadcast: boolean;
  /** Known only once the server listens. */
  readonly url: () => string;
  readonly clock: Clock;
  readonly sendTo: (connection: number, frame: string) => void;
}

const SHOWN_EVENTS = 200;
const SHOWN_STRAY_FRAMES = 50;
/** Stands in a refusal for the number of a command that has none. */
const NO_REQUEST = -1;
/** Milliseconds within which changes are told together, so that a thousand events a second do not drown a page. */
const GATHER_MS = 50;
/** Milliseconds between two reports of the figures, which change as time goes by, too. */
const FIGURES_MS = 2_000;

/** Longest text that a page may read, in UTF-16 code units: three bytes each, it is below what may wait unread. */
const MAX_READ = 1_000_000;

type Done = { readonly ok: true } & Pick<FeedReply & { type: "done" }, "key" | "text" | "metadata">;
type Refused = { readonly ok: false; readonly reason: string };

/** No page is open yet. */
export function createFeedHub(options: FeedHubOptions): FeedHub {
  return new TellingHub(options);
}

class TellingHub implements FeedHub {
  readonly #options: FeedHubOptions;
  readonly #limits: FeedLimits;
  readonly #pages = new Map<Page, PageFeed>();
  readonly #strayFrames: FeedFrame[] = [];
  readonly #ended = new AbortController();
  #telling: Promise<void> | undefined;
  #renewing: Promise<void> | undefined;

  constructor(options: FeedHubOptions) {
    const { frameBytes, connections, unanswered } = options.limits;
    const shown = { shownEvents: SHOWN_EVENTS, shownLength: SHOWN_LENGTH, frameLength: PRINTED_LENGTH };
    this.#options = options;
    this.#limits = { frameBytes, connections, unanswered, ...shown };
  }

  open(page: Page): void {
    const { ledger, dispatch, figures, broadcast, url, clock } = this.#options;
    const feed = createPageFeed(page, {
      maxEvents: SHOWN_EVENTS,
      maxFrames: SHOWN_STRAY_FRAMES,
      counts: () => ({ type: "counts", counts: ledger.counts }),
      figures: () => ({ type: "figures", figures: figures.view() }),
      now: clock.now,
    });
    page.send({
      type: "snapshot",
      url: url(),
      nowMs: clock.now(),
      broadcast,
      limits: this.#limits,
      counts: ledger.counts,
      agents: [...dispatch.agents()].map(viewAgent),
      figures: figures.view(),
    });
    for (const asked of ledger.newest(SHOWN_EVENTS).reverse()) feed.event(asked); // of a flood, the oldest are left out
    for (const frame of this.#strayFrames) feed.strayFrame(frame);
    this.#pages.set(page, feed);
    if (!feed.flush()) this.#tellSoon();
    this.#renewing ??= this.#renewFigures();
  }

  close(page: Page): void {
    this.#pages.delete(page);
  }

  changed(change: Change): void {
    const { figures } = this.#options;
    if (change.kind === "outcome") return figures.record(change.connection, change.outcome);
    if (change.kind === "agent_gone") figures.forget(change.connection);
    for (const feed of this.#pages.values()) {
      if (change.kind === "agent") feed.agent(change.agent.connection, change.agent);
      else if (change.kind === "agent_gone") feed.agent(change.connection, undefined);
      else feed.event(change.asked);
      feed.counts();
    }
    this.#tellSoon();
  }

  strayed({ text, ...frame }: Omit<FeedFrame, "length">): void {
    const kept = { ...frame, text: beginning(text, PRINTED_LENGTH), length: text.length };
    this.#strayFrames.push(kept);
    if (this.#strayFrames.length > SHOWN_STRAY_FRAMES) this.#strayFrames.shift();
    for (const feed of this.#pages.values()) feed.strayFrame(kept);
    this.#tellSoon();
  }

  obey(page: Page, command: ReturnType<typeof parseFeedCommand>): void {
    if (!command.ok) {
      return page.send({ type: "refused", request: command.request ?? NO_REQUEST, reason: command.reason });
    }
    const { request } = command.value, result = this.#carryOut(command.value);
    if (!result.ok) return page.send({ type: "refused", request, reason: result.reason });
    const { ok: _, ...told } = result;
    page.send({ type: "done", request, ...told });
  }

  async end(): Promise<void> {
    this.#ended.abort();
    await Promise.all([this.#telling, this.#renewing]);
  }

  /** Let the next telling include what the caller has added. */
  #tellSoon(): void {
    if (this.#pages.size === 0) return;
    this.#telling ??= this.#options.clock.sleep(GATHER_MS, this.#ended.signal).then(() => this.#tell());
  }

  #tell(): void {
    this.#telling = undefined;
    if (this.#ended.signal.aborted) return;
    const areDone = [...this.#pages].map(([page, feed]) => {
      try {
        return feed.flush();
      } catch (error) {
        page.failed(error); // alone: nobody awaits this, and an error that left it would end the server
        return true;
      }
    });
    if (areDone.includes(false)) this.#tellSoon();
  }

  /** While a page is open. */
  async #renewFigures(): Promise<void> {
    while (this.#pages.size > 0) {
      await this.#options.clock.sleep(FIGURES_MS, this.#ended.signal);
      if (this.#ended.signal.aborted) return;
      for (const feed of this.#pages.values()) feed.figures();
      this.#tellSoon();
    }
    this.#renewing = undefined;
  }

  #carryOut(command: FeedCommand): Done | Refused {
    const { dispatch, clock } = this.#options;
    switch (command.type) {
      case "ask": {
        const { type: _, request: __, ...question } = command;
        const event: Checked<AgentEvent> = newEvent(question, { source: "page", now: clock.now() });
        return event.ok ? dispatch.ask(event.value, { askedBy: "page" }) : event;
      }
      case "replay":
        return dispatch.replay(command.key);
      case "send_raw":
        return this.#sendRaw(command);
      case "read":
        return this.#read(command);
    }
  }

  #sendRaw({ text, connection }: FeedCommand & { type: "send_raw" }): Placed | Done {
    const { dispatch, clock, sendTo } = this.#options;
    const agent = connection === undefined
      ? dispatch.leastBusy()
      : [...dispatch.agents()].find((agent) => agent.connection === connection);
    if (!agent) {
      return { ok: false, reason: connection === undefined ? "no agent is connected" : "that agent has gone" };
    }
    const { agentId } = agent;
    this.strayed({ atMs: clock.now(), direction: "to_agent", connection: agent.connection, agentId, text });
    sendTo(agent.connection, text);
    return { ok: true };
  }

  #read({ key, connection }: FeedCommand & { type: "read" }): Done | Refused {
    const asked = this.#options.ledger.get(key);
    if (!asked) return { ok: false, reason: "there is no such event any more" };
    if (connection === undefined) {
      const { event: { query: text, metadata }, frame: { length } } = asked;
      return length <= MAX_READ ? { ok: true, text, ...metadata && { metadata } } : tooLong(length);
    }
    const text = asked.said.get(connection)?.text;
    if (text === undefined) return { ok: false, reason: "that agent has not answered" };
    return text.length <= MAX_READ ? { ok: true, text } : tooLong(text.length);
  }
}

function tooLong(length: number): Refused {
  return { ok: false, reason: `it has ${length} characters: read it with GET /api/events/ID` };
}
