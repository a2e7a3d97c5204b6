/** Certificates and keys as people have them in files: what is read, and what is a wrong setting. @module */

import { assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { generateKeyPairSync, type KeyObject } from "node:crypto";
import { readCertificates, readClientCertificate } from "../src/certificates.ts";
import { FatalError } from "../src/errors.ts";
import { CLIENT_CERTIFICATE } from "./support/example_certificates.ts";
import { makeFolder } from "./support/folder.ts";
import { AUTHORITY, LOCALHOST_CERTIFICATE } from "./support/localhost_certificate.ts";

const { cert, key } = LOCALHOST_CERTIFICATE;

Deno.test("an authority's certificate, and a client's with its key, come back as they are", async () => {
  await using folder = makeFolder({ "ca.pem": AUTHORITY, "cert.pem": cert, "key.pem": key });
  const file = (name: string) => ({ setting: "FILE", path: `${folder.path}/${name}` });
  assertEquals(readCertificates("CA_FILE", `${folder.path}/ca.pem`), AUTHORITY);
  assertEquals(readClientCertificate({ cert: file("cert.pem"), key: file("key.pem") }), { cert, key });
});

const SPELLINGS: Record<string, string> = {
  "indented, as in YAML": AUTHORITY.replace(/^/gm, "    "),
  "with a byte order mark": `\ufeff${AUTHORITY}`,
  "with line breaks written as two letters": AUTHORITY.replaceAll("\n", "\\n"),
  "with line breaks of Windows": AUTHORITY.replaceAll("\n", "\r\n"),
  "with words before it": `Some authority\n==============\n${AUTHORITY}`,
};

for (const [how, text] of Object.entries(SPELLINGS)) {
  Deno.test(`a certificate ${how} is read`, async () => {
    await using folder = makeFolder({ "ca.pem": text });
    assertStringIncludes(readCertificates("CA_FILE", `${folder.path}/ca.pem`), AUTHORITY.trim());
  });
}

const BROKEN: Record<string, [text: string, complaint: string]> = {
  "is cut off": [AUTHORITY.slice(0, 300), "is cut off"],
  "is something else": ["hello", "holds no certificate"],
  "is empty": ["", "holds no certificate"],
  "holds a key": [key, "holds no certificate"],
  "is garbled": [AUTHORITY.replace(/MIIB/, "AAAA"), "can't be used"],
};

for (const [how, [text, complaint]] of Object.entries(BROKEN)) {
  Deno.test(`a certificate file that ${how} is a wrong setting, told by its name`, async () => {
    await using folder = makeFolder({ "ca.pem": text });
    const path = `${folder.path}/ca.pem`;
    const error = assertThrows(() => readCertificates("CA_FILE", path), FatalError);
    assertEquals(error.exitCode, 78);
    assertStringIncludes(error.message, `CA_FILE=${path} ${complaint}`);
  });
}

Deno.test("a key that is another certificate's is told by its name, and does not end the process", async () => {
  await using folder = makeFolder({ "cert.pem": cert, "key.pem": CLIENT_CERTIFICATE.key });
  const file = (setting: string, name: string) => ({ setting, path: `${folder.path}/${name}` });
  assertThrows(
    () => readClientCertificate({ cert: file("CERT", "cert.pem"), key: file("KEY", "key.pem") }),
    FatalError,
    "key.pem is not the key of the certificate",
  );
});

/** A new key, and whether TLS signs with such keys. */
const KINDS: Record<string, [key: () => KeyObject, canSign: boolean]> = {
  "RSA of 1024 bits": [() => generateKeyPairSync("rsa", { modulusLength: 1024 }).privateKey, false],
  "RSA of 2048 bits": [() => generateKeyPairSync("rsa", { modulusLength: 2048 }).privateKey, true],
  "P-224": [() => generateKeyPairSync("ec", { namedCurve: "P-224" }).privateKey, false],
  "P-256": [() => generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey, true],
  "P-384": [() => generateKeyPairSync("ec", { namedCurve: "P-384" }).privateKey, true],
  "Ed25519": [() => generateKeyPairSync("ed25519").privateKey, true],
};

for (const [kind, [make, canSign]] of Object.entries(KINDS)) {
  Deno.test(`a client's key of ${kind} is ${canSign ? "taken" : "a wrong setting, and does not end the process"}`, async () => {
    await using folder = makeFolder({
      "cert.pem": cert,
      "key.pem": String(make().export({ type: "pkcs8", format: "pem" })),
    });
    const file = (setting: string, name: string) => ({ setting, path: `${folder.path}/${name}` });
    assertThrows(
      () => readClientCertificate({ cert: file("CERT", "cert.pem"), key: file("KEY", "key.pem") }),
      FatalError,
      // None of them belongs to the certificate.
      canSign
        ? "key.pem is not the key of the certificate"
        : "key.pem holds a key that TLS can't use: expected RSA of at least",
    );
  });
}

Deno.test("a client's certificate that is garbled is told by its own name", async () => {
  await using folder = makeFolder({ "cert.pem": cert.replace(/MII/, "AAA"), "key.pem": key });
  const file = (setting: string, name: string) => ({ setting, path: `${folder.path}/${name}` });
  const read = () => readClientCertificate({ cert: file("CERT", "cert.pem"), key: file("KEY", "key.pem") });
  assertStringIncludes(assertThrows(read, FatalError).message, `CERT=${folder.path}/cert.pem can't be used`);
});

Deno.test("a file that is not there, or a key that is none, is a wrong setting too", async () => {
  await using folder = makeFolder({ "cert.pem": cert, "key.pem": "-----BEGIN PRIVATE KEY-----\nAAAA\n" });
  const file = (setting: string, name: string) => ({ setting, path: `${folder.path}/${name}` });
  const attempts = [
    () => readCertificates("CA_FILE", `${folder.path}/none`),
    () => readClientCertificate({ cert: file("CERT", "cert.pem"), key: file("KEY", "key.pem") }),
    () => readClientCertificate({ cert: file("CERT", "key.pem"), key: file("KEY", "key.pem") }),
  ];
  for (const attempt of attempts) assertEquals(assertThrows(attempt, FatalError).exitCode, 78);
});
