/** The smallest server an agent can work for: answers a POST with an agent's answer. See docs/protocol.md. @module */

const token = Deno.env.get("WEBSOCKET_AUTH_TOKEN");
const agents = new Set<WebSocket>();
const unanswered = new Map<string, { event: string; settle: (reply: Response) => void }>();

const port = Number(Deno.env.get("PORT") ?? 8080);
Deno.serve({ hostname: "localhost", port }, async (request) => {
  // Browsers name the page that sends them; this server has none.
  if (request.headers.has("origin")) return new Response("Not for web pages\n", { status: 403 });
  if (request.headers.get("upgrade") === "websocket") {
    const { socket, response } = Deno.upgradeWebSocket(request);
    socket.onmessage = ({ data }) => receive(socket, JSON.parse(data));
    socket.onclose = () => agents.delete(socket);
    return response;
  }
  if (request.method !== "POST") return new Response("POST a question\n", { status: 405 });
  const id = crypto.randomUUID();
  const event = JSON.stringify({ id, query: await request.text(), timestamp: Date.now() });
  const { promise, resolve } = Promise.withResolvers<Response>();
  unanswered.set(id, { event, settle: resolve });
  const [agent] = agents; // the one that was asked longest ago
  if (agent) {
    agents.delete(agent);
    agents.add(agent);
    agent.send(event);
  }
  return await promise;
});

function receive(socket: WebSocket, message: Record<string, string>) {
  if (message.type === "auth") {
    if (token && message.token !== token) return socket.close(1008, "wrong token");
    agents.add(socket);
    socket.send(JSON.stringify({ type: "auth_success", timestamp: Date.now() }));
    // The same id is the same event, answered once: what may have been lost is sent again.
    for (const { event } of unanswered.values()) socket.send(event);
  }
  if (agents.has(socket) && message.type === "response") settle(message.queryId!, 200, message.response!);
  if (agents.has(socket) && message.status === "error") settle(message.eventId!, 502, message.error!);
}

function settle(id: string, status: number, text: string) {
  unanswered.get(id)?.settle(new Response(`${text}\n`, { status }));
  unanswered.delete(id);
}
