import { assert, assertEquals, assertGreater, assertLess } from "@std/assert";
import { silentLog } from "../../../src/log.ts";
import { loadCharacter } from "../../../src/mind/character/character.ts";
import { findsTopicElsewhere } from "../../../src/mind/knowledge/follow_up.ts";
import { buildKnowledge } from "../../../src/mind/knowledge/search.ts";
import type { KnowledgeText } from "../../../src/mind/knowledge/passages.ts";
import { splitIntoPassages } from "../../../src/mind/knowledge/passages.ts";
import { similarTo } from "../../../src/mind/knowledge/synonyms.ts";
import { stem, termsOf, termsOfQuestion } from "../../../src/mind/knowledge/words.ts";

const from = (...texts: string[]): KnowledgeText[] => texts.map((text) => ({ text, source: "knowledge" }));

Deno.test("forms of one word share a stem", () => {
  const families = [
    ["encrypt", "encrypts", "encrypted", "encrypting", "encryption"],
    ["run", "runs", "running", "ran"],
    ["pay", "pays", "paid", "paying", "payment", "payments"],
    ["authorize", "authorizes", "authorized", "authorization", "authorise", "authorisation"],
    ["process", "processes", "processed", "processing"],
    ["small", "smallest"],
    ["tee", "tees"],
    ["verify", "verified", "verification"],
    ["call", "calls", "calling", "called"],
  ];
  for (const family of families) assertEquals(new Set(family.map(stem)).size, 1, family.map(stem).join(" "));
  const different = ["order", "oracle", "worker", "voucher", "token", "task", "deal", "access", "address"];
  assertEquals(new Set(different.map(stem)).size, different.length);
});

Deno.test("a compound is found whole and by its parts, and stop words are not found at all", () => {
  assertEquals(termsOf("IEXEC_OUT/computed.json"), ["iexec_out", "iexec", "computed.json", "comput", "json"]);
  assertEquals(termsOf("Web3Mail"), ["web3mail", "web3", "mail"]);
  assertEquals(termsOf("What is the TEEs' state-of-the-art?"), ["tee", "state-of-the-art", "stat", "art"]);
  assertEquals(termsOf("I am what I was. A 7"), []);
  assertEquals([...termsOfQuestion("Is iExec on Solana?", (term) => term === "iexec")], [["iexec", true], [
    "solana",
    true,
  ]]);
  assertEquals([...termsOfQuestion("IS SOLANA FAST?", () => false)], [["solana", false], ["fast", false]]);
});

Deno.test("the terms of a very long text are those of its beginning and its end", () => {
  const terms = termsOf(`begin ${"x ".repeat(1_000_000)} finish`);
  assertEquals([terms.at(0), terms.at(-1)], ["begin", "finish"]);
  assertLess(terms.length, 4_000);
});

Deno.test("similarity goes both ways", () => {
  for (const word of ["price", "machine", "permission"]) {
    const term = stem(word);
    assertGreater(similarTo(term).size, 0);
    for (const other of similarTo(term)) assert(similarTo(other).has(term), `${term} ${other}`);
  }
});

Deno.test("texts are cut at headings and paragraphs, and every passage knows its headings", () => {
  const passages = splitIntoPassages(
    `Before.\n\n# One\n\nFirst.\n\nSecond.\n\n## Deep\n\n${"Long sentence here. ".repeat(60)}\n\n# Two\n\nLast.\n` +
      "```\n# no heading\n\nstill code\n```\n",
  );
  assertEquals(passages.map(({ heading }) => heading), ["", "One", "One: Deep", "One: Deep", "Two"]);
  assertEquals(passages[1]?.text, "First.\n\nSecond.");
  assertEquals(passages[4]?.text, "Last.\n```\n# no heading\n\nstill code\n```");
  for (const { text } of passages) assertLess(text.length, 801);
});

Deno.test("a line that is underlined is a heading, and a rule or a table is none", () => {
  const passages = splitIntoPassages(
    "Mill\n====\nGrinds.\n\nOpening\n--\nAt six.\n\n---\n\nTwo\nlines\n---\n\n| a |\n|---|\n\n~~~\ncode\n----\n~~~\n",
  );
  assertEquals(passages.map(({ heading, text }) => [heading, text.split("\n")[0]]), [
    ["Mill", "Grinds."],
    ["Mill: Opening", "At six."],
  ]);
});

Deno.test("nothing of a long text is lost, whatever it is made of", () => {
  for (
    const text of ["x".repeat(5_000), "word ".repeat(2_000).trim(), "A b. ".repeat(900).trim(), "l\n".repeat(3_000)]
  ) {
    const letters = (all: string) => all.replace(/\s/g, "");
    assertEquals(letters(splitIntoPassages(text).map((passage) => passage.text).join("")), letters(text));
  }
});

Deno.test("a question finds the passage that answers it, in other words too", () => {
  const knowledge = buildKnowledge(from(
    "The library lends a book for three weeks.",
    "A late book costs ten cents a day.",
    "The café on the first floor sells coffee.",
  ));
  const best = (question: string) => knowledge.search(question, 1)[0]?.text;
  assertEquals(best("How long may I borrow a book?"), "The library lends a book for three weeks.");
  assertEquals(best("What is the fee for being late?"), "A late book costs ten cents a day.");
  assertEquals(best("Where is cofee sold?"), "The café on the first floor sells coffee.");
  assertEquals(best("CAFE"), "The café on the first floor sells coffee.");
  assertEquals(best("quantum chromodynamics"), undefined);
  assertEquals(best("???"), undefined);
  assertEquals(best(""), undefined);
});

Deno.test("a name that no passage knows, or the news of the day, makes it another question", () => {
  const knowledge = buildKnowledge(from("The price of a ticket is two euros.", "Trains run every hour."));
  const score = (question: string) => knowledge.search(question, 1)[0]?.score ?? 0;
  assertGreater(score("What is the price of a ticket?"), 0.9);
  assertLess(score("What is the price of a ticket in Singapore?"), 0.4);
  assertLess(score("What is the price of a ticket tomorrow?"), 0.5);
});

Deno.test("the context fills in what a question leaves out", () => {
  const knowledge = buildKnowledge(from("A voucher costs nothing.", "A ticket costs two euros."));
  assertEquals(
    knowledge.search("and what does it cost?", 1, { context: "What is a ticket?" })[0]?.text.slice(0, 8),
    "A ticket",
  );
  assertEquals(
    knowledge.search("and what does it cost?", 1, { context: "Is there a voucher?" })[0]?.text.slice(0, 9),
    "A voucher",
  );
});

Deno.test("a question that points back takes its topic from the questions before it", () => {
  const before = ["What is a voucher?", "and what does it cost?"];
  assertEquals(findsTopicElsewhere("how long is it valid?", before), "and what does it cost? What is a voucher?");
  assertEquals(findsTopicElsewhere("And why?", ["What is PoCo?"]), "What is PoCo?");
  assertEquals(findsTopicElsewhere("What is a workerpool?", before), undefined);
  assertEquals(findsTopicElsewhere("and what does it cost?", []), undefined);
});

Deno.test("passages come with their source, in an order that is always the same", () => {
  const texts: KnowledgeText[] = [
    { text: "Equal words.", source: "a.md" },
    { text: "Equal words.", source: "b.md" },
  ];
  const passages = buildKnowledge(texts).search("equal words", 5);
  assertEquals(passages.map(({ source }) => source), ["a.md", "b.md"]);
  assertEquals(passages.map(({ share }) => share), [1, 1]);
});

Deno.test("no knowledge is no error", async () => {
  assertEquals(buildKnowledge([]).search("anything", 5), []);
  const { texts } = await loadCharacter(undefined, silentLog);
  assertEquals(buildKnowledge(texts).size, texts.length);
});
