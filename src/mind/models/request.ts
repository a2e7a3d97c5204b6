/** One request to a provider: its time-out, its end, and what a failure means. The clients' own ways are not used. @module */

import { publicUrl } from "../../urls.ts";
import { ModelError } from "../model_error.ts";
import { type Remedies, statusError } from "./status.ts";

/** Largest body that is read, in bytes: above any answer's, and below what would hurt. */
const MAX_BYTES = 16 * 1024 * 1024;

/**
 * Let `use` talk to the provider over the `fetch` that it is given, and give its result.
 *
 * @param options `timeoutMs`: for all of it; `signal`: ends it; `checkLine`: throws if a line of the answer is none.
 * @throws {ModelError} Whatever `use` made of it. @throws `signal.reason` once `signal` aborts.
 */
export async function request<T>(
  options: {
    url: URL;
    remedies: Remedies;
    timeoutMs: number;
    signal: AbortSignal;
    checkLine?: (line: string) => void;
  },
  use: (fetch: (input: RequestInfo | URL, init?: RequestInit) => Promise<Response>) => Promise<T>,
): Promise<T> {
  const { url, remedies, timeoutMs, signal, checkLine } = options;
  const where = `The model server at ${publicUrl(url)}`;
  const timeout = AbortSignal.timeout(timeoutMs);
  /** What we know better than the client, which wraps it or hides it. */
  let failure: ModelError | undefined;
  let received = 0;

  const fail = (error: ModelError) => failure ??= error;
  /** What an error of the connection means. */
  const broken = (cause: unknown, otherwise: () => ModelError): ModelError => {
    if (cause instanceof ModelError) return fail(cause);
    if (!timeout.aborted) return fail(otherwise());
    const spent = `within ${timeoutMs} ms (MODEL_TIMEOUT)`;
    return fail(
      received > 0
        ? new ModelError("faulty", `${where} did not finish its answer ${spent}`, { cause })
        : new ModelError("unavailable", `${where} did not answer ${spent}`, { cause }),
    );
  };

  async function guarded(input: RequestInfo | URL, init: RequestInit = {}): Promise<Response> {
    const signals = [init.signal, signal, timeout].filter((one) => one instanceof AbortSignal);
    let response: Response;
    try {
      // An answer of another address is none of the one that was named, and the question should not go there.
      response = await fetch(input, { ...init, redirect: "manual", signal: AbortSignal.any(signals) });
    } catch (cause) {
      throw broken(
        cause,
        () => new ModelError("unavailable", `${where} can't be reached: ${reasonOf(cause)}`, { cause }),
      );
    }
    if (!response.ok) throw fail(await statusError(response, { where, remedies }));
    const body = response.body?.pipeThrough(checked());
    return new Response(body ?? null, response);
  }

  /** Passes the body on as it comes, and notes why it ended where it should not. */
  function checked(): TransformStream<Uint8Array, Uint8Array> {
    const decoder = new TextDecoder();
    let rest = "";
    const check = (text: string, isLast = false) => {
      const lines = (rest + text).split("\n");
      rest = isLast ? "" : lines.pop() ?? "";
      try {
        lines.filter((line) => line.trim() !== "").forEach((line) => checkLine?.(line));
      } catch (cause) {
        throw fail(
          cause instanceof ModelError ? cause : new ModelError("faulty", `${where} sent invalid JSON`, { cause }),
        );
      }
    };
    return new TransformStream({
      transform(chunk, controller) {
        received += chunk.length;
        if (received > MAX_BYTES) throw fail(new ModelError("faulty", `${where} sent more than ${MAX_BYTES} bytes`));
        if (checkLine) check(decoder.decode(chunk, { stream: true }));
        controller.enqueue(chunk);
      },
      flush() {
        if (checkLine) check(decoder.decode(), true);
      },
    });
  }

  try {
    const result = await use(guarded);
    if (failure) throw failure;
    return result;
  } catch (error) {
    if (signal.aborted) throw signal.reason;
    if (error instanceof ModelError) throw error;
    const unreadable = `${where} sent an answer that breaks off or can't be read`;
    throw broken(error, () => new ModelError("faulty", unreadable, { cause: error }));
  }
}

/** `Connection refused (os error 111)`: the last link of the chain that Deno tells, without the address. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return "";
  const reason = reasonOf(error.cause) || error.message.split(": ").at(-1) || "";
  return /^[\w (),.'-]{1,120}$/.test(reason) ? reason : "";
}
