// @ts-check
// A server in Node with express and ws: sends each posted question to every agent and prints what comes back.
// See docs/protocol.md.
// @ts-types="npm:@types/express@5.0.6"
import express from "express";
import http from "node:http";
// @ts-types="npm:@types/ws@8.18.2"
import { WebSocket, WebSocketServer } from "ws";

const app = express();
const server = http.createServer(app);
const wss = new WebSocketServer({ server });
/**
 * The agents' ids by their connections: two agents may have the same id.
 *
 * @type {Map<WebSocket, string>}
 */
const agents = new Map();

wss.on("connection", (ws) => {
  ws.on("message", (data) => {
    const message = JSON.parse(data.toString());
    if (message.type === "auth") {
      agents.set(ws, message.agentId);
      console.log(`Agent ${message.agentId} connected`);
    }
    if (message.type === "response") {
      console.log(`Response from ${message.agentId} to ${message.queryId}: ${message.response}`);
    }
  });

  ws.on("close", () => {
    if (!agents.has(ws)) return;
    console.log(`Agent ${agents.get(ws)} disconnected`);
    agents.delete(ws);
  });
});

app.post("/api/query", express.json(), (req, res) => {
  const { query, userId } = req.body;
  const event = { id: `event-${crypto.randomUUID()}`, query, timestamp: Date.now(), metadata: { userId } };
  for (const ws of agents.keys()) {
    if (ws.readyState === WebSocket.OPEN) ws.send(JSON.stringify(event));
  }
  res.json({ success: true, eventId: event.id });
});

server.listen(Number(process.env.PORT ?? 8080), "localhost", () => {
  const { port } = /** @type {import("node:net").AddressInfo} */ (server.address());
  console.log(`Server listening on port ${port}`);
});
