/** The memory of the signing thread. */

import { assertEquals, assertLess } from "@std/assert";
import { V8_FLAGS } from "../../src/tools/compile/compile.ts";
import { ROOT } from "../support/agent.ts";

/** Megabytes that the second half of the tokens may add; 45 without any collection of what their digests left. */
const MORE_MB = 25;

Deno.test("100,000 signatures leave the memory where 40,000 left it", async () => {
  const program = `${ROOT}tests/support/signing_load.ts`;
  const args = ["run", "--quiet", `--config=${ROOT}deno.json`, `--lock=${ROOT}tests/deno.lock`, V8_FLAGS];
  const permissions = [`--allow-read=${ROOT}src/proof`, "--no-prompt"];
  const { code, stdout } = await new Deno.Command(Deno.execPath(), {
    args: [...args, ...permissions, program, "40000", "100000"],
    stderr: "inherit",
  }).output();
  assertEquals(code, 0);
  const [early, late] = new TextDecoder().decode(stdout).trim().split("\n").map((bytes) => Number(bytes) / 1e6);
  assertLess(late! - early!, MORE_MB, `from ${early} to ${late} MB`);
});
