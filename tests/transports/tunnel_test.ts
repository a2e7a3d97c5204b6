/** Brokers behind a proxy: the clients go through its tunnel, with TLS to the broker itself. @module */

import { assert, assertEquals, assertRejects, assertStringIncludes, assertThrows } from "@std/assert";
import { FatalError } from "../../src/errors.ts";
import { readSettings } from "../../src/program/settings.ts";
import { connectNats } from "../../src/transports/nats/connection.ts";
import { natsOptions, rabbitOptions, redisOptions } from "../../src/transports/options.ts";
import { connectRedis } from "../../src/transports/redis/connection.ts";
import { openTunnel } from "../../src/transports/tunnel.ts";
import { startAgent } from "../support/agent.ts";
import { NO_NATS, startNats } from "../support/brokers/nats.ts";
import { NO_RABBITMQ, startRabbit } from "../support/brokers/rabbitmq.ts";
import { NO_REDIS, startRedis } from "../support/brokers/redis.ts";
import { CLIENT_CERTIFICATE } from "../support/client_certificate.ts";
import { EXAMPLE_AUTHORITY, EXAMPLE_CERTIFICATE } from "../support/example_certificates.ts";
import { makeFolder } from "../support/folder.ts";
import { AUTHORITY, OTHER_AUTHORITY } from "../support/localhost_certificate.ts";
import { testUnless } from "../support/optional.ts";
import { startHttpProxy, startSocksProxy, type TestProxy } from "../support/proxy.ts";
import { CONNECTED } from "./queue_suite.ts";

const LOGIN = { username: "me", password: "p@ss:word" };
const WANTED = { login: "me:p@ss:word" };
const PROXIES = [
  ["http", startHttpProxy],
  ["socks5", startSocksProxy],
] as const;

/** The tunnel through a proxy that wants a login. */
function through({ url }: TestProxy, transport: "http" | "socks5", basicAuth = LOGIN) {
  return (to: { host: string; port: number }) => openTunnel({ transport, url, basicAuth }, to);
}

for (const [transport, startProxy] of PROXIES) {
  testUnless(NO_REDIS, `Redis is reached over ${transport}, and only with the authority that is trusted`, async () => {
    await using broker = await startRedis({ tls: true });
    await using proxy = await startProxy(WANTED);
    const openTunnel = through(proxy, transport);
    const url = new URL(broker.url.href.replace("127.0.0.1", "localhost"));
    const server = { url, tls: { caCerts: [AUTHORITY] }, openTunnel };
    const connection = await connectRedis(server, { silenceMs: 10_000 });
    assertEquals(await connection.command("PING"), "PONG");
    connection.close();
    assertEquals(proxy.asked, [`localhost:${url.port}`]);
    const other = { ...server, tls: { caCerts: [OTHER_AUTHORITY] } };
    await assertRejects(() => connectRedis(other, { silenceMs: 10_000 }), Error, "certificate");
  });

  testUnless(NO_NATS, `NATS is reached over ${transport}, and only with the authority that is trusted`, async () => {
    await using broker = await startNats({ tls: true });
    await using proxy = await startProxy(WANTED);
    const openTunnel = through(proxy, transport);
    const urls = [new URL(broker.url.href.replace("127.0.0.1", "localhost"))];
    const connection = await connectNats({ urls, tls: { caCerts: [AUTHORITY] }, openTunnel });
    await connection.flush();
    await connection.close();
    assertEquals(proxy.asked, [`localhost:${urls[0]!.port}`]);
    await assertRejects(
      () => connectNats({ urls, tls: { caCerts: [OTHER_AUTHORITY] }, openTunnel }),
      Error,
      "certificate",
    );
  });

  Deno.test(`a ${transport} proxy that wants another login, or goes away, is told of`, async () => {
    await using proxy = await startProxy(WANTED);
    const wrong = through(proxy, transport, { ...LOGIN, password: "guess" });
    const error = await assertRejects(() => wrong({ host: "example.org", port: 1 }), Error);
    assertStringIncludes(error.message, `the proxy ${proxy.url} gives no way to example.org: `);
    assertStringIncludes(error.message, "another user name or password");
    assert(!error.message.includes("guess"));
    await proxy[Symbol.asyncDispose]();
    await assertRejects(() => wrong({ host: "example.org", port: 1 }), Error, "gives no way");
  });
}

Deno.test("what is not encrypted is refused behind a proxy, as are servers of which only some are behind it", () => {
  const of = (environment: Record<string, string>) =>
    readSettings((name) => ({ AGENT_PROXY: "http://127.0.0.1:1", ...environment })[name]);
  const refusals: readonly [() => unknown, string][] = [
    [() => rabbitOptions(of({ EVENT_TRANSPORT: "rabbitmq", RABBITMQ_URL: "amqp://mq.example.org" })), "in plaintext"],
    [() => redisOptions(of({ EVENT_TRANSPORT: "redis", REDIS_URL: "redis://r.example.org" })), "in plaintext"],
    [() => natsOptions(of({ EVENT_TRANSPORT: "nats", NATS_URL: "nats://n.example.org" })), "in plaintext"],
    [
      () =>
        natsOptions(of({ EVENT_TRANSPORT: "nats", NATS_URL: "tls://a.example.org,tls://b.org", NO_PROXY: "b.org" })),
      "NO_PROXY",
    ],
  ];
  for (const [read, text] of refusals) assertThrows(read, FatalError, text);
  const straight = of({ EVENT_TRANSPORT: "redis", REDIS_URL: "redis://r.example.org", NO_PROXY: ".example.org" });
  assertEquals(redisOptions(straight).openTunnel, undefined);
  assertEquals(redisOptions(of({ EVENT_TRANSPORT: "redis", REDIS_URL: "redis://127.0.0.1" })).openTunnel, undefined);
});

for (const [name, url] of [["rabbitmq", "amqps"], ["redis", "rediss"], ["nats", "tls"]] as const) {
  Deno.test(`the agent asks the proxy for its ${name} server, and connects to it in no other way`, async () => {
    await using proxy = await startHttpProxy();
    await using agent = await startAgent({
      env: {
        AGENT_PROXY: proxy.url,
        EVENT_TRANSPORT: name,
        // Port 9: nobody is there, and that is what the proxy finds.
        [`${name.toUpperCase()}_URL`]: `${url}://0.0.0.0:9`,
        EVENT_MAX_RECONNECT_ATTEMPTS: "1",
      },
    });
    assertEquals((await agent.ended).code, 69);
    assertEquals(proxy.asked, ["0.0.0.0:9"]);
    assertStringIncludes(agent.lines.at(-1)!, `the proxy ${proxy.url} gives no way to 0.0.0.0`);
  });
}

const BROKERS = [
  ["nats", "tls", NO_NATS, startNats, startHttpProxy],
  ["nats", "tls", NO_NATS, startNats, startSocksProxy],
  ["redis", "rediss", NO_REDIS, startRedis, startSocksProxy],
  ["rabbitmq", "amqps", NO_RABBITMQ, startRabbit, startHttpProxy],
] as const;

for (const [name, scheme, missing, start, startProxy] of BROKERS) {
  const prefix = name.toUpperCase(), kind = startProxy === startHttpProxy ? "http" : "socks5";
  testUnless(
    missing,
    `through ${kind}, a ${name} server that asks for a certificate gets the agent's own`,
    async () => {
      await using broker = await start({ tls: true, asksForCertificate: true, certificate: EXAMPLE_CERTIFICATE });
      await using proxy = await startProxy();
      await using folder = makeFolder({
        "ca.pem": EXAMPLE_AUTHORITY,
        "cert.pem": CLIENT_CERTIFICATE.cert,
        "key.pem": CLIENT_CERTIFICATE.key,
      });
      const url = (host: string) => `${scheme}://${host}:${broker.url.port}`;
      const env = (host: string) => ({
        ...broker.env,
        AGENT_PROXY: proxy.url,
        [`${prefix}_URL`]: url(host),
        [`${prefix}_CA_FILE`]: "ca.pem",
        [`${prefix}_CERT_FILE`]: "cert.pem",
        [`${prefix}_KEY_FILE`]: "key.pem",
        EVENT_MAX_RECONNECT_ATTEMPTS: "1",
      });
      await using agent = await startAgent({ folder: folder.path, env: env("agents.example.test") });
      await agent.logged(CONNECTED);
      assertEquals(new Set(proxy.asked), new Set([`agents.example.test:${broker.url.port}`]));
      assertEquals((await agent.stop()).code, 0);
      // The certificate is for another host.
      await using refused = await startAgent({ folder: folder.path, env: env("brokers.example.test") });
      assertEquals((await refused.ended).code, 69);
      assertStringIncludes(refused.lines.at(-1)!, "the broker's certificate is not accepted");
    },
  );
}
