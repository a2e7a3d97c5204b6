/** RabbitMQ over TLS, with certificates on both sides, a login, and a proxy between. @module */

import { assertEquals, assertFalse, assertStringIncludes } from "@std/assert";
import { connectRabbit } from "../../../src/transports/rabbitmq/connection.ts";
import { openTunnel } from "../../../src/transports/tunnel.ts";
import { startAgent } from "../../support/agent.ts";
import { NO_RABBITMQ, startRabbit } from "../../support/brokers/rabbitmq.ts";
import { CLIENT_CERTIFICATE } from "../../support/client_certificate.ts";
import { event } from "../../support/events.ts";
import { makeFolder } from "../../support/folder.ts";
import { AUTHORITY, OTHER_AUTHORITY } from "../../support/localhost_certificate.ts";
import { testUnless } from "../../support/optional.ts";
import { startHttpProxy } from "../../support/proxy.ts";
import { CONNECTED } from "../queue_suite.ts";

testUnless(NO_RABBITMQ, "rabbitmq: TLS, certificates, login and proxy", async (context) => {
  await using broker = await startRabbit({ tls: true, asksForCertificate: true });
  await using folder = makeFolder({
    "ca.pem": AUTHORITY,
    "other.pem": OTHER_AUTHORITY,
    "cert.pem": CLIENT_CERTIFICATE.cert,
    "key.pem": CLIENT_CERTIFICATE.key,
  });
  const own = { RABBITMQ_CERT_FILE: "cert.pem", RABBITMQ_KEY_FILE: "key.pem" };
  const start = (env: Record<string, string>) =>
    startAgent({ folder: folder.path, env: { ...broker.env, EVENT_MAX_RECONNECT_ATTEMPTS: "1", ...env } });

  await context.step(
    "the authority of RABBITMQ_CA_FILE is trusted, and the agent shows its own certificate",
    async () => {
      await using agent = await start({ RABBITMQ_CA_FILE: "ca.pem", ...own });
      await agent.logged(CONNECTED);
      await broker.publish(event("q1"));
      assertEquals((await broker.outcomes(1)).map(({ id }) => id), ["q1"]);
      assertEquals((await agent.stop()).code, 0);
    },
  );

  await context.step("without the authority, with another one, or at another address, the reason is said", async () => {
    const refusals = [own, { ...own, RABBITMQ_CA_FILE: "other.pem" }, {
      ...own,
      RABBITMQ_CA_FILE: "ca.pem",
      // Leads to 127.0.0.1 as well, and the certificate is not for it.
      RABBITMQ_URL: `amqps://guest:guest@0.0.0.0:${broker.url.port}`,
    }];
    for (const env of refusals) {
      await using refused = await start(env);
      assertEquals((await refused.ended).code, 69);
      assertStringIncludes(refused.lines.at(-1)!, "the broker's certificate is not accepted");
    }
  });

  await context.step(
    "a server that asks for a certificate and gets none refuses the agent, which ends with 69",
    async () => {
      await using refused = await start({ RABBITMQ_CA_FILE: "ca.pem" });
      assertEquals((await refused.ended).code, 69);
    },
  );

  await context.step("a wrong password ends the agent at once, and is printed nowhere", async () => {
    const url = broker.url.href.replace("guest:guest", "guest:horse-battery");
    await using refused = await start({
      RABBITMQ_CA_FILE: "ca.pem",
      ...own,
      RABBITMQ_URL: url,
      EVENT_MAX_RECONNECT_ATTEMPTS: "10",
    });
    assertEquals((await refused.ended).code, 69);
    assertStringIncludes(refused.lines.at(-1)!, "1 attempt failed");
    assertStringIncludes(refused.lines.at(-1)!, "Check user name, password and virtual host in RABBITMQ_URL.");
    assertFalse(refused.lines.some((line) => line.includes("horse")));
  });

  await context.step(
    "through a proxy, TLS goes to the server itself, and the end of the connection is noticed",
    async () => {
      await using proxy = await startHttpProxy();
      const ended = Promise.withResolvers<void>();
      const client = await connectRabbit({
        url: broker.url,
        tls: { caCerts: [AUTHORITY], ...CLIENT_CERTIFICATE },
        openTunnel: (to) => openTunnel({ transport: "http", url: proxy.url }, to),
      });
      client.ondisconnect = () => ended.resolve();
      const channel = await client.channel();
      await channel.close();
      assertEquals(proxy.asked, [`127.0.0.1:${broker.url.port}`]);
      await proxy[Symbol.asyncDispose]();
      await ended.promise;
    },
  );
});
