/** The embedded model: what it answers, and what it says where it has no answer. @module */

import { assert, assertEquals, assertGreaterOrEqual, assertMatch, assertStringIncludes } from "@std/assert";
import type { Character, IAgentRuntime } from "@elizaos/core";
import { silentLog } from "../../../src/log.ts";
import { loadCharacter } from "../../../src/mind/character/character.ts";
import { embeddedModel } from "../../../src/mind/models/embedded.ts";
import { openModel } from "../../../src/mind/models/providers.ts";
import { measure, openSubject, readSets } from "../../eval/measure.ts";

const { character } = await loadCharacter(undefined, silentLog);
const subject = await openSubject();
const ask = async (question: string) => (await subject.ask(question)).text;

async function reply(params: { prompt: string }, of: Character = character): Promise<unknown> {
  return await embeddedModel.models?.TEXT_LARGE?.({ character: of } as IAgentRuntime, params);
}

/** Shares that hold as the search is changed: `deno task eval` prints the figures themselves. */
const LEAST = {
  attributes: { right: 0.9, declined: 0.95, shown: 0.95, nothing: 0.95 },
  everyday: { right: 0.9, declined: 0.9, shown: 0.95, nothing: 0.9 },
  first: { right: 0.75, declined: 1, shown: 0.9, nothing: 1 },
  passers_by: { right: 0.9, declined: 0.95, shown: 0.95, nothing: 0.95 },
  strangers: { right: 0.85, declined: 0.9, shown: 0.9, nothing: 0.9 },
  wider: { right: 0.75, declined: 0.9, shown: 0.95, nothing: 0.9 },
};

for (const { name, entries } of await readSets([])) {
  const least = LEAST[name as keyof typeof LEAST];
  if (!least) continue;
  Deno.test(`of the set "${name}", most questions get the right passage first, or are rightly declined`, async () => {
    const { figures, wrong } = await measure(entries, subject);
    const report = wrong.join("\n");
    assertGreaterOrEqual(figures.right, least.right * figures.answerable, report);
    assertGreaterOrEqual(figures.declined, least.declined * figures.unknowable, report);
    assertGreaterOrEqual(figures.shown, least.shown * figures.lookedUp, report);
    assertGreaterOrEqual(figures.nothing, least.nothing * figures.unknowable, report);
  });
}

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

Deno.test("it greets, refuses and offers in the language of whoever asks", async () => {
  const replies: [string, RegExp][] = [
    ["Ciao!", /^Ciao! Sono uno stagista.*Puoi chiedermi di questi argomenti: .* o /s],
    ["Grazie mille", /^Prego/],
    ["Qui êtes-vous ?", /^Je suis stagiaire/],
    ["Hasta luego", /^¡Adiós!/],
    ["Was ist die Hauptstadt von Frankreich?", /^Das weiß ich nicht.*Sie können mich nach/s],
    ["Qual è la capitale della Francia?", /^Non lo so/],
    ["Quelle est la capitale du Japon ?", /^Je ne sais pas/],
    ["¿Cuál es la capital de Japón?", /^No lo sé/],
  ];
  for (const [question, expected] of replies) assertMatch(await ask(question), expected, question);
});

Deno.test("whatever the built-in character knows in Italian, it answers in Italian", async () => {
  const replies: Record<string, string> = {
    "Che cos'è iExec?": "iExec è",
    "Cos'è RLC?": "RLC è",
    "Qual è l'offerta totale di RLC?": "L'offerta totale",
    "Dove posso comprare RLC?": "RLC si può comprare",
    "Quanto costa un'esecuzione?": "Un'esecuzione",
    "Su quale blockchain gira iExec?": "iExec gira",
    "Cos'è un voucher?": "Un voucher è",
    "Cos'è un TEE?": "Un TEE",
    "Cos'è l'attestazione?": "L'attestazione è",
    "Cosa sono i dati protetti?": "I dati protetti sono",
    "Cos'è un'iApp?": "Un'iApp è",
    "Cos'è un workerpool?": "Un workerpool è",
    "A cosa serve Web3Mail?": "Web3Mail permette",
  };
  for (const [question, start] of Object.entries(replies)) {
    const text = await ask(question);
    assert(text.startsWith(start), `${question} → ${text}`);
  }
});

Deno.test("it says that it declines where it does not know, and only there", async () => {
  const declined = async (question: string) => (await subject.ask(question)).declined;
  assertEquals([await declined("Who painted the Mona Lisa?"), await declined("asdf qwer")], [true, true]);
  assertEquals([await declined("What is a voucher?"), await declined("Hello"), await declined("Who are you?")], [
    false,
    false,
    false,
  ]);
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
  const again = await openSubject();
  const [first] = await readSets([]);
  for (const { question } of first!.entries) assertEquals((await again.ask(question)).text, await ask(question));
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
