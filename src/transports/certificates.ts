/** Certificates and keys that settings name: read, brought into shape, and tried before anybody is dialled. @module */

import { EXIT, FatalError, messageOf } from "../errors.ts";

/** A file, and the setting that names it. */
export interface NamedFile {
  readonly setting: string;
  readonly path: string;
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
 * Read the PEM files that settings name. What editors and YAML add is taken away: a byte order mark, indentation, line
 * breaks written as `\n`.
 *
 * @returns Undefined if none is named.
 * @throws {FatalError} 78, naming the setting, if a file can't be read or does not hold what it should.
 */
export function readTlsFiles(
  files: { ca?: NamedFile | undefined; cert?: NamedFile | undefined; key?: NamedFile | undefined },
): TlsFiles | undefined {
  const { ca, cert, key } = files;
  const caCerts = ca && [readPem(ca, "CERTIFICATE")];
  if (ca && caCerts) tryOut(ca, { caCerts });
  if (!cert || !key) return caCerts && { caCerts };
  const own = { cert: readPem(cert, "CERTIFICATE"), key: readPem(key, "(?:RSA |EC )?PRIVATE KEY") };
  tryOut(key, own);
  return { ...(caCerts && { caCerts }), ...own };
}

function readPem({ setting, path }: NamedFile, kind: string): string {
  let text: string;
  try {
    text = Deno.readTextFileSync(path);
  } catch (error) {
    throw new FatalError(`Cannot read ${setting}=${path}: ${messageOf(error)}`, EXIT.settings, { cause: error });
  }
  const pem = text.replace(/^\ufeff/, "").replaceAll("\\n", "\n").replace(/^[ \t]+|[ \t\r]+$/gm, "");
  const begun = pem.match(new RegExp(`^-----BEGIN ${kind}-----$`, "gm"))?.length ?? 0;
  const ended = pem.match(new RegExp(`^-----END ${kind}-----$`, "gm"))?.length ?? 0;
  const what = kind === "CERTIFICATE" ? "certificate" : "private key";
  if (begun === 0) throw wrong(setting, path, `holds no ${what}: expected a PEM file`);
  if (begun !== ended) throw wrong(setting, path, `is cut off: a ${what} in it has no END line`);
  return pem;
}

/** Deno checks them when a client is made; what it says quotes nothing of them. */
function tryOut({ setting, path }: NamedFile, files: { caCerts: string[] } | { cert: string; key: string }): void {
  try {
    Deno.createHttpClient(files).close();
  } catch (error) {
    throw wrong(setting, path, `can't be used: ${messageOf(error)}`);
  }
}

function wrong(setting: string, path: string, what: string): FatalError {
  return new FatalError(`${setting}=${path} ${what}`, EXIT.settings);
}
