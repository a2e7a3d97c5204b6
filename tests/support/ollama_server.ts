/**
 * A real Ollama with a real small model, where it is installed: AGENT_OLLAMA names a folder with the program at
 * `bin/ollama`, and the model that `.ci/llama` brings at `model.gguf`. CI has none: it is in no package registry, and to
 * build it from its Go module takes 5 to 8 minutes on two cores.
 * @module
 */

import { readLines } from "./lines.ts";
import { freePort } from "./ports.ts";
import { createWatch } from "./watch.ts";

const FOLDER = Deno.env.get("AGENT_OLLAMA");
const PROGRAM = `${FOLDER}/bin/ollama`;

/** The models that can be had, by name. One thread, since two wait for each other on a busy machine. */
const MODELFILES = {
  /** With Qwen's own form of a conversation. */
  qwen: `FROM ${FOLDER}/model.gguf
TEMPLATE """{{- range .Messages }}<|im_start|>{{ .Role }}
{{ .Content }}<|im_end|>
{{ end }}<|im_start|>assistant
"""
PARAMETER stop <|im_end|>
PARAMETER num_thread 1
`,
  /** The same with the template that Ollama makes up: only the last message reaches it. */
  bare: `FROM ${FOLDER}/model.gguf\nTEMPLATE {{ .Prompt }}\nPARAMETER num_thread 1\n`,
} as const;

/** Milliseconds between two looks at what has no way to tell by itself. */
const LOOK_MS = 50;
/** Looks in a row at which a runner sleeps that has nothing to do, one that works never does; and looks in all. */
const LOOKS = { atRest: 10, most: 1_200 };

export interface OllamaServer extends AsyncDisposable {
  readonly port: number;
  /** What OLLAMA_SERVER_URL is set to. */
  readonly url: string;
  /** The first line of its log that has `part` in it. */
  logged(part: string): Promise<string>;
  /** Signal the server, but not the processes that run its models. */
  signal(signal: "SIGSTOP" | "SIGCONT"): void;
  /** Kill it with the processes that run its models; it leaves those behind where it is killed alone. */
  kill(): Promise<void>;
  /** Kill the processes that run its models. */
  killRunners(): Promise<void>;
  /** Resolves once none of them computes anything. @throws {Error} If that takes more than a minute or so. */
  atRest(): Promise<void>;
}

/** A test with a real Ollama; where there is none it is ignored, in CI too. */
export function testWithOllama(name: string, fn: () => Promise<void>): void {
  const reason = FOLDER === undefined ? "AGENT_OLLAMA is not set: see tests/support/ollama_server.ts" : undefined;
  Deno.test({ name: reason === undefined ? name : `${name} (ignored: ${reason})`, ignore: reason !== undefined, fn });
}

/**
 * Start one.
 *
 * @param options `folder`: for its models, which the caller removes; `models`: those that it is to have, default `qwen`
 * alone; `port`: default one that is free; `env`: its settings.
 */
export async function startOllama(
  { folder, models = ["qwen"], port = freePort(), env: settings = {} }: {
    folder: string;
    models?: readonly (keyof typeof MODELFILES)[];
    port?: number;
    env?: Record<string, string>;
  },
): Promise<OllamaServer> {
  const env = {
    OLLAMA_HOST: `127.0.0.1:${port}`,
    OLLAMA_MODELS: `${folder}/models`,
    HOME: folder,
    OLLAMA_NO_CLOUD: "1",
    ...settings,
  };
  const child = new Deno.Command(PROGRAM, { args: ["serve"], env, stdin: "null", stdout: "piped", stderr: "piped" })
    .spawn();
  const lines: string[] = [];
  const watch = createWatch({ report: () => lines.slice(-20).join("\n") });
  const note = (line: string) => {
    lines.push(line);
    watch.changed();
  };
  const reading = Promise.all([child.stdout, child.stderr].map((stream) => readLines(stream, note)));
  const url = `http://127.0.0.1:${port}`;
  await watch.until("Ollama listens", () => lines.find((line) => line.includes("Listening on")));
  for (const name of models) await createModel(name, { folder, env });
  let killing: Promise<void> | undefined;
  const kill = () =>
    killing ??= (async () => {
      const runners = await runnersOf(child.pid);
      child.kill("SIGKILL");
      runners.forEach(({ pid }) => killIfThere(pid));
      await child.status;
      await reading;
      watch[Symbol.dispose]();
    })();
  return {
    port,
    url,
    logged: (part) => watch.until(`a line with ${part}`, () => lines.find((line) => line.includes(part))),
    signal: (signal) => child.kill(signal),
    kill,
    async killRunners() {
      (await runnersOf(child.pid)).forEach(({ pid }) => killIfThere(pid));
    },
    async atRest() {
      for (let looks = 0, rested = 0; rested < LOOKS.atRest; looks++) {
        if (looks === LOOKS.most) throw new Error("Ollama goes on with its work");
        await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
        rested = (await runnersOf(child.pid)).every(({ isAtWork }) => !isAtWork) ? rested + 1 : 0;
      }
    },
    [Symbol.asyncDispose]: kill,
  };
}

async function createModel(
  name: keyof typeof MODELFILES,
  { folder, env }: { folder: string; env: Record<string, string> },
): Promise<void> {
  const path = `${folder}/${name}`;
  Deno.writeTextFileSync(path, MODELFILES[name]);
  const command = new Deno.Command(PROGRAM, {
    args: ["create", name, "-f", path],
    env,
    stdout: "null",
    stderr: "piped",
  });
  const { success, stderr } = await command.output();
  if (!success) throw new Error(`ollama create: ${new TextDecoder().decode(stderr)}`);
}

/** The processes that run a server's models, and whether any thread of each computes. */
async function runnersOf(server: number): Promise<{ pid: number; isAtWork: boolean }[]> {
  const { stdout } = await new Deno.Command("ps", { args: ["-L", "-o", "pid=,stat=", "--ppid", `${server}`] }).output();
  const threads = new TextDecoder().decode(stdout).trim().split("\n").filter((line) => line !== "")
    .map((line) => line.trim().split(/\s+/));
  return [...Map.groupBy(threads, ([pid]) => Number(pid))].map(([pid, own]) => ({
    pid,
    isAtWork: own.some(([, state]) => state?.startsWith("R")),
  }));
}

function killIfThere(pid: number): void {
  try {
    Deno.kill(pid, "SIGKILL");
  } catch (error) {
    // It has ended already.
    if (!(error instanceof TypeError || error instanceof Deno.errors.NotFound)) throw error;
  }
}
