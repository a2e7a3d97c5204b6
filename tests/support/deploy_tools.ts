/** Tools that check what is handed to operators in deploy/. @module */

import { makeFolder } from "./folder.ts";
import { testUnless } from "./optional.ts";

/** Tools that bring their schemas along; .ci/run installs them. */
const TOOLS = {
  "kubernetes-validate": ["--strict", "--quiet"],
  dclint: ["--quiet"],
} as const;

/** A test that runs a tool, unless it is not installed. */
export function testWith(
  tool: keyof typeof TOOLS,
  name: string,
  fn: (check: (text: string) => Promise<string>) => Promise<void>,
) {
  const reason = isInstalled(tool) ? undefined : `${tool} is not installed`;
  testUnless(reason, name, () => fn((text) => complaints(tool, text)));
}

function isInstalled(tool: string): boolean {
  return new Deno.Command("which", { args: [tool], stdout: "null", stderr: "null" }).outputSync().success;
}

/** What a tool finds wrong with a file; nothing, if it accepts it. */
async function complaints(tool: keyof typeof TOOLS, text: string): Promise<string> {
  await using folder = makeFolder();
  Deno.writeTextFileSync(`${folder.path}/compose.yaml`, text);
  const { success, stdout, stderr } = await new Deno.Command(tool, {
    args: [...TOOLS[tool], `${folder.path}/compose.yaml`],
  })
    .output();
  return success ? "" : new TextDecoder().decode(stdout) + new TextDecoder().decode(stderr);
}
