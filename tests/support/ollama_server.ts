/**
 * A real Ollama with a real small model, where it is installed: AGENT_OLLAMA names a folder with the program at
 * `bin/ollama`, and the model that `.ci/llama` brings at `model.gguf`.
 * @module
 */

import { freePort } from "./llama_server.ts";

const FOLDER = Deno.env.get("AGENT_OLLAMA");

/** Qwen's own form of a conversation; one thread, since two wait for each other on a busy machine. */
const MODELFILE = `FROM ${FOLDER}/model.gguf
TEMPLATE """{{- range .Messages }}<|im_start|>{{ .Role }}
{{ .Content }}<|im_end|>
{{ end }}<|im_start|>assistant
"""
PARAMETER stop <|im_end|>
PARAMETER num_thread 1
`;
/** The same model with the template that Ollama makes up: only the last message reaches it. */
const BARE_MODELFILE = `FROM ${FOLDER}/model.gguf\nTEMPLATE {{ .Prompt }}\nPARAMETER num_thread 1\n`;

export interface OllamaServer extends AsyncDisposable {
  readonly port: number;
  /** What OLLAMA_SERVER_URL is set to. */
  readonly url: string;
  kill(signal: Deno.Signal): void;
}

/** A test with a real Ollama; where there is none it is ignored, in CI too: building one takes minutes. */
export function testWithOllama(name: string, fn: () => Promise<void>): void {
  const reason = FOLDER === undefined ? "AGENT_OLLAMA is not set: see tests/support/ollama_server.ts" : undefined;
  Deno.test({ name: reason === undefined ? name : `${name} (ignored: ${reason})`, ignore: reason !== undefined, fn });
}

/**
 * Start one, with the models `qwen` and `bare`.
 *
 * @param options `models`: the folder of its models, which the caller removes; `port`: default one that is free.
 */
export async function startOllama(
  { models, port = freePort() }: { models: string; port?: number },
): Promise<OllamaServer> {
  const env = {
    OLLAMA_HOST: `127.0.0.1:${port}`,
    OLLAMA_MODELS: `${models}/models`,
    HOME: models,
    OLLAMA_NO_CLOUD: "1",
  };
  const program = `${FOLDER}/bin/ollama`;
  const child = new Deno.Command(program, { args: ["serve"], env, stdin: "null", stdout: "null", stderr: "null" })
    .spawn();
  const url = `http://127.0.0.1:${port}`;
  // It has no way to tell that it listens.
  while (!await isThere(url)) await new Promise((resolve) => setTimeout(resolve, 50));
  for (const [name, text] of [["qwen", MODELFILE], ["bare", BARE_MODELFILE]] as const) {
    Deno.writeTextFileSync(`${models}/${name}`, text);
    const { success, stderr } = await new Deno.Command(program, {
      args: ["create", name, "-f", `${models}/${name}`],
      env,
      stdout: "null",
      stderr: "piped",
    }).output();
    if (!success) throw new Error(`ollama create: ${new TextDecoder().decode(stderr)}`);
  }
  return {
    port,
    url,
    kill: (signal) => child.kill(signal),
    async [Symbol.asyncDispose]() {
      try {
        child.kill("SIGTERM");
      } catch (error) {
        // It has ended already.
        if (!(error instanceof TypeError || error instanceof Deno.errors.NotFound)) throw error;
      }
      await child.status;
    },
  };
}

async function isThere(url: string): Promise<boolean> {
  try {
    const response = await fetch(url);
    await response.body?.cancel();
    return response.ok;
  } catch {
    // Nobody listens yet.
    return false;
  }
}
