/** Whom the settings make the agent connect to, and what may go there in plaintext. @module */

import { assertEquals, assertMatch } from "@std/assert";
import { isLoopback, peersOf, plaintextProblems } from "../../src/settings/peers.ts";
import { readSettings, SETTINGS } from "../../src/program/settings.ts";

Deno.test("every spelling of a loopback address is loopback, in a TEE and elsewhere", () => {
  for (
    const host of [
      "127.0.0.1",
      "127.255.0.9:8080",
      "127.1",
      "2130706433",
      "0x7f.1",
      "[::1]:80",
      "[::ffff:127.0.0.1]",
      "[0:0::1]",
    ]
  ) {
    for (const inTee of [true, false]) assertEquals(isLoopback(new URL(`ws://${host}/`), { inTee }), true, host);
  }
});

Deno.test("no other address is loopback, nor a name that looks like one", () => {
  for (
    const host of [
      "0.0.0.0",
      "128.0.0.1",
      "10.0.0.1",
      "[::]",
      "[::2]",
      "[::ffff:128.0.0.1]",
      "[fe80::1]",
      "127.0.0.1.example.org",
      "localhost.example.org",
      "notlocalhost",
      "[::ffff:7f00:1:1]",
    ]
  ) {
    for (const inTee of [true, false]) assertEquals(isLoopback(new URL(`ws://${host}/`), { inTee }), false, host);
  }
});

Deno.test("localhost is loopback outside of a TEE only: there the host says what it means", () => {
  for (const host of ["localhost", "LOCALHOST", "localhost.", "agents.localhost"]) {
    assertEquals(isLoopback(new URL(`ws://${host}:8080/`), { inTee: false }), true, host);
    assertEquals(isLoopback(new URL(`ws://${host}:8080/`), { inTee: true }), false, host);
  }
});

Deno.test("a model's server is a peer if it is the one that answers, and its key or password is a secret", () => {
  const peers = (environment: Record<string, string>) =>
    peersOf(SETTINGS, readSettings((name) => environment[name])).map(({ setting, secret = "" }) =>
      `${setting} ${secret}`
    );
  const urls = { OLLAMA_SERVER_URL: "http://127.0.0.1:1", OPENAI_BASE_URL: "http://127.0.0.1:2/v1" };
  assertEquals(peers(urls), []);
  assertEquals(peers({ ...urls, MODEL_PROVIDER: "ollama" }), ["OLLAMA_SERVER_URL "]);
  assertEquals(peers({ MODEL_PROVIDER: "ollama", OLLAMA_SERVER_URL: "http://u:p@127.0.0.1:1" }), [
    "OLLAMA_SERVER_URL the user name or password in it",
  ]);
  assertEquals(peers({ ...urls, MODEL_PROVIDER: "openai", OPENAI_API_KEY: "k" }), ["OPENAI_BASE_URL OPENAI_API_KEY"]);
});

/** What is wrong with connecting to `url`. */
function problems(url: string, { token = "", inTee = false }) {
  const environment: Record<string, string> = {
    USE_WEBSOCKET: "true",
    WEBSOCKET_URL: url,
    WEBSOCKET_AUTH_TOKEN: token,
  };
  // Loopback passes every check, so that the one under test is the only one that is made.
  const settings = {
    ...readSettings((name) => ({ ...environment, WEBSOCKET_URL: "" })[name]),
    WEBSOCKET_URL: new URL(url),
  };
  return plaintextProblems(peersOf(SETTINGS, settings), { inTee });
}

Deno.test("in a TEE nothing goes in the open to a peer beyond it; wss:// may go anywhere", () => {
  assertEquals(problems("ws://127.0.0.1:8080", { token: "t", inTee: true }), []);
  assertEquals(problems("wss://example.org", { token: "t", inTee: true }), []);
  assertEquals(problems("ws://example.org", { inTee: true }).length, 1);
  assertEquals(problems("ws://localhost", { inTee: true }).length, 1);
});

Deno.test("what is encrypted is a list: whatever is not in it counts as plaintext", () => {
  const problem = (url: string, inTee: boolean, secret?: string) => {
    const peer = { setting: "QUEUE_URL", url: new URL(url), ...(secret !== undefined && { secret }) };
    return plaintextProblems([peer], { inTee })[0];
  };
  for (const scheme of ["wss", "https", "rediss", "amqps", "tls"]) {
    assertEquals(problem(`${scheme}://example.org`, true, "a password"), undefined, scheme);
  }
  for (const scheme of ["ws", "http", "redis", "amqp", "nats", "postgres", "whatever"]) {
    assertMatch(problem(`${scheme}://example.org`, true) ?? "", /in a TEE nothing goes over/, scheme);
    assertMatch(problem(`${scheme}://example.org`, false, "a password") ?? "", /a password would go over/, scheme);
    assertEquals(problem(`${scheme}://127.0.0.1:1`, true, "a password"), undefined, scheme);
  }
  assertMatch(problem("redis://example.org", true) ?? "", /use rediss:\/\//);
  assertMatch(problem("nats://example.org", true) ?? "", /use tls:\/\//);
  assertMatch(problem("whatever://example.org", true) ?? "", /use a scheme that is encrypted/);
});

Deno.test("elsewhere a peer may be spoken to in the open, but not told a secret", () => {
  assertEquals(problems("ws://websocket-server:8080", {}), []);
  assertEquals(problems("ws://localhost:8080", { token: "t" }), []);
  assertMatch(
    problems("ws://websocket-server:8080", { token: "t" })[0]!,
    /^WEBSOCKET_URL: WEBSOCKET_AUTH_TOKEN would go/,
  );
  assertMatch(
    problems("ws://user:canary@websocket-server", {})[0]!,
    /^WEBSOCKET_URL: the user name or password in it would go(?!.*canary)/,
  );
  assertEquals(problems("ws://canary@websocket-server", {}).length, 1); // a key may be all that is given
});

Deno.test("who is not connected to can't be told anything", () => {
  const settings = readSettings((name) =>
    ({ WEBSOCKET_URL: "ws://example.org", WEBSOCKET_AUTH_TOKEN: "t" } as Record<string, string>)[name]
  );
  assertEquals(peersOf(SETTINGS, settings), []);
});
