/** The REST interface: its routes, and how a request finds its own. @module */

import { hasBearer } from "../guard.ts";
import { json } from "../http.ts";
import { type ApiOptions, failure } from "./context.ts";
import { eventState, listAgents, listEvents } from "./events.ts";
import { forget } from "./forget.ts";
import { describeApi } from "./openapi.ts";
import { query } from "./query.ts";
import type { Documented, Route } from "./route.ts";
import { MAX_LISTED, MAX_WAIT_S } from "./schemas.ts";
import { streamEvent } from "./stream.ts";

const UNKNOWN: Documented = { description: "No such event is known", bodies: ["Failure"] };

/** All routes. */
export const ROUTES: readonly Route[] = [
  {
    method: "POST",
    path: "/api/query",
    operationId: "ask",
    summary: "Ask",
    description:
      "The event goes to one agent, or waits until there is one. With `stream: true` in its metadata the agent " +
      "sends its answer piece by piece: see `GET /api/events/{id}/stream`.",
    parameters: [{
      name: "wait",
      in: "query",
      description: "Seconds to wait for the answer; at once, where it is missing",
      schema: { type: "number", minimum: 0, maximum: MAX_WAIT_S, default: 0 },
    }],
    body: "Question",
    responses: {
      200: {
        description: "Without `wait`: the event was taken on. With it: it was answered",
        bodies: ["Accepted", "Event"],
      },
      202: { description: "With `wait`: there is no answer yet. `Location` tells where it will be", bodies: ["Event"] },
      400: { description: "The question or a parameter is wrong", bodies: ["Failure"] },
      409: { description: "The id was asked before with another query", bodies: ["Failure"] },
      413: { description: "The body is too long", bodies: ["Failure"] },
      415: { description: "The body is not JSON", bodies: ["Failure"] },
      502: { description: "With `wait`: the event has failed", bodies: ["Event"] },
      503: { description: "Too much is waiting. `Retry-After` tells when to try again", bodies: ["Failure"] },
    },
    handle: query,
  },
  {
    method: "POST",
    path: "/api/forget",
    operationId: "forget",
    summary: "Have the agents forget what a conversation or a user has said",
    description: "Sent to every connected agent. Each tells in its ack what it has deleted.",
    body: "Forget",
    responses: {
      202: { description: "It was passed on", bodies: ["Forgetting"] },
      400: { description: "It names nobody", bodies: ["Failure"] },
      413: { description: "The body is too long", bodies: ["Failure"] },
      415: { description: "The body is not JSON", bodies: ["Failure"] },
      503: { description: "No agent is connected", bodies: ["Failure"] },
    },
    handle: forget,
  },
  {
    method: "GET",
    path: "/api/events",
    operationId: "listEvents",
    summary: "List events, the last asked first",
    parameters: [
      {
        name: "state",
        in: "query",
        description: "Only events in this state",
        schema: { enum: ["waiting", "answering", "answered", "failed"] },
      },
      {
        name: "limit",
        in: "query",
        description: "How many at most",
        schema: { type: "integer", minimum: 1, maximum: MAX_LISTED, default: 50 },
      },
      {
        name: "before",
        in: "query",
        description: "Only events asked before the one of this number: `before` of the last list",
        schema: { type: "integer", minimum: 0 },
      },
    ],
    responses: {
      200: { description: "The events that are known", bodies: ["EventList"] },
      400: { description: "A parameter is wrong", bodies: ["Failure"] },
    },
    handle: listEvents,
  },
  {
    method: "GET",
    path: "/api/events/{id}",
    operationId: "getEvent",
    summary: "How an event stands",
    responses: { 200: { description: "The event", bodies: ["Event"] }, 404: UNKNOWN },
    handle: eventState,
  },
  {
    method: "GET",
    path: "/api/events/{id}/stream",
    operationId: "followEvent",
    summary: "Follow an event as it is answered",
    description:
      "Server-sent events: `state` whenever the event's state changes; `chunk` for each piece of the answer, if " +
      "the event's metadata has `stream: true`, where `restart: true` begins the text anew; at last `response` or " +
      "`failed`, with the event as `GET /api/events/{id}` tells it.",
    parameters: [{
      name: "Last-Event-ID",
      in: "header",
      description: "Sent by browsers that come again",
      schema: { type: "string" },
    }],
    responses: {
      200: { description: "The stream", mediaType: "text/event-stream" },
      204: { description: "The client has had all of it" },
      404: UNKNOWN,
      503: { description: "Too many requests wait", bodies: ["Failure"] },
    },
    handle: streamEvent,
  },
  {
    method: "GET",
    path: "/api/agents",
    operationId: "listAgents",
    summary: "List the connected agents, with their figures",
    responses: { 200: { description: "The agents", bodies: ["AgentList"] } },
    handle: listAgents,
  },
  {
    method: "GET",
    path: "/healthz",
    isOpen: true,
    operationId: "health",
    summary: "Whether the server is alive",
    responses: { 200: { description: "It is", bodies: ["Health"] } },
    handle: () => json(200, { status: "ok" }),
  },
  {
    method: "GET",
    path: "/openapi.json",
    isOpen: true,
    operationId: "describe",
    summary: "This document",
    responses: { 200: { description: "The document", mediaType: "application/json" } },
    handle: () => json(200, describeApi(ROUTES)),
  },
];

/** Paths that belong to the REST interface, whether there is a route or not. */
const IS_API = /^\/(api\/|healthz$|openapi\.json$)/;
const PATTERNS = new Map(
  ROUTES.map(({ path }) => [path, new RegExp(`^${path.replaceAll(".", "\\.").replace("{id}", "([^/]+)")}$`)]),
);

/** The response to a request of the REST interface; undefined if it is for something else. */
export async function respondToApi(request: Request, options: ApiOptions): Promise<Response | undefined> {
  const { pathname, searchParams } = new URL(request.url);
  if (!IS_API.test(pathname)) return undefined;
  const found = ROUTES.filter(({ path }) => PATTERNS.get(path)?.test(pathname));
  if (!found.some(({ isOpen }) => isOpen) && !hasBearer(request, options.token)) {
    return failure(401, "Send the token: Authorization: Bearer …", { "www-authenticate": "Bearer" });
  }
  const [first] = found;
  if (!first) return failure(404, "Nothing here. See /openapi.json");
  const route = found.find(({ method }) => method === (request.method === "HEAD" ? "GET" : request.method));
  if (!route) {
    const allow = found.flatMap(({ method }) => method === "GET" ? ["GET", "HEAD"] : [method]).join(", ");
    return failure(405, `Only ${first.method} works here.`, { allow });
  }
  const id = decoded(PATTERNS.get(route.path)?.exec(pathname)?.[1] ?? "");
  return await route.handle({ request, search: searchParams, id }, options);
}

/** Of an id that is not encoded as it should be, nothing is known. */
function decoded(encodedId: string): string {
  try {
    return decodeURIComponent(encodedId);
  } catch (error) {
    if (error instanceof URIError) return "";
    throw error;
  }
}
