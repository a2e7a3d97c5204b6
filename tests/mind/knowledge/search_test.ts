/** Which passages a question finds, and how well they answer it. @module */

import { assertEquals, assertGreater, assertLess } from "@std/assert";
import { silentLog } from "../../../src/log.ts";
import { loadCharacter } from "../../../src/mind/character/character.ts";
import type { KnowledgeText } from "../../../src/mind/knowledge/texts.ts";
import type { Reading } from "../../../src/mind/knowledge/question.ts";
import { ANSWERS, buildKnowledge, type Knowledge } from "../../../src/mind/knowledge/search.ts";

const from = (...texts: string[]): KnowledgeText[] => texts.map((text) => ({ text, source: "knowledge" }));

const search = (knowledge: Knowledge, question: string, limit = 5, exchanges: Reading["exchanges"] = []) =>
  knowledge.search(knowledge.read(question, exchanges), limit);

/** The passages that answer. */
const answers = (knowledge: Knowledge, question: string, exchanges: Reading["exchanges"] = []) =>
  search(knowledge, question, 5, exchanges).filter(({ score }) => score >= ANSWERS).map(({ text }) => text);

Deno.test("a question finds the passage that answers it, in other words too", () => {
  const knowledge = buildKnowledge(from(
    "The library lends a book for three weeks.",
    "A late book costs ten cents a day.",
    "The café on the first floor sells coffee.",
  ));
  const best = (question: string) => search(knowledge, question, 1)[0]?.text;
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
  const score = (question: string) => search(knowledge, question, 1)[0]?.score ?? 0;
  assertGreater(score("What is the price of a ticket?"), 0.9);
  assertLess(score("What is the price of a ticket in Singapore?"), 0.4);
  assertLess(score("What is the price of a ticket tomorrow?"), 0.5);
});

Deno.test("a word that occurs somewhere does not answer what a thing is", () => {
  const knowledge = buildKnowledge(from(
    "A mill is a machine that grinds grain.",
    "The mill needs Docker and a river.",
    "Ada, a miller, lives by the river.",
    "Flour of the first grinding is called semolina, and it is coarse.",
  ));
  assertEquals(answers(knowledge, "What is a mill?")[0], "A mill is a machine that grinds grain.");
  assertEquals(answers(knowledge, "Tell me about Ada"), ["Ada, a miller, lives by the river."]);
  assertEquals(answers(knowledge, "What is semolina?").length, 1);
  assertEquals(answers(knowledge, "What is Docker?"), []);
});

Deno.test("half of a name of two words is another thing", () => {
  const knowledge = buildKnowledge(
    from("A voucher is prepaid credit; it pays for bread.", "The card reader is broken."),
  );
  assertEquals(answers(knowledge, "Can I pay with a credit line?"), []);
  assertEquals(answers(knowledge, "Is credit there?").length, 1);
});

Deno.test("what is asked of a thing is answered by a passage that says it of that thing, and by no other", () => {
  const knowledge = buildKnowledge(from(
    "A ferry is a boat that carries cars. It has a deck of steel, and its crew is five people.",
    "The owner of a kiosk sets the price of each newspaper; the passengers pay in coins on the ferry.",
    "The colour of the lighthouse is red. Its keeper paints it every spring, at the price of a good dinner.",
    "Lighthouse tours last one hour, and cost four coins.",
    "The harbour has a weight limit of nine tons.",
  ));
  const first = (question: string) => answers(knowledge, question)[0];
  const known = {
    "What is the colour of the lighthouse?": "The colour of",
    "What's the lighthouse's colour?": "The colour of",
    "lighthouse colour": "The colour of",
    "What is the crew of a ferry?": "A ferry is",
    "Who is the owner of the kiosk?": "The owner of",
    "What is the price of a newspaper?": "The owner of",
    "What is the weight limit of the harbour?": "The harbour",
    "What is the cost of a lighthouse tour?": "Lighthouse tours",
    "How much does a lighthouse tour cost?": "Lighthouse tours",
    "Qual è il colore di lighthouse?": "The colour of",
  };
  for (const [question, start] of Object.entries(known)) {
    assertEquals(first(question)?.startsWith(start), true, question);
  }
  const unknown = [
    "What is the price of a ferry?",
    "ferry price",
    "What's the ferry's price?",
    "How much does a ferry cost?",
    "Who owns the ferry?",
    "Who is the owner of the lighthouse?",
    "What is the price of the lighthouse?",
    "What is the colour of the kiosk?",
    "What is the weight of the ferry?",
    "What is the phone number of the harbour?",
    "Qual è il prezzo di ferry?",
    "Quel est le prix du kiosk ?",
    "¿Cuál es el precio del ferry?",
    "Was ist der Preis der Ferry?",
  ];
  for (const question of unknown) assertEquals(first(question), undefined, question);
});

Deno.test("an opinion, work or the news is not asked of knowledge, unless it has just that word", () => {
  const texts = ["Rye bread is dark and heavy.", "Today the ovens are made in Turin.", "Flour is a powder."];
  const knowledge = buildKnowledge(from(...texts));
  const unknown = [
    "Write me a poem about rye bread",
    "Which rye bread do you recommend?",
    "What is your favourite bread?",
    "What is the latest rye bread?",
    "Where is rye bread made today?",
    "Mi consigli un rye bread?",
    "Quel rye bread recommandez-vous ?",
    "¿Qué rye bread me recomiendas?",
    "Welches rye bread empfehlen Sie?",
  ];
  for (const question of unknown) assertEquals(answers(knowledge, question), [], question);
  const latest = buildKnowledge(from(...texts, "The latest rye bread has seeds."));
  assertEquals(answers(latest, "What is the latest rye bread?")[0], "The latest rye bread has seeds.");
});

Deno.test("what only the conversation can say is not asked of knowledge, in five languages", () => {
  const knowledge = buildKnowledge(from("The name of a bread says what is in it.", "Who I am: a baker."));
  const questions = [
    "What is my name?",
    "Who am I?",
    "What did other users ask?",
    "Come mi chiamo?",
    "Comment je m'appelle ?",
    "¿Cómo me llamo?",
    "Wie heiße ich?",
  ];
  for (const question of questions) assertEquals(answers(knowledge, question), [], question);
});

Deno.test("a row of a table gives what its header says, of what it begins with", () => {
  const table = "| Bread | Price | Weight |\n|---|---|---|\n| Rye loaf | 4.50 | 800 g |\n| Ciabatta | 2.20 | 300 g |";
  const knowledge = buildKnowledge(
    from(table, "Tuesday to Saturday: opening hours from seven to one.", "Bread is good."),
  );
  for (
    const question of ["What is the price of a ciabatta?", "rye loaf price", "What is the weight of the rye loaf?"]
  ) {
    assertEquals(answers(knowledge, question)[0], table, question);
  }
  assertEquals(answers(knowledge, "What is the price of a bagel?"), []);
  assertEquals(answers(knowledge, "opening hours?").length, 1);
});

Deno.test("where nothing answers, no model is shown what only speaks of the thing, unless the question was not understood", () => {
  const others = Array.from({ length: 12 }, (_, n) => `Ship ${n} sails at dawn.`);
  const knowledge = buildKnowledge(from("Rye bread is baked in Turin.", "Rye is a kind of grain.", ...others));
  const shown = (question: string, nearest: number[] = []) =>
    knowledge.search(knowledge.read(question), 5, { nearest }).map(({ text }) => text);
  assertEquals(shown("Where is rye bread baked?")[0], "Rye bread is baked in Turin.");
  for (
    const question of ["What is the price of rye bread?", "rye bread price", "Can you tell who ate rye bread?"]
  ) {
    assertEquals(shown(question), [], question);
  }
  assertEquals(shown("Gdzie piecze się rye bread?"), ["Rye bread is baked in Turin."]);
  assertEquals(shown("Who buys fresh rye bread?"), ["Rye bread is baked in Turin."]);
  // A passage that means the same is shown, but not as the answer to what it has no sign of.
  assertEquals(shown("Who likes rye bread?", [0]), ["Rye bread is baked in Turin."]);
  assertEquals(shown("When was rye bread invented?", [0]), []);
  assertEquals(shown("How many people eat rye bread?", [0]), []);
});

Deno.test("two things that are compared are both explained, unless one passage tells them apart", () => {
  const mill = "A mill is a machine that grinds grain.", bakery = "A bakery is a house where bread is baked.";
  const apart = buildKnowledge(from(mill, bakery, "Bread is dear."));
  assertEquals(answers(apart, "What's the difference between a mill and a bakery?"), [mill, bakery]);
  const both = "The difference between a mill and a bakery is that a mill makes flour.";
  assertEquals(answers(buildKnowledge(from(mill, bakery, both)), "Difference between a mill and a bakery?")[0], both);
});

Deno.test("of several questions those that are known are answered", () => {
  const knowledge = buildKnowledge(from("A mill is a machine that grinds grain.", "Bread costs two ducats."));
  assertEquals(answers(knowledge, "What is a mill? And who is the king of Spain? How much does bread cost?"), [
    "A mill is a machine that grinds grain.",
    "Bread costs two ducats.",
  ]);
});

Deno.test("the conversation fills in what a question leaves out, and what was said is not said again", () => {
  const knowledge = buildKnowledge(
    from("A voucher costs nothing.", "A ticket costs two euros.", "A ticket is valid for a day."),
  );
  const best = (question: string, before: string) => search(knowledge, question, 1, [{ question: before }])[0]?.text;
  assertEquals(best("and what does it cost?", "What is a ticket?"), "A ticket costs two euros.");
  assertEquals(best("and what does it cost?", "Is there a voucher?"), "A voucher costs nothing.");
  const [more] = search(knowledge, "Tell me more", 1, [{
    question: "What is a ticket?",
    answer: "A ticket costs two euros.",
  }]);
  assertEquals(more?.text, "A ticket is valid for a day.");
});

Deno.test("knowledge in a script without blanks is found", () => {
  const tomatoes = [
    "番茄种在南墙边，那里最暖和。",
    "トマトは南の壁のそばに植えてあります。",
    "Tomatoes stand by the south wall.",
  ] as const;
  const knowledge = buildKnowledge(from(...tomatoes, "苹果树在门口。", "りんごの木は門のそばにあります。"));
  const questions = ["番茄种在哪里？", "トマトはどこに植えてありますか？", "Where do tomatoes stand?"];
  assertEquals(questions.map((question) => answers(knowledge, question)[0]), [...tomatoes]);
  assertEquals(answers(knowledge, "番茄"), [tomatoes[0]]);
  assertEquals(answers(knowledge, "火车几点开？"), []);
});

Deno.test("knowledge in one language is found from another, as far as words are shared or have translations", () => {
  const knowledge = buildKnowledge(
    from("The price of a ticket is two euros.", "La farina costa un ducato.", "Trains run every hour."),
  );
  for (
    const question of [
      "Quanto costa un ticket?",
      "Combien coûte un ticket ?",
      "¿Cuánto cuesta un ticket?",
      "Wie viel kostet ein Ticket?",
    ]
  ) {
    assertEquals(answers(knowledge, question)[0], "The price of a ticket is two euros.", question);
  }
  assertEquals(answers(knowledge, "Quanto costa la farina?"), ["La farina costa un ducato."]);
});

Deno.test("a character's own synonyms are understood", () => {
  const texts = from("The wheel needs three buckets.", "Trains run every hour.");
  assertEquals(answers(buildKnowledge(texts), "How many pails for the wheel?"), []);
  const knowledge = buildKnowledge(texts, { synonyms: [{ en: ["pail", "bucket"] }] });
  assertEquals(answers(knowledge, "How many pails for the wheel?"), ["The wheel needs three buckets."]);
});

Deno.test("passages come with their source, in an order that is always the same", () => {
  const texts: KnowledgeText[] = [
    { text: "Equal words.", source: "a.md" },
    { text: "Equal words!", source: "b.md" },
  ];
  const passages = search(buildKnowledge(texts), "equal words");
  assertEquals(passages.map(({ source }) => source), ["a.md", "b.md"]);
  assertEquals(passages.map(({ share }) => share), [1, 1]);
});

Deno.test("a passage that hardly covers the question is not found at all, unless it means the same", () => {
  const others = Array.from({ length: 12 }, (_, n) => `Ship ${n} sails at dawn.`);
  const knowledge = buildKnowledge(from("Bread costs two ducats.", "The river is deep.", ...others));
  const asked = knowledge.read("Which bread did the king of Spain prefer at court?");
  assertEquals(knowledge.search(asked, 5), []);
  const meant = knowledge.search(asked, 5, { nearest: [1, 0] }).map(({ text }) => text);
  assertEquals(meant.sort(), ["Bread costs two ducats.", "The river is deep."]);
});

Deno.test("no knowledge is no error", async () => {
  assertEquals(search(buildKnowledge([]), "anything"), []);
  const { texts } = await loadCharacter(undefined, silentLog);
  assertEquals(buildKnowledge(texts).size, texts.length);
});
