/** What ten megabytes of knowledge cost: the start, an answer, memory. The real program, as a task. @module */

import { readEntries, startCommand } from "../support/agent.ts";
import { corpus, NEEDLE } from "../support/corpus.ts";
import { makeFolder } from "../support/folder.ts";

/** Milliseconds and megabytes (10⁶ bytes) of one run. */
export interface KnowledgeRun {
  /** Processor time from the start of the program to its end: on a quiet machine, about as long as it takes. */
  readonly ms: number;
  /** The most that it held. */
  readonly peakMb: number;
}

/** A cold start, which indexes, warm ones, and what a question costs beyond the first. */
export interface KnowledgeFigures {
  readonly cold: KnowledgeRun;
  readonly warm: KnowledgeRun;
  readonly answerMs: number;
}

const EXTRA_QUESTIONS = 500;
/** Milliseconds between two looks at the memory. */
const LOOK_MS = 10;

/** Measure with so much knowledge, in bytes; 0 is the built-in character. */
export async function knowledgeFigures(bytes: number): Promise<KnowledgeFigures> {
  await using folder = makeFolder();
  const text = bytes > 0 ? corpus(bytes) : "";
  const env: Record<string, string> = {};
  if (bytes > 0) {
    Deno.writeTextFileSync(`${folder.path}/text.md`, text);
    const character = { name: "Librarian", bio: "Has read it all.", knowledge: [{ path: "text.md" }] };
    Deno.writeTextFileSync(`${folder.path}/c.json`, JSON.stringify(character));
    env.AGENT_CHARACTER = "c.json";
  }
  Deno.mkdirSync(`${folder.path}/iexec_in`);
  // Different questions, in the words of the knowledge.
  const words = text.slice(0, 500_000).match(/[a-z]{5,}/g) ??
    ["iExec", "voucher", "worker", "enclave", "token", "order"];
  const query = (n: number) =>
    n === 0 ? NEEDLE.question : `What is ${[1, 7, 31].map((at) => words[n * at % words.length])}?`;
  let asked = 0;
  const run = async (count: number): Promise<KnowledgeRun> => {
    const events = Array.from({ length: count }, (_, n) => ({ id: `q${asked++}`, query: query(n), timestamp: 1 }));
    Deno.writeTextFileSync(`${folder.path}/iexec_in/events.json`, JSON.stringify(events));
    const result = await runTask(folder.path, env);
    const answers = readEntries(`${folder.path}/iexec_out/responses.json`)!;
    if (answers.length !== asked) throw new Error(`${answers.length} answers to ${asked} questions`);
    if (bytes > 0 && !NEEDLE.answer.test(answers[0]!.response!)) throw new Error("The needle was not found");
    return result;
  };
  const cold = await run(1), warmRuns = [await run(1), await run(1), await run(1)];
  const warm = warmRuns.toSorted((a, b) => a.ms - b.ms)[0]!;
  const many = await run(1 + EXTRA_QUESTIONS);
  return { cold, warm, answerMs: (many.ms - warm.ms) / EXTRA_QUESTIONS };
}

/** Run the program as a task in a folder that has its input. */
export async function runTask(cwd: string, env: Record<string, string>): Promise<KnowledgeRun> {
  const [command, ...args] = startCommand(["--once"]);
  const child = new Deno.Command(command, {
    args,
    cwd,
    env: { ...env, LOG_LEVEL: "error" },
    stdout: "null",
    stderr: "inherit",
  }).spawn();
  let last: KnowledgeRun = { ms: 0, peakMb: 0 };
  const looking = setInterval(() => last = usageOf(child.pid) ?? last, LOOK_MS);
  const { code } = await child.status;
  clearInterval(looking);
  if (code !== 0) throw new Error(`The task ended with ${code}`);
  return last;
}

/** Linux counts processor time in hundredths of a second. */
const TICK_MS = 10;

/** What a process has used so far; none once it is gone. By `cat`, since Deno shows /proc only to who may do everything. */
export function usageOf(pid: number): KnowledgeRun | undefined {
  const files = ["status", "stat"].map((name) => `/proc/${pid}/${name}`);
  const text = new TextDecoder().decode(new Deno.Command("cat", { args: files, stderr: "null" }).outputSync().stdout);
  // One that has ended and was not waited for yet has no memory any more.
  const [, peakKb] = /^VmHWM:\s*(\d+) kB$/m.exec(text) ?? [];
  // Behind the name, which may hold anything: user and system time are the 12th and 13th. @see proc_pid_stat(5)
  const fields = text.split(") ").at(-1)!.split(" ");
  if (peakKb === undefined || fields.length < 13) return undefined;
  return { ms: (Number(fields[11]) + Number(fields[12])) * TICK_MS, peakMb: Number(peakKb) * 1024 / 1e6 };
}

if (import.meta.main) {
  for (const bytes of [0, 10_000_000]) {
    const { cold, warm, answerMs } = await knowledgeFigures(bytes);
    const shown = ({ ms, peakMb }: KnowledgeRun) => `${ms.toFixed(0)} ms, at most ${peakMb.toFixed(0)} MB`;
    console.log(`${bytes} bytes: cold ${shown(cold)}; warm ${shown(warm)}; ${answerMs.toFixed(2)} ms an answer`);
  }
}
