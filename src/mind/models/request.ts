/** One request to a model server: its time limits, its cancellation, and the meaning of a failure. @module */

import { publicUrl } from "../../urls.ts";
import { ModelError } from "../model_error.ts";
import { type Deadline, startDeadline } from "./deadline.ts";
import { type Remedies, statusError } from "./status.ts";

/**
 * Largest body that is read, in bytes: 1,000,000 tokens, the most that MODEL_MAX_TOKENS can ask for, in chunks of 1 kB;
 * OpenAI's have 330 bytes. What is kept of it has limits of its own.
 */
const MAX_BYTES = 1024 * 1024 * 1024;

/**
 * Bytes of a body that are read at once, at most. Deno's own reader makes a buffer of 64 kB for each piece of an answer and
 * fills it with zeros, which took an answer of ten pieces 3 % of the agent's share (measured in turns).
 */
const CHUNK_BYTES = 16 * 1024;

/**
 * What is still read of a body whose answer is whole, so that its connection serves the next request: good servers end the
 * body right behind, and a body that goes on is called off.
 */
const REST = { ms: 1_000, bytes: 64 * 1024 };

/** How long a request may take, in milliseconds. */
export interface Limits {
  /** Longest silence: until the first byte, and between two of them (MODEL_TIMEOUT). */
  readonly silenceMs: number;
  /** Longest time for all of it (MODEL_ANSWER_TIMEOUT). */
  readonly wholeMs: number;
}

/** A request to be made. */
export interface RequestOptions extends Limits {
  readonly url: URL;
  readonly remedies: Remedies;
  /** Cancels the request. */
  readonly signal: AbortSignal;
  /** Called whenever a part of the answer has come. */
  readonly heard?: (() => void) | undefined;
  /** Largest body that is read, in bytes; default 1 GiB. */
  readonly maxBytes?: number;
  /** Certificate authorities of its own, and the like. Absent: Deno's. */
  readonly httpClient?: Deno.HttpClient | undefined;
}

/** What the server answered, with a status that is no error. */
export interface Reply {
  readonly headers: Headers;
  /** Can be read once. Each chunk is gone when the next one is asked for. */
  readonly body: AsyncIterable<Uint8Array>;
  /** All that counts has been read: the rest of the body is neither waited for nor looked at. Ends the use of `body`. */
  complete(): void;
}

/** What the body of {@linkcode request} is given. */
export interface Connection {
  fetch(input: string, init?: RequestInit): Promise<Reply>;
  /** The server, as error messages name it. */
  readonly where: string;
}

/**
 * Let `use` talk to the server, and give its result.
 *
 * The time limits hold until `use` has settled. Deno's `fetch` loses its signal at the first garbage collection after
 * the headers came (2.7.11 and 2.9.6, measured), so the signal also cancels the reader of the body.
 *
 * @throws {ModelError} If the server can't be reached, answers with an error, is too slow, or breaks off.
 * @throws `signal.reason` once `signal` aborts.
 */
export async function request<T>(options: RequestOptions, use: (connection: Connection) => Promise<T>): Promise<T> {
  const { url, signal } = options;
  const where = `The model server at ${publicUrl(url)}`;
  using deadline = startDeadline(options);
  /** The first failure that was understood: a client library may wrap it, or hide it. */
  const known: { failure?: ModelError } = {};
  const fetch = guardedFetch({ ...options, where, deadline, fail: (error) => known.failure ??= error });
  try {
    const result = await use({ fetch, where });
    if (known.failure) throw known.failure;
    return result;
  } catch (error) {
    if (signal.aborted) throw signal.reason;
    if (known.failure) throw known.failure;
    if (error instanceof ModelError) throw error;
    throw timeoutError(deadline, { ...options, where }) ??
      new ModelError("faulty", `${where} sent an answer that breaks off or can't be read`, { cause: error });
  }
}

/** A `fetch` that follows no redirect, keeps the deadline, and throws a {@linkcode ModelError} for an error status. */
function guardedFetch(
  parts: RequestOptions & { where: string; deadline: Deadline; fail: (error: ModelError) => ModelError },
): Connection["fetch"] {
  const { where, deadline, fail, remedies, httpClient } = parts;
  return async (input, init = {}) => {
    let response: Response;
    try {
      response = await fetch(input, {
        ...init,
        // The operator named this address: the question must not go to another one.
        redirect: "manual",
        signal: deadline.signal,
        ...(httpClient && { client: httpClient }),
      });
    } catch (cause) {
      throw fail(
        timeoutError(deadline, parts) ??
          new ModelError("unavailable", `${where} can't be reached: ${reasonOf(cause)}`, { cause }),
      );
    }
    if (!response.ok) throw fail(await statusError(response, { where, remedies }));
    const reader = response.body?.getReader({ mode: "byob" });
    return {
      headers: response.headers,
      body: chunksOf(reader, parts),
      complete() {
        deadline.finished();
        if (reader) void readRest(reader);
      },
    };
  };
}

/** Read a body to its end, for a short while, and call it off then. Whatever goes wrong with it concerns nobody. */
async function readRest(reader: ReadableStreamBYOBReader): Promise<void> {
  const cancel = () => reader.cancel().catch(() => {});
  const timer = setTimeout(cancel, REST.ms);
  try {
    let buffer = new ArrayBuffer(1024);
    for (let bytes = 0; bytes < REST.bytes;) {
      const { done, value } = await reader.read(new Uint8Array(buffer));
      if (done) return;
      buffer = value.buffer;
      bytes += value.length;
    }
    await cancel();
  } catch {
    // The answer is whole, so it does not matter how its connection ended.
  } finally {
    clearTimeout(timer);
  }
}

/**
 * The body, chunk by chunk, each in the bytes of the one before: tells of each one, and refuses a body that is too large.
 * Read by hand, since a pipe through a `TransformStream` holds each chunk up by 0.2 ms after a rest (measured).
 */
async function* chunksOf(
  reader: ReadableStreamBYOBReader | undefined,
  { where, deadline, heard, fail, maxBytes = MAX_BYTES }: Pick<RequestOptions, "heard" | "maxBytes"> & {
    where: string;
    deadline: Deadline;
    fail: (error: ModelError) => ModelError;
  },
): AsyncGenerator<Uint8Array> {
  if (!reader) return;
  const { signal } = deadline;
  // Ends the read that is under way. Its own failure tells nothing new.
  const cancel = () => void reader.cancel(signal.reason).catch(() => {});
  signal.addEventListener("abort", cancel, { once: true });
  let buffer = new ArrayBuffer(CHUNK_BYTES);
  for (let bytes = 0;;) {
    signal.throwIfAborted();
    const { done, value } = await reader.read(new Uint8Array(buffer));
    signal.throwIfAborted();
    if (done) break;
    buffer = value.buffer;
    deadline.heard();
    heard?.();
    bytes += value.length;
    if (bytes > maxBytes) {
      throw fail(new ModelError("refused", `${where} sent more than ${maxBytes} bytes. Lower MODEL_MAX_TOKENS`));
    }
    yield value;
  }
  deadline.finished();
}

/** The failure that a time limit caused; undefined if none has passed. */
function timeoutError({ passed, hasHeard }: Deadline, limits: Limits & { where: string }): ModelError | undefined {
  const { where, silenceMs, wholeMs } = limits;
  if (passed === undefined) return undefined;
  if (!hasHeard) {
    const spent = passed === "silence" ? `${silenceMs} ms (MODEL_TIMEOUT)` : `${wholeMs} ms (MODEL_ANSWER_TIMEOUT)`;
    return new ModelError("unavailable", `${where} did not answer within ${spent}`, { details: { isUnheard: true } });
  }
  if (passed === "silence") {
    return new ModelError("faulty", `${where} stopped in the middle of its answer for ${silenceMs} ms (MODEL_TIMEOUT)`);
  }
  return new ModelError(
    "refused",
    `${where} did not finish its answer within ${wholeMs} ms (MODEL_ANSWER_TIMEOUT). ` +
      "Raise that, or lower MODEL_MAX_TOKENS",
  );
}

/** `Connection refused (os error 111)`: the last cause in the chain of an error of Deno's, without the address. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return "";
  const reason = reasonOf(error.cause) || error.message.split(": ").at(-1) || "";
  return /^[\w (),.'-]{1,120}$/.test(reason) ? reason : "";
}
