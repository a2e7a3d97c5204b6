/** Attacks on connections that a review tried and that held: other addresses, and certificates that are not good enough. @module */

import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { EXECUTABLE, inherited, startAgent } from "../support/agent.ts";
import { confinedSources } from "../support/confined.ts";
import { event } from "../support/events.ts";
import { EXAMPLE_AUTHORITY, EXAMPLE_CERTIFICATE } from "../support/example_certificates.ts";
import { makeFolder } from "../support/folder.ts";
import { AUTHORITY, LOCALHOST_CERTIFICATE } from "../support/localhost_certificate.ts";
import { startServer } from "../support/server.ts";

const TOKEN = "cAnArY-tOkEn";

/** The sources with the permissions of an executable that was compiled with AGENT_ALLOW_NET; those hold before a connection. */
async function checkWithin(allowed: string | undefined, env: Record<string, string>) {
  await using folder = makeFolder();
  const { code, stderr } = await new Deno.Command(Deno.execPath(), {
    args: confinedSources(["--check"], { hosts: allowed }),
    cwd: folder.path,
    clearEnv: true,
    env: { ...inherited(["PATH", "HOME", "DENO_DIR", "XDG_CACHE_HOME"]), EVENT_TRANSPORT: "websocket", ...env },
  }).output();
  return { code, said: new TextDecoder().decode(stderr) };
}

/** Spellings of 127.0.0.1 at PORT, and of other addresses that lead to this machine or look like it. */
const ALLOWED = ["127.0.0.1:PORT", "127.1:PORT", "2130706433:PORT", "0x7f.1:PORT", "017700000001:PORT"];
const OTHERS = [
  "127.0.0.1",
  "127.0.0.1:1",
  "127.0.0.2:PORT",
  "0.0.0.0:PORT",
  "localhost:PORT",
  "localhost.:PORT",
  "[::1]:PORT",
  "127.0.0.1.example.org:PORT",
  "127.0.0.1@127.0.0.2:PORT",
];

Deno.test({
  name: "AGENT_ALLOW_NET means one address: other spellings of it are it, and whatever else leads there is refused",
  // An executable has its permissions from when it was compiled: tests/whole/executable_test.ts compiles some.
  ignore: EXECUTABLE !== undefined,
  async fn() {
    await using server = await startServer({ events: [] });
    const only = `127.0.0.1:${server.port}`;
    const check = (allowed: string | undefined, host: string) =>
      checkWithin(allowed, { WEBSOCKET_URL: `ws://${host.replace("PORT", String(server.port))}/` });
    const within = ALLOWED.map(async (host) => {
      const { code, said } = await check(only, host);
      assertEquals(code, 0, `${host}: ${said}`);
    });
    const none = ALLOWED.map((host) => [undefined, host] as const);
    const beyond = [...OTHERS.map((host) => [only, host] as const), ...none]
      .map(async ([allowed, host]) => {
        const { code, said } = await check(allowed, host);
        assertEquals(code, 78, `${host}: ${said}`);
        assertStringIncludes(said, "WEBSOCKET_URL: expected a host that AGENT_ALLOW_NET named");
      });
    await Promise.all([...within, ...beyond]);
  },
});

/** A server of TLS that keeps what comes through the handshake, and answers nothing. */
function startTlsServer(certificate: Deno.TlsCertifiedKeyPem) {
  const listener = Deno.listenTls({ hostname: "127.0.0.1", port: 0, ...certificate });
  const heard: string[] = [], open = new Set<Deno.TlsConn>();
  let connections = 0;
  const serving = (async () => {
    for await (const connection of listener) {
      connections++;
      open.add(connection);
      void (async () => {
        const buffer = new Uint8Array(65_536);
        try {
          const count = await connection.read(buffer);
          if (count) heard.push(new TextDecoder().decode(buffer.subarray(0, count)));
        } catch {
          // The client did not like the certificate.
        }
        open.delete(connection);
        connection.close();
      })();
    }
  })();
  return {
    port: listener.addr.port,
    heard,
    connections: () => connections,
    async [Symbol.asyncDispose]() {
      listener.close();
      await serving;
      for (const connection of open) connection.close();
    },
  };
}

/** Certificates that are not good enough, with the authority that the agent is told to trust. */
const BAD = {
  "of an unknown authority": { certificate: LOCALHOST_CERTIFICATE },
  "of another authority than the named one": { certificate: LOCALHOST_CERTIFICATE, authority: EXAMPLE_AUTHORITY },
  "for another name": { certificate: EXAMPLE_CERTIFICATE, authority: EXAMPLE_AUTHORITY },
};

for (
  const [what, { certificate, authority }] of Object.entries<
    { certificate: Deno.TlsCertifiedKeyPem; authority?: string }
  >(BAD)
) {
  Deno.test(`over TLS a server with a certificate ${what} gets no byte: no token, no key, no question`, async () => {
    await using folder = makeFolder({ "ca.pem": authority ?? "", "iexec_in/events.json": [event("q1")] });
    await using server = startTlsServer(certificate);
    const trusted = (name: string) => authority === undefined ? {} : { [name]: "ca.pem" };
    await using agent = await startAgent({
      folder: folder.path,
      env: {
        EVENT_TRANSPORT: "websocket",
        WEBSOCKET_URL: `wss://user:${TOKEN}@127.0.0.1:${server.port}/?key=${TOKEN}`,
        WEBSOCKET_AUTH_TOKEN: TOKEN,
        WEBSOCKET_MAX_RECONNECT_ATTEMPTS: "2",
        WEBSOCKET_RECONNECT_INTERVAL: "10",
        ...trusted("WEBSOCKET_CA_FILE"),
      },
    });
    assertEquals((await agent.ended).code, 69);
    assertMatch(agent.lines.at(-1)!, /certificate/);
    await using asking = await startAgent({
      folder: folder.path,
      args: ["--check"],
      env: {
        MODEL_PROVIDER: "openai",
        OPENAI_BASE_URL: `https://127.0.0.1:${server.port}/v1`,
        OPENAI_API_KEY: TOKEN,
        ...trusted("MODEL_CA_FILE"),
      },
    });
    const { code, stdout } = await asking.ended;
    assert(code !== 0, stdout);
    assert(server.connections() >= 3, `${server.connections()} connections`);
    assertEquals(server.heard, []);
    const said = [...agent.lines, ...asking.lines, stdout].join("\n");
    assert(!said.includes(TOKEN), said);
  });
}

Deno.test("over TLS a server with the named authority's certificate gets the handshake of a WebSocket", async () => {
  await using folder = makeFolder({ "ca.pem": AUTHORITY });
  await using server = startTlsServer(LOCALHOST_CERTIFICATE);
  await using agent = await startAgent({
    folder: folder.path,
    env: {
      EVENT_TRANSPORT: "websocket",
      WEBSOCKET_URL: `wss://127.0.0.1:${server.port}/`,
      WEBSOCKET_MAX_RECONNECT_ATTEMPTS: "1",
      WEBSOCKET_CA_FILE: "ca.pem",
    },
  });
  assertEquals((await agent.ended).code, 69);
  assert(server.heard.some((text) => /^upgrade: websocket/im.test(text)), JSON.stringify(server.heard));
});
