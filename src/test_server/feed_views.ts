/** Events and agents as the page is shown them. @module */

import type { FeedAgent, FeedEvent } from "./feed.ts";
import type { Asked } from "./ledger.ts";
import type { Agent } from "./roster.ts";
import { beginning, SHOWN_LENGTH } from "./shown_text.ts";
import { median } from "./statistics.ts";

export function viewAgent({ inFlight, given: _, latenciesMs, ...agent }: Agent): FeedAgent {
  const last = latenciesMs.at(-1);
  return {
    ...agent,
    inFlight: inFlight.size,
    ...last !== undefined && { latencyMs: { last, median: median(latenciesMs) } },
  };
}

export function viewEvent(asked: Asked): FeedEvent {
  const {
    key,
    event: { id, query, timestamp, metadata },
    frame,
    askedBy,
    number,
    askedMs,
    state,
    sentTo,
    replays,
    tookMs,
    answer,
    error,
    frames,
  } = asked;
  return {
    key,
    event: { id, query: beginning(query), timestamp, ...metadata && isShort(frame) && { metadata } },
    askedBy,
    number,
    askedMs,
    state,
    sentTo,
    replays,
    ...tookMs !== undefined && { tookMs },
    ...answer && { answer: { ...answer, response: beginning(answer.response) } },
    ...error !== undefined && { error },
    frames,
  };
}

/** Whether its metadata can be shown in full: a page shows many events. */
const isShort = (frame: string) => frame.length <= 10 * SHOWN_LENGTH;
