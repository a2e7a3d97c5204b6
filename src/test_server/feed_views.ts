/** Events and agents as the page is shown them. @module */

import type { FeedAgent, FeedAnswer, FeedEvent } from "./feed.ts";
import type { Asked, Said } from "./ledger.ts";
import type { Agent } from "./roster.ts";
import { beginning, SHOWN_LENGTH } from "./shown_text.ts";
import { median } from "./statistics.ts";

/** An agent. */
export function viewAgent(
  { inFlight, latenciesMs, connection, agentId, connectedMs, answered, failed, proof, broken }: Agent,
): FeedAgent {
  const last = latenciesMs.at(-1);
  return {
    connection,
    agentId,
    connectedMs,
    answered,
    failed,
    inFlight: inFlight.size,
    ...last !== undefined && { latencyMs: { last, median: median(latenciesMs) } },
    ...proof && { proof },
    ...broken !== undefined && { broken },
  };
}

/** An event, its long texts cut. */
export function viewEvent(asked: Asked): FeedEvent {
  const { key, event: { id, query, timestamp, metadata }, frame, askedBy, number, askedMs, state, sentTo, frames } =
    asked;
  const { replays, tookMs, answer, error } = asked;
  return {
    key,
    event: {
      id,
      query: beginning(query, SHOWN_LENGTH),
      timestamp,
      ...metadata && isShort(frame, metadata) && { metadata },
    },
    queryLength: query.length,
    askedBy,
    number,
    askedMs,
    state,
    sentTo,
    replays,
    ...tookMs !== undefined && { tookMs },
    ...answer && { answeredBy: answer.connection },
    answers: [...asked.said.values()].map(viewAnswer),
    ...error !== undefined && { error },
    frames,
  };
}

function viewAnswer({ connection, agentId, state, text, restarts, tookMs, metadata, signature }: Said): FeedAnswer {
  return {
    connection,
    agentId,
    state,
    text: beginning(text, SHOWN_LENGTH),
    length: text.length,
    restarts,
    ...tookMs !== undefined && { tookMs },
    ...metadata && JSON.stringify(metadata).length <= SHOWN_LENGTH && { metadata },
    ...signature && { signature },
  };
}

/** Whether its metadata can be shown in full: a page shows many events. */
function isShort(frame: string, metadata: object): boolean {
  return frame.length <= SHOWN_LENGTH || JSON.stringify(metadata).length <= SHOWN_LENGTH;
}
