/** What the real program says of paths that it can't use. @module */

import { assertEquals, assertFalse, assertStringIncludes } from "@std/assert";
import { startAgent } from "../support/agent.ts";
import { makeFolder } from "../support/folder.ts";

const OUTPUT_ADVICE = "Set EVENT_OUTPUT_PATH to a file in a directory that can be written to; nothing is lost.";

const CASES: readonly { what: string; env?: Record<string, string>; args?: string[]; says: string }[] = [
  {
    what: "an output where the program may not write",
    env: { EVENT_OUTPUT_PATH: "/proc/o/responses.json" },
    says: `that is not a path which this program may use. ${OUTPUT_ADVICE}`,
  },
  {
    what: "an output that is a directory",
    env: { EVENT_OUTPUT_PATH: "iexec_out" },
    says: `is a directory, not a plain file. ${OUTPUT_ADVICE}`,
  },
  {
    what: "a state directory that is a file",
    env: { AGENT_STATE_DIR: "file" },
    says: "a file stands where a directory is needed. Set AGENT_STATE_DIR to a directory that can be written to.",
  },
  {
    what: "a file to open that is not there",
    args: ["open", "nope", "--key", "nokey"],
    says: "there is no such file or directory. Name a file that can be read.",
  },
];

for (const { what, says, ...how } of CASES) {
  Deno.test(`${what} is told of in plain words, with what to do`, async () => {
    await using folder = makeFolder({ "file": "" });
    await using agent = await startAgent({ folder: folder.path, ...how });
    const { code } = await agent.ended;
    const said = agent.lines.join("\n");
    assertEquals(code, 74, said);
    assertStringIncludes(said, says);
    assertFalse(/--allow|os error|Make it writable/.test(said), said);
  });
}
