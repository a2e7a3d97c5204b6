/** From start to first answer, and memory after it: the sources beside the executable, in turns. @module */

import { sourcesCommand } from "../support/agent.ts";
import { makeFolder } from "../support/folder.ts";

/** Of one start. */
export interface Start {
  readonly answerMs: number;
  /** Resident memory a while after the answer, in bytes. */
  readonly idleBytes: number;
}

/** How long the agent rests before its memory is read, in milliseconds. */
const REST_MS = 1_000;

/** Start the sources and the executable at `path` in turns, `rounds` times each. */
export async function compareStarts(path: string, rounds: number): Promise<{ sources: Start[]; executable: Start[] }> {
  const sources: Start[] = [], executable: Start[] = [];
  for (let round = 0; round < rounds; round++) {
    sources.push(await startOnce(sourcesCommand([])));
    executable.push(await startOnce([path]));
  }
  return { sources, executable };
}

async function startOnce([command, ...args]: readonly string[]): Promise<Start> {
  await using folder = makeFolder();
  const { path } = folder;
  Deno.mkdirSync(`${path}/iexec_in`);
  Deno.writeTextFileSync(
    `${path}/iexec_in/events.json`,
    JSON.stringify([{ id: "q1", query: "What is iExec?", timestamp: 1 }]),
  );
  const startedMs = performance.now();
  const child = new Deno.Command(command!, { args, cwd: path, stdin: "null", stdout: "null", stderr: "null" }).spawn();
  try {
    while (!isAnswered(`${path}/iexec_out/responses.json`)) await rest(1);
    const answerMs = performance.now() - startedMs;
    await rest(REST_MS);
    const { stdout } = await new Deno.Command("ps", { args: ["-o", "rss=", "-p", String(child.pid)] }).output();
    return { answerMs, idleBytes: Number(new TextDecoder().decode(stdout)) * 1024 };
  } finally {
    child.kill("SIGKILL");
    await child.status;
  }
}

/** Whether the answer is in the file, which may be read halfway through being written. */
function isAnswered(path: string): boolean {
  try {
    return Deno.readTextFileSync(path).includes('"queryId":"q1"');
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

function rest(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
