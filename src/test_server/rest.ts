/** The REST interface: `POST /api/query` and `GET /api/events/:id`. @module */

import { z } from "zod";
import type { Clock } from "../clock.ts";
import type { Checked } from "../wire.ts";
import { checkJson } from "./agent_messages.ts";
import type { Dispatch } from "./dispatch.ts";
import { hasBearer } from "./guard.ts";
import { json } from "./http.ts";
import { type Asked, type Asker, isSettled, type Ledger } from "./ledger.ts";
import type { Limits } from "./limits.ts";
import { newEvent, type Question, questionShape } from "./questions.ts";

export interface RestOptions {
  readonly token?: string;
  readonly dispatch: Dispatch;
  readonly ledger: Ledger;
  readonly limits: Limits;
  readonly clock: Clock;
  readonly print: (line: string) => void;
  /** The server stops: whoever waits is answered with what there is. */
  readonly stopping: AbortSignal;
}

/** Longest time that `?wait` takes, in seconds. */
const MAX_WAIT_S = 600;
const questionSchema = z.strictObject(questionShape);

/** Answer a request under `/api/`. */
export async function respondToApi(request: Request, options: RestOptions): Promise<Response> {
  const { pathname, searchParams } = new URL(request.url);
  if (!hasBearer(request, options.token)) {
    return failure(401, "Send the token: Authorization: Bearer …", { "www-authenticate": "Bearer" });
  }
  if (pathname === "/api/query") return await query(request, searchParams, options);
  const id = /^\/api\/events\/([^/]+)$/.exec(pathname)?.[1];
  return id === undefined
    ? failure(404, "Nothing here. See POST /api/query and GET /api/events/ID")
    : eventState(request, id, options);
}

function failure(status: number, error: string, headers: Record<string, string> = {}): Response {
  return json(status, { success: false, error }, headers);
}

function eventState({ method }: Request, encodedId: string, { ledger, limits }: RestOptions): Response {
  if (method !== "GET" && method !== "HEAD") return failure(405, "Only GET works here.", { allow: "GET, HEAD" });
  const id = decoded(encodedId);
  // A sample has a key with its agent in it: asked for by its id, it is the one that was sent last.
  const asked = ledger.get(id) ?? [...ledger.all()].findLast(({ event }) => event.id === id);
  return asked
    ? json(200, describe(asked))
    : failure(404, `No such event is known. Of those answered, the latest ${limits.kept} are kept.`);
}

async function query(request: Request, search: URLSearchParams, options: RestOptions): Promise<Response> {
  const { dispatch, ledger, limits, clock, print, stopping } = options;
  if (request.method !== "POST") return failure(405, "Only POST works here.", { allow: "POST" });
  const waitS = readWait(search);
  if (!waitS.ok) return failure(400, waitS.reason);
  const mediaType = request.headers.get("content-type")?.split(";")[0]?.trim().toLowerCase();
  if (mediaType !== "application/json") return failure(415, "Send JSON, with Content-Type: application/json.");
  const body = await readBody(request, limits.frameBytes);
  if (body === undefined) return failure(413, `A body may have ${limits.frameBytes} bytes at most.`);
  const question: Checked<Question> = checkJson(questionSchema, body);
  if (!question.ok) return failure(400, question.reason);
  const event = newEvent(question.value, { source: "api", now: clock.now() });
  if (!event.ok) return failure(400, event.reason);

  const eventId = event.value.id;
  const settled = Promise.withResolvers<void>();
  // A response or an error settles an event, and an ack without a response does not.
  const asker: Asker = { tell: () => isOver(ledger.get(eventId)) && settled.resolve() };
  print(`❓ Event asked over REST: ${eventId}`);
  const placed = dispatch.ask(event.value, { askedBy: "rest", asker });
  if (!placed.ok) return failure(503, placed.reason, { "retry-after": "5" });
  if (waitS.value === 0) return json(200, { success: true, eventId });

  const waiting = new AbortController();
  const enough = AbortSignal.any([waiting.signal, stopping]);
  await Promise.race([settled.promise, clock.sleep(waitS.value * 1_000, enough)]);
  waiting.abort();
  const asked = ledger.get(eventId);
  if (!asked) return failure(503, "The event was forgotten: too many others were answered meanwhile.");
  const status = asked.state === "answered" ? 200 : asked.state === "failed" ? 502 : 202;
  return json(status, describe(asked), status === 202 ? { location: `/api/events/${eventId}` } : {});
}

const isOver = (asked: Asked | undefined) => asked === undefined || isSettled(asked);

/** What there is to tell about an event. `success`: it has not failed. */
function describe({ event, state, askedMs, tookMs, replays, sentTo, answer, error }: Asked): Record<string, unknown> {
  return {
    success: state !== "failed",
    eventId: event.id,
    state,
    ...answer && {
      response: answer.response,
      agentId: answer.agentId,
      ...answer.metadata && { metadata: answer.metadata },
    },
    ...error !== undefined && { error },
    ...tookMs !== undefined && { tookMs },
    askedMs,
    sentTo: sentTo.map(({ agentId, atMs }) => ({ agentId, atMs })),
    replays,
  };
}

function readWait(search: URLSearchParams): Checked<number> {
  const unknown = [...search.keys()].find((name) => name !== "wait");
  if (unknown !== undefined) return { ok: false, reason: `${unknown}: no such parameter, only wait` };
  const given = search.get("wait") ?? "0", seconds = /^\d+(\.\d+)?$/.test(given) ? Number(given) : NaN;
  return seconds <= MAX_WAIT_S
    ? { ok: true, value: seconds }
    : { ok: false, reason: `wait: expected seconds from 0 to ${MAX_WAIT_S}` };
}

/** The body as text; undefined if it is longer than it may be. */
async function readBody(request: Request, maxBytes: number): Promise<string | undefined> {
  if (Number(request.headers.get("content-length") ?? 0) > maxBytes) return undefined;
  const decoder = new TextDecoder();
  let text = "", bytes = 0;
  for await (const chunk of request.body ?? []) {
    bytes += chunk.byteLength;
    if (bytes > maxBytes) return undefined;
    text += decoder.decode(chunk, { stream: true });
  }
  return text + decoder.decode();
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
