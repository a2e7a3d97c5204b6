/** Which proxy a connection goes through: what may name one, and whom it is not for. @module */

import { assertEquals, assertThrows } from "@std/assert";
import { readSettings, SETTINGS } from "../../src/program/settings.ts";
import { peersOf, plaintextProblems } from "../../src/settings/peers.ts";
import { proxyFor, proxyUrl } from "../../src/settings/proxy.ts";

/** The proxy for `url` in an environment. */
function proxyIn(environment: Record<string, string>, url = "wss://agents.example.org"): Deno.Proxy | undefined {
  return proxyFor(new URL(url), readSettings((name) => environment[name]));
}

Deno.test("AGENT_PROXY names an HTTP, HTTPS or SOCKS proxy", () => {
  const of = (AGENT_PROXY: string) => proxyIn({ AGENT_PROXY });
  assertEquals(of("http://proxy.example.com:3128"), { transport: "http", url: "http://proxy.example.com:3128" });
  assertEquals(of("proxy.example.com:3128"), { transport: "http", url: "http://proxy.example.com:3128" });
  assertEquals(of("https://proxy.example.com/"), { transport: "https", url: "https://proxy.example.com" });
  assertEquals(of("socks5://127.0.0.1:1080"), { transport: "socks5", url: "socks5://127.0.0.1:1080" });
  assertEquals(of("http://me:p%40ss@127.0.0.1:3128"), {
    transport: "http",
    url: "http://127.0.0.1:3128",
    basicAuth: { username: "me", password: "p@ss" },
  });
});

Deno.test("a vsock or a socket file is reached through a relay, never handed to Deno, which would speak to it in plaintext", () => {
  for (const AGENT_PROXY of ["vsock:3:8000", "unix:/run/my%20proxy.sock"]) {
    const settings = readSettings((name) => ({ AGENT_PROXY } as Record<string, string>)[name]);
    const url = new URL("wss://agents.example.org"), proxyRelay = new URL("http://127.0.0.1:4321");
    assertEquals(proxyFor(url, { ...settings, proxyRelay }), { transport: "http", url: "http://127.0.0.1:4321" });
    assertThrows(() => proxyFor(url, settings), Error, "no relay was started");
    assertEquals(proxyFor(new URL("ws://127.0.0.1:1"), settings), undefined);
  }
});

Deno.test("what is no proxy is refused", () => {
  for (
    const text of ["ftp://proxy", "http://proxy/path", "http://proxy?x", "vsock:3", "vsock:a:b", "unix:here", "http://"]
  ) {
    assertEquals(proxyUrl(text), undefined, text);
  }
});

Deno.test("nothing for this machine goes through a proxy", () => {
  for (const host of ["localhost:1", "127.0.0.1", "127.8.8.8:443", "[::1]:8080", "agents.localhost"]) {
    assertEquals(proxyIn({ AGENT_PROXY: "http://127.0.0.1:3128" }, `wss://${host}`), undefined, host);
  }
});

Deno.test("hosts in NO_PROXY are connected to straight, by name, by domain, by port, or all of them", () => {
  const isStraight = (NO_PROXY: string, url: string) =>
    proxyIn({ AGENT_PROXY: "http://127.0.0.1:3128", NO_PROXY }, url) === undefined;
  for (const list of ["example.org", ".example.org", "*.example.org", "a.b, EXAMPLE.org:443", "*"]) {
    assertEquals(isStraight(list, "wss://agents.example.org/x"), true, list);
  }
  for (const list of ["", "ample.org", "agents.example", "example.org:8443", "org.example"]) {
    assertEquals(isStraight(list, "wss://agents.example.org/x"), false, list);
  }
  assertEquals(isStraight("10.0.0.5:8080", "http://10.0.0.5:8080"), true);
  for (const url of ["amqps://a.b:5671", "amqps://a.b", "tls://a.b:4222", "tls://a.b", "rediss://a.b", "https://a.b"]) {
    const port = { amqps: 5671, tls: 4222, rediss: 6379, https: 443 }[url.split(":")[0]!];
    assertEquals([isStraight(`a.b:${port}`, url), isStraight("a.b:80", url)], [true, false], url);
  }
  assertEquals(proxyIn({ AGENT_PROXY: "http://127.0.0.1:3128", no_proxy: "example.org" }), undefined);
});

Deno.test("NO_PROXY takes addresses of IPv6 with and without brackets, and networks; what is none of them names nobody", () => {
  const isStraight = (NO_PROXY: string, host: string) =>
    proxyIn({ AGENT_PROXY: "http://127.0.0.1:3128", NO_PROXY }, `wss://${host}`) === undefined;
  for (const list of ["fd00::7", "[FD00::7]", "[fd00::7]:443", "fd00:0:0::7", "fd00::/8", "::/0"]) {
    assertEquals(isStraight(list, "[fd00::7]"), true, list);
  }
  for (const list of ["fd00::8", "[fd00::7]:444", "fd00::7%eth0", "fe00::/8", "10.0.0.0/8", "fd00::/129", "fd00::/"]) {
    assertEquals(isStraight(list, "[fd00::7]"), false, list);
  }
  for (const list of ["10.0.0.0/8", "0.0.0.0/0", "10.1.2.3/32"]) assertEquals(isStraight(list, "10.1.2.3"), true, list);
  for (const list of ["10.0.0.0/33", "11.0.0.0/8", "10.1.2.3/", "/8", "::/0", "10.0.0.0/-1", "10.0/8"]) {
    assertEquals(isStraight(list, "10.1.2.3"), false, list);
  }
  assertEquals(isStraight("10.0.0.0/8", "ten.example.org"), false);
});

Deno.test("without AGENT_PROXY the variables that other programs obey count, if they make sense", () => {
  const http = { transport: "http" as const, url: "http://127.0.0.1:3128" };
  assertEquals(proxyIn({ HTTPS_PROXY: "http://127.0.0.1:3128" }), http);
  assertEquals(proxyIn({ https_proxy: "127.0.0.1:3128" }), http);
  assertEquals(proxyIn({ HTTPS_PROXY: "socks4://x", all_proxy: "http://127.0.0.1:3128" }), http);
  assertEquals(proxyIn({ AGENT_PROXY: "http://127.0.0.1:3128", HTTPS_PROXY: "http://127.0.0.1:1" }), http);
  assertEquals(proxyIn({ HTTP_PROXY: "http://127.0.0.1:3128" }), undefined);
});

Deno.test("a proxy may be spoken to in the open, in a TEE too, but gets no password that way", () => {
  const problems = (AGENT_PROXY: string, inTee: boolean) => {
    const proxy = proxyUrl(AGENT_PROXY);
    return plaintextProblems(peersOf(SETTINGS, { AGENT_PROXY: proxy }), { inTee }).length;
  };
  for (const inTee of [true, false]) {
    assertEquals(problems("http://proxy.example.org:3128", inTee), 0);
    assertEquals(problems("http://me:secret@proxy.example.org:3128", inTee), 1);
    assertEquals(problems("https://me:secret@proxy.example.org", inTee), 0);
    assertEquals(problems("http://me:secret@127.0.0.1:3128", inTee), 0);
    assertEquals(problems("vsock:3:8000", inTee), 0);
    assertEquals(problems("unix:/run/proxy.sock", inTee), 0);
  }
});
