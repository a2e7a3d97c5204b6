/** Embeddings that are asked for together, where the server does not take one of them. */

import { assertEquals } from "@std/assert";
import type { IAgentRuntime } from "@elizaos/core";
import { ModelError } from "../../../src/mind/model_error.ts";
import { embeddingHandler } from "../../../src/mind/models/embedding.ts";

/** What becomes of some texts; the server fails as `fails` says, for all that it got together. */
async function embedAll(texts: readonly string[], fails: (texts: readonly string[]) => ModelError | undefined) {
  const requests: number[] = [];
  const embed = embeddingHandler((together) => {
    requests.push(together.length);
    const error = fails(together);
    return error ? Promise.reject(error) : Promise.resolve(together.map(({ length }) => [length]));
  });
  const results = await Promise.allSettled(texts.map((text) => embed({} as IAgentRuntime, { text })));
  const kinds = results.map((result) => result.status === "fulfilled" ? result.value[0] : result.reason.kind);
  return { kinds, requests };
}

const tooLarge = new ModelError("unavailable", "500", { details: { status: 500, tooLarge: {} } });
const broken = new ModelError("unavailable", "500", { details: { status: 500 } });
const down = new ModelError("unavailable", "can't be reached");

Deno.test("a text that the model does not take fails alone, whatever the server calls that", async () => {
  for (const error of [tooLarge, broken, new ModelError("refused", "400", { details: { status: 400 } })]) {
    const { kinds, requests } = await embedAll(
      ["a", "long", "bb"],
      (texts) => texts.includes("long") ? error : undefined,
    );
    assertEquals(kinds, [1, "refused", 2]);
    assertEquals(requests, [3, 1, 1, 1]);
  }
});

Deno.test("a server that takes no text is not asked for each of them", async () => {
  const { kinds, requests } = await embedAll(["a", "bb", "ccc", "dddd"], () => broken);
  assertEquals(kinds, Array(4).fill("unavailable"));
  assertEquals(requests, [4, 1, 1]);
});

Deno.test("a server that is down is asked once", async () => {
  const { kinds, requests } = await embedAll(["a", "bb"], () => down);
  assertEquals([kinds, requests], [["unavailable", "unavailable"], [2]]);
});
