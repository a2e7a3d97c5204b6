/**
 * OpenAI's interface, as OpenAI and those who follow it word it: server-sent events in a stream, errors as
 * `{"error":{"message":"…","type":"…","param":…,"code":…}}`.
 * @module
 */

import { lettersOf, plainBody, type Stage, streamed, type Turn } from "./model_server.ts";

const EVENT_STREAM = "text/event-stream; charset=utf-8";

/** Handles one request. `key`: the bearer token that it wants; `listed`: fields of each entry of its list. */
export function openaiRoutes({ key, listed = {} }: { key?: string | undefined; listed?: object } = {}) {
  return async (stage: Stage): Promise<Response> => {
    const { method, path, body, headers } = stage.seen;
    if (key !== undefined && headers.get("authorization") !== `Bearer ${key}`) return error({ status: 401 });
    switch (`${method} ${path.split("?")[0]}`) {
      case "GET /v1/models":
        return Response.json({
          object: "list",
          data: stage.models.map((id) => ({ id, object: "model", created: 1715367049, owned_by: "system", ...listed })),
        });
      case "POST /v1/embeddings": {
        if (!stage.models.includes(body.model)) return error({ status: 404 });
        const inputs: string[] = [body.input].flat();
        const data = inputs.map((text, index) => ({ object: "embedding", index, embedding: vectorOf(text) }));
        // The order is not promised: the index tells.
        return Response.json({
          object: "list",
          data: data.toReversed(),
          model: body.model,
          usage: { prompt_tokens: 8, total_tokens: 8 },
        });
      }
      case "POST /v1/chat/completions":
        if (!stage.models.includes(body.model)) return error({ status: 404 });
        return await complete(stage);
      default:
        return Response.json({ detail: "Not Found" }, { status: 404 });
    }
  };
}

async function complete(stage: Stage): Promise<Response> {
  const { body } = stage.seen;
  let turn = stage.next(body.messages.at(-1).content);
  const about = { id: "chatcmpl-B9MBs8CjcvOU2jLn4n570S5qMJKcT", created: 1741569952, model: body.model };
  const chunk = (delta: object, finish: string | null = null) =>
    `data: ${
      JSON.stringify({
        ...about,
        object: "chat.completion.chunk",
        service_tier: "default",
        system_fingerprint: "fp_06737a9306",
        choices: [{ index: 0, delta, logprobs: null, finish_reason: finish }],
      })
    }\n\n`;
  const pieces = (text: string) => [
    chunk({ role: "assistant", content: "", refusal: null }),
    ...lettersOf(text).map((content) => chunk({ content })),
  ];
  const last = (finish: string) => [chunk({}, finish), "data: [DONE]\n\n"];
  const send = (parts: readonly string[], end: "well" | "cut" | "stalled" = "well", everyMs?: number) =>
    streamed(parts, { type: EVENT_STREAM, end, stage, everyMs });

  if (turn === "held") turn = await stage.held() ?? turn;
  if (turn === "broken") {
    stage.cut();
    return send([]);
  }
  if (turn === "held") {
    return send([...pieces("released"), ...last("stop")]);
  }
  if ("status" in turn) return error(turn);
  if ("body" in turn) return plainBody(turn);
  if ("failWith" in turn) return send([...pieces("It"), `data: ${JSON.stringify({ error: turn.failWith })}\n\n`]);
  if ("stallAfter" in turn) return send(pieces(turn.stallAfter), "stalled");
  if ("breakAfter" in turn) return send(pieces(turn.breakAfter), "cut");
  if ("endAfter" in turn) return send(pieces(turn.endAfter));
  if ("failAfter" in turn) {
    const failure = { error: { message: "quoted-prompt-canary", type: "server_error", param: null, code: 500 } };
    return send([...pieces(turn.failAfter), `data: ${JSON.stringify(failure)}\n\n`, "data: [DONE]\n\n"]);
  }
  if ("garbleAfter" in turn) {
    return send([...pieces(turn.garbleAfter), `data: {"id":"x","choi\n\n`, ...pieces("end"), ...last("stop")]);
  }
  const { text, finish = "stop", thinking, whole, everyMs, tokens } = turn;
  if (whole || body.stream !== true) {
    return Response.json({
      ...about,
      object: "chat.completion",
      choices: [{
        index: 0,
        message: { role: "assistant", content: text, refusal: null, annotations: [] },
        logprobs: null,
        finish_reason: finish,
      }],
      usage: { prompt_tokens: 19, completion_tokens: tokens ?? 10, total_tokens: 29 },
      service_tier: "default",
    });
  }
  // As vLLM and llama.cpp send what a model thinks.
  const thoughts = lettersOf(thinking ?? "").map((letters) => chunk({ reasoning_content: letters }));
  const counts = { prompt_tokens: 19, completion_tokens: tokens ?? 10, total_tokens: 29 };
  const usage = body.stream_options?.include_usage
    ? [`data: ${JSON.stringify({ ...about, object: "chat.completion.chunk", choices: [], usage: counts })}\n\n`]
    : [];
  const [ended = "", done = ""] = last(finish);
  return send([...thoughts, ...pieces(text), ended, ...usage, done], "well", everyMs);
}

/** An error in OpenAI's words. Some quote the prompt, or a part of the key. */
function error({ status, headers = {}, code, error: worded }: Extract<Turn, { status: number }>): Response {
  const errors: Record<number, { message: string; type: string; code: string | null }> = {
    400: {
      message: "This model's maximum context length is 8192 tokens: quoted-prompt-canary",
      type: "invalid_request_error",
      code: "context_length_exceeded",
    },
    401: {
      message: "Incorrect API key provided: key-canary. You can find your API key in the dashboard.",
      type: "invalid_request_error",
      code: "invalid_api_key",
    },
    403: { message: "Country, region, or territory not supported", type: "request_forbidden", code: null },
    404: {
      message: "The model `x` does not exist or you do not have access to it.",
      type: "invalid_request_error",
      code: "model_not_found",
    },
    429: { message: "Rate limit reached for requests", type: "requests", code: "rate_limit_exceeded" },
    500: {
      message: "The server had an error while processing your request: quoted-prompt-canary",
      type: "server_error",
      code: null,
    },
    503: { message: "Loading model", type: "unavailable_error", code: null },
  };
  if (worded !== undefined) return Response.json({ error: worded }, { status, headers });
  const known = errors[status] ?? { message: "unknown", type: "unknown", code: null };
  return Response.json({ error: { ...known, param: null, ...(code && { code }) } }, { status, headers });
}

/** An embedding that tells texts apart. */
function vectorOf(text: string): number[] {
  return [text.length, text.charCodeAt(0) || 0, 1].map((number) => number / 1000);
}
