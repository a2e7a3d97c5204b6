/** The page at `/`: its files, as the browser is to have them. @module */

import { createHash } from "node:crypto";
import { text } from "./http.ts";

/** Where the page's files are. They are named in lower case, with `_`; nothing else in there is served. */
const FOLDER = new URL("./page/", import.meta.url);
const TYPES: Readonly<Record<string, string>> = {
  html: "text/html; charset=utf-8",
  css: "text/css; charset=utf-8",
  svg: "image/svg+xml",
  ts: "text/javascript; charset=utf-8",
  js: "text/javascript; charset=utf-8",
};
/** Modules from npm that the page imports by name, as the browser is to find them. */
const LIBRARIES: Readonly<Record<string, () => Promise<URL>>> = {
  marked: async () => {
    await import("marked"); // so that Deno has it in its cache
    return new URL(import.meta.resolve("marked"));
  },
};
/**
 * Nothing from elsewhere, nothing inline, in nobody's frame; and the browser itself refuses to make HTML of a text, so
 * that what agents and clients send can only ever be text.
 */
const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self'",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
  "require-trusted-types-for 'script'",
  "trusted-types 'none'",
].join("; ");
const HEADERS: Readonly<Record<string, string>> = {
  "content-security-policy": POLICY,
  "cross-origin-opener-policy": "same-origin",
  "cross-origin-resource-policy": "same-origin",
  "referrer-policy": "no-referrer",
  "x-content-type-options": "nosniff",
  "x-frame-options": "DENY",
  vary: "accept", // at `/`, programs get a line of text
  // Ask each time, and get 304 if nothing changed: a page from before an update would speak another feed.
  "cache-control": "no-cache",
};

/**
 * The response to a request for the page or one of its files; undefined if it is for something else.
 *
 * The page's TypeScript loses its types here, on the way out: there is no build step. Files are read for each request,
 * so that a change shows when the page is reloaded.
 */
export async function respondWithPage(request: Request): Promise<Response | undefined> {
  const { pathname } = new URL(request.url);
  const found = findFile(pathname);
  if (found === undefined) return undefined;
  if (request.method !== "GET" && request.method !== "HEAD") {
    return text(405, "Only GET works here.", { allow: "GET, HEAD" });
  }
  let source: string;
  try {
    source = await Deno.readTextFile(await found.url());
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    if (!(error instanceof Deno.errors.NotCapable)) throw error;
    return text(
      500,
      `Cannot read the page: Deno was not given the permission. Run it with --allow-read=${FOLDER.pathname}.`,
    );
  }
  const body = found.extension === "ts" ? await withoutTypes(source) : source;
  const etag = `"${createHash("sha256").update(body).digest("base64url")}"`;
  const headers = { ...HEADERS, etag };
  if (request.headers.get("if-none-match") === etag) return new Response(null, { status: 304, headers });
  return new Response(body, { headers: { ...headers, "content-type": TYPES[found.extension]! } });
}

interface PageFile {
  readonly extension: keyof typeof TYPES;
  url(): Promise<URL>;
}

function findFile(pathname: string): PageFile | undefined {
  const [, library] = /^\/page\/npm\/([a-z]+)\.js$/.exec(pathname) ?? [];
  const url = library === undefined ? undefined : LIBRARIES[library];
  if (url) return { extension: "js", url };
  const [, name, extension] = pathname === "/"
    ? ["", "index.html", "html"]
    : /^\/page\/([a-z_]+\.(css|svg|ts))$/.exec(pathname) ?? [];
  if (name === undefined || extension === undefined) return undefined;
  return { extension, url: () => Promise.resolve(new URL(name, FOLDER)) };
}

/** JavaScript on the same lines and columns, so that the browser's errors point into the source. */
async function withoutTypes(source: string): Promise<string> {
  // Node's own type stripper, loaded when the page is first opened: it takes 50 ms. Deno has it built in (as
  // stripTypeScriptTypes of node:module), but not yet in 2.7.
  const { transformSync } = await import("amaro");
  const { code } = transformSync(source, { mode: "strip-only" });
  return code.replace(
    /(\bfrom )"([a-z]+)"/g,
    (whole, from, name) => name in LIBRARIES ? `${from}"/page/npm/${name}.js"` : whole,
  );
}
