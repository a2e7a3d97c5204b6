/** Files of certificate authorities that settings name. @module */

import { EXIT, FatalError, messageOf } from "./errors.ts";
import { MAX_SMALL_FILE_BYTES, readPlainTextSync } from "./files.ts";

/**
 * The PEM text of a file of certificates.
 *
 * @param setting The one that names the file, for the error.
 * @throws {FatalError} If it can't be read, or holds no certificate.
 */
export function readCertificates(setting: string, path: string): string {
  let pem: string;
  try {
    pem = readPlainTextSync(path, { maxBytes: MAX_SMALL_FILE_BYTES });
  } catch (error) {
    throw new FatalError(`Cannot read ${setting}=${path}: ${messageOf(error)}`, EXIT.settings, { cause: error });
  }
  if (pem.includes("-----BEGIN CERTIFICATE-----")) return pem;
  throw new FatalError(`${setting}=${path} holds no certificate: expected a PEM file`, EXIT.settings);
}
