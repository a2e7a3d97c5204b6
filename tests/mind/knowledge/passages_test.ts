/** Long texts cut into passages. @module */

import { assertEquals, assertLess } from "@std/assert";
import { splitIntoPassages as cutPassages } from "../../../src/mind/knowledge/passages.ts";

const splitIntoPassages = (text: string) => [...cutPassages(text)].map(({ heading, text }) => ({ heading, text }));

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

Deno.test("a long table is cut between its rows, and every piece of it begins with its header", () => {
  const rows = Array.from({ length: 60 }, (_, n) => `| row ${n} | ${"x".repeat(20)} |`);
  const passages = splitIntoPassages(["# Prices", "", "| what | price |", "| --- | --- |", ...rows].join("\n"));
  for (const { text } of passages) {
    assertEquals(text.split("\n").slice(0, 2), ["| what | price |", "| --- | --- |"]);
    assertLess(text.length, 801);
  }
  assertEquals(passages.flatMap(({ text }) => text.split("\n").slice(2)), rows);
});

Deno.test("long lists and code keep their lines", () => {
  const items = Array.from({ length: 60 }, (_, n) => `- item ${n}: ${"y".repeat(20)}`);
  const code = Array.from({ length: 60 }, (_, n) => `  call(${n}); // ${"z".repeat(20)}`);
  for (const [text, lines] of [[items.join("\n"), items], [`\`\`\`ts\n${code.join("\n")}\n\`\`\``, code]] as const) {
    const passages = splitIntoPassages(text);
    assertEquals(
      passages.flatMap((passage) => passage.text.split("\n")).filter((line) => !line.startsWith("```")),
      lines,
    );
    for (const passage of passages) assertLess(passage.text.length, 801);
  }
});

Deno.test("comments and front matter are no text, except in code", () => {
  const passages = splitIntoPassages(
    "---\ntitle: Mill\ntags: [a]\n---\n\n# Mill\n\nGrinds.<!-- todo: ask\n\nAda --> Daily.\n\n```html\n<!-- kept -->\n```\n",
  );
  assertEquals(passages, [{ heading: "Mill", text: "Grinds.\n Daily.\n\n```html\n<!-- kept -->\n```" }]);
  for (const front of ["+++\ntitle = 'Mill'\n\n[params]\n  a = 1\n+++\n", "+++\r\ntitle = 'Mill'\r\n+++\r\n"]) {
    assertEquals(splitIntoPassages(`${front}\nGrinds.`).map(({ text }) => text), ["Grinds."]);
  }
  assertEquals(splitIntoPassages("+++ Closed on Mondays +++\n\nOpen else.").length, 1);
  assertEquals(splitIntoPassages("---\n\nA rule before it.\n\n---\n\nAnd behind.").length, 1);
});
