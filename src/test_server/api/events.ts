/** `GET /api/events`, `GET /api/events/ID` and `GET /api/agents`: how things stand. @module */

import type { z } from "zod";
import type { FeedSeries } from "../feed.ts";
import { viewAgent } from "../feed_views.ts";
import { json } from "../http.ts";
import { type Asked, isDeclined } from "../ledger.ts";
import { beginning, PRINTED_LENGTH } from "../shown_text.ts";
import { type ApiOptions, type Call, failure, findEvent, parseSearch, unknownEvent } from "./context.ts";
import { type agentListSchema, type eventListSchema, type eventSchema, listSchema } from "./schemas.ts";

/** One event. */
export function eventState({ id }: Call, options: ApiOptions): Response {
  const asked = findEvent(id, options);
  return asked ? json(200, describeEvent(asked)) : unknownEvent(options);
}

/** All there is to tell about an event. */
export function describeEvent(asked: Asked): z.infer<typeof eventSchema> {
  const { event, state, askedMs, tookMs, replays, sentTo, answer, error, said } = asked;
  return {
    success: state !== "failed",
    eventId: event.id,
    state,
    ...answer && {
      response: answer.text,
      agentId: answer.agentId,
      connection: answer.connection,
      ...answer.metadata && { metadata: answer.metadata },
    },
    ...error !== undefined && { error },
    ...tookMs !== undefined && { tookMs },
    askedMs,
    sentTo,
    replays,
    answers: [...said.values()].map(({ connection, agentId, state, text, tookMs, metadata, signature }) => ({
      connection,
      agentId,
      state,
      text,
      ...tookMs !== undefined && { tookMs },
      ...metadata && { metadata },
      ...signature && { signature },
    })),
  };
}

/** The events that are known, the last asked first. */
export function listEvents({ search }: Call, { ledger }: ApiOptions): Response {
  const parsed = parseSearch(listSchema, search);
  if (!parsed.ok) return failure(400, parsed.reason);
  const { state, limit, before = Infinity } = parsed.value;
  const wanted = [...ledger.all()]
    .filter((asked) => asked.number < before && (state === undefined || asked.state === state))
    .sort((one, other) => other.number - one.number);
  const listed = wanted.slice(0, limit), last = listed.at(-1);
  const body: z.infer<typeof eventListSchema> = {
    success: true,
    counts: ledger.counts,
    events: listed.map(summarize),
    ...wanted.length > limit && last && { before: last.number },
  };
  return json(200, body);
}

function summarize(asked: Asked): z.infer<typeof eventListSchema>["events"][number] {
  const { number, event, askedBy, state, askedMs, tookMs, answer } = asked;
  return {
    number,
    eventId: event.id,
    query: beginning(event.query, PRINTED_LENGTH),
    askedBy,
    state,
    declined: isDeclined(asked),
    askedMs,
    ...tookMs !== undefined && { tookMs },
    ...answer && { agentId: answer.agentId, connection: answer.connection },
  };
}

/** The agents that are connected, and how they did of late. */
export function listAgents(_: Call, { dispatch, figures }: ApiOptions): Response {
  const { all, agents } = figures.view();
  const series = new Map(agents);
  const body: z.infer<typeof agentListSchema> = {
    success: true,
    figures: sum(all),
    agents: [...dispatch.agents()].map((agent) => ({
      ...viewAgent(agent),
      figures: sum(series.get(agent.connection)),
    })),
  };
  return json(200, body);
}

function sum(series: FeedSeries | undefined): z.infer<typeof agentListSchema>["figures"] {
  const total = (values: readonly number[] = []) => values.reduce((sum, value) => sum + value, 0);
  return {
    answered: total(series?.answered),
    declined: total(series?.declined),
    failed: total(series?.failed),
    p50Ms: series?.overall.p50Ms ?? null,
    p95Ms: series?.overall.p95Ms ?? null,
  };
}
