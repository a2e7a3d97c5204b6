/** Quotes from an HTTP sidecar: the report data is its user data, the nonce its nonce; everything else is a plain error. @module */

import { assertEquals, assertMatch, assertRejects } from "@std/assert";
import { sidecarSource } from "../../../src/tee/sources/sidecar.ts";
import { QuoteError } from "../../../src/tee/sources/source.ts";
import { shapedDocument, type SidecarAnswer, startSidecar } from "../../support/quote_sidecar.ts";

const DATA = new Uint8Array(64).map((_, index) => index);
const never = new AbortController().signal;

Deno.test("64 bytes land in user_data, and the nonce of a challenge in nonce; the document comes back as it is", async () => {
  await using sidecar = await startSidecar();
  const source = sidecarSource({ url: sidecar.url });
  for (const nonce of [undefined, "short-one", "nonce-of-a-server".repeat(5)]) {
    const quote = await source.quote({ data: DATA, ...nonce !== undefined && { nonce } }, never);
    const bytes = new TextEncoder().encode(nonce ?? "");
    assertEquals(sidecar.asked.at(-1), { public_key: "", user_data: DATA.toHex(), nonce: bytes.toHex() });
    const document = shapedDocument({ data: DATA, nonce: bytes });
    assertEquals(quote, {
      format: "nitro",
      quote: document.toBase64({ alphabet: "base64url", omitPadding: true }),
    });
  }
});

Deno.test("every wrong answer of the sidecar is an error that says what came, and whether to ask again", async () => {
  const expected: [SidecarAnswer, RegExp, boolean][] = [
    ["404", /^it answered 404: the device says no$/, false],
    ["500", /^it answered 500: the device says no$/, true],
    ["hang", /^no answer within 50 ms$/, true],
    ["other data", /other user data/, true],
    ["other nonce", /another nonce/, true],
    ["large", /more than 32768 bytes/, false],
  ];
  for (const [answer, message, isPassing] of expected) {
    await using sidecar = await startSidecar(answer);
    const source = sidecarSource({ url: sidecar.url, timeoutMs: answer === "hang" ? 50 : 60_000 });
    const error = await assertRejects(
      () => source.quote({ data: DATA, nonce: "nonce-of-a-server" }, never),
      QuoteError,
    );
    assertMatch(error.message, message, answer);
    assertEquals(error.isPassing, isPassing, answer);
  }
});

Deno.test("a sidecar that is not there yet may be asked again", async () => {
  const gone = await startSidecar();
  await gone[Symbol.asyncDispose]();
  const error = await assertRejects(() => sidecarSource({ url: gone.url }).quote({ data: DATA }, never), QuoteError);
  assertMatch(error.message, /^cannot be reached/);
  assertEquals(error.isPassing, true);
});
