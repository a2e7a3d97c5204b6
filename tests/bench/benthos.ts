/** Benthos, an event processor in Go, answering the same events: built from its public module where Go is there. @module */

import { startClient } from "./peer.ts";

const SOURCES = new URL("./benthos/", import.meta.url).pathname;

/** A program that was built, in a folder that goes with it. */
export interface Benthos extends Disposable {
  /** Milliseconds until each of `count` events sent at once is answered and acknowledged, by a fresh process. */
  burst(count: number): Promise<number>;
}

/** Build it, which takes a minute or two the first time; undefined where it can't be, for the reason that is printed. */
export function buildBenthos(): Benthos | undefined {
  const folder = Deno.makeTempDirSync({ prefix: "agent-bench-" });
  const path = `${folder}/benthos`;
  const reason = build(path);
  if (reason !== undefined) {
    Deno.removeSync(folder, { recursive: true });
    console.log(`No line for Benthos: ${reason}`);
    return undefined;
  }
  return {
    async burst(count) {
      await using client = await startClient((url) =>
        new Deno.Command(path, {
          args: ["-c", `${SOURCES}client.yaml`],
          env: { SERVER: url },
          stdin: "piped",
          stdout: "piped",
          stderr: "null",
        })
      );
      return await client.burst({ count });
    },
    [Symbol.dispose]: () => Deno.removeSync(folder, { recursive: true }),
  };
}

/** Why it could not be built. */
function build(path: string): string | undefined {
  try {
    const { success, stderr } = new Deno.Command("go", { args: ["build", "-o", path, "."], cwd: SOURCES }).outputSync();
    return success ? undefined : `it can't be built: ${new TextDecoder().decode(stderr).trim().split("\n").at(-1)}`;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return "there is no `go` on the PATH";
    throw error;
  }
}
