/** Accounts of a NATS server in operator mode: what `nsc` makes, for tests with credentials files. @module */

import "../../../src/builtin_require.ts";
import { nkeys } from "@nats-io/transport-node";

/** A server's configuration, and the credentials file of a user whom it lets in. */
export interface Accounts {
  readonly config: string;
  readonly creds: string;
}

/** One operator with one account and one user in it. */
export function makeAccounts(): Accounts {
  const operator = nkeys.createOperator(), account = nkeys.createAccount(), system = nkeys.createAccount();
  const user = nkeys.createUser();
  const unlimited = { subs: -1, conn: -1, leaf: -1, imports: -1, exports: -1, data: -1, payload: -1, wildcards: true };
  const stored = { mem_storage: -1, disk_storage: -1, streams: -1, consumer: -1 };
  const accountOf = (key: nkeys.KeyPair, limits: object) =>
    sign(operator, key, { type: "account", limits: { ...unlimited, ...limits } });
  const systemName = system.getPublicKey(), accountName = account.getPublicKey();
  return {
    config: [
      `operator: ${sign(operator, operator, { type: "operator" })}`,
      `system_account: ${systemName}`,
      "resolver: MEMORY",
      `resolver_preload: { ${accountName}: ${accountOf(account, stored)}, ${systemName}: ${accountOf(system, {})} }`,
    ].join("\n"),
    creds: [
      "-----BEGIN NATS USER JWT-----",
      sign(account, user, { type: "user", subs: -1, data: -1, payload: -1 }),
      "------END NATS USER JWT------",
      "",
      "-----BEGIN USER NKEY SEED-----",
      new TextDecoder().decode(user.getSeed()),
      "------END USER NKEY SEED------",
      "",
    ].join("\n"),
  };
}

/** @see https://docs.nats.io/running-a-nats-service/configuration/securing_nats/auth_intro/jwt */
function sign(issuer: nkeys.KeyPair, subject: nkeys.KeyPair, nats: object): string {
  const claims = {
    jti: crypto.randomUUID(),
    iat: 1_600_000_000,
    iss: issuer.getPublicKey(),
    name: "test",
    sub: subject.getPublicKey(),
    nats: { ...nats, version: 2 },
  };
  const text = `${encode({ typ: "JWT", alg: "ed25519-nkey" })}.${encode(claims)}`;
  return `${text}.${base64(issuer.sign(new TextEncoder().encode(text)))}`;
}

function encode(value: object): string {
  return base64(new TextEncoder().encode(JSON.stringify(value)));
}

function base64(bytes: Uint8Array): string {
  return bytes.toBase64({ alphabet: "base64url", omitPadding: true });
}
