/** A model's server behind an authority of the operator's own: MODEL_CA_FILE. */

import { assertEquals, assertMatch } from "@std/assert";
import { ask, failureOf, optionsFor, requestWith } from "../../support/model_requests.ts";
import { AUTHORITY, LOCALHOST_CERTIFICATE, OTHER_AUTHORITY } from "../../support/localhost_certificate.ts";
import { startModelServer } from "../../support/model_server.ts";

// A model keeps its HTTP client for as long as the program runs, which Deno 2.7.11 takes for a leak.
const keptClient = { sanitizeResources: false };

Deno.test(
  "a server whose certificate an own authority signed is trusted with that authority alone",
  keptClient,
  async () => {
    await using model = await startModelServer("openai");
    await using relay = Deno.serve(
      { port: 0, hostname: "127.0.0.1", ...LOCALHOST_CERTIFICATE, onListen() {} },
      async (request) =>
        await fetch(new URL(new URL(request.url).pathname, model.url), {
          method: request.method,
          headers: { "content-type": "application/json" },
          body: await request.text(),
        }),
    );
    const url = new URL(`https://127.0.0.1:${relay.addr.port}/v1`);
    const answer = await ask(optionsFor(model, { url, caCerts: [AUTHORITY] }), requestWith({ question: "hm?" }));
    assertEquals(answer, "You said: hm?");
    for (const caCerts of [undefined, [OTHER_AUTHORITY]]) {
      const error = await failureOf(ask(optionsFor(model, { url, ...caCerts && { caCerts } }), requestWith()));
      assertEquals(error.kind, "unavailable");
      assertMatch(error.message, /can't be reached: .*(certificate|UnknownIssuer|BadSignature)/i);
    }
  },
);
