/** What the agent shows at the handshake, and what it says when it is not let in. @module */

import { assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { systemClock } from "../../../src/clock.ts";
import { FatalError } from "../../../src/errors.ts";
import type { Log, LogFields } from "../../../src/log.ts";
import { silentLog } from "../../../src/log.ts";
import { dial } from "../../../src/transports/websocket/connection.ts";
import { startRawWebSocket } from "../../support/raw_websocket.ts";
import { LOCALHOST_CERTIFICATE } from "../../support/localhost_certificate.ts";
import { heldClock, open, run, startServer } from "./fixture.ts";

/** The headers of the first handshake that a transport with these options makes. */
async function shown(more: Parameters<typeof open>[2], credentials = ""): Promise<Headers> {
  const seen = Promise.withResolvers<Headers>();
  await using server = startServer((socket, _number, headers) => {
    socket.addEventListener("open", () => seen.resolve(headers));
  });
  const url = new URL(server.url.href.replace("//", `//${credentials}`));
  await using _running = run(open(url, systemClock, more));
  return await seen.promise;
}

Deno.test("headers and subprotocols that are set are sent", async () => {
  const headers = await shown({
    headers: { Authorization: "Bearer t0ken", "X-Agent": "7" },
    protocols: ["agents.v2", "agents.v1"],
  });
  assertEquals(headers.get("authorization"), "Bearer t0ken");
  assertEquals(headers.get("x-agent"), "7");
  assertEquals(headers.get("sec-websocket-protocol"), "agents.v2, agents.v1");
});

for (const [what, taken] of [["none", undefined], ["another one", "chat"], ["the one", "agents.v1"]] as const) {
  Deno.test(`a server that takes ${what} of the subprotocols asked for is told of, if at all, once`, async () => {
    await using server = startRawWebSocket(async ({ accept, write, gone }) => {
      const chosen = taken === undefined ? "" : `Sec-WebSocket-Protocol: ${taken}\r\n`;
      const upgrade = `Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accept}\r\n`;
      await write(`HTTP/1.1 101 Switching Protocols\r\n${upgrade}${chosen}\r\n`);
      await gone;
    });
    const told: (LogFields | undefined)[] = [], reached = Promise.withResolvers<void>();
    const log: Log = {
      ...silentLog,
      warn: (message, fields) => void (message.includes("WEBSOCKET_PROTOCOL") && told.push(fields)),
    };
    const options = { protocols: ["agents.v1"], log, onReachable: reached.resolve };
    await using _running = run(open(server.url, systemClock, options));
    await reached.promise;
    assertEquals(told, taken === "agents.v1" ? [] : [{ asked: "agents.v1", taken: taken ?? "none" }]);
  });
}

Deno.test("user name and password of the URL are sent as basic authentication, unless a header says otherwise", async () => {
  const basic = `Basic ${new TextEncoder().encode("us er:pä@ss").toBase64()}`;
  assertEquals((await shown({}, "us%20er:p%C3%A4%40ss@")).get("authorization"), basic);
  assertEquals((await shown({}, "us%20er@")).get("authorization"), `Basic ${btoa("us er:")}`);
  const both = await shown({ headers: { authorization: "Bearer t0ken" } }, "user:pass@");
  assertEquals(both.get("authorization"), "Bearer t0ken");
  assertEquals((await shown({})).get("authorization"), null);
});

/** A server that answers every request with a status. */
function startPlainServer(status: number) {
  const server = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen() {} }, () => new Response("no", { status }));
  return { url: new URL(`ws://127.0.0.1:${server.addr.port}`), [Symbol.asyncDispose]: () => server.shutdown() };
}

const STATUSES: [status: number, advice: string][] = [
  [401, "WEBSOCKET_HEADERS"],
  [403, "WEBSOCKET_HEADERS"],
  [404, "path in WEBSOCKET_URL"],
  [503, "not up yet"],
  [302, "redirects"],
  [200, "no WebSocket server"],
];

for (const [status, advice] of STATUSES) {
  Deno.test(`a handshake that is answered with HTTP ${status} is told at once, with what to do`, async () => {
    await using server = startPlainServer(status);
    const warned = Promise.withResolvers<LogFields>();
    const log = {
      ...silentLog,
      warn: (message: string, fields: LogFields = {}) => message.includes("failed") && warned.resolve(fields),
    };
    await using _running = run(open(server.url, heldClock().clock, { log }));
    const fields = await warned.promise;
    assertEquals(fields.error, `the server answered the handshake with HTTP ${status}`);
    assertStringIncludes(String(fields.advice), advice);
  });
}

Deno.test("a token that is refused ends it after three attempts, and names the setting", async () => {
  await using server = startServer((socket) => {
    socket.addEventListener("open", () => socket.close(1008, "bad token"));
  });
  for (const [token, advice] of [["wrong", "check WEBSOCKET_AUTH_TOKEN"], [undefined, "set WEBSOCKET_AUTH_TOKEN"]]) {
    const { clock, pass } = heldClock();
    await using running = run(open(server.url, clock, token === undefined ? {} : { token }));
    for (const ms of [5_000, 10_000]) await pass(ms);
    const error = await assertRejects(() => running.ended, FatalError);
    assertEquals(error.exitCode, 69);
    assertStringIncludes(error.message, "3 attempts failed in a row");
    assertStringIncludes(error.message, advice!);
  }
});

Deno.test("a check dials, says who the agent is, and leaves as soon as the server confirms it", async () => {
  const auths: string[] = [];
  const left = Promise.withResolvers<number>();
  await using server = startServer((socket) => {
    socket.onmessage = ({ data }) => {
      auths.push(JSON.parse(data).type);
      socket.send('{"type":"auth_success"}');
    };
    socket.addEventListener("close", ({ code }) => left.resolve(code));
  });
  const found = await open(server.url, systemClock).check!(new AbortController().signal);
  assertEquals(found, `server: usable (ws://127.0.0.1:${server.url.port})`);
  assertEquals([await left.promise, auths], [1000, ["auth"]]);
});

Deno.test("a check that fails says why and what to do, with 69", async () => {
  await using refusing = startServer((socket) => {
    socket.addEventListener("open", () => socket.close(1008));
  });
  await using plain = startPlainServer(404);
  const secure = Deno.serve(
    { port: 0, hostname: "127.0.0.1", onListen() {}, ...LOCALHOST_CERTIFICATE },
    () => new Response("no"),
  );
  await using _ = { [Symbol.asyncDispose]: () => secure.shutdown() };
  const problems: [url: URL, part: string][] = [
    [refusing.url, "set WEBSOCKET_AUTH_TOKEN"],
    [plain.url, "path in WEBSOCKET_URL"],
    [new URL(`wss://127.0.0.1:${secure.addr.port}`), "WEBSOCKET_CA_FILE"],
    [new URL(`ws://127.0.0.1:${secure.addr.port}`), "Use wss:// instead of ws:// in WEBSOCKET_URL"],
  ];
  for (const [url, part] of problems) {
    const check = () => open(url, systemClock).check!(new AbortController().signal);
    const error = await assertRejects(check, FatalError);
    assertEquals(error.exitCode, 69);
    assertStringIncludes(error.message, part);
  }
});

Deno.test("a proxy is used again after a failed connection, though Deno 2.7.11 writes into what it is given", async () => {
  const { createHttpClient } = Deno;
  // As it does: `socks5` and `https` become `http`.
  Deno.createHttpClient = (options) => {
    const client = createHttpClient(options);
    if ("proxy" in options && options.proxy) Object.assign(options.proxy, { transport: "http" });
    return client;
  };
  try {
    for (const transport of ["socks5", "https"] as const) {
      const proxy = { transport, url: `${transport}://127.0.0.1:9` } as const, before = { ...proxy };
      const options = { url: new URL("wss://127.0.0.1:9"), proxy, clock: systemClock };
      for (let attempt = 0; attempt < 2; attempt++) {
        const { message } = await assertRejects(() => dial(options, new AbortController().signal), Error);
        assertStringIncludes(message, "failed to connect");
      }
      assertEquals(proxy, before);
    }
  } finally {
    Deno.createHttpClient = createHttpClient;
  }
});
