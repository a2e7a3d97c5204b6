/** Responses of a source as they may come over the wire: whole ones are read, all others are plain errors. @module */

import { assertEquals, assertRejects } from "@std/assert";
import { exchange } from "../../../src/tee/sources/http.ts";
import { QuoteError } from "../../../src/tee/sources/source.ts";

const ALIEN = "it sent something else than a response in HTTP/1.1";
const never = new AbortController().signal;

/** What one request is answered with; `pieces` are sent one after the other, and then the connection ends. */
async function answered(...pieces: readonly string[]) {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const served = (async () => {
    using connection = await listener.accept();
    const request = new Uint8Array(4096), size = await connection.read(request) ?? 0;
    try {
      for (const piece of pieces) {
        const bytes = new TextEncoder().encode(piece);
        for (let sent = 0; sent < bytes.length;) sent += await connection.write(bytes.subarray(sent));
      }
    } catch {
      // Whoever has heard enough ends the connection.
    }
    return new TextDecoder().decode(request.subarray(0, size));
  })();
  const url = new URL(`http://127.0.0.1:${listener.addr.port}/`);
  const asked = { to: { url }, method: "POST", path: "/a?b=c", body: '{"ü":1}', timeoutMs: 60_000 } as const;
  try {
    const { status, body } = await exchange(asked, never);
    return { status, body: new TextDecoder().decode(body), request: await served };
  } finally {
    await served;
  }
}

Deno.test("a response is read by its length, in chunks or to its end, in whatever pieces it comes", async () => {
  const responses: string[][] = [
    ["HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}", "HTTP/1.1 500 no\r\n\r\n"],
    [..."HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}"],
    [..."HTTP/1.1 200\r\nTransfer-Encoding: chunked\r\n\r\n1;x=y\r\n{\r\n01\r\n}\r\n0\r\nx: y\r\n\r\n"],
    ["HTTP/1.0 200 OK\r\n\r\n{", "}"],
    ["HTTP/1.1 100 Continue\r\n\r\n".repeat(10_000), "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}"],
  ];
  for (const pieces of responses) {
    const { status, body, request } = await answered(...pieces);
    assertEquals([status, body], [200, "{}"], pieces.join(""));
    const [first, ...lines] = request.split("\r\n");
    assertEquals([first, lines.at(-1)], ["POST /a?b=c HTTP/1.1", '{"ü":1}']);
    assertEquals([lines.includes("content-length: 8"), lines.includes("connection: close")], [true, true]);
  }
});

Deno.test("a status without a body, or with one that nobody reads, is told of as it is", async () => {
  for (const [status, rest] of [[101, "upgrade: x\r\n"], [204, ""], [302, "location: /x\r\ncontent-length: 0\r\n"]]) {
    assertEquals((await answered(`HTTP/1.1 ${status} word\r\n${rest}\r\n`)).status, status);
  }
});

Deno.test("a response that breaks off, or is none, ends nothing but the request", async () => {
  const broken: [piece: string, message: string, isPassing: boolean][] = [
    ["", "the connection ended before a whole response", true],
    ["HTTP/1.1 200 OK\r\ncontent-le", "the connection ended before a whole response", true],
    ['HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{"a', "the connection ended before a whole response", true],
    [
      "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nab",
      "the connection ended before a whole response",
      true,
    ],
    ["HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nZZ\r\n", "it sent chunks that can't be read", false],
    ["HTTP/2 200 or something else\r\n\r\n", ALIEN, false],
    ["\0".repeat(70_000), ALIEN, false],
    [`HTTP/1.1 200 OK\r\nx: ${"y".repeat(70_000)}`, ALIEN, false],
    [`HTTP/1.1 200 OK\r\n\r\n${"y".repeat(4 * 1024 * 1024)}`, "the response is larger than 4194304 bytes", false],
  ];
  for (const [piece, message, isPassing] of broken) {
    const error = await assertRejects(() => answered(piece), QuoteError);
    assertEquals([error.message, error.isPassing], [message, isPassing], piece.slice(0, 80));
  }
});
