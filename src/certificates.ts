/** Certificates and keys that settings name: read, brought into shape, and tried before anybody is connected to. @module */

import { createPrivateKey, type KeyObject, X509Certificate } from "node:crypto";
import { EXIT, FatalError, messageOf } from "./errors.ts";
import { MAX_SMALL_FILE_BYTES, pathProblem, readPlainTextSync } from "./files.ts";

/** A file, and the setting that names it. */
export interface NamedFile {
  readonly setting: string;
  readonly path: string;
}

/**
 * The PEM text of a file of certificate authorities. What editors and YAML add is taken away: a byte order mark,
 * indentation, line breaks written as `\n`.
 *
 * @param setting The one that names the file, for the error.
 * @throws {FatalError} 78, naming the setting, if the file can't be read, or holds no certificate that can be used.
 */
export function readCertificates(setting: string, path: string): string {
  const file = { setting, path };
  const pem = readPem(file, "certificate", "CERTIFICATE");
  tryOut(file, { caCerts: [pem] });
  return pem;
}

/**
 * The PEM texts of a client's own certificate and its private key.
 *
 * @throws {FatalError} 78, naming the setting, if a file can't be read, or they can't be used with one another.
 */
export function readClientCertificate(files: { cert: NamedFile; key: NamedFile }): { cert: string; key: string } {
  const own = {
    cert: readPem(files.cert, "certificate", "CERTIFICATE"),
    key: readPem(files.key, "private key", "(?:RSA |EC )?PRIVATE KEY"),
  };
  checkPair(files, own);
  tryOut(files.key, own);
  return own;
}

/** What a TLS connection needs besides the public authorities. */
export interface TlsFiles {
  /** PEM certificates of authorities to trust. */
  readonly caCerts?: readonly string[];
  /** The client's own certificate and its key, PEM. */
  readonly cert?: string;
  readonly key?: string;
}

/**
 * All files that settings name for one connection.
 *
 * @returns Undefined if none is named.
 * @throws {FatalError} As {@linkcode readCertificates} and {@linkcode readClientCertificate} do.
 */
export function readTlsFiles(
  { ca, cert, key }: { ca?: NamedFile | undefined; cert?: NamedFile | undefined; key?: NamedFile | undefined },
): TlsFiles | undefined {
  if (!ca && !cert) return undefined;
  return {
    ...(ca && { caCerts: [readCertificates(ca.setting, ca.path)] }),
    ...(cert && key && readClientCertificate({ cert, key })),
  };
}

/** The text of a small file that a setting names. @throws {FatalError} 78, if it can't be read. */
export function readNamedFile({ setting, path }: NamedFile): string {
  try {
    return readPlainTextSync(path, { maxBytes: MAX_SMALL_FILE_BYTES });
  } catch (error) {
    throw new FatalError(`Cannot read ${setting}=${path}: ${pathProblem(error).reason}`, EXIT.settings, {
      cause: error,
    });
  }
}

function readPem(file: NamedFile, what: string, label: string): string {
  const { setting, path } = file, text = readNamedFile(file);
  const pem = text.replace(/^\ufeff/, "").replaceAll("\\n", "\n").replace(/^[ \t]+|[ \t\r]+$/gm, "");
  const count = (edge: string) => pem.match(new RegExp(`^-----${edge} ${label}-----$`, "gm"))?.length ?? 0;
  if (count("BEGIN") === 0) throw wrong(setting, path, `holds no ${what}: expected a PEM file`);
  if (count("BEGIN") !== count("END")) throw wrong(setting, path, `is cut off: a ${what} in it has no END line`);
  return pem;
}

/** Deno 2.7.11 survives neither a key that is another certificate's nor one that TLS can't sign with: it aborts. */
function checkPair(files: { cert: NamedFile; key: NamedFile }, own: { cert: string; key: string }): void {
  const { setting, path } = files.key;
  const certificate = parsed(files.cert, () => new X509Certificate(own.cert));
  const key = parsed(files.key, () => createPrivateKey(own.key));
  if (!canSign(key)) {
    const kinds = "RSA of at least 2048 bits, ECDSA with P-256, P-384 or P-521, or Ed25519";
    throw wrong(setting, path, `holds a key that TLS can't use: expected ${kinds}`);
  }
  if (!certificate.checkPrivateKey(key)) throw wrong(setting, path, "is not the key of the certificate");
}

function parsed<T>({ setting, path }: NamedFile, parse: () => T): T {
  try {
    return parse();
  } catch (error) {
    throw wrong(setting, path, `can't be used: ${messageOf(error)}`);
  }
}

/** Whether rustls signs with such a key, tried with each kind that OpenSSL makes. */
function canSign({ asymmetricKeyType: type, asymmetricKeyDetails: details }: KeyObject): boolean {
  if (type === "rsa") return (details?.modulusLength ?? 0) >= 2048;
  const curves = ["prime256v1", "secp384r1", "secp521r1"];
  return type === "ed25519" || (type === "ec" && curves.includes(details?.namedCurve ?? ""));
}

/** Deno checks them when a client is made; what it says quotes nothing of them. */
function tryOut({ setting, path }: NamedFile, files: { caCerts: string[] } | { cert: string; key: string }): void {
  try {
    // A copy, since Deno 2.7.11 writes into it.
    Deno.createHttpClient({ ...files }).close();
  } catch (error) {
    throw wrong(setting, path, `can't be used: ${messageOf(error)}`);
  }
}

function wrong(setting: string, path: string, what: string): FatalError {
  return new FatalError(`${setting}=${path} ${what}`, EXIT.settings);
}
