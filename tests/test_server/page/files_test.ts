/** The files of the page, as the browser gets them. @module */

import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { respondWithPage } from "../../../src/test_server/page.ts";

async function get(path: string, init?: RequestInit): Promise<Response> {
  const response = await respondWithPage(new Request(`http://localhost${path}`, init));
  assert(response, `${path} is served`);
  return response;
}

Deno.test("the page and every file that it or its modules name are served with their types", async () => {
  const types: Record<string, string> = {};
  const found = new Set(["/"]);
  for (const path of found) {
    const response = await get(path);
    assertEquals(response.status, 200, path);
    types[path] = response.headers.get("content-type") ?? "";
    const text = await response.text();
    for (const [, name] of text.matchAll(/(?:href|src)="(\/[^"]+)"/g)) found.add(name!);
    for (const [, name] of text.matchAll(/^(?:import|export) .*? from "\.\/([^"]+)";$/gm)) found.add(`/page/${name}`);
  }
  assert(found.has("/page/feed_link.ts"));
  for (const [path, type] of Object.entries(types)) {
    const expected = path === "/"
      ? "text/html; charset=utf-8"
      : path.endsWith(".ts")
      ? "text/javascript; charset=utf-8"
      : path.endsWith(".css")
      ? "text/css; charset=utf-8"
      : "image/svg+xml";
    assertEquals(type, expected, path);
  }
});

Deno.test("the browser is told to load nothing from elsewhere, run nothing inline, make no HTML of text", async () => {
  for (const path of ["/", "/page/app.ts", "/page/style.css", "/page/icon.svg"]) {
    const { headers } = await get(path);
    const policy = headers.get("content-security-policy") ?? "";
    for (
      const part of [
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "connect-src 'self'",
        "frame-ancestors 'none'",
        "require-trusted-types-for 'script'",
      ]
    ) assertStringIncludes(policy, part);
    assert(!policy.includes("unsafe"), policy);
    assertEquals(headers.get("x-content-type-options"), "nosniff");
    assertEquals(headers.get("x-frame-options"), "DENY");
    assertEquals(headers.get("referrer-policy"), "no-referrer");
  }
});

Deno.test("modules reach the browser as JavaScript, each word where it was in the source", async () => {
  const sent = await (await get("/page/feed_link.ts")).text();
  const source = await Deno.readTextFile(new URL("../../../src/test_server/page/feed_link.ts", import.meta.url));
  assertMatch(source, /^import type .*\n/m);
  assertEquals(sent.match(/^import type /m), null);
  assertEquals(sent.length, source.length);
  const differing = Array.from(source).filter((character, index) => character !== sent[index] && sent[index] !== " ");
  // Where a statement ends with a type, a semicolon keeps it from running into the next.
  assertEquals(differing.length <= 20, true, differing.join(""));
});

Deno.test("a file that has not changed is not sent again", async () => {
  for (const path of ["/", "/page/app.ts"]) {
    const { headers } = await get(path);
    assertEquals(headers.get("cache-control"), "no-cache");
    const again = await get(path, { headers: { "if-none-match": headers.get("etag") ?? "" } });
    assertEquals([again.status, await again.text()], [304, ""]);
  }
});

for (
  const path of [
    "/page/",
    "/page/deno.json",
    "/page/nothing.ts",
    "/page/../server.ts",
    "/page/%2e%2e/server.ts",
    "/page/..%2fserver.ts",
    "/page//app.ts",
    "/app.ts",
    "/index.html",
    "/page/index.html",
  ]
) {
  Deno.test(`${path} is not served`, async () => {
    assertEquals(await respondWithPage(new Request(`http://localhost${path}`)), undefined);
  });
}

Deno.test("only GET and HEAD work", async () => {
  const refused = await get("/", { method: "POST" });
  assertEquals([refused.status, refused.headers.get("allow")], [405, "GET, HEAD"]);
  assertEquals((await get("/", { method: "HEAD" })).status, 200);
});

Deno.test({
  name: "without the permission to read its files the page says which one is missing",
  permissions: { read: false },
  async fn() {
    const response = await get("/");
    assertEquals(response.status, 500);
    assertMatch(await response.text(), /Run it with --allow-read=\/.*\/src\/test_server\/page\//);
  },
});
