/** What the documents say of signatures for chains is what the agent signs. */

import { assertEquals, assertStringIncludes } from "@std/assert";
import { ANSWER_TYPE, DOMAIN } from "../../src/proof/eip712.ts";
import { codeBlocks } from "../support/documents.ts";

Deno.test("the typed data and the contract in docs/chains.md are those of the signatures", () => {
  const typed = JSON.parse(codeBlocks("docs/chains.md", "json")[1]!);
  const members = typed.types[typed.primaryType].map(({ name, type }: Record<string, string>) => `${type} ${name}`);
  assertEquals([typed.domain, `${typed.primaryType}(${members.join(",")})`], [DOMAIN, ANSWER_TYPE]);
  const [contract = ""] = codeBlocks("docs/chains.md", "solidity");
  assertStringIncludes(contract, `"${ANSWER_TYPE}"`);
  assertStringIncludes(contract, `keccak256("${DOMAIN.name}"), keccak256("${DOMAIN.version}")`);
  assertStringIncludes(contract, `struct AgentAnswer { ${members.join("; ")}; }`);
});
