/** A model server: requests to it, each with the headers, the query and the time limits that the settings ask for. @module */

import type { TraceHeaders } from "../../trace_headers.ts";
import { decodePart } from "../../urls.ts";
import type { JsonObject } from "../../json_object.ts";
import { recordsOf } from "./records.ts";
import { type Limits, request } from "./request.ts";
import type { ErrorContext, Remedies } from "./status.ts";

/** Where a server is, and how it is spoken to. */
export interface ServerOptions extends Limits {
  /** Where its interface begins. A user name and a password in it are sent as basic authentication. */
  readonly url: URL;
  readonly remedies: Remedies;
  readonly headers: Readonly<Record<string, string>>;
  /** Added to each address, without `?`. */
  readonly query?: string | undefined;
  /** PEM text of certificate authorities, besides the public ones. */
  readonly caCerts?: readonly string[] | undefined;
  /** The proxy for a connection to an address; undefined where it goes straight. */
  readonly proxyFor?: ((url: URL) => Deno.Proxy | undefined) | undefined;
}

/** A server that can be asked. Each call ends as `request` says. */
export interface Server {
  /** The one JSON object at a path. */
  get(path: string, signal: AbortSignal): Promise<JsonObject>;
  /** The one JSON object that a request is answered with. */
  post(path: string, body: JsonObject, signal: AbortSignal): Promise<JsonObject>;
  /**
   * The JSON objects that a request is answered with, read by `use` as they arrive.
   *
   * @param how `trace`: headers of the trace that the request belongs to; `heard`: called whenever a part of the answer
   * has come.
   */
  stream<T>(
    path: string,
    body: JsonObject,
    how: { signal: AbortSignal; trace?: TraceHeaders | undefined; heard?: () => void },
    use: (records: AsyncIterable<JsonObject>, context: ErrorContext) => Promise<T>,
  ): Promise<T>;
}

/** A server; no connection is made before the first request. */
export function openServer(options: ServerOptions): Server {
  const { url, remedies, query, caCerts } = options;
  const headers = { "content-type": "application/json", ...authorization(url), ...options.headers };
  let httpClient: Deno.HttpClient | undefined;
  /** The address of each path that was asked: a URL takes as long to make as a request. There is a handful of them. */
  const addresses = new Map<string, string>();
  const addressOf = (path: string) => {
    const known = addresses.get(path);
    if (known !== undefined) return known;
    const address = new URL(url);
    address.username = address.password = "";
    address.pathname = `${url.pathname.replace(/\/$/, "")}/${path}`;
    if (query !== undefined) address.search = query;
    addresses.set(path, address.href);
    return address.href;
  };

  const ask = <T>(
    path: string,
    init: { method: string; body?: string; trace?: TraceHeaders | undefined; heard?: () => void },
    signal: AbortSignal,
    use: (records: AsyncIterable<JsonObject>, context: ErrorContext) => Promise<T>,
  ) => {
    const proxy = options.proxyFor?.(url);
    if ((caCerts || proxy) && !httpClient) {
      httpClient = Deno.createHttpClient({ ...(caCerts && { caCerts: [...caCerts] }), ...(proxy && { proxy }) });
    }
    const { trace, heard, ...rest } = init;
    return request({ ...options, signal, httpClient, heard }, async ({ fetch, where }) => {
      const response = await fetch(addressOf(path), { ...rest, headers: { ...headers, ...trace } });
      return await use(recordsOf(response, { where, remedy: remedies.model }), { where, remedies });
    });
  };
  const first = async (records: AsyncIterable<JsonObject>) => {
    let found: JsonObject | undefined;
    for await (const record of records) found ??= record;
    return found ?? {};
  };

  return {
    get: (path, signal) => ask(path, { method: "GET" }, signal, first),
    post: (path, body, signal) => ask(path, { method: "POST", body: JSON.stringify(body) }, signal, first),
    stream: (path, body, { signal, ...how }, use) =>
      ask(path, { method: "POST", body: JSON.stringify(body), ...how }, signal, use),
  };
}

function authorization({ username, password }: URL): Record<string, string> {
  if (username === "" && password === "") return {};
  const pair = new TextEncoder().encode(`${decodePart(username)}:${decodePart(password)}`);
  return { authorization: `Basic ${pair.toBase64()}` };
}
