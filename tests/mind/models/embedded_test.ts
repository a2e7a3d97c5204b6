import { assert, assertEquals, assertGreaterOrEqual, assertMatch, assertStringIncludes } from "@std/assert";
import type { Character, IAgentRuntime } from "@elizaos/core";
import { silentLog } from "../../../src/log.ts";
import { loadCharacter } from "../../../src/mind/character/character.ts";
import { buildKnowledge } from "../../../src/mind/knowledge/search.ts";
import { embeddedModel } from "../../../src/mind/models/embedded.ts";
import { openModel } from "../../../src/mind/models/providers.ts";
import { ANSWERABLE, askBuiltIn, isDeclined, isRight, UNANSWERABLE } from "../../eval/questions.ts";
import { WIDER_ANSWERABLE, WIDER_UNANSWERABLE } from "../../eval/wider.ts";

const { character, texts } = await loadCharacter(undefined, silentLog);

async function reply(params: { prompt: string }, of: Character = character): Promise<unknown> {
  return await embeddedModel.models?.TEXT_LARGE?.({ character: of } as IAgentRuntime, params);
}

const ask = askBuiltIn(character, texts);

Deno.test("at least 36 of 40 questions are answered rightly", async () => {
  assertEquals(ANSWERABLE.length, 40);
  const wrong: string[] = [];
  for (const asked of ANSWERABLE) {
    const answer = await ask(asked.question);
    if (!isRight(asked, answer)) wrong.push(`${asked.question} → ${answer}`);
  }
  assertGreaterOrEqual(ANSWERABLE.length - wrong.length, 36, wrong.join("\n"));
});

Deno.test("ten of ten questions that it can't know are declined", async () => {
  assertEquals(UNANSWERABLE.length, 10);
  for (const question of UNANSWERABLE) assertMatch(await ask(question), /^I don't know/, question);
});

Deno.test("of a wider set, more than 8 in 10 are answered rightly, and 9 in 10 declined that it can't know", async () => {
  let right = 0, declined = 0;
  for (const asked of WIDER_ANSWERABLE) if (isRight(asked, await ask(asked.question))) right++;
  for (const question of WIDER_UNANSWERABLE) if (isDeclined(await ask(question))) declined++;
  assertGreaterOrEqual(right, 0.8 * WIDER_ANSWERABLE.length);
  assertGreaterOrEqual(declined, 0.9 * WIDER_UNANSWERABLE.length);
});

Deno.test("it greets, thanks, takes leave and says who it is", async () => {
  const replies: [string[], RegExp][] = [
    [["Hello", "hi there!", "Good morning", "Hey, agent", "Hi, how are you?"], /^Hello! I'm an iExec intern/],
    [["Hello?", "Hello, iExec intern!", "hi, greetings from Milan"], /^Hello! I'm an iExec intern/],
    [["thanks", "Thank you very much!", "Thanks for explaining vouchers."], /welcome/],
    [["Bye!", "good night"], /^Goodbye/],
    [["Who are you?", "what's your name", "Hi, who are you?", "Tell me about yourself."], /^I'm an iExec intern/],
    [["Hi, who are you", "What are you exactly?", "what are you, a bot?"], /^I'm an iExec intern/],
    [["What can you do?", "How can you help me?", "Hi, what can you do"], /iExec intern.*You can ask me about/s],
  ];
  for (const [questions, expected] of replies) {
    for (const question of questions) assertMatch(await ask(question), expected, question);
  }
});

Deno.test("a question in polite words is a question", async () => {
  assertMatch(await ask("Hello! What is a workerpool?"), /group of computers/);
  assertMatch(await ask("Hi, can you tell me what PoCo is?"), /off-chain computation/);
  assertMatch(await ask("Thanks. And what is a deal?"), /agreement/);
  assertMatch(await ask("Hi, what is a workerpool"), /group of computers/);
  assertMatch(await ask("Hello, tell me about vouchers."), /prepaid credit/);
  assertMatch(await ask("Hello, vouchers"), /prepaid credit/);
  assertMatch(await ask("thanks, now explain vouchers"), /prepaid credit/);
  assertMatch(await ask("Hi, tell me about Bitcoin."), /^I don't know/);
  assertMatch(await ask("Hey, is it raining?"), /^I don't know/);
});

Deno.test("the same question gets the same bytes", async () => {
  const again = buildKnowledge(texts);
  for (const { question } of ANSWERABLE) {
    assertEquals(
      await reply({ prompt: "", question, passages: again.search(question, 5) } as { prompt: string }),
      await ask(question),
    );
  }
});

Deno.test("another character speaks for itself", async () => {
  const ada: Character = { name: "Ada", bio: "Knows engines.", topics: ["engines"] };
  assertEquals(await reply({ prompt: "Hello" }, ada), "Hello! I'm Ada. Knows engines. You can ask me about engines.");
  assertEquals(
    await reply({ prompt: "What is a mill?" }, ada),
    "I don't know: nothing in my knowledge answers that. You can ask me about engines.",
  );
  assertEquals(await reply({ prompt: "who are you" }, { name: "Ada", bio: [] }), "I'm Ada.");
});

Deno.test("a bare prompt, as other plugins send it, is a question without knowledge", async () => {
  assertStringIncludes(String(await reply({ prompt: "What is iExec?" })), "I don't know");
});

Deno.test("the switch opens the embedded model for both sizes of text", async () => {
  const { models = {} } = await openModel({ provider: "embedded" });
  assert(models.TEXT_SMALL && models.TEXT_LARGE);
});
