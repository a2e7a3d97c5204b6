/** Answers over plain HTTP. @module */

const SECURITY = { "x-content-type-options": "nosniff", "cache-control": "no-store" };

/** A line of text. */
export function text(status: number, body: string, headers: Record<string, string> = {}): Response {
  return new Response(`${body}\n`, {
    status,
    headers: { "content-type": "text/plain; charset=utf-8", ...SECURITY, ...headers },
  });
}

/** A line of JSON. */
export function json(status: number, body: unknown, headers: Record<string, string> = {}): Response {
  return new Response(`${JSON.stringify(body)}\n`, {
    status,
    headers: { "content-type": "application/json", ...SECURITY, ...headers },
  });
}

/** Server-sent events. */
export function eventStreamResponse(body: ReadableStream<Uint8Array> | null): Response {
  return new Response(body, { headers: { "content-type": "text/event-stream", ...SECURITY } });
}
