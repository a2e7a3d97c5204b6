/** `deno task eval`: how well questions for the built-in character are answered, set by set. @module */

import { measure, openSubject, readSets } from "./measure.ts";

const subject = await openSubject();
const isVerbose = Deno.args.includes("--wrong");
for (const set of await readSets(Deno.args.filter((argument) => !argument.startsWith("--")))) {
  const { figures, wrong } = await measure(set.entries, subject);
  console.log(
    `${set.name}: ${figures.right} of ${figures.answerable} answered rightly, ${figures.declined} of ${figures.unknowable} declined; ` +
      `a model is shown the right passage for ${figures.shown} of ${figures.lookedUp}, and nothing for ${figures.nothing} of ${figures.unknowable}`,
  );
  if (isVerbose) { for (const line of wrong) console.log(line); }
}
