/**
 * A model server that speaks the interfaces of Ollama and of OpenAI, says what the test tells it to, and misbehaves as
 * real servers do.
 * @module
 */

import { setImmediate, setTimeout as delay } from "node:timers/promises";
import { type HttpRequest, serveHttp } from "./http_server.ts";
import { ollamaRoutes } from "./model_server_ollama.ts";
import { openaiRoutes } from "./model_server_openai.ts";
import { freePort } from "./ports.ts";
import { createWatch } from "./watch.ts";

/** The interfaces that real servers speak. */
export type Dialect = "ollama" | "openai";

/** What becomes of one request for an answer. */
export type Turn =
  /** An answer, streamed in pieces of some letters. `whole`: in one piece, whatever was asked for. */
  | {
    text: string;
    finish?: string;
    thinking?: string;
    whole?: true;
    /** Milliseconds between two pieces; default none. */
    everyMs?: number;
    /** Tokens that the server says it has counted in the answer; default: some number of its own. */
    tokens?: number;
  }
  /** A body as it is, with a type or without. */
  | { body: string; type?: string }
  /** Nothing at all until the client goes, or the test releases it: then an answer. */
  | "held"
  /** As many letters of an answer, and then nothing until the client goes. */
  | { stallAfter: string }
  /** As many letters of an answer, and then the connection breaks. */
  | { breakAfter: string }
  /** As many letters of an answer, and then an end in good order, but without the mark of it. */
  | { endAfter: string }
  /** As many letters of an answer, and then an error in the stream. */
  | { failAfter: string }
  /** A line of the answer that is no JSON. */
  | { garbleAfter: string }
  /** The connection breaks before anything is sent. */
  | "broken"
  /** An error, as the server in question words it. */
  | { status: number; headers?: Record<string, string>; code?: string; error?: unknown }
  /** Some letters, and then this error in the stream. */
  | { failWith: unknown };

/** A request as it came. */
export interface ModelRequestSeen {
  readonly method: string;
  readonly path: string;
  readonly headers: Headers;
  // deno-lint-ignore no-explicit-any -- a test looks into it as it likes, and fails where that is not there
  readonly body: any;
}

export interface ModelServer extends AsyncDisposable {
  readonly dialect: Dialect;
  readonly port: number;
  /** Where the interface begins: what OLLAMA_SERVER_URL or OPENAI_BASE_URL is set to. */
  readonly url: string;
  /** Every request, in the order they came. */
  readonly requests: readonly ModelRequestSeen[];
  /** The bodies of the requests for an answer. */
  readonly asked: readonly ModelRequestSeen["body"][];
  /** What becomes of the next requests for an answer, one after the other; after them comes `otherwise`. */
  script(...turns: readonly Turn[]): void;
  /** What becomes of all others, or of each by its question. At first: an answer that repeats the last message. */
  otherwise(turn: Turn | undefined | ((question: string) => Turn | undefined)): void;
  /** Let the requests that are held have their answers. */
  release(): void;
  /** Let the requests that are held end in this way. */
  releaseInto(turn: Turn): void;
  /** Resolves once `count` requests for an answer have come since the start. */
  askedFor(count: number): Promise<void>;
  /** Resolves once `count` clients have gone before they had their answer. */
  cancelled(count: number): Promise<void>;
  /** How many connections there have been. */
  readonly connections: number;
  /** Stop, with every connection. */
  close(): Promise<void>;
}

/** What the dialects make of turns, for one request. */
export interface Stage {
  readonly models: readonly string[];
  readonly seen: ModelRequestSeen;
  /** The next turn. `question`: the last message of it. */
  next(question: string): Turn;
  /** Resolves when the request may go on, with the turn that it ends in if there is one, or its client has gone. */
  held(): Promise<Turn | undefined | void>;
  /** Cut the connection. */
  cut(): void;
  /** Resolves when the client has gone. */
  readonly gone: Promise<void>;
}

/**
 * Start one. `port`: default a free one; `models`: those that it has; `key`: the API key that it
 * wants, or `user:password` for Ollama behind a proxy; `show`: what Ollama's description of a model has instead; `listed`: what
 * OpenAI's list has besides.
 */
export function startModelServer(
  dialect: Dialect,
  options: { port?: number; models?: readonly string[]; key?: string; show?: object; listed?: object } = {},
): ModelServer {
  const { port = freePort(), models = ["test-model", "test-embedding"], key, show = {}, listed = {} } = options;
  const requests: ModelRequestSeen[] = [];
  const asked: ModelRequestSeen["body"][] = [];
  let turns: Turn[] = [], otherwise: Parameters<ModelServer["otherwise"]>[0];
  let held = Promise.withResolvers<Turn | undefined>();
  const watch = createWatch({
    report: () =>
      [...requests.map(({ method, path }) => `${method} ${path}`), `${server.cancelled} cancelled`].join("\n"),
  });
  const routes = dialect === "ollama" ? ollamaRoutes({ login: key, show }) : openaiRoutes({ key, listed });
  const server = serveHttp({ port, onCancelled: () => watch.changed() }, answer);

  async function answer({ method, path, headers, body, gone, cut }: HttpRequest): Promise<Response> {
    const seen = { method, path, headers, body: body === "" ? undefined : JSON.parse(body) };
    requests.push(seen);
    return await routes({
      models,
      seen,
      gone,
      next(question) {
        asked.push(seen.body);
        watch.changed();
        const turn = turns.shift() ?? (typeof otherwise === "function" ? otherwise(question) : otherwise);
        return turn ?? { text: `You said: ${question}` };
      },
      held: () => Promise.race([held.promise, gone]),
      cut,
    });
  }

  const close = async () => {
    await server.close();
    watch[Symbol.dispose]();
  };
  return {
    dialect,
    port: server.port,
    url: `http://127.0.0.1:${server.port}${dialect === "openai" ? "/v1" : ""}`,
    requests,
    asked,
    get connections() {
      return server.connections;
    },
    script(...more) {
      turns = [...turns, ...more];
    },
    otherwise(turn) {
      otherwise = turn;
    },
    release() {
      held.resolve(undefined);
      held = Promise.withResolvers();
    },
    releaseInto(turn) {
      held.resolve(turn);
      held = Promise.withResolvers();
    },
    askedFor: async (count) =>
      void await watch.until(`${count} requests for an answer`, () => asked.length >= count ? true : undefined),
    cancelled: async (count) =>
      void await watch.until(`${count} cancelled requests`, () => server.cancelled >= count ? true : undefined),
    close,
    [Symbol.asyncDispose]: close,
  };
}

/** The pieces of an answer as a body. `end`: in good order, with a cut line, or not at all until the client has gone. */
export function streamed(
  pieces: readonly string[],
  options: { type: string; end: "well" | "cut" | "stalled"; stage: Stage; everyMs?: number | undefined },
): Response {
  const { type, end, stage, everyMs } = options;
  async function* bytes() {
    for (const piece of pieces) {
      yield new TextEncoder().encode(piece);
      // A turn of the event loop in between, so that it arrives in pieces.
      if (everyMs === undefined) await setImmediate();
      else await pause(everyMs, stage.gone);
    }
    if (end === "cut") stage.cut();
    if (end !== "well") await stage.gone;
  }
  return new Response(ReadableStream.from(bytes()), { headers: { "content-type": type } });
}

/** Wait, but no longer than until the client has gone; leaves no timer behind. */
async function pause(ms: number, gone: Promise<void>): Promise<void> {
  const left = new AbortController();
  await Promise.race([delay(ms, undefined, { signal: left.signal }).catch(() => {}), gone]);
  left.abort();
}

/** A body as it is. */
export function plainBody({ body, type }: { body: string; type?: string }): Response {
  const response = new Response(new TextEncoder().encode(body));
  if (type !== undefined) response.headers.set("content-type", type);
  return response;
}

/** A text in pieces as tokens are: some letters each. */
export function lettersOf(text: string): string[] {
  return text.match(/[^]{1,4}/gu) ?? [];
}
