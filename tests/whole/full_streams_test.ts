/** The real program with standard streams that take nothing: events come before the log, and a lost result is no success. @module */

import { assertEquals, assertStringIncludes } from "@std/assert";
import { startAgent } from "../support/agent.ts";
import { event } from "../support/events.ts";
import { makeFolder } from "../support/folder.ts";

/** The shell that runs the program with one of its streams led to a device without room. */
const fullStream = (descriptor: 1 | 2) => ["sh", "-c", `exec "$@" ${descriptor}>/dev/full`, "sh"];

Deno.test("an agent whose log can't be written answers every event and ends with 0", async () => {
  const events = Array.from({ length: 300 }, (_, index) => event(`e${index}`));
  await using folder = makeFolder({ "iexec_in/events.json": events });
  await using agent = await startAgent({ folder: folder.path, args: ["--once"], under: fullStream(2) });
  const { code } = await agent.ended;
  const answered = (await agent.responses(300)).map(({ queryId }) => queryId);
  assertEquals([code, answered.toSorted()], [0, events.map(({ id }) => id).toSorted()]);
  const computed = Deno.readTextFileSync(`${folder.path}/iexec_out/computed.json`);
  assertStringIncludes(computed, "deterministic-output-path");
});

for (const args of [["--check"], ["--help"], ["--version"], ["--licenses"]]) {
  Deno.test(`${args.join(" ")}: a standard output without room ends with 74, and is told plainly`, async () => {
    await using agent = await startAgent({ args, under: fullStream(1) });
    const { code } = await agent.ended;
    assertEquals(code, 74);
    assertStringIncludes(
      agent.lines.at(-1) ?? "",
      "agent: Cannot write to the standard output: no space left",
    );
  });
}
