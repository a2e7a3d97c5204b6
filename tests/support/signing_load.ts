/**
 * A program that signs outcomes under load, in the signing thread, and prints its memory in bytes after each so many: the
 * arguments. Needs the flags of the agent.
 *
 * @module
 */

import { createSigner } from "../../src/proof/signer.ts";
import { answer, event } from "./events.ts";

const TOGETHER = 100;

using signer = await createSigner();
let signed = 0;
for (const count of Deno.args.map(Number)) {
  while (signed < count) {
    for (let n = 0; n < TOGETHER; n++) signer.sign(answer(`q${n}`), event(`q${n}`), () => signed++);
    signer.finish();
    // The thread starts, and takes orders, between two commits.
    await new Promise((resolve) => setTimeout(resolve));
  }
  console.log(Deno.memoryUsage().rss);
}
