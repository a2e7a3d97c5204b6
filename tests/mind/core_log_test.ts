/** ElizaOS's core is silent, and what it has to say goes to our log, without a question in it. */

import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { bridgeLogger } from "../../src/mind/core_log.ts";
import { keptLog } from "../support/kept_log.ts";
import { event } from "../support/events.ts";
import { clock, startMind } from "../support/mind.ts";

const CANARY = "canary-5f1c";
const never = new AbortController().signal;

Deno.test("ElizaOS's log: warnings and errors by their sentence, no values, nothing below", () => {
  const { lines, log } = keptLog({ format: "json", content: true, now: clock.now });
  const bridge = bridgeLogger(log);
  const values = { src: "agent", prompt: CANARY, error: new Error(CANARY) };
  for (const at of ["trace", "debug", "info", "success", "progress", "log"] as const) bridge[at](values, CANARY);
  assertEquals(lines, []);
  bridge.warn(values, "Slow provider");
  bridge.child({ namespace: CANARY }).error(values, "Action failed");
  bridge.fatal(new Error(CANARY));
  bridge.error(CANARY);
  bridge.warn(values);
  bridge.warn({ src: "agent" }, "No TEXT_EMBEDDING model registered, skipping embedding setup");
  const parsed = lines.map((line) => JSON.parse(line));
  assertEquals(parsed.map(({ level, sentence = null, src = null }) => [level, sentence, src]), [
    ["warn", "Slow provider", "agent"],
    ["error", "Action failed", "agent"],
    ["error", null, null],
    ["error", null, null],
    ["warn", null, null],
  ]);
  assert(!lines.join("").includes(CANARY));
});

Deno.test("a start logs that the knowledge is indexed, an answer nothing, and the core's own logger is led here", async () => {
  const { lines, log } = keptLog({ content: true, now: clock.now });
  await using mind = await startMind({ log, file: { name: "A", bio: "b", settings: { SOME_TEXT: "text" } } });
  await mind.answer(event("1", CANARY, { userId: "u" }), never);
  assertEquals(lines.map((line) => line.replace(/.*info +(.*) passages=.*\n/, "$1")), ["knowledge indexed"]);
  const { logger } = await import("../../src/mind/core.ts");
  logger.error({ src: "x" }, "It broke");
  assertEquals(lines.length, 2);
  assertStringIncludes(lines[1] ?? "", 'ElizaOS: "It broke" src=x');
});

Deno.test("the program prints nothing of a question, whatever the environment asks the core to log", async () => {
  const program = `
    import { createLog } from "${import.meta.resolve("../../src/log.ts")}";
    import { event } from "${import.meta.resolve("../support/events.ts")}";
    import { startMind } from "${import.meta.resolve("../support/mind.ts")}";
    const log = createLog({ level: "debug", format: "text", content: false, write: (line) => console.error(line()), now: Date.now });
    await using mind = await startMind({ log });
    const asked = event("1", "What is iExec? ${CANARY}", { userId: "${CANARY}" });
    const text = await mind.answer(asked, new AbortController().signal);
    console.log("answered", text.length > 0, Deno.env.get("LOG_LEVEL"), Deno.env.get("LOG_JSON_FORMAT"));
  `;
  const folder = await Deno.makeTempDir();
  try {
    await Deno.writeTextFile(`${folder}/program.ts`, program);
    await Deno.writeTextFile(`${folder}/.env`, `SECRET_SALT=${CANARY}\n`);
    const run = async (permissions: string[], env: Record<string, string>) => {
      const config = new URL("../../deno.json", import.meta.url).pathname;
      const { stdout, stderr } = await new Deno.Command(Deno.execPath(), {
        args: ["run", "--quiet", "--no-prompt", "--frozen", "--config", config, ...permissions, "program.ts"],
        cwd: folder,
        env,
      }).output();
      const printed = new TextDecoder().decode(stdout) + new TextDecoder().decode(stderr);
      return printed.replace(/^\S+ info +knowledge indexed passages=\d+ ms=\d+\n+/m, "");
    };
    const noisy = { LOG_LEVEL: "trace", LOG_JSON_FORMAT: "true" };
    assertEquals(await run(["--allow-env"], noisy), "answered true trace true\n");
    assertEquals(await run(["--allow-env"], { LOG_LEVEL: "trace", LOG_JSON_FORMAT: "" }), "answered true trace \n");
    assertEquals(await run(["--allow-env=LOG_LEVEL", "--ignore-env"], noisy), "answered true trace undefined\n");
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
