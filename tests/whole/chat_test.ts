/** `agent chat`, the real program: lines in, answers out, the memory that events have too. @module */

import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { inherited, startAgent, startCommand } from "../support/agent.ts";
import { chatOver, startChat } from "../support/chat.ts";
import { startModelServer } from "../support/model_server.ts";
import { makeFolder } from "../support/folder.ts";

function millFolder() {
  return makeFolder({
    "c.json": {
      name: "Miller",
      bio: "Miller minds a mill.",
      knowledge: ["A sack of rye weighs fifty kilos.", { path: "notes.md" }],
    },
    "notes.md": "# Opening\n\nThe mill opens at six in the morning.",
  });
}

Deno.test("lines that are piped in are answered in their order, with their sources and nothing else", async () => {
  await using files = await millFolder();
  const { code, stdout, stderr } = await chatOver(
    { folder: files.path, env: { AGENT_CHARACTER: "c.json" } },
    "When does the mill open?",
    "",
    "  What does a sack of rye weigh?  ",
    "Thanks!",
    "Who is the mayor of Cork?",
  );
  assertEquals(stdout.split("\n\n"), [
    "The mill opens at six in the morning.\n[notes.md]",
    "A sack of rye weighs fifty kilos.\n[knowledge]",
    "You're welcome! Ask me whenever you have another question.",
    "I don't know: nothing in my knowledge answers that.",
    "",
  ]);
  assertEquals([code, stderr], [0, ""]);
  assertEquals([...Deno.readDirSync(files.path)].map(({ name }) => name).sort(), [".agent", "c.json", "notes.md"]);
});

Deno.test("a chat goes on where the last one of its conversation ended, and knows nothing of others", async () => {
  await using folder = makeFolder();
  const at = { folder: folder.path };
  await chatOver(at, "What is Web3Telegram?");
  const followUp = "and what does it do?";
  assertMatch((await chatOver({ ...at, args: ["--conversation", "other"] }, followUp)).stdout, /^I don't know/);
  assertMatch((await chatOver(at, followUp)).stdout, /Telegram/);
});

Deno.test("a chat whose state is removed before its end ends with 74: nothing remembers it", async () => {
  await using folder = makeFolder();
  await using chat = startChat({ folder: folder.path });
  await chat.say("What is Web3Telegram?");
  await chat.printed("Telegram");
  Deno.removeSync(`${folder.path}/.agent`, { recursive: true });
  await chat.end();
  const { code, stderr } = await chat.ended;
  assertEquals(code, 74, stderr);
  assertStringIncludes(stderr, "The state was removed or replaced while the agent ran");
});

Deno.test("a chat does not walk into the conversation of somebody who sent events", async () => {
  await using folder = makeFolder();
  Deno.mkdirSync(`${folder.path}/iexec_in`);
  const event = { id: "q1", query: "What is Web3Telegram?", timestamp: 1, metadata: { conversationId: "default" } };
  Deno.writeTextFileSync(`${folder.path}/iexec_in/events.json`, JSON.stringify([event]));
  await using agent = await startAgent({ folder: folder.path, args: ["--once"] });
  assertEquals((await agent.ended).code, 0);
  assertMatch((await chatOver({ folder: folder.path }, "and what does it do?")).stdout, /^I don't know/);
});

Deno.test("while an agent has the state directory, a chat says so and what to do", async () => {
  await using folder = makeFolder();
  await using agent = await startAgent({ folder: folder.path });
  await agent.logged("🚀 Agent started");
  const { code, stdout, stderr } = await chatOver({ folder: folder.path });
  assertEquals([code, stdout], [74, ""]);
  assertMatch(stderr, /another agent has it open\. Stop that one, or give this one an AGENT_STATE_DIR/);
});

for (const signal of ["SIGINT", "SIGTERM"] as const) {
  Deno.test(`${signal} ends a chat that waits for a line, and what was said is kept`, async () => {
    await using folder = makeFolder();
    {
      await using chat = startChat({ folder: folder.path });
      await chat.say("What is Web3Telegram?");
      await chat.printed("[knowledge]");
      chat.kill(signal);
      assertEquals((await chat.ended).code, 0);
    }
    assertMatch((await chatOver({ folder: folder.path }, "and what does it do?")).stdout, /Telegram/);
  });
}

Deno.test("a line that the model can't answer is said to be so, the next one gets its answer, and the exit code is 65", async () => {
  await using folder = makeFolder();
  await using model = await startModelServer("ollama");
  model.script({ status: 400 });
  const env = { MODEL_PROVIDER: "ollama", OLLAMA_SERVER_URL: model.url, OLLAMA_MODEL: "test-model" };
  const { code, stdout, stderr } = await chatOver({ folder: folder.path, env }, "zzz?", "xxx?");
  assertEquals(code, 65);
  assertMatch(stderr, /^no answer: .*400/);
  assertMatch(stdout, /^You said: xxx\?\n\n$/);
});

Deno.test("a line ends at a line feed alone; one that is no UTF-8 is refused by its number, and the next one is answered", async () => {
  await using files = await millFolder();
  await using chat = startChat({ folder: files.path, env: { AGENT_CHARACTER: "c.json" } });
  await chat.say("When does\u2028the mill\ropen?");
  await chat.write(Uint8Array.from("What does the caf\xe9 cost?\n", (letter) => letter.charCodeAt(0)));
  await chat.write(new TextEncoder().encode("What does a sack of rye weigh?"));
  await chat.end();
  const { code, stdout, stderr } = await chat.ended;
  assertEquals(stdout.split("\n\n"), [
    "The mill opens at six in the morning.\n[notes.md]",
    "A sack of rye weighs fifty kilos.\n[knowledge]",
    "",
  ]);
  assertEquals([code, stderr], [65, "no answer: line 2 is not UTF-8, at column 18\n"]);
});

Deno.test("a chat that can't read its standard input says so and ends with 74", async () => {
  await using folder = makeFolder();
  const { code, stderr } = await new Deno.Command("sh", {
    args: ["-c", '"$0" "$@" < .', ...startCommand(["chat"])],
    cwd: folder.path,
    clearEnv: true,
    env: inherited(["PATH", "HOME", "DENO_DIR", "XDG_CACHE_HOME"]),
  }).output();
  assertStringIncludes(new TextDecoder().decode(stderr), "Cannot read the standard input: is a directory");
  assertEquals(code, 74);
});

Deno.test("a chat in a TEE is refused: the terminal is the host's", async () => {
  await using folder = makeFolder();
  const { code, stderr } = await chatOver({ folder: folder.path, env: { IEXEC_TASK_ID: "0x1" } });
  assertEquals(code, 78);
  assertStringIncludes(stderr, "chat is not for there");
});

Deno.test("arguments that are no chat's are refused with 64", async () => {
  for (const args of [["chatt"], ["chat", "more"], ["--conversation", "x"]]) {
    await using agent = await startAgent({ args });
    assertEquals((await agent.ended).code, 64);
    assert(agent.lines.at(-1)!.includes("--help"), agent.lines.join("\n"));
  }
});

for (const word of ["exit", "quit", "/exit", "Quit"]) {
  Deno.test(`the line \`${word}\` ends a chat, and what follows it is not asked`, async () => {
    await using folder = makeFolder();
    const { code, stdout } = await chatOver({ folder: folder.path }, "Thanks!", word, "What is iExec?");
    assertEquals(stdout.trim().split("\n").length, 1, stdout);
    assertEquals(code, 0);
  });
}

Deno.test("the line `/help` says what ends a chat, and is not asked", async () => {
  await using folder = makeFolder();
  const { code, stdout } = await chatOver({ folder: folder.path }, "/help");
  assertEquals(code, 0);
  assertMatch(stdout, /exit, quit, Ctrl\+D/);
});
