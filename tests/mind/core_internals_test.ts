/** What the mind relies on in ElizaOS's core without its promise: a release that changes it fails here, by name. @module */

import { assertEquals } from "@std/assert";
import { AgentRuntime } from "@elizaos/core";
import { noSeal } from "../../src/store/seal.ts";
import { emptyMemory } from "../memory/fixture.ts";

Deno.test("the core puts a model's settings together in the method that the mind replaces: getModelSettings", async () => {
  const character = { id: "6f0a4b52-3c1e-4d7a-9b65-2e8d1f7c0a34" as const, name: "Agent", bio: "an agent" };
  using memory = emptyMemory(noSeal);
  const runtime = new AgentRuntime({ character, adapter: memory.open(character.id) });
  runtime.registerModel("TEXT_LARGE", () => Promise.resolve("answer"), "test");
  // Private to TypeScript.
  const inner = runtime as unknown as { getModelSettings(modelType: string): object | null };
  assertEquals(typeof inner.getModelSettings, "function");
  const asked: string[] = [];
  const { getModelSettings } = inner;
  inner.getModelSettings = (modelType) => {
    asked.push(modelType);
    return getModelSettings.call(runtime, modelType);
  };
  assertEquals(await runtime.useModel("TEXT_LARGE", { prompt: "question" }), "answer");
  assertEquals(asked, ["TEXT_LARGE"]);
});
