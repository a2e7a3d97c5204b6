/** A server that lets in only clients with a certificate: WEBSOCKET_CERT_FILE and WEBSOCKET_KEY_FILE. @module */

import { assertEquals } from "@std/assert";
import { startAgent } from "../support/agent.ts";
import { event } from "../support/events.ts";
import { CLIENT_CERTIFICATE, EXAMPLE_AUTHORITY, EXAMPLE_CERTIFICATE } from "../support/example_certificates.ts";
import { makeFolder } from "../support/folder.ts";
import { startForwarder, withoutForwarder } from "../support/forwarder.ts";
import { AUTHORITY, LOCALHOST_CERTIFICATE } from "../support/localhost_certificate.ts";
import { testUnless } from "../support/optional.ts";
import { startServer } from "../support/server.ts";

/** A server behind a door that asks for a client's certificate, and the settings of an agent without one. */
async function startGuarded() {
  await using stack = new AsyncDisposableStack();
  const folder = stack.use(makeFolder({
    "server.pem": LOCALHOST_CERTIFICATE.cert,
    "server.key": LOCALHOST_CERTIFICATE.key,
    "clients.pem": EXAMPLE_AUTHORITY,
    "ca.pem": AUTHORITY,
    "client.pem": CLIENT_CERTIFICATE.cert,
    "client.key": CLIENT_CERTIFICATE.key,
    "other.pem": EXAMPLE_CERTIFICATE.cert,
    "other.key": EXAMPLE_CERTIFICATE.key,
  }));
  const server = stack.use(await startServer({ events: [event("q1")] }));
  const at = (name: string) => `${folder.path}/${name}`;
  const door = stack.use(
    await startForwarder(`tls:${at("server.pem")}:${at("server.key")}:${at("clients.pem")}`, server),
  );
  const env = {
    USE_WEBSOCKET: "true",
    WEBSOCKET_URL: `wss://127.0.0.1:${door.place}`,
    WEBSOCKET_CA_FILE: "ca.pem",
    WEBSOCKET_MAX_RECONNECT_ATTEMPTS: "1",
  };
  const held = stack.move();
  return { folder: folder.path, server, door, env, [Symbol.asyncDispose]: () => held[Symbol.asyncDispose]() };
}

const own = (name: string) => ({ WEBSOCKET_CERT_FILE: `${name}.pem`, WEBSOCKET_KEY_FILE: `${name}.key` });

testUnless(
  withoutForwarder(),
  "a server that asks for a client's certificate lets the agent in with its own",
  async () => {
    await using guarded = await startGuarded();
    const { folder, server, door, env } = guarded;
    await using agent = await startAgent({ folder, env: { ...env, ...own("client") } });
    assertEquals((await server.responses(1))[0]!.queryId, "q1");
    assertEquals(await door.clients(1), ["client"]);
    assertEquals((await agent.stop()).code, 0);
  },
);

for (const [what, certificate] of [["no certificate", {}], ["one for servers", own("other")]] as const) {
  testUnless(withoutForwarder(), `with ${what} it is not let in, and ends with 69`, async () => {
    await using guarded = await startGuarded();
    const { folder, server, door, env } = guarded;
    await using agent = await startAgent({ folder, env: { ...env, ...certificate } });
    assertEquals((await agent.ended).code, 69, agent.lines.join("\n"));
    assertEquals(await door.clients(1), ["refused"]);
    assertEquals(server.frames, []);
  });
}

testUnless(withoutForwarder(), "a certificate without its key, or with another one's, is a wrong setting", async () => {
  await using guarded = await startGuarded();
  const { folder, env } = guarded;
  for (
    const files of [
      { WEBSOCKET_CERT_FILE: "client.pem" },
      { WEBSOCKET_CERT_FILE: "client.pem", WEBSOCKET_KEY_FILE: "other.key" },
    ]
  ) {
    await using agent = await startAgent({ folder, env: { ...env, ...files } });
    assertEquals((await agent.ended).code, 78, agent.lines.join("\n"));
  }
});
