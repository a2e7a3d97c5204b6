/** The real program behind a proxy: what goes through it, and what does not. @module */

import { assertEquals } from "@std/assert";
import { once } from "node:events";
import { createServer } from "node:http";
import { type AddressInfo, connect } from "node:net";
import { startAgent } from "../support/agent.ts";
import { event } from "../support/events.ts";
import { makeFolder } from "../support/folder.ts";
import { AUTHORITY, LOCALHOST_CERTIFICATE } from "../support/localhost_certificate.ts";
import { startServer } from "../support/server.ts";

/** A proxy that leads every tunnel to 127.0.0.1, whatever it is asked for. */
async function startProxy() {
  const asked: string[] = [];
  const server = createServer((request, response) => {
    asked.push(`${request.method} ${request.url}`);
    response.end();
  });
  const sockets = new Set<{ destroy(): void }>();
  server.on("connect", (request, socket) => {
    asked.push(`CONNECT ${request.url}`);
    const far = connect(Number(request.url?.split(":").at(-1)), "127.0.0.1", () => {
      socket.write("HTTP/1.1 200 OK\r\n\r\n");
      far.pipe(socket);
      socket.pipe(far);
    });
    for (const end of [socket, far]) {
      sockets.add(end);
      end.on("error", () => {});
    }
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    asked,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

Deno.test("a server beyond this machine is reached through AGENT_PROXY, by a tunnel that TLS goes through", async () => {
  await using proxy = await startProxy();
  await using server = await startServer({ events: [event("q1")], tls: LOCALHOST_CERTIFICATE });
  await using folder = makeFolder({ "ca.pem": AUTHORITY });
  // An address that does not count as loopback; the proxy leads to this machine whatever it is asked for.
  const url = `wss://0.0.0.0:${server.port}`;
  await using agent = await startAgent({
    folder: folder.path,
    env: {
      AGENT_PROXY: proxy.url,
      USE_WEBSOCKET: "true",
      WEBSOCKET_URL: url,
      WEBSOCKET_CA_FILE: "ca.pem",
      WEBSOCKET_MAX_RECONNECT_ATTEMPTS: "1",
    },
  });
  // The certificate is for 127.0.0.1: that it is refused shows that TLS went through to the server.
  assertEquals((await agent.ended).code, 69);
  assertEquals(proxy.asked[0], `CONNECT 0.0.0.0:${server.port}`);
});

Deno.test("nothing for this machine goes through a proxy, whatever names one", async () => {
  await using proxy = await startProxy();
  for (const name of ["AGENT_PROXY", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy"]) {
    await using server = await startServer({ events: [event("q1")] });
    await using _agent = await startAgent({
      env: { [name]: proxy.url, USE_WEBSOCKET: "true", WEBSOCKET_URL: server.url, WEBSOCKET_AUTH_TOKEN: "t0ken" },
    });
    await server.acks(1);
  }
  assertEquals(proxy.asked, []);
});
