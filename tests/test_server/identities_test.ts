/** Which connections are one agent. @module */

import { assertEquals } from "@std/assert";
import { createIdentities } from "../../src/test_server/identities.ts";

Deno.test("an agent that comes back is the one that it was; two at a time are two", () => {
  const identities = createIdentities();
  const first = identities.take("a"), second = identities.take("a"), other = identities.take("b");
  assertEquals([first, second, other], [0, 1, 2]);
  identities.leave("a", second);
  identities.leave("b", other);
  assertEquals(identities.take("a"), second);
  assertEquals(identities.take("a"), 3); // the first is still there
  assertEquals(identities.take("b"), other);
});

Deno.test("of several that have gone, the one that went last comes back first", () => {
  const identities = createIdentities();
  const [one, two] = [identities.take("a"), identities.take("a")];
  identities.leave("a", two);
  identities.leave("a", one);
  assertEquals([identities.take("a"), identities.take("a")], [one, two]);
});

Deno.test("of those that have gone, a thousand are remembered", () => {
  const identities = createIdentities();
  for (let n = 0; n <= 1_000; n++) identities.leave(`agent ${n}`, n);
  assertEquals([identities.take("agent 0"), identities.take("agent 1")], [0, 1]); // 0: a new number, the first
  assertEquals(identities.take("agent 0"), 1);
});
