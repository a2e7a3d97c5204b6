/** The servers in `examples/`, as the documents start them, with the real agent. @module */

import { assertEquals, assertStringIncludes } from "@std/assert";
import { startAgent } from "../support/agent.ts";
import { fileUrl } from "../support/documents.ts";
import { readLines } from "../support/lines.ts";
import { createWatch } from "../support/watch.ts";

const CONFIG = fileUrl("deno.json").pathname, LOCK = fileUrl("tests/deno.lock").pathname;

Deno.test("examples/server.ts answers a POST with an agent's answer, also one that came before the agent", async () => {
  await using server = await startExample("server.ts", { WEBSOCKET_AUTH_TOKEN: "s3cret" });
  const ask = () => fetch(`http://localhost:${server.port}`, { method: "POST", body: "What is iExec?" });
  const early = ask();
  await using _agent = await startAgent({
    env: {
      USE_WEBSOCKET: "true",
      WEBSOCKET_URL: `ws://localhost:${server.port}`,
      WEBSOCKET_AUTH_TOKEN: "s3cret",
    },
  });
  for (const response of [await early, await ask()]) {
    assertEquals(response.status, 200);
    assertStringIncludes(await response.text(), "iExec");
  }
});

Deno.test("examples/server.mjs, for Node with express and ws, prints the answer to a posted question", async () => {
  await using server = await startExample("server.mjs");
  await using _agent = await startAgent({
    env: { USE_WEBSOCKET: "true", WEBSOCKET_URL: `ws://localhost:${server.port}` },
  });
  await server.printed(/^Agent (\S+) connected$/);
  const posted = await fetch(`http://localhost:${server.port}/api/query`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ query: "What is iExec?", userId: "user-123" }),
  });
  const { success, eventId } = await posted.json() as { success: boolean; eventId: string };
  assertEquals(success, true);
  assertStringIncludes(await server.printed(new RegExp(`^Response from \\S+ to ${eventId}: (.+)$`)), "iExec");
});

/** Run a server in `examples/` on a port that the system picks. The one for Node runs on Deno's Node. */
async function startExample(file: string, env: Record<string, string> = {}): Promise<
  AsyncDisposable & {
    readonly port: number;
    /** The text that the pattern's group matches in the first printed line that fits. */
    printed(pattern: RegExp): Promise<string>;
  }
> {
  await using stack = new AsyncDisposableStack();
  const path = fileUrl(`examples/${file}`).pathname;
  const child = new Deno.Command(Deno.execPath(), {
    args: [
      "run",
      "--no-prompt",
      `--config=${CONFIG}`,
      `--lock=${LOCK}`,
      "--allow-net",
      "--allow-env",
      "--allow-read",
      path,
    ],
    env: { ...env, PORT: "0", NO_COLOR: "1" },
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const lines: string[] = [];
  const watch = createWatch({ report: () => lines.join("\n") });
  const take = (line: string) => {
    lines.push(line);
    watch.changed();
  };
  const reading = Promise.all([readLines(child.stdout, take), readLines(child.stderr, take)]);
  stack.defer(async () => {
    child.kill("SIGKILL");
    await child.status;
    await reading;
    watch[Symbol.dispose]();
  });
  const printed = (pattern: RegExp) =>
    watch.until(`a line like ${pattern}`, () => lines.map((line) => pattern.exec(line)?.[1]).find((part) => part));
  const port = Number(await printed(/(?:port |:)(\d+)\/?\s*$/));
  const owned = stack.move();
  return { port, printed, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}
