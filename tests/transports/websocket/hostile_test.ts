/** Servers that break the protocol at the handshake or in a frame: the connection ends, and the next one is as good as ever. @module */

import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { createLog } from "../../../src/log.ts";
import { createWatch } from "../../support/watch.ts";
import { frame, type RawConnection, startRawWebSocket, welcome } from "../../support/raw_websocket.ts";
import { heldClock, open, run } from "./fixture.ts";

const EVENT = { id: "q1", query: "What is iExec?", timestamp: 1 };
const TOKEN = "cAnArY-tOkEn";

/**
 * Dial a server whose first connection is `hostile`, and whose second one sends an event.
 *
 * @param options `afterMs`: how long the agent waits for the first one; default: it does not wait.
 * @returns What was logged, once the event has come.
 */
async function recoverFrom(
  hostile: (connection: RawConnection) => Promise<unknown>,
  { afterMs }: { afterMs?: number } = {},
): Promise<string> {
  await using server = startRawWebSocket(async (connection) => {
    if (connection.number === 1) return await hostile(connection);
    await connection.welcome();
    await connection.write(frame('{"type":"auth_success"}'));
    await connection.write(frame(JSON.stringify(EVENT)));
    await connection.gone;
  });
  let logged = "";
  const log = createLog({
    level: "debug",
    format: "json",
    colour: false,
    content: false,
    write: (line) => logged += line(),
    now: () => 0,
  });
  const events: string[] = [];
  const watch = createWatch({ report: () => logged });
  const { clock, pass } = heldClock();
  await using _running = run(open(server.url, clock, { log, token: TOKEN }), ({ event }) => {
    events.push(event.id);
    watch.changed();
  });
  if (afterMs !== undefined) {
    await server.connected(1);
    await pass(afterMs);
  }
  await server.left(1);
  await pass(5_000);
  await watch.until("the event", () => events.length === 1 || undefined);
  assertEquals(events, ["q1"]);
  assert(!logged.includes(TOKEN), logged);
  // deno-lint-ignore no-control-regex -- these are what must not be there
  assert(!/[\u0000-\u0009\u000b-\u001f\u007f-\u009f]/.test(logged), logged);
  return logged;
}

/** Frames that the protocol forbids, behind a good handshake. */
const FRAMES: Record<string, readonly Uint8Array[]> = {
  "an opcode that does not exist": [frame("{}", 0x83)],
  "a control opcode that does not exist": [frame("", 0x8b)],
  "the reserved bit of a compression that was not agreed on": [frame("{}", 0xc1)],
  "another reserved bit": [frame("{}", 0xa1)],
  "a ping of more than 125 bytes": [frame("x".repeat(126), 0x89)],
  "a ping in fragments": [frame("x", 0x09)],
  "a length of 2^63": [Uint8Array.of(0x81, 127, 0x80, 0, 0, 0, 0, 0, 0, 0)],
  "a length of 64 MiB": [Uint8Array.of(0x81, 127, 0, 0, 0, 0, 4, 0, 0, 0), new Uint8Array(65_536)],
  "a continuation of nothing": [frame("{}", 0x80)],
  "a second message inside of one in fragments": [frame("{", 0x01), frame("{}")],
  "text that is no UTF-8": [frame(Uint8Array.of(0x22, 0xff, 0xfe, 0x22))],
  "text in fragments that is no UTF-8": [frame(Uint8Array.of(0x22, 0xc3), 0x01), frame(Uint8Array.of(0x28), 0x80)],
  "a close of one byte": [frame(Uint8Array.of(3), 0x88)],
  "a close with a code that nobody may send": [frame(Uint8Array.of(3, 0xed), 0x88)],
  "a close with a code below 1000": [frame(Uint8Array.of(0, 5), 0x88)],
  "a close whose reason is no UTF-8": [frame(Uint8Array.of(3, 0xe8, 0xff, 0xfe), 0x88)],
  "a close whose reason has escapes and the token": [
    frame(new Uint8Array([3, 0xf3, ...new TextEncoder().encode(`\u001b]0;pwn\u0007\u009b31m ${TOKEN}`)]), 0x88),
  ],
};

for (const [what, frames] of Object.entries(FRAMES)) {
  Deno.test(`${what} ends the connection, and the next one brings the event`, async () => {
    await recoverFrom(async (connection) => {
      await connection.welcome();
      for (const bytes of frames) await connection.write(bytes);
      await connection.gone;
    });
  });
}

Deno.test("a masked frame does no harm: the event comes on this connection or on the next", async () => {
  await recoverFrom(async (connection) => {
    await connection.welcome();
    await connection.write(Uint8Array.of(0x81, 0x82, 1, 2, 3, 4, 0x7a, 0x7f));
  });
});

/** Answers to the handshake that are none, each ending with the connection. */
const HANDSHAKES: Record<string, (connection: RawConnection) => Promise<unknown>> = {
  "nothing, and an end": () => Promise.resolve(),
  "garbage": ({ write }) => write(crypto.getRandomValues(new Uint8Array(4_096))),
  "half a status line": ({ write }) => write("HTTP/1.1 10"),
  "another protocol's greeting": ({ write }) => write("SSH-2.0-OpenSSH_9.2\r\n"),
  "401 with escapes and the token in its headers and its body": ({ write }) =>
    write(`HTTP/1.1 401 \u001b[31m${TOKEN}\r\nWWW-Authenticate: Basic realm="\u001b]0;${TOKEN}\u0007"\r\n\r\n${TOKEN}`),
  "a redirect to elsewhere": ({ write }) =>
    write(`HTTP/1.1 302 Found\r\nLocation: ws://127.0.0.1:9/${TOKEN}\r\nContent-Length: 0\r\n\r\n`),
  "101 without an upgrade": ({ write, accept }) =>
    write(`HTTP/1.1 101 Switching Protocols\r\nSec-WebSocket-Accept: ${accept}\r\n\r\n`),
  "101 for another protocol": ({ write, accept }) => write(welcome(accept).replace("websocket", "h2c")),
  "200 with a body of 200 MB": async ({ write }) => {
    const megabyte = new Uint8Array(1_000_000);
    let goesOn = await write("HTTP/1.1 200 OK\r\nContent-Length: 200000000\r\n\r\n");
    for (let sent = 0; goesOn && sent < 200; sent++) goesOn = await write(megabyte);
  },
  "headers without end": async ({ write }) => {
    const line = `X-More: ${"x".repeat(60_000)}\r\n`;
    let goesOn = await write("HTTP/1.1 101 Switching Protocols\r\n");
    for (let sent = 0; goesOn && sent < 1_000; sent++) goesOn = await write(line);
    assert(!goesOn, "the client hangs up before it has read 60 MB of headers");
  },
};

for (const [what, answer] of Object.entries(HANDSHAKES)) {
  Deno.test(`a handshake that is answered with ${what} fails, and the next one brings the event`, async () => {
    await recoverFrom(answer);
  });
}

/** Answers to the handshake that never end. Each leaves the connection open until the agent hangs up. */
const ENDLESS: Record<string, (connection: RawConnection) => Promise<unknown>> = {
  "nothing at all": ({ gone }) => gone,
  "a few bytes of an answer": async ({ write, gone }) => {
    for (const byte of "HTTP/1.1 101 Switch") await write(byte);
    await gone;
  },
  "headers, and no empty line": async ({ write, accept, gone }) => {
    await write(welcome(accept).slice(0, -2));
    await gone;
  },
};

for (const [what, answer] of Object.entries(ENDLESS)) {
  Deno.test(`a handshake that is answered with ${what} is given up after 30 seconds, and the next one brings the event`, async () => {
    const logged = await recoverFrom(answer, { afterMs: 30_000 });
    assertStringIncludes(logged, "no answer to the handshake within 30000 ms");
  });
}

Deno.test("extensions and a subprotocol that were not asked for do no harm: nothing is compressed", async () => {
  const extensions = "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits=15\r\n";
  await recoverFrom(async (connection) => {
    await connection.write(welcome(connection.accept, extensions));
    await connection.write(frame(Uint8Array.of(0xaa, 0x56, 0x2a, 0xa9, 0x2c, 0x48, 0x55, 0xb2, 0x52, 0x4a), 0xc1));
    await connection.gone;
  });
});
