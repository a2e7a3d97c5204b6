/** The key that signs is in no file that a run leaves, nor in its log. @module */

import { assert, assertEquals } from "@std/assert";
import { walk } from "@std/fs";
import { Buffer } from "node:buffer";
import { agentCommand } from "../../src/tools/agent_command.ts";
import { inherited } from "../support/agent.ts";
import { event } from "../support/events.ts";
import { makeFolder } from "../support/folder.ts";
import { assertChain } from "../support/proof.ts";

const SHOWN_KEY = new URL("../support/shown_key.ts", import.meta.url).pathname;

Deno.test("the private key is in no file of a run, state and outputs, and in no line of its log, in whatever writing", async () => {
  await using folder = makeFolder();
  Deno.mkdirSync(`${folder.path}/iexec_in`);
  Deno.writeTextFileSync(`${folder.path}/iexec_in/events.json`, JSON.stringify([event("a"), event("b")]));
  const [command, run, ...args] = agentCommand(["--once"]);
  const { code, stdout, stderr } = await new Deno.Command(command!, {
    args: [run!, `--preload=${SHOWN_KEY}`, ...args],
    cwd: folder.path,
    clearEnv: true,
    env: { ...inherited(["PATH", "HOME", "DENO_DIR"]), LOG_LEVEL: "debug" },
    stdin: "null",
  }).output();
  const log = Buffer.from(stderr);
  assertEquals(code, 0, log.toString());
  const [, shown = ""] = /^key ([\w-]{43})$/m.exec(new TextDecoder().decode(stdout)) ?? [];
  const key = Buffer.from(shown, "base64url");
  assertEquals(key.length, 32);
  const writings = [key, ...(["hex", "base64", "base64url"] as const).map((as) => Buffer.from(key.toString(as)))];
  const files: string[] = [];
  let responses = "";
  for await (const { path } of walk(folder.path, { includeDirs: false })) {
    const bytes = Buffer.from(Deno.readFileSync(path));
    files.push(path.slice(folder.path.length + 1));
    if (path.endsWith("responses.json")) responses = bytes.toString();
    for (const writing of writings) assert(!bytes.includes(writing), path);
  }
  for (const writing of writings) assert(!log.includes(writing), "the log");
  assertEquals(assertChain(JSON.parse(responses)).length, 1);
  assert(files.some((path) => path.includes("iexec_out/attestation.json")), files.join());
  assert(files.some((path) => path.endsWith(".db") || path.includes("state")), files.join());
});
