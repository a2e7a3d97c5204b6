/** What is said of a peer that can't be reached, against real listeners on loopback. @module */

import { assertEquals, assertMatch } from "@std/assert";
import { diagnose } from "../../src/transports/diagnosis.ts";
import { EXAMPLE_AUTHORITY, EXAMPLE_CERTIFICATE } from "../support/example_certificates.ts";
import { AUTHORITY, LOCALHOST_CERTIFICATE } from "../support/localhost_certificate.ts";

const NAMES = { url: "THE_URL", caFile: "THE_CA_FILE", certFile: "THE_CERT_FILE" };

/** What is found at `url`, as one text. */
async function found(url: string, caCerts?: string[]): Promise<string> {
  const diagnosis = await diagnose(new URL(url), { names: NAMES, ...(caCerts && { caCerts }) });
  return diagnosis ? `${diagnosis.problem}. ${diagnosis.advice}` : "nothing";
}

/** A server of plain HTTP, or of HTTPS. `certificate`: default one for localhost and 127.0.0.1. */
function serve({ tls, certificate = LOCALHOST_CERTIFICATE }: { tls: boolean; certificate?: Deno.TlsCertifiedKeyPem }) {
  const options = { hostname: "127.0.0.1", port: 0, onListen() {} };
  const handler = () => new Response("hello");
  return tls ? Deno.serve({ ...options, ...certificate }, handler) : Deno.serve(options, handler);
}

Deno.test("a port where nothing listens", async () => {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr;
  listener.close();
  assertEquals(
    await found(`ws://127.0.0.1:${port}`),
    `nothing listens at 127.0.0.1:${port} (connection refused). Start the server, or correct THE_URL.`,
  );
});

Deno.test("wss:// to a server without TLS", async () => {
  await using server = serve({ tls: false });
  assertEquals(
    await found(`wss://127.0.0.1:${server.addr.port}`),
    "the server does not speak TLS. Use ws:// instead of wss:// in THE_URL, or turn TLS on there.",
  );
});

Deno.test("ws:// to a server with TLS, whether its certificate is known or not", async () => {
  await using server = serve({ tls: true });
  for (const caCerts of [undefined, [AUTHORITY]]) {
    assertEquals(
      await found(`ws://127.0.0.1:${server.addr.port}`, caCerts),
      "the server speaks TLS. Use wss:// instead of ws:// in THE_URL.",
    );
  }
});

Deno.test("a certificate of an unknown authority, and nothing once that is known", async () => {
  await using server = serve({ tls: true });
  const url = `wss://127.0.0.1:${server.addr.port}`;
  assertMatch(await found(url), /^the server's certificate is from an unknown authority .*in THE_CA_FILE\.$/);
  assertEquals(await found(url, [AUTHORITY]), "nothing");
});

Deno.test("a certificate for another name", async () => {
  await using server = serve({ tls: true, certificate: EXAMPLE_CERTIFICATE });
  const url = `wss://127.0.0.1:${server.addr.port}`;
  assertMatch(await found(url, [EXAMPLE_AUTHORITY]), /^the server's certificate is for another name/);
});

Deno.test("where all of that works there is nothing to say", async () => {
  await using server = serve({ tls: false });
  assertEquals(await found(`ws://127.0.0.1:${server.addr.port}`), "nothing");
});
