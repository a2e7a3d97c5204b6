/** A real llama.cpp server with a real small model, as `.ci/llama` brings them; AGENT_LLAMA names their folder. @module */

import { readLines } from "./lines.ts";
import { freePort } from "./ports.ts";

const SCRIPT = new URL("llama_server.py", import.meta.url).pathname;
const FOLDER = Deno.env.get("AGENT_LLAMA");

/** What the server is started with; see `llama_server.py`. */
export interface LlamaOptions {
  /** Default: one that the system picks. */
  readonly port?: number;
  /** Tokens of its window; default 4,096. */
  readonly window?: number;
  /** Answers at the same time; default 1. */
  readonly slots?: number;
  /** Whether these share the window; default false. */
  readonly shared?: boolean;
  /** Whether it makes embeddings, and no answers. */
  readonly embeddings?: boolean;
  /** Most tokens of one text that is embedded; default 512. */
  readonly batch?: number;
  /** Whether answers go on until a limit. */
  readonly endless?: boolean;
  readonly key?: string;
}

export interface LlamaServer extends AsyncDisposable {
  readonly port: number;
  /** What OPENAI_BASE_URL is set to. */
  readonly url: string;
  kill(signal: Deno.Signal): void;
  /** Resolves once answers are being made in `count` slots. */
  working(count: number): Promise<void>;
}

/** The reason why there is no server on this machine; undefined if there is one. */
export const NO_LLAMA = FOLDER === undefined ? "AGENT_LLAMA is not set: see .ci/llama" : undefined;

/** A test with a real server; where there is none it is ignored, in CI too, for others may take the model away. */
export function testWithLlama(name: string, fn: () => Promise<void>): void {
  Deno.test({
    name: NO_LLAMA === undefined ? name : `${name} (ignored: ${NO_LLAMA})`,
    ignore: NO_LLAMA !== undefined,
    fn,
  });
}

/** Start one; resolves once its model is loaded, or, with `loading`, at once. */
export async function startLlama(options: LlamaOptions = {}, { loading = false } = {}): Promise<LlamaServer> {
  const { port = freePort(), ...others } = options;
  const child = new Deno.Command(`${FOLDER}/venv/bin/python`, {
    args: [SCRIPT, `${FOLDER}/model.gguf`, `port=${port}`, ...Object.entries(others).map((pair) => pair.join("="))],
    stdin: "null",
    stdout: "piped",
    stderr: "null",
  }).spawn();
  const loaded = Promise.withResolvers<void>();
  const reading = readLines(child.stdout, (line) => {
    if (line.startsWith('{"address"')) loaded.resolve();
  });
  if (!loading) await loaded.promise;
  const isWorking = async () => {
    const slots: { is_processing: boolean }[] = await (await fetch(`http://127.0.0.1:${port}/slots`)).json();
    return slots.filter(({ is_processing }) => is_processing).length;
  };
  return {
    port,
    url: `http://127.0.0.1:${port}/v1`,
    kill: (signal) => child.kill(signal),
    async working(count) {
      // It has no way to tell by itself.
      while (await isWorking() !== count) await new Promise((resolve) => setTimeout(resolve, 50));
    },
    async [Symbol.asyncDispose]() {
      try {
        child.kill("SIGKILL");
      } catch (error) {
        // It has ended already.
        if (!(error instanceof TypeError || error instanceof Deno.errors.NotFound)) throw error;
      }
      await child.status;
      await reading;
    },
  };
}
