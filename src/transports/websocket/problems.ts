/** What a connection's failure or end means to the person who set it up: in which words, and what to do. @module */

import { messageOf } from "../../errors.ts";
import { publicUrl } from "../../urls.ts";
import { diagnose, type Diagnosis } from "../diagnosis.ts";
import type { ConnectionEnd } from "../reconnection.ts";
import type { Ending } from "./arrivals.ts";
import type { DialOptions } from "./connection.ts";

/** What is told of a failure. */
export type Problem = Pick<ConnectionEnd, "problem" | "advice" | "maxAttempts">;

/** Names that an advice mentions. */
const NAMES = { url: "WEBSOCKET_URL", caFile: "WEBSOCKET_CA_FILE", certFile: "WEBSOCKET_CERT_FILE" };
/** A refused token, password or path is refused again: this many attempts allow for a server that is just starting. */
const REFUSED_ATTEMPTS = 3;

/** Codes with which servers close when they don't let an agent in: RFC 6455, 7.4.1, and what many take for HTTP's 401 and 403. */
const NO_ENTRY: readonly number[] = [1008, 3000, 3003, 4001, 4003, 4401, 4403];

/**
 * Makes the function that explains why no connection came about. It looks at the network, but for the same error in a row
 * once only; through a proxy there is nothing to look at.
 */
export function explainFailures(options: DialOptions): (error: unknown) => Promise<Problem> {
  const { url, proxy, tls } = options;
  let last: { readonly message: string; readonly problem: Problem } | undefined;
  return async (error) => {
    const message = messageOf(error);
    if (last?.message === message) return last.problem;
    const status = /status code: (\d{3})/.exec(message)?.[1];
    let problem: Problem;
    if (status !== undefined) problem = explainStatus(Number(status));
    else if (proxy) {
      problem = { problem: message, advice: "Check AGENT_PROXY, and that the proxy can reach WEBSOCKET_URL." };
    } else {
      const found: Diagnosis | undefined = await diagnose(url, {
        names: NAMES,
        ...(tls?.caCerts && { caCerts: tls.caCerts }),
      });
      problem = found ?? explainHandshake(message);
    }
    last = { message, problem };
    return problem;
  };
}

/** What the server did to a connection, and whether it let the agent in. */
export function explainEnd({ code, reason, error }: Ending, { welcome, hasToken }: {
  welcome: boolean;
  hasToken: boolean;
}): Problem {
  const problem = error ??
    `the server closed the connection with code ${code}${reason && `, reason ${JSON.stringify(reason)}`}`;
  if (welcome || !NO_ENTRY.includes(code)) return { problem };
  return {
    problem,
    advice: `The server did not let the agent in: ${hasToken ? "check" : "set"} WEBSOCKET_AUTH_TOKEN${
      hasToken ? "" : ", which the server asks for"
    }.`,
    maxAttempts: REFUSED_ATTEMPTS,
  };
}

/** What a server means that answers the handshake with plain HTTP. */
function explainStatus(status: number): Problem {
  const problem = `the server answered the handshake with HTTP ${status}`;
  switch (status) {
    case 401:
    case 403:
      return {
        problem,
        advice: "Check what it asks for: WEBSOCKET_HEADERS, or user name and password in WEBSOCKET_URL.",
        maxAttempts: REFUSED_ATTEMPTS,
      };
    case 404:
      return { problem, advice: "Check the path in WEBSOCKET_URL." };
    case 407:
      return { problem, advice: "The proxy asks for a user name and a password: put them into AGENT_PROXY." };
    case 429:
    case 502:
    case 503:
    case 504:
      return { problem, advice: "It is overloaded, or not up yet." };
  }
  if (status >= 300 && status < 400) {
    return {
      problem,
      advice: "It redirects, which WebSockets don't follow: put the address it names into WEBSOCKET_URL.",
    };
  }
  return { problem, advice: "It may be no WebSocket server, or not at this path: check WEBSOCKET_URL." };
}

/** What is left where TCP and TLS work. */
function explainHandshake(message: string): Problem {
  return { problem: message, advice: "Check that a WebSocket server listens at WEBSOCKET_URL." };
}

/** What to check when nothing more is known. */
export function generalAdvice(url: URL): string {
  return `Check that the server runs and that WEBSOCKET_URL is right (${publicUrl(url)}).`;
}
