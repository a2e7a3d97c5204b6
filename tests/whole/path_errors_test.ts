/** What the real program says of paths that it can't use. @module */

import { assertEquals, assertFalse, assertStringIncludes } from "@std/assert";
import { EXECUTABLE, startAgent } from "../support/agent.ts";
import { makeFolder } from "../support/folder.ts";

const OUTPUT_ADVICE = "Set EVENT_OUTPUT_PATH to a file in a directory that can be written to; nothing is lost.";

interface Case {
  what: string;
  env?: Record<string, string>;
  args?: string[];
  says: string;
  /** Exit code; default 74. */
  code?: number;
}

const CASES: readonly Case[] = [
  {
    what: "an output where the program may not write",
    env: { EVENT_OUTPUT_PATH: "/proc/o/responses.json" },
    // The executable knows where it may write before it tries.
    ...EXECUTABLE === undefined
      ? { says: `that is not a path which this program may use. ${OUTPUT_ADVICE}` }
      : { says: "the executable may write nowhere else", code: 78 },
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

for (const { what, says, code: expected = 74, ...how } of CASES) {
  Deno.test(`${what} is told of in plain words, with what to do`, async () => {
    await using folder = makeFolder({ "file": "" });
    await using agent = await startAgent({ folder: folder.path, ...how });
    const { code } = await agent.ended;
    const said = agent.lines.join("\n");
    assertEquals(code, expected, said);
    assertStringIncludes(said, says);
    assertFalse(/--allow|os error|Make it writable/.test(said), said);
  });
}
