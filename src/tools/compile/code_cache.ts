/**
 * V8's code cache of the program, for the executable: what V8 compiles from the start to the first answers, so that it
 * need not do it again at every start. It saves 55 of 185 ms of processor time (measured with Deno 2.7.11).
 *
 * @module
 */

import { Buffer } from "node:buffer";
import { EXIT, FatalError } from "../../errors.ts";

/** The cache's file; an empty one is none. */
export const CODE_CACHE = "program.cache";
/** The entry that writes it. */
export const MAKER = "cache_maker.js";
/** The file that the maker writes, where it is run. */
const MADE = "made.cache";

/** The questions of the run: alone and in a conversation, answered and declined. */
const EVENTS = [
  { id: "1", query: "What is iExec?", timestamp: 1 },
  { id: "2", query: "Hi, how do I build an app with it?", timestamp: 2, metadata: { userId: "u" } },
];

/** Runs at most, until two of them have made the same. */
const MOST_RUNS = 6;

/**
 * Make the cache by running the program: V8's own compiler is no library. The same program gives the same bytes, as
 * long as the same of it runs: its clock is fixed, and two runs have to agree.
 *
 * @param maker Path of an executable of {@linkcode MAKER}.
 * @throws {FatalError} If the program can't be run, or makes something else each time.
 */
export async function makeCodeCache(maker: string): Promise<Uint8Array<ArrayBuffer>> {
  const made: Uint8Array<ArrayBuffer>[] = [];
  while (made.length < MOST_RUNS) {
    const cache = await runOnce(maker);
    if (made.some((other) => Buffer.compare(cache, other) === 0)) return cache;
    made.push(cache);
  }
  throw new FatalError(`Cannot compile: ${MOST_RUNS} runs of the program gave as many code caches`, EXIT.bug);
}

async function runOnce(path: string): Promise<Uint8Array<ArrayBuffer>> {
  const folder = Deno.makeTempDirSync({ prefix: "agent-compile-run-" });
  try {
    Deno.mkdirSync(`${folder}/iexec_in`);
    Deno.writeTextFileSync(`${folder}/iexec_in/events.json`, JSON.stringify(EVENTS));
    const command = new Deno.Command(path, { args: ["--once"], cwd: folder, clearEnv: true, stdin: "null" });
    const { code, stderr } = await command.output();
    if (code === 0) return Deno.readFileSync(`${folder}/${MADE}`);
    throw new FatalError(
      `Cannot compile: the program ended with ${code}:\n${new TextDecoder().decode(stderr)}`,
      EXIT.bug,
    );
  } finally {
    Deno.removeSync(folder, { recursive: true });
  }
}
