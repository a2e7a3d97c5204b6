/** The meaning of an error that a model server answers with, as a status or in the middle of a stream. @module */

import { isObject, type JsonObject } from "../../json_object.ts";
import { type FailureDetails, ModelError, type RetryAfter } from "../model_error.ts";
import { saysTooLarge, sizesIn } from "./too_large.ts";

/** Most that is read of an error's body, in bytes. */
const MAX_BODY_BYTES = 64 * 1024;

/** What the operator may do, as whole sentences without the full stop. */
export interface Remedies {
  /** The server lets nobody in without a key, or does not take this one. */
  readonly key: string;
  /** It does not have the model, or something else is at the address. */
  readonly model: string;
}

/** Whose error it is, and what helps. */
export interface ErrorContext {
  /** The server, as messages name it. */
  readonly where: string;
  readonly remedies: Remedies;
}

/** The failure that a response with an error status, or a redirect, stands for. Its body is read or dropped. */
export async function statusError(response: Response, context: ErrorContext): Promise<ModelError> {
  const { status, headers } = response;
  const body = await readSome(response);
  const error = errorFrom(body);
  const codes = codesOf(error);
  const said = `${context.where} answered ${status}${codes.length > 0 ? ` (${codes.join(", ")})` : ""}`;
  return failureOf({
    status,
    said,
    codes,
    error,
    text: body,
    remedies: context.remedies,
    retryAfter: readRetryAfter(headers),
  });
}

/** The failure that an error in a body with status 200 stands for: the value of its field `error`. */
export function streamedError(value: unknown, { where, remedies }: ErrorContext): ModelError {
  const error = typeof value === "string" ? errorFrom(value) : isObject(value) ? value : {};
  const text = typeof value === "string" ? value : JSON.stringify(value), codes = codesOf(error);
  const told = [error.code, error.status, error.status_code].map(Number).find((one) => one >= 400 && one < 600);
  // LM Studio tells in a stream, and without a status, that the prompt is too large.
  const status = told ?? (saysTooLarge({ codes, text }) ? 400 : undefined);
  const named = [told, codes.join(", ")].filter(Boolean).join(", ");
  const said = `${where} failed while it answered${named ? `: ${named}` : ""}`;
  const isKnown = (status !== undefined && status < 500) || meaningOf({ codes, text }) !== undefined ||
    OUTGROWN.test(text);
  if (isKnown) return failureOf({ status: status ?? 500, said, codes, error, text, remedies });
  // It has begun to answer, so it is there.
  return new ModelError("faulty", said, { details: detailsOf({ status, codes, error, text }) });
}

const NO_CREDIT = "the account has no credit left";
const FILTERED = "the provider's content filter refuses the prompt";

/** Words of an error's code or type that say more than its status. */
const MEANINGS: Readonly<Record<string, string>> = {
  insufficient_quota: NO_CREDIT,
  billing_hard_limit_reached: NO_CREDIT,
  // LiteLLM's and Kimi's.
  budget_exceeded: NO_CREDIT,
  exceeded_current_quota_error: NO_CREDIT,
  content_filter: FILTERED,
  content_policy_violation: FILTERED,
  // Qwen's.
  data_inspection_failed: FILTERED,
};

/** The same in sentences and inner fields: Anthropic, DeepSeek, Zhipu; Azure behind LiteLLM, OpenRouter, DeepSeek. */
const SAID: readonly (readonly [said: RegExp, meaning: string])[] = [
  [/credit balance is too low|insufficient (?:account )?balance|余额不足/i, NO_CREDIT],
  [/ResponsibleAIPolicyViolation|"flagged_input"|content exists risk/i, FILTERED],
];

/** What an error means, if its words say more than its status. */
function meaningOf({ codes, text }: { codes: readonly string[]; text: string }): string | undefined {
  const coded = codes.map((code) => MEANINGS[code]).find((one) => one !== undefined);
  return coded ?? SAID.find(([said]) => said.test(text))?.[1];
}

function failureOf(
  { status, said, codes, error, text, remedies, retryAfter }: {
    status: number;
    said: string;
    codes: readonly string[];
    error: JsonObject;
    text: string;
    remedies: Remedies;
    retryAfter?: RetryAfter | undefined;
  },
): ModelError {
  const details = detailsOf({ status, codes, error, text });
  const refused = (why: string) => new ModelError("refused", `${said}: ${why}`, { details });
  const meaning = meaningOf({ codes, text: status < 500 ? text : "" });
  if (meaning !== undefined) return refused(meaning);
  if (details.outgrown) {
    const why = "answers under way together have outgrown the window that they share";
    return new ModelError("faulty", `${said}: ${why}. Give the server a larger one, or lower AGENT_CONCURRENCY`, {
      details,
    });
  }
  if (details.tooLarge && status < 500) {
    return refused("the prompt is larger than the model's window. Lower MODEL_CONTEXT_WINDOW");
  }
  // Gemini answers 400 to a wrong key.
  if (status === 400 && /API_KEY_INVALID/.test(text)) return refused(`the key is wrong or missing. ${remedies.key}`);
  if (status < 400) return refused("it points to another address. Set that one");
  switch (status) {
    case 401:
      return refused(`the key is wrong or missing. ${remedies.key}`);
    case 402:
      return refused("the account has no credit left");
    case 403:
      return refused(`the key may not use this model. ${remedies.key}`);
    case 404:
      return refused(`the model or the address is wrong. ${remedies.model}`);
    case 501:
      return refused(
        "it was not started for such requests. A llama.cpp server makes embeddings with --embeddings only",
      );
    case 408:
    case 409:
    // TGI failed while it made the answer.
    case 424:
    case 425:
    case 429:
    // Groq has no room at the moment.
    case 498:
      break;
    default:
      if (status < 500) {
        return refused(
          "it does not take the request. Its log says why; if the prompt is too large, lower MODEL_CONTEXT_WINDOW",
        );
      }
  }
  return new ModelError("unavailable", said, { retryAfter, details });
}

/** Fields of a request that some servers or models do not take. */
const OPTIONAL_FIELDS = [
  "max_tokens",
  "max_completion_tokens",
  "temperature",
  "seed",
  "stop",
  "stream_options",
  "reasoning_effort",
  "chat_template_kwargs",
  "dimensions",
  "encoding_format",
  "think",
  "system",
];

/**
 * What can be learnt of an error. Its sentences are searched for known words only, since they may quote the query or
 * the key.
 */
function detailsOf(
  { status, codes, error, text }: {
    status: number | undefined;
    codes: readonly string[];
    error: JsonObject;
    text: string;
  },
): FailureDetails {
  const isRefusal = status !== undefined && status >= 400 && status < 500;
  // In quotes or as a path, as errors name fields, and not as a word of a quoted question.
  const fields = isRefusal
    ? OPTIONAL_FIELDS.filter((name) =>
      error.param === name || new RegExp(`["'\`\\\\.]${name}["'\`\\\\]`, "i").test(text) ||
      new RegExp(`(support|unknown|unrecognized|unexpected|extra)[^.]{0,50}\\b${name}\\b`, "i").test(text) ||
      new RegExp(`\\b${name}\\b (role )?(is |are )?(not|un)[ -]?(support|allow|permit|known|recogni)`, "i").test(text)
    )
    : [];
  if (isRefusal && !fields.includes("think") && /does not support thinking/.test(text)) fields.push("think");
  const isTooLarge = saysTooLarge({ codes, text: isRefusal ? text : "" }) || status === 413 ||
    /too large to process|physical batch size/i.test(text);
  return {
    ...(status !== undefined && { status }),
    ...(fields.length > 0 && { fields }),
    ...(isTooLarge && { tooLarge: sizesIn(error, text) }),
    ...(!isTooLarge && OUTGROWN.test(text) && { outgrown: true }),
  };
}

/** What llama.cpp says when it ends all answers at once; 500, mostly within the stream. */
const OUTGROWN = /context size has been exceeded|could not find a kv slot|kv cache is full/i;

/**
 * Retry-After, a number of seconds or a date; `retry-after-ms`, which OpenAI sends too, is finer.
 *
 * @see RFC 9110, 10.2.3
 */
function readRetryAfter(headers: Headers): RetryAfter | undefined {
  const fine = headers.get("retry-after-ms") ?? "", coarse = headers.get("retry-after") ?? "";
  if (NUMBER.test(fine)) return { inMs: Math.ceil(Number(fine)) };
  if (NUMBER.test(coarse)) return { inMs: Math.ceil(Number(coarse) * 1000) };
  const atMs = Date.parse(coarse), nowMs = Date.parse(headers.get("date") ?? "");
  if (Number.isNaN(atMs)) return undefined;
  // By the server's own clock, where it tells the time: ours may be another.
  return Number.isNaN(nowMs) ? { atMs } : { inMs: Math.max(0, atMs - nowMs) };
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

/** The error in a body: `{"error":{"code":"model_not_found","type":"…"}}` as OpenAI has it, or the body itself. */
function errorFrom(body: string): JsonObject {
  let value: unknown;
  try {
    value = JSON.parse(body);
  } catch {
    return {};
  }
  // Gemini puts the error of a stream into a list.
  const [first]: unknown[] = Array.isArray(value) ? value : [value];
  if (!isObject(first)) return {};
  return isObject(first.error) ? first.error : first;
}

/** The machine's words of an error. The sentence beside them may quote the query or the key, so it is left out. */
function codesOf({ code, type, status }: JsonObject): string[] {
  const words = [code, type, status].filter((word): word is string =>
    typeof word === "string" && /^[A-Za-z_]{1,64}$/.test(word) && !/^(?:none|null)$/i.test(word)
  );
  return [...new Set(words)];
}
