/** NATS over TLS, with certificates on both sides, and each way to log in. @module */

import { assertEquals, assertFalse, assertMatch, assertStringIncludes } from "@std/assert";
import { credsAuthenticator, nkeyAuthenticator, nkeys } from "@nats-io/transport-node";
import { startAgent } from "../../support/agent.ts";
import { type NatsBroker, NO_NATS, startNats } from "../../support/brokers/nats.ts";
import { makeAccounts } from "../../support/brokers/nats_accounts.ts";
import { CLIENT_CERTIFICATE } from "../../support/client_certificate.ts";
import { event } from "../../support/events.ts";
import { type Folder, makeFolder } from "../../support/folder.ts";
import { AUTHORITY, OTHER_AUTHORITY } from "../../support/localhost_certificate.ts";
import { testUnless } from "../../support/optional.ts";
import { CONNECTED } from "../queue_suite.ts";

/** An agent with these settings answers an event. */
async function isServed(broker: NatsBroker, folder: Folder, env: Record<string, string>): Promise<void> {
  await using agent = await startAgent({ folder: folder.path, env: { ...broker.env, ...env } });
  await agent.logged(CONNECTED);
  await broker.publish(event("q1"));
  assertEquals((await broker.outcomes(1)).map(({ id }) => id), ["q1"]);
  assertEquals((await agent.stop()).code, 0);
}

/** An agent with these settings is refused its login: it ends with 69 at once, and prints none of `secrets`. */
async function isRefused(
  broker: NatsBroker,
  folder: Folder,
  { env, secrets }: { env: Record<string, string>; secrets: readonly string[] },
): Promise<void> {
  await using agent = await startAgent({ folder: folder.path, env: { ...broker.env, ...env } });
  assertEquals((await agent.ended).code, 69, agent.lines.join("\n"));
  assertStringIncludes(agent.lines.at(-1)!, "1 attempt failed");
  assertStringIncludes(agent.lines.at(-1)!, "NATS_CREDS_FILE or NATS_NKEY_FILE");
  for (const secret of secrets) assertFalse(agent.lines.some((line) => line.includes(secret)), agent.lines.join("\n"));
}

function test(name: string, fn: () => Promise<void>): void {
  testUnless(NO_NATS, `nats: ${name}`, fn);
}

test("the authority of NATS_CA_FILE is trusted, the agent shows its own certificate, and a wrong one is told of", async () => {
  await using broker = await startNats({ tls: true, asksForCertificate: true });
  await using folder = makeFolder({
    "ca.pem": AUTHORITY,
    "other.pem": OTHER_AUTHORITY,
    "cert.pem": CLIENT_CERTIFICATE.cert,
    "key.pem": CLIENT_CERTIFICATE.key,
  });
  const own = { NATS_CERT_FILE: "cert.pem", NATS_KEY_FILE: "key.pem" };
  await isServed(broker, folder, { NATS_CA_FILE: "ca.pem", ...own });
  const refusals = [own, { ...own, NATS_CA_FILE: "other.pem" }, {
    ...own,
    NATS_CA_FILE: "ca.pem",
    // Leads to 127.0.0.1 as well, and the certificate is not for it.
    NATS_URL: `tls://0.0.0.0:${broker.url.port}`,
  }];
  for (const env of refusals) {
    const options = { ...broker.env, ...env, EVENT_MAX_RECONNECT_ATTEMPTS: "1" };
    await using refused = await startAgent({ folder: folder.path, env: options });
    assertEquals((await refused.ended).code, 69);
    assertStringIncludes(refused.lines.at(-1)!, "the broker's certificate is not accepted");
  }
  const without = { ...broker.env, NATS_CA_FILE: "ca.pem", EVENT_MAX_RECONNECT_ATTEMPTS: "1" };
  await using bare = await startAgent({ folder: folder.path, env: without });
  assertEquals((await bare.ended).code, 69, bare.lines.join("\n"));
});

test("a server that has all the connections it takes is told of", async () => {
  await using broker = await startNats({ config: "max_connections: 1" });
  await broker.use(({ connection }) => connection.flush());
  await using agent = await startAgent({ env: { ...broker.env, EVENT_MAX_RECONNECT_ATTEMPTS: "1" } });
  assertEquals((await agent.ended).code, 69, agent.lines.join("\n"));
  assertMatch(agent.lines.at(-1)!, /limit of connections|maximum connections exceeded/);
});

test("a password is used; a wrong one ends the agent at once", async () => {
  const config = 'authorization { user: "ann", password: "correct horse" }';
  await using broker = await startNats({ config, user: "ann", password: "correct horse" });
  await using folder = makeFolder();
  await isServed(broker, folder, {});
  const wrong = broker.url.href.replace("correct", "wrong");
  await isRefused(broker, folder, { env: { NATS_URL: wrong }, secrets: ["horse"] });
  await isRefused(broker, folder, { env: { NATS_URL: `nats://${broker.url.host}` }, secrets: [] });
});

test("an nkey is used; another one ends the agent at once", async () => {
  const user = nkeys.createUser(), other = nkeys.createUser();
  const [seed, otherSeed] = [user, other].map((key) => new TextDecoder().decode(key.getSeed()));
  const config = `authorization { users: [ { nkey: ${user.getPublicKey()} } ] }`;
  await using broker = await startNats({ config, authenticator: nkeyAuthenticator(user.getSeed()) });
  await using folder = makeFolder({ "user.nk": `${seed}\n`, "other.nk": otherSeed! });
  await isServed(broker, folder, { NATS_NKEY_FILE: "user.nk" });
  await isRefused(broker, folder, { env: { NATS_NKEY_FILE: "other.nk" }, secrets: [otherSeed!] });
});

test("a credentials file is used; that of another operator ends the agent at once", async () => {
  const { config, creds } = makeAccounts(), { creds: others } = makeAccounts();
  const authenticator = credsAuthenticator(new TextEncoder().encode(creds));
  await using broker = await startNats({ config, authenticator });
  await using folder = makeFolder({ "user.creds": creds, "other.creds": others });
  await isServed(broker, folder, { NATS_CREDS_FILE: "user.creds" });
  const seed = /SU[A-Z0-9]{50,}/.exec(others)![0];
  await isRefused(broker, folder, { env: { NATS_CREDS_FILE: "other.creds" }, secrets: [seed] });
});

for (const name of ["NATS_CREDS_FILE", "NATS_NKEY_FILE"]) {
  Deno.test(`nats: a ${name} that holds something else is told of, and its content is not shown`, async () => {
    await using folder = makeFolder({ secret: "SU-no-such-seed" });
    await using agent = await startAgent({
      folder: folder.path,
      env: { EVENT_TRANSPORT: "nats", NATS_URL: "nats://127.0.0.1:9", [name]: "secret" },
    });
    assertEquals((await agent.ended).code, 78);
    assertStringIncludes(agent.lines.at(-1)!, name);
    assertFalse(agent.lines.some((line) => line.includes("no-such-seed")));
  });
}
