/** A test server with one agent on it that says what the test tells it to. @module */

import type { TestServerOptions } from "../../src/test_server/server.ts";
import { type Client, connect } from "../support/client.ts";
import { type ServerUnderTest, startServer } from "../support/server.ts";

/** A server and its agent. */
export interface AgentServer extends AsyncDisposable {
  readonly server: ServerUnderTest;
  readonly agent: Client;
}

/** Start a server without samples, and an agent that has authenticated there. */
export async function startWithAgent(agentId: string, options: Partial<TestServerOptions> = {}): Promise<AgentServer> {
  await using stack = new AsyncDisposableStack();
  const server = stack.use(await startServer({ events: [], ...options }));
  const agent = stack.use(await connect(server.url));
  agent.authenticate({ agentId });
  await agent.received(1);
  const owned = stack.move();
  return { server, agent, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}

/** Where the server answers REST. */
export function http(server: ServerUnderTest): string {
  return server.url.replace("ws:", "http:");
}
