/** `deno task compile`: the program as one executable. @module */

import { parseArgs } from "node:util";
import { argumentsMessage, refuseRepeated } from "../../arguments_error.ts";
import { EXIT, FatalError } from "../../errors.ts";
import { openIfThereSync, pathProblem, removeIfThereSync } from "../../files.ts";
import { checkDenoVersion } from "../../program/deno_version.ts";
import { bundleProgram, LOCK } from "./bundle.ts";
import { checkBase, compileBundle, isTarget, type Target, TARGETS } from "./compile.ts";
import { commitOf } from "./commit.ts";
import { deno } from "./deno.ts";
import { allowedHosts } from "./permissions.ts";

const HELP = `Compiles the agent into one executable.

Usage: deno task compile [--target TARGET] [--output PATH]

  --target   ${TARGETS.join(" or ")}; default: this machine's
  --output   Where the executable goes; default: agent

AGENT_ALLOW_NET, a list such as host.example.org:443,10.0.0.7:8080, closes the network to all other hosts; "none" closes
it altogether, but for dstack's sockets. DENORT_BIN names a base runtime of this Deno's version; without it, Deno downloads its own.`;

async function main(args: string[]): Promise<void> {
  const { help, target, output } = readFlags(args);
  if (help) return console.log(HELP);
  checkDenoVersion(Deno.version.deno);
  const root = new URL("../../../", import.meta.url).pathname.slice(0, -1);
  const hosts = allowedHosts(Deno.env.get("AGENT_ALLOW_NET"));
  if (obeysChannel(Deno.version.deno)) {
    console.log(
      `An executable made with Deno ${Deno.version.deno} runs whatever file NODE_CHANNEL_FD and DENO_INTERNAL_CHILD_ENTRYPOINT ` +
        "lead to in place of the agent: for an enclave, whose host sets the environment, compile with Deno 2.7.11.",
    );
  }
  checkOutput(output);
  checkBase(target);
  using work = makeWorkFolder();
  await deno(["check", "--quiet", `--lock=${LOCK}`, "main.ts"], root);
  Deno.mkdirSync(`${work.path}/sources`);
  const bundle = await bundleProgram({ root, commit: await commitOf(root), folder: `${work.path}/sources` });
  Deno.mkdirSync(`${work.path}/bundle`);
  const built = await compileBundle(bundle, { target, hosts, folder: `${work.path}/bundle` });
  publish(built.path, output);
  const { cacheBytes } = built, own = bundle.values().reduce((sum, text) => sum + text.length, cacheBytes);
  console.log(`${output}: ${target}, ${megabytes(built.bytes)}, of which ${megabytes(own)} are the agent`);
  if (cacheBytes === 0) console.log("Without V8's code cache, since it is for another machine: it starts 0.1 s later.");
  console.log(`sha256 ${built.sha256}`);
}

/** Whether executables made with this version of Deno obey NODE_CHANNEL_FD: from 2.8.3 on. */
export function obeysChannel(version: string): boolean {
  return version.localeCompare("2.8.3", "en", { numeric: true }) >= 0;
}

function readFlags(args: string[]): { help: boolean; target: Target; output: string } {
  const own = Deno.build.target;
  try {
    const { values, tokens } = parseArgs({
      args,
      options: {
        help: { type: "boolean", default: false },
        target: { type: "string", default: isTarget(own) ? own : TARGETS[0] },
        output: { type: "string", default: "agent" },
      },
      tokens: true,
    });
    refuseRepeated({ tokens, values });
    const { help, target, output } = values;
    if (isTarget(target)) return { help, target, output };
    throw new Error(`--target: expected ${TARGETS.join(" or ")}, got ${target}`);
  } catch (error) {
    throw new FatalError(`${argumentsMessage(error)}. Call with --help to see what there is.`, EXIT.usage, {
      cause: error,
    });
  }
}

function makeWorkFolder(): Disposable & { readonly path: string } {
  const path = Deno.makeTempDirSync({ prefix: "agent-compile-" });
  return { path, [Symbol.dispose]: () => Deno.removeSync(path, { recursive: true }) };
}

/** Before the work of a minute: say whether the executable can be put there, and leave everything as it is. */
function checkOutput(output: string): void {
  try {
    // Whatever is no plain file would be replaced: /dev/null too.
    openIfThereSync(output, {})?.close();
    Deno.writeFileSync(besideOutput(output), new Uint8Array());
    Deno.removeSync(besideOutput(output));
  } catch (error) {
    throw notWritable(output, error);
  }
}

/** Replace the output by renaming, so that a running agent keeps the file it was started from. */
function publish(built: string, output: string): void {
  const beside = besideOutput(output);
  try {
    Deno.copyFileSync(built, beside);
    Deno.renameSync(beside, output);
  } catch (error) {
    removeIfThereSync(beside);
    throw notWritable(output, error);
  }
}

function besideOutput(output: string): string {
  return `${output}.new`;
}

function notWritable(output: string, cause: unknown): FatalError {
  return new FatalError(`Cannot write ${output}: ${pathProblem(cause).reason}`, EXIT.inputOutput, { cause });
}

function megabytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(1)} MB`;
}

if (import.meta.main) {
  try {
    await main(Deno.args);
  } catch (error) {
    if (!(error instanceof FatalError)) throw error;
    console.error(`compile: ${error.message}`);
    Deno.exitCode = error.exitCode;
  }
}
