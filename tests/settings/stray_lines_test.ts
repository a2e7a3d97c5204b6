/** Lines of a `.env` file that set nothing: they are pointed out by number, and their text is shown nowhere. @module */

import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { parseEnvFile } from "../../src/settings/env_file.ts";
import { repeatedNames, strayLines } from "../../src/settings/stray_lines.ts";
import { startAgent } from "../support/agent.ts";
import { makeFolder } from "../support/folder.ts";

function linesIn(text: string): string | undefined {
  return /^lines? (.+) of the settings file/.exec(strayLines(text) ?? "")?.[1];
}

Deno.test("assignments, comments and blank lines are as they should be, within quotes anything is", () => {
  for (
    const text of [
      "",
      "A=1\n\n  # comment: here\n\texport B = 2 # two\r\nC=\r\n",
      'KEY="-----BEGIN KEY-----\nabc+/d==\n-----END KEY-----"\nA=1',
      "KEY='\nLOG_LEVEL: debug\n'\n",
      "A=https://example.org/?a=b: c",
    ]
  ) assertEquals(strayLines(text), undefined, text);
});

Deno.test("lines without =, and names that no variable can have, are counted from 1, line breaks of Windows too", () => {
  for (const end of ["\n", "\r\n"]) {
    const text = ["LOG_LEVEL: debug", "A=1", "", "export B", "# c", "WEB-SOCKET=1", "C='", "x: y", "'", "last"].join(
      end,
    );
    assertEquals(linesIn(text), "1, 4, 6, 10");
    assertEquals(parseEnvFile(text), { A: "1", C: "x: y" });
  }
});

Deno.test("of a file that is no text the first ten lines are named", () => {
  assertEquals(linesIn("\0\x01\x02\n".repeat(1000)), "1, 2, 3, 4, 5, 6, 7, 8, 9, 10 and others");
});

Deno.test("a key over several lines without quotes is pointed out, and nothing of it is printed", async () => {
  const secret = "MC4CAQAwBQYDK2VuBCIEIPD/7wqx+0nyOzoNTYQbMzFCi0rEPVJ8cm0WgjTIiUd=";
  const env = `LOG_LEVEL=info\nAGENT_STATE_KEY=-----BEGIN PRIVATE KEY-----\n${secret}\n-----END PRIVATE KEY-----\n`;
  for (const text of [env, env.replace("AGENT_STATE_KEY", "OPENAI_API_KEY")]) {
    await using folder = makeFolder({ ".env": text });
    await using agent = await startAgent({ folder: folder.path, args: ["--check"] });
    const { stdout } = await agent.ended;
    const printed = agent.lines.join("\n") + stdout;
    assertMatch(printed, /lines 3, 4 of the settings file set nothing/);
    assert(!printed.includes(secret.slice(0, 10)), printed);
  }
});

Deno.test("a .env file in the form of YAML is pointed out, not passed over", async () => {
  await using folder = makeFolder({ ".env": "LOG_LEVEL: debug\nUSE_WEBSOCKET: true\n" });
  await using agent = await startAgent({ folder: folder.path, args: ["--check"] });
  assertEquals((await agent.ended).code, 0);
  assertStringIncludes(agent.lines.join("\n"), "lines 1, 2 of the settings file set nothing: expected NAME=value");
});

Deno.test("a name that is set twice is told once, wherever it counts", () => {
  assertEquals(repeatedNames("A=1\nB=1\nexport A = 2\nA=\n# B=2\nC='\nB=3\n'\na=1\n1x=1\n1x=2\nno\nno\n"), ["A"]);
});

Deno.test("a setting that stands twice in the .env file is pointed out, and its last value counts", async () => {
  await using folder = makeFolder({
    ".env": "LOG_LEVEL=debug\nOPENAI_API_KEY=first\nLOG_LEVEL=info\nOPENAI_API_KEY=last\n",
  });
  await using agent = await startAgent({ folder: folder.path, args: ["--check"] });
  const { code, stdout } = await agent.ended;
  assertEquals(code, 0);
  const printed = agent.lines.join("\n") + stdout;
  for (const name of ["LOG_LEVEL", "OPENAI_API_KEY"]) {
    assertStringIncludes(printed, `${name} is set more than once in the file: the last value counts`);
  }
  assert(!/first|=last/.test(printed), printed);
});

Deno.test("a file of a mebibyte that is no settings file is looked through once, not once for each line", () => {
  assertEquals(linesIn("no setting\n".repeat(95_000)), "1, 2, 3, 4, 5, 6, 7, 8, 9, 10 and others");
  assertEquals(linesIn("\n".repeat(1_000_000)), undefined);
});
