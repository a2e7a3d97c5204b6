/** Answers over plain HTTP. @module */

const SECURITY = { "x-content-type-options": "nosniff", "cache-control": "no-store" };

export function text(status: number, body: string, headers: Record<string, string> = {}): Response {
  return new Response(`${body}\n`, {
    status,
    headers: { "content-type": "text/plain; charset=utf-8", ...SECURITY, ...headers },
  });
}

export function json(status: number, body: unknown, headers: Record<string, string> = {}): Response {
  return new Response(`${JSON.stringify(body)}\n`, {
    status,
    headers: { "content-type": "application/json", ...SECURITY, ...headers },
  });
}
