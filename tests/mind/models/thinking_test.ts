/** The answer in a model's text, without its thinking and whatever else leaks from a template. */

import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { createCleaner } from "../../../src/mind/models/cleaning.ts";
import { withoutThinking } from "../../../src/mind/models/thinking.ts";

const ANSWER = "The answer is 42.";
const MARK = "31415926";
const cleaner = createCleaner({ name: "Gardener", mark: MARK });

/** Texts with thinking in them, by the family that writes so. */
const THINKING: Readonly<Record<string, string>> = {
  "DeepSeek, Qwen": `<think>\nSecret plan.\n</think>\n\n${ANSWER}`,
  "a template that opens": `Secret plan.\n</think>\n\n${ANSWER}`,
  "a template that opens, in one line": `Secret plan.</think>\n\n${ANSWER}`,
  "a template that opens, without a gap": `Secret plan.</think>${ANSWER}`,
  "thinking": `<thinking>Secret plan.</thinking>\n${ANSWER}`,
  "capitals": `<THINK>Secret plan.</THINK>${ANSWER}`,
  "two blocks": `<think>Secret</think>\n<think>plan.</think>${ANSWER}`,
  "a block between": `<think></think>\n<think>\nSecret plan.\n</think>\n${ANSWER}`,
  "thought": `<thought>Secret plan.</thought>${ANSWER}`,
  "reasoning": `<reasoning>\nSecret plan.\n</reasoning>\n${ANSWER}`,
  "reflection": `<reflection>Secret plan.</reflection>${ANSWER}`,
  "Magistral": `[THINK]Secret plan.[/THINK]${ANSWER}`,
  "Seed-OSS": `<seed:think>Secret plan.</seed:think>${ANSWER}`,
  "Kimi": `◁think▷Secret plan.◁/think▷${ANSWER}`,
  "Command A": `<|START_THINKING|>Secret plan.<|END_THINKING|><|START_RESPONSE|>${ANSWER}<|END_RESPONSE|>`,
  "LongCat": `<longcat_think>Secret plan.</longcat_think>${ANSWER}`,
  "OpenThinker":
    `<|begin_of_thought|>Secret plan.<|end_of_thought|>\n<|begin_of_solution|>${ANSWER}<|end_of_solution|>`,
  "MedGemma": `<unused94>thought\nSecret plan.<unused95>${ANSWER}`,
  "Gemma 4": `<|channel>thought\nSecret plan.<channel|>${ANSWER}`,
  "R1 with an answer mark": `<think>Secret plan.</think>\n<answer>${ANSWER}</answer>`,
  "gpt-oss":
    `<|channel|>analysis<|message|>Secret plan.<|end|><|start|>assistant<|channel|>final<|message|>${ANSWER}<|return|>`,
  "gpt-oss with a start":
    `<|start|>assistant<|channel|>analysis<|message|>Secret plan.<|end|><|start|>assistant<|channel|>final<|message|>${ANSWER}`,
  "gpt-oss without its tokens": `analysisWe need a Secret plan.assistantfinal${ANSWER}`,
};

for (const [family, text] of Object.entries(THINKING)) {
  Deno.test(`${family}: thinking is no part of the answer, whole or growing`, () => {
    assertEquals(cleaner.whole(text), ANSWER);
    for (let length = 0; length <= text.length; length++) {
      const begun = cleaner.begun(text.slice(0, length));
      // Where the template opened, nothing tells thinking from an answer until it is closed.
      if (!family.includes("that opens")) assert(ANSWER.startsWith(begun), `${length}: ${begun}`);
    }
    assertEquals(cleaner.begun(`${text}\n`), ANSWER);
  });
}

Deno.test("thinking that is never closed is no answer", () => {
  for (
    const text of ["<think>Secret", "[THINK]Secret", "<|channel|>analysis<|message|>Secret", "  <thinking>\nSecret"]
  ) {
    assertEquals(cleaner.whole(text), "", text);
    assertEquals(cleaner.begun(text), "", text);
  }
});

Deno.test("an answer is whole behind thinking in letters that are longer when they are small", () => {
  const answer = "Istanbul is not the capital; Ankara is. İyi günler!";
  for (
    const text of [
      `<think>İstanbul İzmir İİİ</think>${answer}`,
      `İİİ</think>${answer}`,
      `<thought>İİİ</thought>${answer}`,
      `İİİ\n<think>İ</THINK>\n${answer}`,
      `<answer>${answer}</answer>`,
      `<|START_THINKING|>İİİ<|END_THINKING|><|START_RESPONSE|>${answer}<|END_RESPONSE|>`,
      `<think>İİİ</think>\n<think>ẞ Σ K İ</think><ANSWER>\n${answer}</ANSWER>`,
    ]
  ) {
    const whole = text.startsWith("İİİ\n") ? `İİİ\n\n${answer}` : answer;
    assertEquals(cleaner.whole(text), whole, text);
    assertEquals(cleaner.begun(`${text}\n`), whole, text);
  }
});

Deno.test("marks that an answer speaks of stay in it", () => {
  const answers = [
    "It is `</think>`.",
    'Close it with "</think>", then go on.',
    "The tag </think> ends the thinking.",
    "Write:\n\n```\n<think>\nhm\n</think>\n```\n\nThat is all.",
    "Use `<|im_end|>` at the end of a turn.",
    "An example: <reason>none</reason> is XML.",
    "<answers>3</answers>",
    "a < b, b > c, [1] and [THE END]",
    "He said: <think different>.",
  ];
  for (const answer of answers) {
    assertEquals(withoutThinking(answer), answer);
    assertEquals(cleaner.whole(answer), answer);
  }
});

Deno.test("an answer ends where a template's token would begin another turn", () => {
  const tokens = [
    "<|im_end|>",
    "<|eot_id|>",
    "<end_of_turn>",
    "</s>",
    "<|endoftext|>",
    "<｜end▁of▁sentence｜>",
    "[INST]",
    "[|endofturn|]",
    "<seed:eos>",
  ];
  for (const token of tokens) {
    assertEquals(cleaner.whole(`Hello!${token}\n<|im_start|>agent\nHello!`), "Hello!", token);
    for (let length = 0; length <= token.length; length++) {
      assertEquals(cleaner.begun(`Hello!${token.slice(0, length)}`), "Hello!", token.slice(0, length));
    }
  }
  assertEquals(cleaner.whole("<s>Hello!</s>"), "Hello!");
  assertEquals(cleaner.whole("<bos>Hello!<pad><pad>"), "Hello!");
});

Deno.test("an answer's own HTML does not end it, whole or growing", () => {
  const answers = [
    "The price was <s>10 RLC</s> and is now 8 RLC.",
    "It was <S>10</S>, then <s class='old'>9</s>, and is 8.",
    'It was "<s>10</s>" and is 8.',
    'It was <s>"10"</s> and is 8.',
    "Write `<s>10</s>` to strike 10 out.",
    "<answer>42</answer>\n\nBut only on Sundays.",
    "<answer>42</answer> or <answer>43</answer>",
    "<response><code>200</code></response> is what comes back.",
  ];
  for (const answer of answers) {
    assertEquals(cleaner.whole(answer), answer);
    let written = "", restarts = 0;
    for (let length = 0; length <= answer.length; length++) {
      const begun = cleaner.begun(answer.slice(0, length));
      if (!begun.startsWith(written)) restarts++;
      written = begun;
    }
    assertEquals([written, restarts], [answer, /^<(answer|response)>/.test(answer) ? 1 : 0], answer);
  }
});

Deno.test("a turn's end behind text that is struck out, or behind its tag in quotes, ends the answer", () => {
  assertEquals(cleaner.whole("It was <s>10</s>.</s>\nuser: Why?"), "It was <s>10</s>.");
  assertEquals(cleaner.whole("The tag `<s>` strikes out.</s>\nuser: Why?"), "The tag `<s>` strikes out.");
  assertEquals(cleaner.whole("It was </s>10<s>."), "It was");
});

Deno.test("marks around all of an answer are taken off, whatever the template leaves behind them", () => {
  for (const behind of ["", "\n\n", "</s>", "<|im_end|>\n<|im_start|>user", "<pad>", "<|eot_id|>"]) {
    assertEquals(cleaner.whole(`<answer>42</answer>${behind}`), "42", behind);
    assertEquals(cleaner.whole(`<|START_RESPONSE|>42<|END_RESPONSE|>${behind}`), "42", behind);
  }
  assertEquals(
    cleaner.whole("<answer>Close with `</answer>`, then go on.</answer>"),
    "Close with `</answer>`, then go on.",
  );
  assertEquals(cleaner.whole("<answer>Not yet clo"), "Not yet clo");
});

Deno.test("the speaker's name before what is said is taken off, and no other word before a colon", () => {
  for (const start of ["Gardener: ", "**Gardener:** ", "**Gardener**: ", "Assistant: ", "\nassistant: "]) {
    assertEquals(cleaner.whole(`${start}Water it.`), "Water it.", start);
    for (let length = 0; length <= start.length; length++) {
      assertEquals(cleaner.begun(start.slice(0, length)), "", start);
    }
  }
  for (const answer of ["Water: twice a day.", "Note: it is dry.", "Gardeners: ask them.", "Gardener, he said."]) {
    assertEquals(cleaner.whole(answer), answer);
    assertEquals(cleaner.begun(`${answer}\n`), answer);
  }
  assertEquals(createCleaner({ name: "A+B (x)" }).whole("A+B (x): yes"), "yes");
});

Deno.test("the mark around the passages is cut out, also while the answer grows", () => {
  assertEquals(cleaner.whole(`According to the passage "${MARK}", it is dry.`), "According to the passage, it is dry.");
  assertEquals(cleaner.whole(`${MARK}\nIt is dry.\n${MARK}`), "It is dry.");
  assertEquals(cleaner.whole(MARK), "");
  const text = `It is dry (${MARK}), very dry. 31 of 314.`;
  for (let length = 0; length < text.length; length++) {
    assert("It is dry, very dry. 31 of 314.".startsWith(cleaner.begun(text.slice(0, length))), text.slice(0, length));
  }
  assertEquals(createCleaner({}).whole("two words"), "two words", "without a mark nothing is cut");
});

Deno.test("half of a character is not said while the answer grows", () => {
  assertEquals(cleaner.begun("Tomato \ud83c"), "Tomato");
  assertEquals(cleaner.begun("Tomato \ud83c\udf45"), "Tomato \ud83c\udf45");
  assertEquals(cleaner.whole("Tomato \ud83c"), "Tomato \ud83c");
});

Deno.test("of any text, what is said of it while it grows begins what is said at its end, or begins it anew", () => {
  const piece = fc.constantFrom(
    "word ",
    "\n",
    "<think>",
    "</think>",
    "`",
    "a < b",
    "**Gardener:** ",
    MARK,
    "[",
    "<|im_end|>",
    "é🍅",
  );
  fc.assert(fc.property(fc.array(piece, { maxLength: 12 }), (pieces) => {
    let text = "";
    for (const one of pieces) {
      text += one;
      const begun = cleaner.begun(text);
      assertEquals(begun, begun.trim());
      assert(!begun.includes(MARK) && !begun.startsWith("Gardener:"), begun);
    }
  }));
});

Deno.test("long texts of any kind are cleaned in time that grows with their length", () => {
  for (const unit of ["<", "<think>", "`", "[THINK", " \n", "a: ", "</think", "<|", "\n<think>x</think>"]) {
    assertEquals(typeof cleaner.whole(unit.repeat(20_000)), "string");
    assertEquals(typeof cleaner.begun(unit.repeat(20_000)), "string");
  }
  // In time that grows with the square, each of these takes minutes.
  const blanks = " ".repeat(1_000_000), letters = "a".repeat(1_000_000);
  assertEquals(cleaner.whole(`As ${MARK} says:${blanks}x`), `As says:${blanks}x`);
  assertEquals(cleaner.whole(`x${blanks}(${MARK})`), "x");
  assertEquals(cleaner.whole(`x${blanks}<|channel|>final<|message|>y`), `x${blanks}<|channel|>final<|message|>y`);
  assertEquals(cleaner.whole(`${blanks}x<|channel|>final<|message|>y`), "x<|channel|>final<|message|>y");
  assertEquals(cleaner.whole(`<|channel|>${letters}`), `<|channel|>${letters}`);
  for (
    const unit of ["<unk><pad>", "`</s>` ", "`</s>`\n", "`</think>", "a </think> b ", "`\n<think>`", "`<s>`", '<s>"']
  ) {
    const text = `x${unit.repeat(500_000 / unit.length)}x`;
    assertEquals(cleaner.whole(text), text);
    const code = `\`\`\`\n${text}`;
    assertEquals(cleaner.whole(code), code);
  }
});

Deno.test("a growing answer that runs into blanks is looked at in time that grows with its length", () => {
  let text = `As ${MARK} says:`, looks = 0;
  for (; text.length < 100_000; looks++) {
    text += " ".repeat(200);
    assertEquals(cleaner.begun(`${text}x`).length, text.length - MARK.length);
  }
  assert(looks > 400);
});
