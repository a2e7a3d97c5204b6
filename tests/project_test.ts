/** What the project says about itself in more than one place: that it is the same everywhere. @module */

import { assert, assertEquals, assertMatch } from "@std/assert";
import config from "../deno.json" with { type: "json" };
import { V8_FLAGS } from "../src/tools/compile/compile.ts";
import { leanLock, LOCK_FILES } from "../src/tools/lean_lock.ts";
import { settingsMarkdown } from "../src/program/help.ts";
import { READABLE_FROM_SOURCES } from "../src/tools/docs.ts";

/** The cells of a Markdown table, however it is padded. */
function cellsOf(table: string): string[][] {
  return table.trim().split("\n").filter((line) => !/^\|[ :|-]+$/.test(line))
    .map((line) => line.split("|").slice(1, -1).map((cell) => cell.trim()));
}

Deno.test("the table in docs/settings.md is what the settings say; `deno task docs` writes it", () => {
  const document = Deno.readTextFileSync(new URL("../docs/settings.md", import.meta.url));
  const [, table] = /<!-- settings: .*?-->([^]*)<!-- \/settings -->/.exec(document)!;
  assertEquals(cellsOf(table!), cellsOf(settingsMarkdown()));
});

Deno.test("the agent may read variables that are settings or begin like one, and may run nothing; `deno task docs` writes it", () => {
  const { env, ...others } = config.permissions.agent;
  assertEquals(env.allow, READABLE_FROM_SOURCES);
  assertEquals(env.ignore, true);
  assertEquals(Object.keys(others).toSorted(), ["net", "read", "write"]);
});

for (const name of ["start", "chat"] as const) {
  Deno.test(`\`deno task ${name}\` runs with the agent's permissions and under the flags of the executable`, () => {
    const { command } = config.tasks[name];
    assertMatch(command, /^deno run -q -P=agent --no-prompt /);
    assert(command.includes(` ${V8_FLAGS} `));
    assertEquals(/ -A\b| --allow-/.exec(command), null);
  });
}

Deno.test("what `deno task bench` is made of loads with the permissions of that task", async () => {
  const programs = ["main.ts", "instant_agent.ts", "bare_queue_loop.ts"];
  const root = new URL("..", import.meta.url);
  const files = Array.from(Deno.readDirSync(new URL("tests/bench", root)), ({ name }) => name)
    .filter((name) => name.endsWith(".ts") && !programs.includes(name));
  assertMatch(config.tasks.bench.command, / -P=bench --no-prompt tests\/bench\/main\.ts$/);
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "-q", "--lock=tests/deno.lock", "-P=bench", "--no-prompt", "-"],
    cwd: root,
    stdin: "piped",
    stdout: "null",
    stderr: "piped",
  }).spawn();
  const [{ code, stderr }] = await Promise.all([
    child.output(),
    new Blob(files.map((name) => `import "./tests/bench/${name}";\n`)).stream().pipeTo(child.stdin),
  ]);
  assertEquals(new TextDecoder().decode(stderr), "");
  assertEquals(code, 0);
});

Deno.test("no task line is longer than two lines of a terminal with 80 columns, or three with V8's flags", () => {
  // `Task NAME COMMAND` is what Deno prints.
  const lines = Object.entries(config.tasks).map(([name, { command }]) => `Task ${name} ${command}`);
  assertEquals(lines.filter((line) => line.length > (line.includes(V8_FLAGS) ? 3 : 2) * 80), []);
});

for (const { path, imported } of LOCK_FILES) {
  Deno.test(`${path} holds what is imported alone; \`deno task lock\` writes it`, () => {
    const lock = Deno.readTextFileSync(new URL(`../${path}`, import.meta.url));
    assertEquals(lock, leanLock(lock, imported));
  });
}

Deno.test("deno.lock, all of which every task downloads, has no package for tests, examples or verification alone", () => {
  const { npm }: { npm: Record<string, unknown> } = JSON.parse(
    Deno.readTextFileSync(new URL("../deno.lock", import.meta.url)),
  );
  const locked = Object.keys(npm).map((name) => name.replace(/(?<=.)@.*/, ""));
  const scoped = Object.values(config.scopes).flatMap((scope) => Object.keys(scope));
  assertEquals(locked.filter((name) => scoped.includes(name)), []);
  // Eight of them are the clients of queues.
  assert(locked.length > 0 && locked.length <= 26, `${locked.length} packages: ${locked}`);
});
