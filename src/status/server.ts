/** The port on which the agent shows its state: metrics for Prometheus, health for whoever restarts it. @module */

import type { Clock } from "../clock.ts";
import { EXIT, FatalError, messageOf } from "../errors.ts";
import type { Log } from "../log.ts";
import { isUnclaimable } from "../urls.ts";
import { type Conditions, isAlive, isReady } from "./health.ts";
import { LABEL_VALUES } from "./definitions.ts";
import type { Metrics } from "./metrics.ts";
import { CONTENT_TYPE } from "./registry.ts";
import { serveRequests, type StatusRequest } from "./requests.ts";
import type { ListenAddress } from "./settings.ts";

/** What is shown, and where. */
export interface StatusServerOptions extends ListenAddress {
  readonly metrics: Pick<Metrics, "text">;
  readonly conditions: () => Conditions;
  readonly log: Log;
  readonly clock: Pick<Clock, "sleep">;
}

/**
 * Serve `/metrics`, `/healthz` and `/readyz` until disposed of.
 *
 * @throws {FatalError} 78, if the address can't be had.
 */
export function startStatusServer(options: StatusServerOptions): Disposable {
  const { log, clock } = options;
  const listener = listenAt(options);
  log.info("📈 Metrics and health at {url}", { url: urlOf(listener.addr) });
  return serveRequests(listener, {
    clock,
    respond(request) {
      try {
        return respond(request, options);
      } catch (error) {
        log.warn("a request to STATUS_ADDRESS could not be answered", { error: messageOf(error) });
        return new Response("the agent's log says why\n", { status: 500 });
      }
    },
    failed: (error) => log.warn("STATUS_ADDRESS: cannot accept connections, trying again", { error: messageOf(error) }),
  });
}

function listenAt({ hostname, port }: ListenAddress): Deno.TcpListener {
  try {
    return Deno.listen({ hostname, port });
  } catch (error) {
    throw new FatalError(`STATUS_ADDRESS: cannot listen at ${hostname}:${port}: ${reasonOf(error)}`, EXIT.settings, {
      cause: error,
    });
  }
}

function respond(request: StatusRequest, options: StatusServerOptions): Response {
  const { metrics, conditions } = options;
  if (request.method !== "GET" && request.method !== "HEAD") {
    return new Response("only GET\n", { status: 405, headers: { allow: "GET, HEAD" } });
  }
  if (isFromPage(request, options)) return new Response("not for web pages\n", { status: 403 });
  switch (URL.parse(request.target, "http://localhost")?.pathname) {
    case "/metrics":
      return new Response(metrics.text(), { headers: { "content-type": CONTENT_TYPE, ...PRIVATE } });
    case "/healthz":
      return health(conditions(), isAlive);
    case "/readyz":
      return health(conditions(), isReady);
    default:
      return new Response("there is /metrics, /healthz and /readyz\n", { status: 404 });
  }
}

/**
 * Whether a web page may have made a browser send this: it comes with an `Origin`, or to a loopback address under a name
 * that a stranger can point there (DNS rebinding). At other addresses an agent may have any name.
 */
function isFromPage({ headers }: StatusRequest, { hostname }: ListenAddress): boolean {
  if (headers.has("origin")) return true;
  return /^(127\.|::1$|localhost$)/i.test(hostname) && !isUnclaimable(headers.get("host") ?? hostname, hostname);
}

const PRIVATE = { "cache-control": "no-store", "x-content-type-options": "nosniff" };

/** Every condition by its name, and whether all is well that matters: 200 if so, else 503. */
function health(conditions: Conditions, isWell: (conditions: Conditions) => boolean): Response {
  const names = LABEL_VALUES.conditions;
  const named = (Object.entries(names) as [keyof Conditions, string][]).map(([key, name]) => [name, conditions[key]]);
  const ok = isWell(conditions);
  return Response.json({ ok, conditions: Object.fromEntries(named) }, { status: ok ? 200 : 503, headers: PRIVATE });
}

function urlOf({ hostname, port }: Deno.NetAddr): string {
  return `http://${hostname.includes(":") ? `[${hostname}]` : hostname}:${port}`;
}

function reasonOf(error: unknown): string {
  if (error instanceof Deno.errors.NotCapable) {
    return "the executable may not. It was compiled with an AGENT_ALLOW_NET that lacks this address: name it there.";
  }
  if (error instanceof Deno.errors.AddrInUse) return "another program listens there. Choose another port.";
  return `${messageOf(error)}. Choose an address of this machine.`;
}
