/** `deno task eval`: how well the embedded model answers for the built-in character. @module */

import { silentLog } from "../../src/log.ts";
import { loadCharacter } from "../../src/mind/character/character.ts";
import { ANSWERABLE, askBuiltIn, isDeclined, isRight, type Question, UNANSWERABLE } from "./questions.ts";
import { WIDER_ANSWERABLE, WIDER_UNANSWERABLE } from "./wider.ts";

const { character, texts } = await loadCharacter(undefined, silentLog);
const ask = askBuiltIn(character, texts);

async function score(answerable: readonly Question[], unanswerable: readonly string[]) {
  let right = 0, declined = 0;
  for (const asked of answerable) {
    const answer = await ask(asked.question);
    if (isRight(asked, answer)) right++;
    else console.log(`wrong: ${asked.question}\n  ${answer}\n`);
  }
  for (const question of unanswerable) {
    const answer = await ask(question);
    if (isDeclined(answer)) declined++;
    else console.log(`not declined: ${question}\n  ${answer}\n`);
  }
  return { right, declined };
}

const first = await score(ANSWERABLE, UNANSWERABLE), wider = await score(WIDER_ANSWERABLE, WIDER_UNANSWERABLE);
console.log(
  `${first.right} of ${ANSWERABLE.length} answered rightly, ${first.declined} of ${UNANSWERABLE.length} declined`,
);
console.log(
  `of a wider set: ${wider.right} of ${WIDER_ANSWERABLE.length} answered rightly, ${wider.declined} of ${WIDER_UNANSWERABLE.length} declined`,
);
const isGood = first.right >= 0.9 * ANSWERABLE.length && first.declined === UNANSWERABLE.length;
if (!isGood) console.log("Expected: 9 in 10 answered rightly, and all declined that it can't know.");
Deno.exit(isGood ? 0 : 1);
