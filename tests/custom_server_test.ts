/** The real program, against a server of the kind the guide tells its readers to write. @module */

import { assertEquals, assertNotEquals } from "@std/assert";
import { startCustomServer } from "./custom_server.ts";
import { startAgent } from "./support/agent.ts";

Deno.test("an event posted to the REST endpoint of the guide's express and ws server is answered", async () => {
  await using server = await startCustomServer();
  await using _agent = await startAgent({ env: { USE_WEBSOCKET: "true", WEBSOCKET_URL: server.webSocketUrl } });
  const agentId = await server.agent();
  const posted = await fetch(`${server.url}/api/query`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ query: "What is iExec?", userId: "user-123" }),
  });
  const { success, eventId } = await posted.json() as { success: boolean; eventId: string };
  assertEquals(success, true);
  const response = await server.response(eventId);
  assertEquals([response.queryId, response.agentId], [eventId, agentId]);
  assertNotEquals(response.response, "");
});
