/** The servers that the README shows, as it shows them, with the real agent. @module */

import { assertEquals, assertStringIncludes } from "@std/assert";
import { startAgent } from "../support/agent.ts";
import { readLines } from "../support/lines.ts";
import { createWatch } from "../support/watch.ts";
import { makeFolder } from "../support/folder.ts";

const README = Deno.readTextFileSync(new URL("../../README.md", import.meta.url));
const CONFIG = new URL("../../deno.json", import.meta.url).pathname;

Deno.test("the README's server in Deno has 40 lines, and answers a POST with what an agent says", async () => {
  const source = block("ts");
  assertEquals(source.trim().split("\n").length, 40);
  await using server = await startShown(source, { extension: "ts", env: { WEBSOCKET_AUTH_TOKEN: "s3cret" } });
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

Deno.test("the README's server in Node, which is the guide's, gets the answer to what was posted", async () => {
  await using server = await startShown(block("js"), { extension: "mjs" });
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

/** The first block of code in this language under "Your own server". */
function block(language: string): string {
  const section = README.slice(README.indexOf("\n## Your own server\n"));
  const [, source] = new RegExp(`^\`\`\`${language}\\n([^]*?)^\`\`\`$`, "m").exec(section) ?? [];
  if (source === undefined) throw new Error(`README.md shows no server in ${language}`);
  return source;
}

/** Run a program of the README on a port that the system picks. The one for Node runs on Deno's Node. */
async function startShown(source: string, options: { extension: string; env?: Record<string, string> }): Promise<
  AsyncDisposable & {
    readonly port: number;
    /** What the pattern's group matches in the first printed line that fits. */
    printed(pattern: RegExp): Promise<string>;
  }
> {
  await using stack = new AsyncDisposableStack();
  const folder = stack.use(makeFolder());
  const path = `${folder.path}/server.${options.extension}`;
  await Deno.writeTextFile(path, source);
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "--no-prompt", `--config=${CONFIG}`, "--allow-net", "--allow-env", "--allow-read", path],
    env: { ...options.env, PORT: "0", NO_COLOR: "1" },
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const lines: string[] = [];
  const watch = createWatch({ report: () => lines.join("\n") });
  const told = (line: string) => {
    lines.push(line);
    watch.changed();
  };
  const reading = Promise.all([readLines(child.stdout, told), readLines(child.stderr, told)]);
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
