/** The real program behind a proxy: what goes through it, what does not, and what of it can be read on the way. @module */

import { assert, assertEquals } from "@std/assert";
import { startAgent } from "../support/agent.ts";
import { event } from "../support/events.ts";
import { EXAMPLE_AUTHORITY, EXAMPLE_CERTIFICATE } from "../support/example_certificates.ts";
import { type Folder, makeFolder } from "../support/folder.ts";
import { withoutForwarder } from "../support/forwarder.ts";
import { LOCALHOST_CERTIFICATE } from "../support/localhost_certificate.ts";
import { type ProxyKind, startProxy } from "../support/watched_proxy.ts";
import { startServer } from "../support/server.ts";

const TOKEN = "cAnArY-tOkEn", KEY = "cAnArY-kEy", QUERY = "What is iExec, cAnArY?";

const makeInput = (): Folder => makeFolder({ "ca.pem": EXAMPLE_AUTHORITY });

/** A test for each kind of proxy that this machine can have. */
function testThrough(name: string, test: (kind: ProxyKind) => Promise<void>): void {
  for (const kind of ["http", "socks5", "unix", "vsock"] as const) {
    const reason = kind === "http" || kind === "socks5" ? undefined : withoutForwarder({ vsock: kind === "vsock" });
    Deno.test({
      name: `${name}: ${kind}${reason === undefined ? "" : ` (ignored: ${reason})`}`,
      ignore: reason !== undefined,
      fn: () => test(kind),
    });
  }
}

testThrough("a server behind a proxy is reached by TLS end to end, and the proxy can read nothing", async (kind) => {
  await using folder = makeInput();
  await using server = await startServer({
    events: [event("q1", QUERY)],
    tls: EXAMPLE_CERTIFICATE,
    token: TOKEN,
  });
  await using proxy = await startProxy(kind, { folder: folder.path });
  const host = `agents.example.test:${server.port}`;
  await using agent = await startAgent({
    folder: folder.path,
    env: {
      AGENT_PROXY: proxy.setting,
      USE_WEBSOCKET: "true",
      WEBSOCKET_URL: `wss://${host}`,
      WEBSOCKET_AUTH_TOKEN: TOKEN,
      WEBSOCKET_CA_FILE: "ca.pem",
      WEBSOCKET_MAX_RECONNECT_ATTEMPTS: "1",
    },
  });
  const [answer] = await server.responses(1);
  assertEquals(answer!.queryId, "q1");
  await agent.stop();
  assertEquals(proxy.asked, [`CONNECT ${host}`]);
  assert(proxy.seen().length > 500, "the proxy sees what goes through it");
  for (const secret of [TOKEN, "cAnArY", answer!.response!.slice(0, 20)]) {
    assert(!proxy.seen().includes(secret), secret);
  }
});

testThrough("a model behind a proxy is asked by TLS end to end, and the proxy can read nothing", async (kind) => {
  await using folder = makeInput();
  Deno.mkdirSync(`${folder.path}/iexec_in`);
  Deno.writeTextFileSync(`${folder.path}/iexec_in/events.json`, JSON.stringify([event("q1", QUERY)]));
  const asked: string[] = [];
  await using model = Deno.serve(
    { hostname: "127.0.0.1", port: 0, ...EXAMPLE_CERTIFICATE, onListen() {} },
    async (request) => {
      asked.push(`${request.headers.get("authorization")} ${await request.text()}`);
      return Response.json({ choices: [{ message: { content: "aN aNsWeR" }, finish_reason: "stop" }] });
    },
  );
  await using proxy = await startProxy(kind, { folder: folder.path });
  const host = `models.example.test:${model.addr.port}`;
  await using agent = await startAgent({
    folder: folder.path,
    args: ["--once"],
    env: {
      AGENT_PROXY: proxy.setting,
      MODEL_PROVIDER: "openai",
      OPENAI_BASE_URL: `https://${host}/v1`,
      OPENAI_MODEL: "m",
      OPENAI_API_KEY: KEY,
      MODEL_CA_FILE: "ca.pem",
      MODEL_MAX_WAIT: "0",
    },
  });
  assertEquals((await agent.ended).code, 0, agent.lines.join("\n"));
  assertEquals((await agent.responses(1))[0]!.response, "aN aNsWeR");
  assert(asked.some((request) => request.startsWith(`Bearer ${KEY}`) && request.includes(QUERY)));
  assertEquals(new Set(proxy.asked), new Set([`CONNECT ${host}`]));
  assert(!/cAnArY|aN aNsWeR/.test(proxy.seen()));
});

testThrough("through a proxy too, a certificate of another host ends the connection", async (kind) => {
  await using folder = makeInput();
  await using server = await startServer({ events: [event("q1")], tls: LOCALHOST_CERTIFICATE });
  await using proxy = await startProxy(kind, { folder: folder.path });
  await using agent = await startAgent({
    folder: folder.path,
    env: {
      AGENT_PROXY: proxy.setting,
      USE_WEBSOCKET: "true",
      WEBSOCKET_URL: `wss://agents.example.test:${server.port}`,
      WEBSOCKET_CA_FILE: "ca.pem",
      WEBSOCKET_MAX_RECONNECT_ATTEMPTS: "1",
    },
  });
  assertEquals((await agent.ended).code, 69);
  assertEquals(server.frames, []);
});

for (const kind of ["unix", "vsock"]) {
  Deno.test(`a proxy that is not there ends the attempts with 69, and the log names it: ${kind}`, async () => {
    await using folder = makeInput();
    const proxy = kind === "unix" ? `unix:${folder.path}/nobody.sock` : "vsock:3:1";
    await using agent = await startAgent({
      folder: folder.path,
      env: {
        AGENT_PROXY: proxy,
        USE_WEBSOCKET: "true",
        WEBSOCKET_URL: "wss://agents.example.test",
        WEBSOCKET_MAX_RECONNECT_ATTEMPTS: "1",
      },
    });
    assertEquals((await agent.ended).code, 69);
    const { proxy: named } = await agent.logged(({ message }) =>
      message.includes("can't be reached: check AGENT_PROXY")
    );
    assertEquals(named, proxy);
  });
}

Deno.test("nothing for this machine goes through a proxy, whatever names one", async () => {
  await using folder = makeInput();
  await using proxy = await startProxy("http", { folder: folder.path });
  for (const name of ["AGENT_PROXY", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy"]) {
    await using server = await startServer({ events: [event("q1")] });
    await using _agent = await startAgent({
      env: { [name]: proxy.setting, USE_WEBSOCKET: "true", WEBSOCKET_URL: server.url, WEBSOCKET_AUTH_TOKEN: "t0ken" },
    });
    await server.acks(1);
  }
  assertEquals(proxy.asked, []);
});
