/** What a provider's status code means. @module */

import { ModelError, type RetryAfter } from "../model_error.ts";

/** Most that is read of an error's body, in bytes. */
const MAX_BODY_BYTES = 64 * 1024;

/** What the operator may do, as the ends of sentences. */
export interface Remedies {
  /** The server lets nobody in without a key, or does not take this one. */
  readonly key: string;
  /** It does not have the model, or something else is at the address. */
  readonly model: string;
}

/** The failure that a response with an error status, or a redirect, stands for. Its body is read or dropped. */
export async function statusError(
  response: Response,
  { where, remedies }: { where: string; remedies: Remedies },
): Promise<ModelError> {
  const { status, headers } = response;
  const codes = codesOf(await readSome(response));
  const said = `${where} answered ${status}${codes.length > 0 ? ` (${codes.join(", ")})` : ""}`;
  const refused = (why: string) => new ModelError("refused", `${said}: ${why}`);

  if (status < 400) return refused("it points to another address. Set that one");
  if (status === 402 || codes.includes("insufficient_quota")) return refused("the account has no credit left");
  switch (status) {
    case 401:
      return refused(`the key is wrong or missing. ${remedies.key}`);
    case 403:
      return refused(`the key may not use this model. ${remedies.key}`);
    case 404:
      return refused(`the model or the address is wrong. ${remedies.model}`);
    case 408:
    case 425:
    case 429:
      break;
    default:
      if (status < 500) {
        return refused(
          codes.includes("context_length_exceeded")
            ? "the prompt is larger than the model's window. Lower MODEL_CONTEXT_WINDOW"
            : "it does not take the request. Its log says why; if the prompt is too large, lower MODEL_CONTEXT_WINDOW",
        );
      }
  }
  return new ModelError("unavailable", said, { retryAfter: readRetryAfter(headers) });
}

/**
 * Retry-After, a number of seconds or a date; `retry-after-ms`, which OpenAI sends too, is finer.
 *
 * @see RFC 9110, 10.2.3
 */
function readRetryAfter(headers: Headers): RetryAfter | undefined {
  const fine = headers.get("retry-after-ms") ?? "", coarse = headers.get("retry-after") ?? "";
  if (NUMBER.test(fine)) return { inMs: Math.ceil(Number(fine)) };
  if (NUMBER.test(coarse)) return { inMs: Math.ceil(Number(coarse) * 1000) };
  const atMs = Date.parse(coarse);
  return Number.isNaN(atMs) ? undefined : { atMs };
}

const NUMBER = /^\d+(\.\d+)?$/;

async function readSome({ body }: Response): Promise<string> {
  let text = "", bytes = 0;
  const decoder = new TextDecoder();
  try {
    for await (const chunk of body ?? []) {
      text += decoder.decode(chunk, { stream: true });
      if ((bytes += chunk.length) > MAX_BODY_BYTES) break;
    }
  } catch {
    // The status is known, and that is what counts: a body that breaks off explains nothing.
  }
  return text;
}

/**
 * The machine's words of an error's body, `{"error":{"code":"model_not_found","type":"…"}}` as OpenAI and those who
 * follow it have it. The sentence beside them may quote the query or the key, so it is left where it is.
 */
function codesOf(body: string): string[] {
  let value: unknown;
  try {
    value = JSON.parse(body);
  } catch {
    return [];
  }
  const error = (value as { error?: unknown } | null)?.error ?? value;
  const { code, type } = (error ?? {}) as { code?: unknown; type?: unknown };
  const words = [code, type].filter((word): word is string =>
    typeof word === "string" && /^[A-Za-z_]{1,64}$/.test(word)
  );
  return [...new Set(words)];
}
