/** What tests ask of signed outcomes. @module */

import { assertEquals } from "@std/assert";
import { parseToken } from "../../src/proof/token_parsing.ts";
import { linkOf, watchChain } from "../../src/proof/chain.ts";

/**
 * Assert that outcomes, in order, are one chain from its first on: each is signed, and covers the one before.
 *
 * @returns The keys that signed, in order, each once.
 */
export function assertChain(outcomes: readonly { readonly signature?: unknown }[]): string[] {
  const chain = watchChain();
  const links = outcomes.map(({ signature }) => {
    const token = parseToken(String(signature));
    if (!token.ok) throw new Error(`Not a token: ${token.reason}`);
    return linkOf(String(signature), token.value);
  });
  assertEquals(links.map((link) => link?.seq), outcomes.map((_, index) => index + 1));
  assertEquals(links.map((link) => link && chain.add(link).state), outcomes.map(() => "ok" as const));
  return [...new Set(links.map((link) => link?.kid ?? ""))];
}
