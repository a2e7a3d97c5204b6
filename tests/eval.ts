/** `deno task eval`: how well the embedded model answers for the built-in character. @module */

import { silentLog } from "../src/log.ts";
import { loadCharacter } from "../src/mind/character.ts";
import { ANSWERABLE, askBuiltIn, isRight, UNANSWERABLE } from "./eval_questions.ts";

const { character, texts } = await loadCharacter(undefined, silentLog);
const ask = askBuiltIn(character, texts);

let right = 0;
for (const asked of ANSWERABLE) {
  const answer = await ask(asked.question);
  if (isRight(asked, answer)) right++;
  else console.log(`wrong: ${asked.question}\n  ${answer}\n`);
}
let declined = 0;
for (const question of UNANSWERABLE) {
  const answer = await ask(question);
  if (/^I don't know/.test(answer)) declined++;
  else console.log(`not declined: ${question}\n  ${answer}\n`);
}
console.log(`${right} of ${ANSWERABLE.length} questions answered rightly (at least 9 in 10 are expected)`);
console.log(`${declined} of ${UNANSWERABLE.length} declined that it can't know (all are expected)`);
Deno.exit(right >= 0.9 * ANSWERABLE.length && declined === UNANSWERABLE.length ? 0 : 1);
