/** `agent chat` as a process: lines in, what it prints out. @module */

import { inherited, startCommand } from "./agent.ts";
import { createWatch } from "./watch.ts";

/** Start a chat; what it prints is watched. */
export function startChat(options: { folder: string; env?: Record<string, string>; args?: readonly string[] }) {
  let stdout = "";
  const watch = createWatch({ report: () => stdout });
  const [command, ...args] = startCommand(["chat", ...options.args ?? []]);
  const child = new Deno.Command(command, {
    args,
    cwd: options.folder,
    clearEnv: true,
    env: { ...inherited(["PATH", "HOME", "DENO_DIR", "XDG_CACHE_HOME"]), ...options.env },
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  let isRunning = true;
  const writer = child.stdin.getWriter();
  const reading = (async () => {
    for await (const text of child.stdout.pipeThrough(new TextDecoderStream())) {
      stdout += text;
      watch.changed();
    }
  })();
  const stderr = new Response(child.stderr).text();
  const ended = (async () => {
    const { code } = await child.status.finally(() => isRunning = false);
    await reading;
    return { code, stdout, stderr: await stderr };
  })();
  return {
    say: (line: string) => writer.write(new TextEncoder().encode(`${line}\n`)),
    write: (bytes: Uint8Array) => writer.write(bytes),
    end: () => writer.close(),
    printed: (part: string) => watch.until(part, () => stdout.includes(part) ? true : undefined),
    kill: (signal: "SIGINT" | "SIGTERM") => child.kill(signal),
    ended,
    async [Symbol.asyncDispose]() {
      if (isRunning) child.kill("SIGKILL");
      await ended;
      await writer.abort().catch(() => {}); // its input may have ended before, or never
      watch[Symbol.dispose]();
    },
  };
}

/** All that is said is there before the first answer is. */
export async function chatOver(options: Parameters<typeof startChat>[0], ...lines: string[]) {
  await using chat = startChat(options);
  if (lines.length > 0) await chat.say(lines.join("\n"));
  await chat.end();
  return await chat.ended;
}
