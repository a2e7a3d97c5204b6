/** Asking the test server over its REST interface, which hands questions to the agents that are connected to it. @module */

import type { Clock } from "../../../clock.ts";
import { EXIT, FatalError, messageOf } from "../../../errors.ts";
import type { Log } from "../../../log.ts";
import type { Settings } from "../../../program/settings.ts";
import { proxyFor } from "../../../settings/proxy.ts";
import { tlsOf } from "../../../transports/options.ts";
import { publicUrl } from "../../../urls.ts";
import { type AgentEvent, type Chunk, type Outcome, wantsStream } from "../../../wire.ts";
import type { Way, WayHooks } from "../way.ts";
import { readServerEvents } from "./server_events.ts";

/** Requests at a time: the test server lets 200 wait. */
const MOST_REQUESTS = 150;
/** Seconds that a request waits for its answer, before it is made again: the most that the test server allows. */
const WAIT_S = 600;

/** What the test server tells of an event. */
interface Told {
  readonly state?: string;
  readonly response?: string;
  readonly agentId?: string;
  readonly metadata?: Record<string, unknown>;
  readonly error?: string;
}

/** Nothing is connected to before the first question. */
export function openRestWay(settings: Settings, hooks: WayHooks, parts: { log: Log; clock: Clock }): Way {
  const { WEBSOCKET_URL: socketUrl, WEBSOCKET_AUTH_TOKEN: token } = settings;
  const base = new URL("/", socketUrl);
  base.protocol = socketUrl.protocol === "wss:" ? "https:" : "http:";
  base.username = base.password = "";
  const proxy = proxyFor(socketUrl, settings);
  const { caCerts, cert, key } = tlsOf(settings, "WEBSOCKET").tls ?? {};
  const client = Deno.createHttpClient({
    ...(caCerts && { caCerts: [...caCerts] }),
    ...(cert !== undefined && key !== undefined && { cert, key }),
    ...(proxy && { proxy }),
  });
  const over = new AbortController();
  const request = async (path: string, body?: string): Promise<Response> => {
    const url = new URL(path, base);
    try {
      return await fetch(url, {
        client,
        signal: over.signal,
        headers: {
          ...(body && { "Content-Type": "application/json" }),
          ...(token && { Authorization: `Bearer ${token}` }),
        },
        ...(body && { method: "POST", body }),
      });
    } catch (error) {
      const advice = "Start it with `deno task test-server`, or check WEBSOCKET_URL.";
      throw new FatalError(
        `Cannot reach the test server at ${base}: ${reasonOf(error)}. ${advice}`,
        EXIT.unavailable,
        {
          cause: error,
        },
      );
    }
  };
  const call = patient(request, { ...parts, signal: over.signal });
  const line = createLine(MOST_REQUESTS);
  const ask = async (event: AgentEvent) => {
    using _place = await line.enter();
    try {
      await (wantsStream(event) ? follow(event, call, hooks) : awaitAnswer(event, call, hooks));
    } catch (error) {
      if (!over.signal.aborted) hooks.lost(error);
    }
  };
  return {
    place: `the test server at ${publicUrl(base)}`,
    send(events) {
      for (const event of events) void ask(event);
      return Promise.resolve();
    },
    close() {
      over.abort();
      client.close();
      return Promise.resolve();
    },
  };
}

/** Deno says of most failures only that the request could not be sent; why, its cause says. */
function reasonOf(error: unknown): string {
  return error instanceof Error && error.cause !== undefined ? reasonOf(error.cause) : messageOf(error);
}

type Call = (path: string, body?: string) => Promise<Response>;

/** Makes a request again for which the server has no room, as long as others ask too: it says when to come again. */
function patient(
  request: Call,
  { log, clock, signal }: { log: Log; clock: Clock; signal: AbortSignal },
): Call {
  let isTold = false;
  return async (path, body) => {
    for (;;) {
      const response = await request(path, body);
      const seconds = Number(response.headers.get("retry-after"));
      if (response.status !== 503 || !(seconds > 0)) return response;
      await response.body?.cancel();
      if (!isTold) log.warn("the test server has no room for more questions now: they wait until it has");
      isTold = true;
      await clock.sleep(seconds * 1_000, signal);
    }
  };
}

/** The same id is the same event: asking again only goes on waiting. */
async function awaitAnswer(event: AgentEvent, call: Call, hooks: WayHooks): Promise<void> {
  for (;;) {
    const response = await call(`/api/query?wait=${WAIT_S}`, bodyOf(event));
    const told = await toldBy(response, [200, 202, 502]);
    const outcome = outcomeOf(event, told);
    if (outcome) return hooks.heard(outcome);
  }
}

async function follow(event: AgentEvent, call: Call, hooks: WayHooks): Promise<void> {
  await toldBy(await call("/api/query", bodyOf(event)), [200]);
  const response = await call(`/api/events/${encodeURIComponent(event.id)}/stream`);
  if (response.status !== 200 || !response.body) await toldBy(response, []);
  for await (const { type, data } of readServerEvents(response.body!)) {
    if (type === "chunk") hooks.grew(JSON.parse(data) as Chunk);
    const outcome = type === "response" || type === "failed" ? outcomeOf(event, JSON.parse(data)) : undefined;
    if (outcome) return hooks.heard(outcome);
  }
  throw new FatalError("The test server has ended: start it again, and ask again.", EXIT.unavailable);
}

function bodyOf({ id, query, timestamp, metadata }: AgentEvent): string {
  const { conversationId, ...rest } = metadata ?? {};
  return JSON.stringify({
    id,
    query,
    timestamp,
    ...(conversationId !== undefined && { conversationId }),
    metadata: rest,
  });
}

/** @throws {FatalError} If it is none of the expected replies: it may be no test server. */
async function toldBy(response: Response, expected: readonly number[]): Promise<Told> {
  const text = await response.text();
  let told: Told | undefined;
  try {
    told = JSON.parse(text) as Told;
  } catch {
    // What follows tells of it: a test server sends JSON.
  }
  if (told && expected.includes(response.status)) return told;
  const url = response.url.replace(/\?.*$/, "");
  if (response.status === 401) {
    throw new FatalError(`${url} wants another token: check WEBSOCKET_AUTH_TOKEN.`, EXIT.unavailable);
  }
  throw new FatalError(
    `${url} has no such interface for questions (${response.status}${told?.error ? `: ${told.error}` : ""}). ` +
      "Only the test server has one: start it with `deno task test-server`, and name it in WEBSOCKET_URL.",
    EXIT.unavailable,
  );
}

function outcomeOf({ id }: AgentEvent, { state, response, agentId = "", error, metadata }: Told): Outcome | undefined {
  const common = { queryId: id, timestamp: Date.now(), agentId };
  if (response !== undefined) return { ...common, response, ...(metadata && { metadata }) };
  return error !== undefined && state !== "waiting" && state !== "answering" ? { ...common, error } : undefined;
}

/** A waiting line in front of `places` places, first come, first served. */
function createLine(places: number): { enter(): Promise<Disposable> } {
  const waiting: (() => void)[] = [];
  let free = places;
  const place: Disposable = {
    [Symbol.dispose]() {
      const next = waiting.shift();
      if (next) next();
      else free++;
    },
  };
  return {
    async enter() {
      if (free > 0) free--;
      else await new Promise<void>((resolve) => waiting.push(resolve));
      return place;
    },
  };
}
