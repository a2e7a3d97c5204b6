/** Why a peer can't be reached, found by asking the network: Deno's WebSocket says "tcp connect error" for all of it. @module */

import { messageOf } from "../errors.ts";
import { encryptedScheme, hostOf, isEncrypted, schemeOf } from "../urls.ts";

/** Names of the settings that an advice mentions. */
export interface SettingNames {
  readonly url: string;
  readonly caFile: string;
  readonly certFile: string;
}

/** What was found. */
export interface Diagnosis {
  /** What went wrong, as a clause without its full stop. */
  readonly problem: string;
  /** What to do about it, in whole sentences. */
  readonly advice: string;
}

/** A connection that says nothing within this is not looked at any longer. */
const LOOK_MS = 5_000;
/** A server that asks for a client's certificate complains of its absence this soon after the handshake. */
const COMPLAINT_MS = 1_000;

/**
 * Connect to the peer of a URL that could not be reached, by TCP and then TLS, to see how far it goes.
 *
 * @param options `caCerts`: PEM certificates to trust besides the public ones.
 * @returns Nothing where all of that works: the fault lies in what is spoken above it.
 */
export async function diagnose(
  url: URL,
  options: { caCerts?: readonly string[]; names: SettingNames },
): Promise<Diagnosis | undefined> {
  const { names } = options;
  const closing = new AbortController();
  const timer = setTimeout(() => closing.abort(), LOOK_MS);
  try {
    const [, hostname = "", port] = /^(.*):(\d+)$/.exec(hostOf(url)) ?? [];
    const host = hostname.replace(/^\[(.*)\]$/, "$1");
    let tcp: Deno.TcpConn;
    try {
      tcp = await Deno.connect({ hostname: host, port: Number(port), signal: closing.signal });
    } catch (error) {
      return closing.signal.aborted ? silent(url, names) : describeTcp(error, url, names);
    }
    closing.signal.addEventListener("abort", () => closeQuietly(tcp), { once: true });
    try {
      const complaint = await shakeHands(tcp, { host, caCerts: options.caCerts ?? [], closing });
      return describeTls(complaint, url, names);
    } finally {
      closeQuietly(tcp);
    }
  } finally {
    clearTimeout(timer);
  }
}

/** Does a TLS handshake over `tcp`. Returns why it failed; undefined if it did not. */
async function shakeHands(
  tcp: Deno.TcpConn,
  { host, caCerts, closing }: { host: string; caCerts: readonly string[]; closing: AbortController },
): Promise<string | undefined> {
  let tls: Deno.TlsConn | undefined;
  let isDone = false;
  let patience: ReturnType<typeof setTimeout> | undefined;
  try {
    const open = tls = await Deno.startTls(tcp, { hostname: host, caCerts: [...caCerts], alpnProtocols: ["http/1.1"] });
    closing.signal.addEventListener("abort", () => closeQuietly(open), { once: true });
    await open.handshake();
    isDone = true;
    // In TLS 1.3 the server complains of the client's certificate after the handshake.
    patience = setTimeout(() => closing.abort(), COMPLAINT_MS);
    await open.read(new Uint8Array(1));
    return undefined;
  } catch (error) {
    const message = messageOf(error);
    return isDone && !message.includes("alert") ? undefined : message;
  } finally {
    clearTimeout(patience);
    if (tls) closeQuietly(tls);
  }
}

function describeTcp(error: unknown, url: URL, names: SettingNames): Diagnosis {
  if (error instanceof Deno.errors.ConnectionRefused) {
    return {
      problem: `nothing listens at ${hostOf(url)} (connection refused)`,
      advice: `Start the server, or correct ${names.url}.`,
    };
  }
  if (/lookup|resolve|dns/i.test(messageOf(error))) {
    return {
      problem: `the name ${url.hostname} can't be resolved`,
      advice: `Correct ${names.url}, or make this machine know the name.`,
    };
  }
  return {
    problem: `${hostOf(url)} can't be reached (${messageOf(error)})`,
    advice: `Check the network, and ${names.url}.`,
  };
}

function silent(url: URL, names: SettingNames): Diagnosis {
  return {
    problem: `${hostOf(url)} does not answer`,
    advice: `Check ${names.url}, and whether a firewall lets the connection through.`,
  };
}

/** What the failure of a TLS handshake means: rustls words them, see its enums Error and CertificateError. */
function describeTls(complaint: string | undefined, url: URL, names: SettingNames): Diagnosis | undefined {
  const speaksTls = complaint === undefined || /certificate|alert/i.test(complaint);
  if (!isEncrypted(url)) {
    if (!speaksTls) return undefined;
    return {
      problem: "the server speaks TLS",
      advice: `Use ${encryptedScheme(url)}:// instead of ${schemeOf(url)}:// in ${names.url}.`,
    };
  }
  if (complaint === undefined) return undefined;
  if (/InvalidContentType|corrupt message/.test(complaint)) {
    return {
      problem: "the server does not speak TLS",
      advice: `Use ${schemeOf(url).slice(0, -1)}:// instead of ${
        schemeOf(url)
      }:// in ${names.url}, or turn TLS on there.`,
    };
  }
  if (/CertificateRequired/.test(complaint)) {
    return {
      problem: "the server asks for a client certificate",
      advice: `Name one in ${names.certFile}, and its key.`,
    };
  }
  if (/NotValidForName|not valid for name/.test(complaint)) {
    return {
      problem: `the server's certificate is for another name than ${url.hostname}`,
      advice: `Use a name that stands in the certificate in ${names.url}.`,
    };
  }
  if (/UnknownIssuer|CaUsedAsEndEntity/.test(complaint)) {
    return {
      problem: `the server's certificate is from an unknown authority (${complaint})`,
      advice: `Name the authority's certificate in ${names.caFile}.`,
    };
  }
  if (/certificate/i.test(complaint)) {
    return {
      problem: `the server's certificate is not accepted (${complaint})`,
      advice: "Renew it, and check the clocks of both machines.",
    };
  }
  return undefined;
}

function closeQuietly(connection: Deno.Conn): void {
  try {
    connection.close();
  } catch (error) {
    // Closed already, by the look that timed out or by the TLS connection that took it over.
    if (!(error instanceof Deno.errors.BadResource)) throw error;
  }
}
