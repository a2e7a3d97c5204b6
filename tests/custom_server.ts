/** A server of the kind the guide tells its readers to write, with express and ws: the protocol from the other side. @module */

// @ts-types="npm:@types/express@5.0.6"
import express from "express";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
// @ts-types="npm:@types/ws@8.18.2"
import { WebSocket, WebSocketServer } from "ws";
import { z } from "zod";
import { createWatch } from "./support/watch.ts";

export interface CustomServer extends AsyncDisposable {
  /** `http://127.0.0.1:…`: POST /api/query, GET /api/agents, GET /api/responses, GET /api/responses/:id. */
  readonly url: string;
  /** `ws://127.0.0.1:…`: for WEBSOCKET_URL. */
  readonly webSocketUrl: string;
  /** Resolves with an agent's id as soon as one is connected: what is posted before reaches nobody. */
  agent(): Promise<string>;
  /** Resolves with the response to an event as soon as it is there. */
  response(eventId: string): Promise<StoredResponse>;
}

/** What an agent answered, as GET /api/responses/:id gives it. */
export interface StoredResponse {
  readonly queryId: string;
  readonly response: string;
  readonly timestamp: number;
  readonly agentId: string;
}

const message = z.discriminatedUnion("type", [
  z.object({ type: z.literal("auth"), agentId: z.string() }),
  z.object({ type: z.literal("ack"), eventId: z.string(), status: z.string() }),
  z.object({
    type: z.literal("response"),
    queryId: z.string(),
    response: z.string(),
    timestamp: z.number(),
    agentId: z.string(),
  }),
]);
const query = z.object({ query: z.string(), userId: z.string().optional() });

/** Start one on a port that the system picks. */
export async function startCustomServer(): Promise<CustomServer> {
  const agents = new Map<string, WebSocket>();
  const responses = new Map<string, StoredResponse>();
  const seen: string[] = [];
  const watch = createWatch({ report: () => seen.join("\n") });

  const app = express();
  const server = createServer(app);
  const sockets = new WebSocketServer({ server });

  sockets.on("connection", (socket) => {
    let agentId: string | undefined;
    socket.on("message", (data) => {
      seen.push(String(data));
      const received = message.parse(JSON.parse(String(data)));
      if (received.type === "auth") agents.set(agentId = received.agentId, socket);
      if (received.type === "response") {
        const { type: _, ...response } = received;
        responses.set(response.queryId, response);
      }
      watch.changed();
    });
    socket.on("close", () => {
      if (agentId !== undefined && agents.get(agentId) === socket) agents.delete(agentId);
    });
  });

  app.post("/api/query", express.json(), (request, reply) => {
    const body = query.safeParse(request.body);
    if (!body.success) {
      reply.status(400).json({ success: false, error: z.prettifyError(body.error) });
      return;
    }
    const { query: text, userId } = body.data;
    const event = { id: `event-${crypto.randomUUID()}`, query: text, timestamp: Date.now(), metadata: { userId } };
    for (const socket of agents.values()) {
      if (socket.readyState === WebSocket.OPEN) socket.send(JSON.stringify(event));
    }
    reply.json({ success: true, eventId: event.id });
  });
  app.get("/api/agents", (_, reply) => void reply.json([...agents.keys()]));
  app.get("/api/responses", (_, reply) => void reply.json([...responses.values()]));
  app.get("/api/responses/:id", (request, reply) => {
    const response = responses.get(request.params.id);
    reply.status(response ? 200 : 404).json(response ?? { error: "no response yet" });
  });

  const listening = Promise.withResolvers<void>();
  server.once("error", listening.reject);
  server.listen(0, "127.0.0.1", listening.resolve);
  await listening.promise;
  const { port } = server.address() as AddressInfo;

  return {
    url: `http://127.0.0.1:${port}`,
    webSocketUrl: `ws://127.0.0.1:${port}`,
    agent: () => watch.until("an agent", () => agents.keys().next().value),
    response: (eventId) => watch.until(`the response to ${eventId}`, () => responses.get(eventId)),
    async [Symbol.asyncDispose]() {
      watch[Symbol.dispose]();
      const closed = Promise.withResolvers<void>();
      for (const socket of sockets.clients) socket.close(1000);
      sockets.close();
      server.close(() => closed.resolve());
      server.closeIdleConnections();
      await closed.promise;
    },
  };
}
