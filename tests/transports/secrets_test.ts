/** That no form of a secret gets from a peer's words into the log. @module */

import { assertEquals } from "@std/assert";
import { secretHider, secretsIn } from "../../src/transports/secrets.ts";

Deno.test("a URL's user name, password and query are hidden as they are written, decoded, and one by one", () => {
  const url = new URL("ws://CANARY%20user:p%40ss%20w0rd@example.org/x?key=CANARYq&next=a%26b%20c&v=1");
  const hide = secretHider(secretsIn(url));
  for (
    const said of [
      "CANARY user",
      "CANARY%20user",
      "p@ss w0rd",
      "p%40ss%20w0rd",
      "CANARYq",
      "a&b c",
      "a%26b%20c",
      "?key=CANARYq&next=a%26b%20c&v=1",
      url.href,
    ]
  ) assertEquals(hide(`no ${said}!`), "no […]!");
});

Deno.test("a user name and password are hidden as basic authentication sends them, a token as a URL or JSON has it", () => {
  const basic = new TextEncoder().encode("me:p@ss w0rd").toBase64();
  const hide = secretHider(['tok/en+"1"', ...secretsIn(new URL("wss://me:p%40ss%20w0rd@example.org"))]);
  for (const said of [basic, "tok%2Fen%2B%221%22", 'tok/en+\\"1\\"']) assertEquals(hide(`no ${said}!`), "no […]!");
});

Deno.test("what holds no secret stays as it is, short values of a query too", () => {
  const hide = secretHider(secretsIn(new URL("wss://example.org/x?v=1")));
  assertEquals(hide("closed with 1008"), "closed with 1008");
});

Deno.test("of two secrets that begin alike the longer one goes first", () => {
  const hide = secretHider(["abc", "abcdef", undefined, ""]);
  assertEquals(hide("abcdef abc"), "[…] […]");
});

Deno.test("a lone percent sign in a URL is no mistake", () => {
  assertEquals(secretHider(secretsIn(new URL("ws://a%:b%@example.org")))("a%:b%"), "[…]:[…]");
});
