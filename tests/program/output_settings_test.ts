/** The settings of where answers are written. @module */

import { assertEquals, assertFalse, assertStringIncludes, assertThrows } from "@std/assert";
import { generateKeyPairSync } from "node:crypto";
import { FatalError } from "../../src/errors.ts";
import { publicKey, rotationOf } from "../../src/program/output_settings.ts";
import { readSettings } from "../../src/program/settings.ts";

const read = (values: Record<string, string>, { inTee = false } = {}) =>
  readSettings((name) => values[name], undefined, { inTee });

const KEY = "MCowBQYDK2VuAyEAhSDwCYkwp1R0i33ctD73Wg2/Og0mOBr066SpjqqbTmo=";
const X = "hSDwCYkwp1R0i33ctD73Wg2_Og0mOBr066SpjqqbTmo";

Deno.test("a rotation is a size or an age", () => {
  assertEquals(rotationOf("100MB"), { bytes: 100_000_000 });
  assertEquals(rotationOf("1.5 GiB"), { bytes: 1.5 * 2 ** 30 });
  assertEquals(rotationOf("4KB"), { bytes: 4_000 });
  for (const text of ["7d", "7 days", "168h"]) assertEquals(rotationOf(text), { ageMs: 7 * 24 * 60 * 60 * 1000 });
  assertEquals(rotationOf("1 day"), { ageMs: 24 * 60 * 60 * 1000 });
  for (const text of ["", "weekly", "10", "3999", "59m", "-1d", "1e9", "5 apples", "MB", "40000d"]) {
    assertEquals([text, rotationOf(text)], [text, undefined]);
  }
});

Deno.test("a public key is PEM, its base64, or a JWK; all mean the same", () => {
  const pem = `-----BEGIN PUBLIC KEY-----\n${KEY}\n-----END PUBLIC KEY-----\n`;
  const jwk = JSON.stringify({ kty: "OKP", crv: "X25519", x: X });
  for (const text of [pem, pem.replaceAll("\n", "\\n"), KEY, jwk]) assertEquals(publicKey(text), X);
  const { publicKey: other } = generateKeyPairSync("ed25519");
  for (
    const text of [
      "nonsense",
      "{",
      "{}",
      X,
      KEY.slice(4),
      other.export({ type: "spki", format: "pem" }).toString(),
      JSON.stringify(other.export({ format: "jwk" })),
    ]
  ) assertEquals([text, publicKey(text)], [text, undefined]);
});

Deno.test("a private key in place of the public one is refused, and not shown", () => {
  const { privateKey } = generateKeyPairSync("x25519");
  const pem = privateKey.export({ type: "pkcs8", format: "pem" }).toString();
  const jwk = privateKey.export({ format: "jwk" });
  for (const text of [pem, pem.replaceAll("\n", "\\n"), JSON.stringify(jwk)]) {
    const { message } = assertThrows(() => read({ AGENT_OUTPUT_KEY: text }), FatalError, "this is a private key");
    for (const part of [jwk.d!, pem.split("\n")[1]!]) assertFalse(message.includes(part));
  }
});

Deno.test("answers go into the file, sealed where there is a key; in a TEE only if they have no other way back", () => {
  const socket = { USE_WEBSOCKET: "true", WEBSOCKET_URL: "wss://example.org" };
  const output = (values: Record<string, string>, inTee = false) => read(values, { inTee }).EVENT_OUTPUT;
  assertEquals([output({}), output(socket)], ["file", "file"]);
  assertEquals([output({}, true), output({ USE_WEBSOCKET: "false" }, true)], ["file", "file"]);
  assertEquals(output(socket, true), "none");
  assertEquals(output({ EVENT_TRANSPORT: "WebSocket", WEBSOCKET_URL: "wss://example.org" }, true), "none");
  assertEquals(output({ ...socket, EVENT_OUTPUT: "file" }, true), "file");
  assertEquals([output({ AGENT_OUTPUT_KEY: KEY }), output({ ...socket, AGENT_OUTPUT_KEY: KEY }, true)], [
    "sealed",
    "sealed",
  ]);
  assertEquals(output({ AGENT_OUTPUT_KEY: KEY, EVENT_OUTPUT: "file" }), "file");
});

Deno.test("sealed without a key, and no file where answers have no other way, are refused", () => {
  const refused = (values: Record<string, string>) => assertThrows(() => read(values), FatalError).message;
  assertStringIncludes(refused({ EVENT_OUTPUT: "sealed" }), "EVENT_OUTPUT: sealed needs AGENT_OUTPUT_KEY");
  assertStringIncludes(refused({ EVENT_OUTPUT: "none" }), "answers go nowhere but into the file");
});
