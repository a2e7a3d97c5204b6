/** Messages read: what is asked in them, and what is only said around it. @module */

import { assert, assertEquals } from "@std/assert";
import { type Reading, readQuestion } from "../../../src/mind/knowledge/question.ts";

const KNOWN = ["rlc", "voucher", "vouchers", "iexec", "tee", "task", "tasks", "deal", "sgx", "tdx"];

function read(message: string, exchanges: Reading["exchanges"] = []) {
  return readQuestion(message, {
    exchanges,
    isKnown: (word) => KNOWN.includes(word.toLowerCase()),
    name: "iExec Intern",
  });
}

const textsOf = (message: string) => read(message).parts.map(({ text }) => text);

Deno.test("greetings, thanks, names, politeness, labels, markup and emoji are no part of a question", () => {
  const messages = [
    "What is RLC?",
    "Hi, what is RLC?",
    "hello Anna! What is RLC?",
    "Hi Marco what is RLC?",
    "Dear iExec Intern, what is RLC?",
    "Good morning team 👋 what is RLC? Thanks a lot!!",
    "What is RLC, please?",
    "Could you please tell me what is RLC?",
    "quick question: what is RLC?",
    "1) What is RLC?",
    "[support] What is RLC?",
    "Q7 - what is RLC?",
    "@agent #question What is RLC?",
    "**What is RLC?**",
    "> What is RLC?",
    "<b>What is RLC?</b>",
    "`What is RLC?`",
    "What is RLC? 1152",
    "What is RLC? #42",
    "What is RLC? I'm new here",
    "My name is Tom Baker. What is RLC?",
    "Hi! I am Laura from Milan. What is RLC? Best regards, Laura",
    "What is RLC, Marco?",
    "Re: What is RLC?",
    "Ciao, what is RLC?",
  ];
  for (const message of messages) {
    assertEquals(textsOf(message).map((text) => text.toLowerCase().replace(/[?\s]+$/, "")), ["what is rlc"], message);
  }
});

Deno.test("the same in four more languages", () => {
  const messages = [
    ["it", "Buongiorno! Mi chiamo Luca. Che cos'è RLC? Grazie mille", "Che cos'e RLC"],
    ["it", "Mi puoi dire per favore cos'è RLC", "cos'e RLC"],
    ["fr", "Bonjour, qu'est-ce que le RLC, s'il vous plaît ?", "qu'est-ce que le RLC"],
    ["es", "Hola, ¿qué es RLC? ¡Muchas gracias!", "que es RLC"],
    ["de", "Guten Tag! Was ist RLC? Vielen Dank im Voraus", "Was ist RLC"],
  ] as const;
  for (const [language, message, text] of messages) {
    const asked = read(message);
    assertEquals(
      [asked.language, asked.parts.map(({ text }) => text.replace(/[?\s]+$/, ""))],
      [language, [text]],
      message,
    );
  }
});

Deno.test("what is only courtesy is told apart from a question", () => {
  const messages = {
    hello: [
      "Hello",
      "hi there!",
      "Good morning",
      "Hey, agent",
      "Hi, how are you?",
      "Hello, iExec intern!",
      "Ciao!",
      "Hallo",
    ],
    thanks: ["thanks", "Thank you very much!", "Thanks for explaining vouchers.", "Grazie mille", "merci beaucoup"],
    bye: ["Bye!", "good night", "Arrivederci", "Auf Wiedersehen"],
    who: ["Who are you?", "Hi, who are you", "Chi sei?", "Qui êtes-vous ?", "¿Quién eres?", "Wer bist du?"],
    abilities: ["What can you do?", "help", "Cosa sai fare?", "Was kannst du?"],
  };
  for (const [courtesy, said] of Object.entries(messages)) {
    for (const message of said) assertEquals([read(message).courtesy, textsOf(message)], [courtesy, []], message);
  }
  assertEquals([read("???").courtesy, textsOf("???")], [undefined, []]);
  assertEquals([read("Thanks. And what is a deal?").courtesy, textsOf("Thanks. And what is a deal?").length], [
    undefined,
    1,
  ]);
});

Deno.test("a bare term that is known is asked about, whatever is said around it", () => {
  for (
    const message of ["RLC?", "rlc", "Hello, vouchers", "define RLC", "voucher pls", "thanks, now explain vouchers"]
  ) {
    const { parts } = read(message);
    assertEquals([parts.length, parts[0]?.asksWhatItIs], [1, true], message);
  }
});

Deno.test("each question of a message is one part, and what is no question only helps to understand it", () => {
  assertEquals(textsOf("What is RLC? And who won the cup?").length, 2);
  assertEquals(textsOf("What is RLC and how do I buy it?").length, 2);
  const { parts } = read("I have a voucher. Can I let others spend it?");
  assertEquals(parts.map(({ text, topic }) => [text, topic]), [["Can I let others spend it?", "I have a voucher."]]);
  const [clause] = read("If a task fails, who pays?").parts;
  assertEquals([clause?.text, clause?.topic], ["who pays?", "If a task fails"]);
});

Deno.test("two things that are compared are told", () => {
  const compared = [
    ["What's the difference between a task and a deal?", "task", "deal"],
    ["SGX vs TDX", "SGX", "TDX"],
    ["How does SGX differ from TDX?", "SGX", "TDX"],
    ["Che differenza c'è tra SGX e TDX?", "SGX", "TDX"],
    ["Quelle est la différence entre SGX et TDX ?", "SGX", "TDX"],
    ["¿Cuál es la diferencia entre SGX y TDX?", "SGX", "TDX"],
    ["Was ist der Unterschied zwischen SGX und TDX?", "SGX", "TDX"],
  ] as const;
  for (const [message, ...things] of compared) assertEquals(read(message).parts[0]?.compares, things, message);
});

Deno.test("a question that points back takes its topic from the questions before it", () => {
  const before = [{ question: "What is a voucher?" }, { question: "and what does it cost?" }];
  const topicOf = (message: string, exchanges: Reading["exchanges"]) => read(message, exchanges).parts[0]?.topic;
  assertEquals(topicOf("how long is it valid?", before), "what does it cost? What is a voucher?");
  assertEquals(topicOf("And why?", [{ question: "Hi! What is PoCo?" }]), "What is PoCo?");
  assertEquals(topicOf("E quanto costa?", [{ question: "Cos'è un voucher?" }]), "Cos'e un voucher?");
  assertEquals(topicOf("Who is allowed to use a workerpool of somebody else?", before), undefined);
  assertEquals(topicOf("and what does it cost?", []), undefined);
  assertEquals(topicOf("And xRLC?", [{ question: "What is RLC?" }]), undefined);
  assert(read("how long is it valid?", before).meaning.includes("voucher"));
});

Deno.test("who wants to hear more is given what was not said yet", () => {
  const messages = [
    ["Tell me more", "more please", "Tell me a bit more about it", "Dimmi di più", "Raccontami di più"],
    ["Dimmi qualcosa in più", "Dites-m'en plus", "Plus d'infos", "Cuéntame algo más", "Mehr dazu"],
    ["Erzähl mir mehr darüber"],
  ];
  for (const message of messages.flat()) {
    const [part] = read(message, [{ question: "What is a voucher?", answer: "Prepaid credit." }]).parts;
    assertEquals([part?.topic, part?.given], ["What is a voucher?", ["Prepaid credit."]], message);
  }
});

Deno.test("what is asked of which thing is told in five languages", () => {
  const questions: Record<string, [asked: string, of: string] | undefined> = {
    "What is the price of RLC?": ["price", "RLC"],
    "the price of a voucher": ["price", "voucher"],
    "Who is the owner of the voucher?": ["owner", "voucher"],
    "What's iExec's email address?": ["email", "iExec"],
    "How high is the price of RLC?": ["price", "RLC"],
    "Qual è il prezzo di un voucher?": ["prezzo", "voucher"],
    "Chi è il proprietario dell'iApp?": ["proprietario", "iApp"],
    "Quel est le prix d'un voucher ?": ["prix", "voucher"],
    "¿Cuál es el precio del voucher?": ["precio", "voucher"],
    "Wie hoch ist der Preis eines Vouchers?": ["Preis", "Vouchers"],
    "Wie ist die Adresse von iExec?": ["Adresse", "iExec"],
    "What is RLC?": undefined,
    "How is ownership of a voucher represented?": undefined,
    "Can I see the price of a voucher before I buy it?": undefined,
    // Nothing is asked of it but what it is.
    "What is the role of a voucher?": undefined,
  };
  for (const [question, expected] of Object.entries(questions)) {
    const attribute = read(question).parts[0]?.attribute;
    assertEquals(attribute && [attribute.asked.trim(), attribute.of.trim()], expected, question);
  }
});

Deno.test("a question may point to what is only said behind it", () => {
  assertEquals(read("Which network is it on? The voucher, I mean.").parts[0]?.topic, "The voucher, I mean.");
});

Deno.test("how something works is a question after that thing, in five languages", () => {
  const things: Record<string, string> = {
    "How does a voucher work?": "a voucher",
    "Come funziona un voucher?": "un voucher",
    "Comment fonctionne l'attestation ?": "l'attestation",
    "¿Cómo funciona un voucher?": "un voucher",
    "Wie funktioniert PoCo?": "PoCo",
  };
  for (const [question, thing] of Object.entries(things)) {
    const [part] = read(question).parts;
    assertEquals([part?.text, part?.asksWhatItIs], [thing, true], question);
  }
});
