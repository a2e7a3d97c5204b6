/** `deno task dev`: what starts the agent again, and what ends it. @module */

import { assertEquals, assertStringIncludes } from "@std/assert";
import config from "../../../deno.json" with { type: "json" };
import { ROOT } from "../../../src/tools/agent_command.ts";
import { EXECUTABLE, inherited } from "../../support/agent.ts";
import { makeFolder } from "../../support/folder.ts";
import { readLines } from "../../support/lines.ts";
import { run } from "../../support/mount.ts";
import { testUnless } from "../../support/optional.ts";
import { createWatch } from "../../support/watch.ts";

/** What `deno task dev` runs, in another folder; or the same loop around any other program. */
function startDev(options: { folder: string; env?: Record<string, string>; args?: readonly string[] }) {
  const [, , ...words] = config.tasks.dev.command.split(" ");
  const lines: string[] = [];
  const watch = createWatch({ report: () => lines.join("\n") });
  const child = new Deno.Command(Deno.execPath(), {
    args: options.args
      ? [...options.args]
      : ["run", `--config=${ROOT}deno.json`, ...words.slice(0, -1), `${ROOT}${words.at(-1)}`],
    cwd: options.folder,
    clearEnv: true,
    env: { ...inherited(["PATH", "HOME", "DENO_DIR", "XDG_CACHE_HOME"]), ...options.env },
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  let isRunning = true;
  const reading = Promise.all([child.stdout, child.stderr].map((stream) =>
    readLines(stream, (line) => {
      lines.push(line);
      watch.changed();
    })
  ));
  const ended = (async () => {
    const { code } = await child.status.finally(() => isRunning = false);
    await reading;
    return { code, text: lines.join("\n") };
  })();
  return {
    shows: (part: string, { count } = { count: 1 }) =>
      watch.until(`${count} × ${part}`, () => lines.filter((line) => line.includes(part)).length >= count || undefined),
    kill: (signal: "SIGINT" | "SIGTERM") => child.kill(signal),
    ended,
    async [Symbol.asyncDispose]() {
      // Not SIGKILL: the agent that it started would be left over.
      if (isRunning) child.kill("SIGTERM");
      await ended;
      watch[Symbol.dispose]();
    },
  };
}

const QUESTION = (id: string) => [{ id, query: "When does the mill open?", timestamp: 1 }];

for (
  const [what, file, content] of [
    ["its character", "c.json", { name: "Miller", bio: "b", knowledge: ["The mill opens at seven."] }],
    ["its settings file", ".env", "AGENT_CHARACTER=other.json"],
  ] as const
) {
  // It runs the sources, whatever is tested otherwise.
  testUnless(
    EXECUTABLE && "an executable is tested",
    `a change of ${what} starts the agent again, which then answers by it`,
    async () => {
      await using files = makeFolder({
        ".env": "AGENT_CHARACTER=c.json",
        "c.json": { name: "Miller", bio: "b", knowledge: [{ path: "notes.md" }] },
        "other.json": { name: "Miller", bio: "b", knowledge: ["The mill opens at seven."] },
        "notes.md": "The mill opens at six.",
        "iexec_in/events.json": QUESTION("q1"),
      });
      await using dev = startDev({ folder: files.path });
      await dev.shows("The mill opens at six.");
      Deno.writeTextFileSync(`${files.path}/${file}`, typeof content === "string" ? content : JSON.stringify(content));
      await dev.shows("changed: starting again");
      await dev.shows("Agent started", { count: 2 });
      Deno.writeTextFileSync(`${files.path}/iexec_in/events.json`, JSON.stringify(QUESTION("q2")));
      await dev.shows("The mill opens at seven.");
      dev.kill("SIGINT");
      assertEquals((await dev.ended).code, 0);
    },
  );
}

testUnless(
  EXECUTABLE && "an executable is tested",
  "a change of its knowledge starts nothing again, and after a mistake in its character it waits for the next change",
  async () => {
    await using files = makeFolder({
      ".env": "AGENT_CHARACTER=c.json",
      "c.json": { name: "Miller", bio: "b", knowledge: [{ path: "notes.md" }] },
      "notes.md": "The mill opens at six.",
      "iexec_in/events.json": QUESTION("q1"),
    });
    const write = (file: string, content: string) => Deno.writeTextFileSync(`${files.path}/${file}`, content);
    await using dev = startDev({ folder: files.path });
    await dev.shows("The mill opens at six.");
    write("notes.md", "The mill opens at seven.");
    await dev.shows("Knowledge read again");
    write("iexec_in/events.json", JSON.stringify(QUESTION("q2")));
    await dev.shows("The mill opens at seven.");
    write("c.json", '{ "name": "Miller"');
    await dev.shows("It starts again when a file changes");
    write("c.json", JSON.stringify({ name: "Miller", bio: "b", knowledge: ["The mill opens at eight."] }));
    // The first start, and the one after the mistake was mended.
    await dev.shows("Agent started", { count: 2 });
    dev.kill("SIGINT");
    assertEquals((await dev.ended).code, 0);
  },
);

testUnless(
  EXECUTABLE && "an executable is tested",
  "a FIFO beside the settings file, or in its place, holds up neither the next start nor the end",
  async () => {
    await using files = makeFolder({ "iexec_in/events.json": QUESTION("q1") });
    await using dev = startDev({ folder: files.path });
    await dev.shows("Generated AI response");
    run("mkfifo", `${files.path}/pipe`);
    Deno.writeTextFileSync(`${files.path}/.env`, "LOG_LEVEL=debug");
    await dev.shows("Agent started", { count: 2 });
    Deno.removeSync(`${files.path}/.env`);
    run("mkfifo", `${files.path}/.env`);
    await dev.shows(".env is a FIFO, not a plain file");
    await dev.shows("It starts again when a file changes");
    dev.kill("SIGINT");
    assertEquals((await dev.ended).code, 78);
  },
);

testUnless(
  EXECUTABLE && "an executable is tested",
  "a wrong setting ends it with the agent's own exit code",
  async () => {
    await using files = makeFolder({ ".env": "LOG_LEVEL=loud" });
    const { code, text } = await startDev({ folder: files.path }).ended;
    assertEquals(code, 78);
    assertStringIncludes(text, "LOG_LEVEL: expected");
  },
);

Deno.test("a program that fails by a mistake in its source waits for a change, and Ctrl+C ends the wait", async () => {
  const loop = `
    import { develop } from ${JSON.stringify(`${ROOT}src/tools/dev/develop.ts`)};
    const path = Deno.cwd() + "/program.ts";
    const code = await develop({
      command: [Deno.execPath(), "run", "--no-config", path],
      watched: () => ({ files: [path], directories: [] }),
      env: {},
      say: console.error,
    });
    Deno.exit(code);`;
  await using files = makeFolder({ "loop.ts": loop, "program.ts": "throw new Error('first');" });
  await using dev = startDev({
    folder: files.path,
    args: ["run", "--quiet", "-A", `--config=${ROOT}deno.json`, "loop.ts"],
  });
  await dev.shows("The agent ended with 1.");
  Deno.writeTextFileSync(`${files.path}/program.ts`, "throw new Error('second');");
  await dev.shows("second");
  await dev.shows("The agent ended with 1.", { count: 2 });
  dev.kill("SIGINT");
  assertEquals((await dev.ended).code, 1);
});
