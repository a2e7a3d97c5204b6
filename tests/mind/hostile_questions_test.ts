/** Questions as long as an event may be, made to keep the embedded model busy. One that took quadratic time would never end here. @module */

import { assert } from "@std/assert";
import { event } from "../support/events.ts";
import { startMind } from "../support/mind.ts";

const never = new AbortController().signal;
const LENGTH = 1_000_000;
const fill = (text: string) => text.repeat(Math.ceil(LENGTH / text.length)).slice(0, LENGTH);

/** Repeated up to a million characters each: what makes a pattern try again at each place, or a table grow. */
const QUESTIONS: Record<string, string> = {
  "one letter": fill("a"),
  "blanks": `${fill(" ")}?`,
  "line breaks": fill("\n"),
  "tabs and blanks in turns, and a letter": `${fill("\t ")}x`,
  "question marks": fill("?"),
  "question marks and blanks": fill("? "),
  "full stops": fill("."),
  "ellipses and letters": fill("...a"),
  "commas": fill(", "),
  "opened brackets": fill("["),
  "opened and closed brackets": fill("[]("),
  "tags that nothing closes": fill("<b"),
  "quotation marks": fill('"'),
  "backquotes": fill("`"),
  "stars and underscores": fill("*_"),
  "hyphens": fill("a-"),
  "at signs": fill("@a "),
  "number signs": fill("#"),
  "greetings": fill("hello "),
  "politeness": fill("could you please tell me "),
  "the same question": fill("What is iExec? "),
  "the same known word": fill("iexec "),
  "another word each time": Array.from({ length: LENGTH / 7 }, (_, n) => `w${n}`).join(" ").slice(0, LENGTH),
  "almost a known word each time": Array.from({ length: LENGTH / 8 }, (_, n) => `voucher${n % 997}`).join(" "),
  "accents one after another": `e${fill("\u0301")}`,
  "joined emoji": fill("👩‍"),
  "names of addresses": fill("http://a."),
  "digits": fill("1"),
  "numbers in a list": fill("1) "),
  "labels": fill("question: "),
  "negations": fill("not "),
  "Chinese without blanks": fill("什么是"),
  "sentences about oneself": fill("My name is Tom. "),
  "farewells": fill("thanks a lot, best regards, "),
};

Deno.test("a question of a million characters is answered or declined, whatever it is made of, first or as a follow-up", async (context) => {
  await using mind = await startMind();
  for (const [what, question] of Object.entries(QUESTIONS)) {
    await context.step(what, async () => {
      for (const time of ["first", "second"]) {
        const text = await mind.answer(event(`${what} ${time}`, question, { userId: what }), never);
        assert(text.length > 0 && text.length < 10_000, `${text.length} characters`);
      }
      const text = await mind.answer(event(`${what} then`, "and what does it cost?", { userId: what }), never);
      assert(text.length > 0);
    });
  }
});
